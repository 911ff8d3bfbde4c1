using System.Net;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Api;

/// <summary>How the API of a node is served.</summary>
public sealed record ApiOptions
{
    /// <summary>Where it listens; loopback unless said otherwise.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port; 0 for one that is free.</summary>
    public int Port { get; init; }

    /// <summary>What every caller has to show.</summary>
    public required ApiToken Token { get; init; }

    /// <summary>The largest body of a request other than a deployment, in bytes. Default 17 MiB: a call's arguments are at most 16 Mi characters.</summary>
    public long RequestBytes { get; init; } = 17L << 20;

    /// <summary>The largest deployment, in bytes. Default 512 MiB.</summary>
    public long DeployBytes { get; init; } = 512L << 20;

    /// <summary>How long a stop waits for requests that are under way. Default 10 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>The HTTP API of a node. Safe for any thread.</summary>
public sealed class ApiServer : IAsyncDisposable
{
    /// <summary>Where all of it is.</summary>
    public const string Root = "/api/v1";

    /// <summary>Where Orleans' dashboard is, on a silo of a cluster.</summary>
    public const string DashboardPath = "/dashboard";

    private readonly WebApplication web;
    private readonly ApiOptions options;

    private readonly TimeSpan linger;

    private ApiServer(WebApplication web, ApiOptions options, TimeSpan linger)
    {
        this.web = web;
        this.options = options;
        this.linger = linger;
    }

    /// <summary>Where it listens, without <see cref="Root"/>.</summary>
    public string Url => Listening.UrlOf(web);

    /// <summary>What it answers, as <c>METHOD /path</c>, sorted.</summary>
    internal IReadOnlyList<string> Endpoints =>
    [
        .. web.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(static one => one.RoutePattern.RawText?.StartsWith(Root, StringComparison.Ordinal) == true)
            .SelectMany(static one => one.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Select(method => $"{method} {one.RoutePattern.RawText}") ?? [])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Begins to listen.</summary>
    /// <param name="options">How.</param>
    /// <param name="api">What it shows.</param>
    /// <param name="logging">Where lines about failed requests go.</param>
    /// <exception cref="ListenException">The address cannot be had.</exception>
    internal static async Task<ApiServer> StartAsync(ApiOptions options, NodeApi api, Action<ILoggingBuilder> logging)
    {
        WebApplication web = NewWeb(options, logging);
        web.Use((context, next) => MayAnswer(api, context.Request) ? next(context) : Problem.IsLeaving(api.Node.Name).WriteAsync(context));
        web.UseRouting();
        RouteGroupBuilder routes = web.MapGroup(Root);
        api.Stopping = web.Lifetime.ApplicationStopping;
        StatusEndpoints.Map(routes, api);
        SiloEndpoints.Map(routes, api);
        ApplicationEndpoints.Map(routes, api, options);
        CallEndpoints.Map(routes, api);
        EventEndpoints.Map(routes, api);
        web.MapOpenApi($"{Root}/openapi.json");
        api.Cluster?.MapDashboard(web, DashboardPath);
        _ = Listening.LeaveAfterAsync(web, api.Node.TakesNoMore);
        return await ListenAsync(web, options, api.Cluster is null ? default : Listening.Linger).ConfigureAwait(false);
    }

    /// <summary>Begins to listen for the process that runs several silos.</summary>
    /// <param name="options">How.</param>
    /// <param name="supervisor">What it shows and does.</param>
    /// <param name="logging">Where lines about failed requests go.</param>
    /// <exception cref="ListenException">The address cannot be had.</exception>
    public static Task<ApiServer> StartAsync(ApiOptions options, ISupervisor supervisor, Action<ILoggingBuilder> logging)
    {
        WebApplication web = NewWeb(options, logging);
        web.UseRouting();
        SupervisorEndpoints.Map(web.MapGroup(Root), supervisor);
        web.MapOpenApi($"{Root}/openapi.json");
        return ListenAsync(web, options);
    }

    private static WebApplication NewWeb(ApiOptions options, Action<ILoggingBuilder> logging)
    {
        WebApplicationBuilder builder = Listening.NewBuilder(logging, options.Drain);
        builder.Services.AddRouting();
        builder.Services.Configure<RouteHandlerOptions>(static handlers => handlers.ThrowOnBadRequest = true);
        builder.Services.ConfigureHttpJsonOptions(static json => ApiJson.Set(json.SerializerOptions));
        builder.Services.AddOpenApi(ApiDocument.Describe);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = options.RequestBytes;
            kestrel.Listen(new IPEndPoint(options.Address, options.Port));
        });
        WebApplication web = builder.Build();
        web.Use(new ProblemWriter(options.Token, web.Services.GetRequiredService<ILogger<ApiServer>>()).HandleAsync);
        return web;
    }

    private static async Task<ApiServer> ListenAsync(WebApplication web, ApiOptions options, TimeSpan linger = default)
    {
        var server = new ApiServer(web, options, linger);
        try
        {
            await Listening.StartAsync(web, new IPEndPoint(options.Address, options.Port), isApi: true).ConfigureAwait(false);
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return server;
    }

    /// <summary>Whether a node may do what is asked: one that is drained only shows how it is, and ends.</summary>
    private static bool MayAnswer(NodeApi api, HttpRequest request) =>
        !api.Node.TakesNoMore.IsCompleted || HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)
        || request.Path == $"{Root}/shutdown" || request.Path.StartsWithSegments($"{Root}/silos");

    /// <summary>Takes no more requests, ends streams of events, and waits for calls that are under way, as long as options say.</summary>
    public Task StopAsync() => Listening.StopAsync(web, options.Drain, linger);

    public ValueTask DisposeAsync() => web.DisposeAsync();
}
