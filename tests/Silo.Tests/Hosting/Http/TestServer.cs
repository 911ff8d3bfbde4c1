using System.Collections.Concurrent;
using Chain.Silo.Hosting.Http;
using Chain.Wasm.Wasi.Http;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Tests.Hosting.Http;

/// <summary>A server with guests written here, a client for it, and the lines that it logged.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly ComponentHttpServer server;

    private TestServer(ComponentHttpServer server, GuestCounts counts, ConcurrentQueue<string> log, bool http2)
    {
        this.server = server;
        Counts = counts;
        Log = log;
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(server.Url),
            Timeout = TimeSpan.FromSeconds(30),
            DefaultRequestVersion = http2 ? System.Net.HttpVersion.Version20 : System.Net.HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    public HttpClient Client { get; }

    public GuestCounts Counts { get; }

    public ConcurrentQueue<string> Log { get; }

    public string Url => server.Url;

    public static async Task<TestServer> StartAsync(Action<IncomingRequest, ResponseOutparam, CancellationToken> handle, HttpHostOptions? options = null)
    {
        var counts = new GuestCounts();
        var log = new ConcurrentQueue<string>();
        options ??= new HttpHostOptions();
        ComponentHttpServer server = await ComponentHttpServer.StartAsync(
            _ =>
            {
                Interlocked.Increment(ref counts.Created);
                return new TestGuest(handle, counts);
            },
            options,
            logging => logging.SetMinimumLevel(LogLevel.Error).AddProvider(new QueueLogs(log)));
        return new TestServer(server, counts, log, options.Http2);
    }

    public Task StopAsync() => server.StopAsync();

    /// <summary>Waits for something that happens soon after a response.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        for (int i = 0; i < 6000 && !condition(); i++) await Task.Delay(10);
        Assert.True(condition());
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await server.DisposeAsync();
    }

    private sealed class QueueLogs(ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) lines.Enqueue(formatter(state, exception));
        }

        public void Dispose()
        {
        }
    }
}
