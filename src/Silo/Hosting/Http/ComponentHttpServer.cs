using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
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
    public string Url => application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    /// <summary>Begins to listen.</summary>
    /// <param name="create">Makes an instance, on the thread of a guest.</param>
    /// <param name="options">Where, and limits.</param>
    /// <param name="logging">Where lines about failed requests go.</param>
    /// <exception cref="IOException">The address is taken, or none of this machine's.</exception>
    public static async Task<ComponentHttpServer> StartAsync(Func<CancellationToken, IHttpGuest> create, HttpHostOptions options, Action<ILoggingBuilder> logging)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        logging(builder.Logging);
        Listening.Quiet(builder.Logging);

        // What keeps it from starting is the caller's to tell.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Drain);

        // The process belongs to the caller, and its signals too.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.RequestBodyBytes;
            kestrel.RequestHeaderEncodingSelector = static _ => Encoding.Latin1;
            kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
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
    public async Task StopAsync()
    {
        using var drain = new CancellationTokenSource(options.Drain);
        try
        {
            await application.StopAsync(drain.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // They were broken off.
        }
    }

    public async ValueTask DisposeAsync()
    {
        threads.Dispose();
        await application.DisposeAsync().ConfigureAwait(false);
        pool.Dispose();
    }
}
