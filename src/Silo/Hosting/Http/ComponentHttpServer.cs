using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Hosting.Http;

/// <summary>Listens for HTTP requests and has a component answer them.</summary>
public sealed class ComponentHttpServer : IAsyncDisposable
{
    private readonly WebApplication application;
    private readonly HttpGuestPool pool;
    private readonly GuestThreads threads;
    private readonly HttpHostOptions options;

    private ComponentHttpServer(WebApplication application, HttpGuestPool pool, GuestThreads threads, HttpHostOptions options)
    {
        this.application = application;
        this.pool = pool;
        this.threads = threads;
        this.options = options;
    }

    /// <summary>Where it listens, such as <c>http://127.0.0.1:8080</c>.</summary>
    public string Url => Listening.UrlOf(application);

    /// <summary>Begins to listen.</summary>
    /// <param name="create">Makes an instance, on the thread of a guest.</param>
    /// <param name="options">Where, and limits.</param>
    /// <param name="logging">Where lines about failed requests go.</param>
    /// <exception cref="IOException">The address is taken, or none of this machine's.</exception>
    public static async Task<ComponentHttpServer> StartAsync(Func<CancellationToken, IHttpGuest> create, HttpHostOptions options, Action<ILoggingBuilder> logging)
    {
        WebApplicationBuilder builder = Listening.NewBuilder(logging, options.Drain);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = options.RequestBodyBytes;
            Listening.KeepHeaderBytes(kestrel);
            kestrel.Listen(new IPEndPoint(options.Address, options.Port), listen => listen.Protocols = options.Http2 ? HttpProtocols.Http2 : HttpProtocols.Http1);
        });
        WebApplication application = builder.Build();
        var pool = new HttpGuestPool(create, options.IsPooled ? options.Concurrency : 0);
        var threads = new GuestThreads(options.Concurrency, options.Queue);
        var bridge = new HttpBridge(pool, threads, options, application.Services.GetRequiredService<ILogger<HttpBridge>>());
        application.Run(bridge.HandleAsync);
        var server = new ComponentHttpServer(application, pool, threads, options);
        try
        {
            await application.StartAsync().ConfigureAwait(false);
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return server;
    }

    /// <summary>
    /// Takes no more requests, waits for those that are under way for <see cref="HttpHostOptions.Drain"/> at most, and then breaks them off.
    /// </summary>
    public Task StopAsync() => Listening.StopAsync(application, options.Drain);

    public async ValueTask DisposeAsync()
    {
        threads.Dispose();
        await application.DisposeAsync().ConfigureAwait(false);
        pool.Dispose();
    }
}
