using System.Collections.Immutable;
using System.Net;
using Chain.Silo.Applications;
using Chain.Silo.Hosting.Http;
using Chain.Silo.Hosting.Local.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
#if ORLEANS
using Yarp.ReverseProxy.Forwarder;
#endif

namespace Chain.Silo.Hosting.Local;

/// <summary>Serves what applications expose over HTTP. Safe for any thread.</summary>
internal sealed class ExposureServer : IAsyncDisposable
{
    private readonly WebApplication web;
    private readonly NodeServices services;
    private readonly NodeOptions options;
    private readonly RequestAnswers answers;
#if ORLEANS
    private readonly RequestForwarder forwarder;
#endif
    private ImmutableArray<Entry> entries = [];
    private volatile bool isListening;

    private ExposureServer(WebApplication web, ChainGateway gateway, NodeServices services, NodeOptions options)
    {
        this.web = web;
        this.services = services;
        this.options = options;
        ILogger log = web.Services.GetRequiredService<ILogger<ExposureServer>>();
        answers = new RequestAnswers(gateway, services, log);
#if ORLEANS
        forwarder = new RequestForwarder(web.Services.GetRequiredService<IHttpForwarder>(), gateway, services, answers, options.Name, log);
#endif
    }

    /// <summary>Where it listens; empty before it does.</summary>
    public string Url => isListening ? Listening.UrlOf(web) : "";

    /// <summary>Makes a server that does not listen yet.</summary>
    public static ExposureServer Create(ChainGateway gateway, NodeServices services, NodeOptions options, Action<ILoggingBuilder> logging)
    {
        WebApplicationBuilder builder = Listening.NewBuilder(logging, options.Drain);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            Listening.KeepHeaderBytes(kestrel);
            kestrel.Listen(new IPEndPoint(options.Address, options.Port), static listen => listen.Protocols = HttpProtocols.Http1);
        });
#if ORLEANS
        builder.Services.AddHttpForwarder();
#endif
        // What fails it says to its caller too, who knows whether another attempt is to be made.
#if ORLEANS
        builder.Logging.AddFilter("Yarp", LogLevel.None);
#endif
        WebApplication web = builder.Build();
        var server = new ExposureServer(web, gateway, services, options);
        web.Run(server.HandleAsync);
        return server;
    }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="ListenException">The address cannot be had.</exception>
    public async Task StartAsync()
    {
        await Listening.StartAsync(web, new IPEndPoint(options.Address, options.Port)).ConfigureAwait(false);
        isListening = true;
    }

    /// <summary>Serves an application's version in the place of another, or nothing of it any more.</summary>
    public void Replace(string application, DeployedApplication? with)
    {
        Entry[] added = with is null ? [] : [.. with.Plan.Exposures.Select(exposure => new Entry(with, exposure, BridgeTo(with, exposure)))];
        ImmutableInterlocked.Update(ref entries, (all, changes) => [.. all.Where(entry => entry.Application.Plan.Name != application), .. changes], added);
    }

    /// <summary>Takes no more requests and waits for those under way, as long as options say.</summary>
    public Task StopAsync() => isListening ? Listening.StopAsync(web, options.Drain, options.Cluster is null ? default : Listening.Linger) : Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await web.DisposeAsync().ConfigureAwait(false);
#if ORLEANS
        forwarder.Dispose();
#endif
    }

    /// <summary>What answers here; <see langword="null"/> where it has to be found out for each request which silo does.</summary>
    private HttpBridge? BridgeTo(DeployedApplication application, Exposure exposure)
    {
        DeployedComponent component = application.Components[exposure.Component];
        bool isHere = services.Router is null || (component.Plan.Instances != InstanceMode.Stateful && services.MayRun(component.Plan));
        return isHere ? answers.BridgeTo(component, exposure) : null;
    }

    private async Task HandleAsync(HttpContext context)
    {
        string host = context.Request.Host.Host.ToLowerInvariant(), path = context.Request.Path.Value ?? "/";
        Entry? best = Find(host, path);
        if (best is null || !best.Application.TryEnter())
        {
            // Another version may have taken its place just now.
            best = Find(host, path);
            if (best is null || !best.Application.TryEnter())
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                await context.Response.WriteAsync("no application answers here\n").ConfigureAwait(false);
                return;
            }
        }

        try
        {
#if ORLEANS
            await (best.Bridge is { } bridge ? bridge.HandleAsync(context) : forwarder.HandleAsync(context, best.Application, best.Exposure)).ConfigureAwait(false);
#else
            // There are no other silos to forward to.
            await best.Bridge!.HandleAsync(context).ConfigureAwait(false);
#endif
        }
        finally
        {
            best.Application.Leave();
        }
    }

    private Entry? Find(string host, string path)
    {
        Entry? best = null;
        foreach (Entry entry in entries)
        {
            if (!entry.Exposure.Fits(host, path)) continue;
            bool namesHost = entry.Exposure.Host is not null, bestNamesHost = best?.Exposure.Host is not null;
            if (best is null || (namesHost && !bestNamesHost) || (namesHost == bestNamesHost && entry.Exposure.Path.Length > best.Exposure.Path.Length))
                best = entry;
        }

        return best;
    }

    private sealed record Entry(DeployedApplication Application, Exposure Exposure, HttpBridge? Bridge);
}
