using System.Net;
using System.Net.Sockets;

namespace Chain.Cli.Demo;

/// <summary>The mail relay of the example: takes messages on loopback and counts them.</summary>
internal sealed class DemoRelay : IDisposable
{
    private readonly HttpListener listener = new();
    private int messages;

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

    public int Messages => Volatile.Read(ref messages);

    public void Dispose() => listener.Close();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                HttpListenerContext context = await listener.GetContextAsync();
                await context.Request.InputStream.CopyToAsync(Stream.Null);
                Interlocked.Increment(ref messages);
                context.Response.StatusCode = (int)HttpStatusCode.Accepted;
                context.Response.Close();
            }
        }
        catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
        {
            // The listener was closed.
        }
    }
}
