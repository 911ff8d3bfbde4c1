using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Chain.PolicyEngine.Alerts;

namespace Chain.Cli.Bench;

/// <summary>A webhook on loopback that notes when each notice came.</summary>
internal sealed class BenchWebhook : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly HttpListener _listener = new();
    private readonly List<(long At, Notice Notice)> _received = [];

    /// <param name="port">Where to listen; 0 for a free port.</param>
    public BenchWebhook(int port = 0)
    {
        if (port == 0) port = FreePort();
        Url = new Uri($"http://127.0.0.1:{port}/hook");
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        _listener.Start();
        _ = Task.Run(ServeAsync);
    }

    public Uri Url { get; }

    /// <summary>The notices and the <see cref="Stopwatch"/>'s time at which each had come.</summary>
    public IReadOnlyList<(long At, Notice Notice)> All
    {
        get
        {
            lock (_received) return [.. _received];
        }
    }

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                Notice notice = (await JsonSerializer.DeserializeAsync<Notice>(context.Request.InputStream, Json))!;
                lock (_received) _received.Add((Stopwatch.GetTimestamp(), notice));
                context.Response.StatusCode = 204;
                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }
}
