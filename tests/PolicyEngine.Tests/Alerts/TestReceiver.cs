using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Chain.PolicyEngine.Alerts;

namespace Chain.PolicyEngine.Tests.Alerts;

/// <summary>A webhook on loopback that keeps what it was sent.</summary>
internal sealed class TestReceiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly List<Received> _received = [];
    private readonly Func<int, int> _status;
    private int _requests;

    /// <param name="port">Where to listen; 0 for a free port.</param>
    /// <param name="status">The status for the first, second, … request; 200 by default.</param>
    public TestReceiver(int port = 0, Func<int, int>? status = null)
    {
        _status = status ?? (_ => 200);
        Port = port == 0 ? FreePort() : port;
        _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        _listener.Start();
        _ = Task.Run(ServeAsync);
    }

    public int Port { get; }

    public Uri Url => new($"http://127.0.0.1:{Port}/hook");

    /// <summary>How many requests came, taken or not.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public IReadOnlyList<Received> All
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

    /// <summary>Waits until so many notices were taken.</summary>
    public async Task<IReadOnlyList<Received>> WaitAsync(int count, int seconds = 60)
    {
        for (int i = 0; i < seconds * 100 && All.Count < count; i++) await Task.Delay(10);
        return All;
    }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                int status = _status(Interlocked.Increment(ref _requests));
                if (status == 200)
                {
                    var received = new Received(
                        body.ToArray(), context.Request.Headers[WebhookReceiver.SignatureHeader] ?? "", context.Request.Headers[WebhookReceiver.NoticeHeader] ?? "");
                    lock (_received) _received.Add(received);
                }

                context.Response.StatusCode = status;
                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }
}

/// <summary>One notice as it came.</summary>
internal sealed record Received(byte[] Body, string Signature, string NoticeId)
{
    public Notice Notice { get; } = JsonSerializer.Deserialize<Notice>(Body, new JsonSerializerOptions(JsonSerializerDefaults.Web))!;
}
