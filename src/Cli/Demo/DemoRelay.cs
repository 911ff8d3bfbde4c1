using System.Net;
using System.Net.Sockets;

namespace Chain.Cli.Demo;

/// <summary>The mail relay of the example: takes messages on loopback and keeps them until they are asked for.</summary>
internal sealed class DemoRelay : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly List<string> messages = [];

    public DemoRelay()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Address = probe.LocalEndpoint.ToString()!;
        }

        listener.Prefixes.Add($"http://{Address}/");
        listener.Start();
        _ = Task.Run(ServeAsync);
    }

    /// <summary>HOST:PORT.</summary>
    public string Address { get; }

    /// <summary>The messages since this was asked for last.</summary>
    public string[] Take()
    {
        lock (messages)
        {
            string[] taken = [.. messages];
            messages.Clear();
            return taken;
        }
    }

    public void Dispose() => listener.Close();

    private async Task ServeAsync()
    {
        try
        {
            for (;;)
            {
                HttpListenerContext context = await listener.GetContextAsync();
                using var reader = new StreamReader(context.Request.InputStream);
                string body = await reader.ReadToEndAsync();
                bool isMessage = context.Request is { HttpMethod: "POST", RawUrl: "/messages", ContentType: "application/json" };
                if (isMessage) lock (messages) messages.Add(body);
                context.Response.StatusCode = isMessage ? 202 : 404;
                context.Response.Close();
            }
        }
        catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
        {
            // The listener was closed.
        }
    }
}
