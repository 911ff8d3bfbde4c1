using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Chain.Wasm.Tests.Wasi.Http;

/// <summary>Accepts connections on loopback, notes the bytes that come and answers with bytes that need not be HTTP.</summary>
internal sealed class RawServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly StringBuilder received = new();
    private readonly byte[] answer;
    private readonly bool staysOpen;

    /// <param name="answer">What each connection gets once the head of a request came.</param>
    /// <param name="staysOpen">Whether the connection is left open after the answer.</param>
    public RawServer(string answer, bool staysOpen = false)
    {
        this.answer = Encoding.Latin1.GetBytes(answer);
        this.staysOpen = staysOpen;
        listener.Start();
        _ = AcceptAsync();
    }

    public string Authority => $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    /// <summary>All that came so far.</summary>
    public string Received
    {
        get
        {
            lock (received) return received.ToString();
        }
    }

    public void Dispose()
    {
        stop.Cancel();
        listener.Dispose();
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await listener.AcceptTcpClientAsync(stop.Token));
        }
        catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient owned = client;
        try
        {
            NetworkStream stream = client.GetStream();
            byte[] buffer = new byte[4096];
            string head = "";
            while (!head.Contains("\r\n\r\n") && await stream.ReadAsync(buffer, stop.Token) is var count and > 0)
            {
                string part = Encoding.Latin1.GetString(buffer, 0, count);
                head += part;
                lock (received) received.Append(part);
            }

            await stream.WriteAsync(answer, stop.Token);
            if (!staysOpen) return;
            while (await stream.ReadAsync(buffer, stop.Token) is var more and > 0)
            {
                lock (received) received.Append(Encoding.Latin1.GetString(buffer, 0, more));
            }
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            // The client went, or the test is over.
        }
    }
}
