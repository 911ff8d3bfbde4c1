using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Chain.Wasm.Tests.Wasi.Http;

/// <summary>A server on loopback that guests' requests may, or must not, reach.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication application;

    private LoopbackServer(WebApplication application) => this.application = application;

    /// <summary>The request lines and headers that came.</summary>
    public ConcurrentQueue<string> Seen { get; } = new();

    public int Port => new Uri(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;

    public string Authority => $"127.0.0.1:{Port}";

    /// <param name="handle">Answers; by default with the text "reached".</param>
    /// <param name="protocols">HTTP/1.1 by default.</param>
    public static async Task<LoopbackServer> StartAsync(RequestDelegate? handle = null, HttpProtocols protocols = HttpProtocols.Http1)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols);
            kestrel.Limits.MinRequestBodyDataRate = null;
        });
        WebApplication application = builder.Build();
        var server = new LoopbackServer(application);
        application.Run(context =>
        {
            string target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            server.Seen.Enqueue($"{context.Request.Method} {target} {string.Join(' ', context.Request.Headers.Select(header => $"{header.Key}={header.Value}"))}");
            return handle is null ? context.Response.WriteAsync("reached") : handle(context);
        });
        await application.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            await application.StopAsync(soon.Token);
        }
        catch (OperationCanceledException)
        {
            // A handler that never ends was broken off.
        }

        await application.DisposeAsync();
    }
}
