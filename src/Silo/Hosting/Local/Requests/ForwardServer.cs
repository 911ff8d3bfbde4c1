using System.Net;
using System.Security.Cryptography;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Silo.Calls.Remote;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Hosting.Local.Requests;

/// <summary>
/// Takes the requests that other silos of the cluster forward, at an address of its own. It answers them here or refuses them; it never forwards one
/// again. Safe for any thread.
/// </summary>
internal sealed class ForwardServer : IAsyncDisposable
{
    // What the client may send, and what the other silo says of it.
    private const int MostHeaderBytes = 128 * 1024;
    private const int MostHeaders = 200;
    private const int MostStreams = 100;
    private const int StreamWindow = 128 * 1024;

    private readonly WebApplication web;
    private readonly NodeServices services;
    private readonly GuestThreads threads;
    private readonly TimeSpan drain;
    private readonly RequestAnswers answers;
    private readonly Func<string, int, CancellationToken, Task<DeployedApplication>> hold;

    private ForwardServer(
        WebApplication web, NodeServices services, GuestThreads threads, NodeOptions options, ChainGateway gateway,
        Func<string, int, CancellationToken, Task<DeployedApplication>> hold)
    {
        this.web = web;
        this.services = services;
        this.threads = threads;
        this.hold = hold;
        drain = options.Drain;
        answers = new RequestAnswers(gateway, services, web.Services.GetRequiredService<ILogger<ForwardServer>>());
        Secret = RandomNumberGenerator.GetHexString(64, lowercase: true);
        Silo = options.Name;
    }

    /// <summary>Where other silos find it.</summary>
    public RequestPlace Place => new(Silo, Listening.UrlOf(web), Secret);

    private string Silo { get; }

    private string Secret { get; }

    /// <summary>Begins to listen, at the address that silos have for one another.</summary>
    /// <param name="gateway">Where chains enter.</param>
    /// <param name="services">What the node has.</param>
    /// <param name="threads">Where these requests run: as calls of other silos do, also while the node takes none from outside any more.</param>
    /// <param name="options">How the node runs; it has <see cref="NodeOptions.Cluster"/>.</param>
    /// <param name="hold">Gives the version of an application that a request began with.</param>
    /// <param name="logging">Where lines go.</param>
    /// <exception cref="ListenException">The address cannot be had.</exception>
    public static async Task<ForwardServer> StartAsync(
        ChainGateway gateway, NodeServices services, GuestThreads threads, NodeOptions options,
        Func<string, int, CancellationToken, Task<DeployedApplication>> hold, Action<ILoggingBuilder> logging)
    {
        var endpoint = new IPEndPoint(options.Cluster!.Address, options.Cluster.HttpPort);
        WebApplicationBuilder builder = Listening.NewBuilder(logging, options.Drain);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // What limits there are the other silo has held the client to, at the pace of the client.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxRequestHeadersTotalSize = MostHeaderBytes;
            kestrel.Limits.MaxRequestHeaderCount = MostHeaders;
            kestrel.Limits.Http2.MaxRequestHeaderFieldSize = MostHeaderBytes;
            kestrel.Limits.Http2.MaxStreamsPerConnection = MostStreams;

            // So that a component that does not read, or a request that waits for its turn, never holds up the bodies of others.
            kestrel.Limits.Http2.InitialStreamWindowSize = StreamWindow;
            kestrel.Limits.Http2.InitialConnectionWindowSize = MostStreams * StreamWindow;
            Listening.KeepHeaderBytes(kestrel);
            kestrel.Listen(endpoint, static listen => listen.Protocols = HttpProtocols.Http2);
        });
        WebApplication web = builder.Build();
        var server = new ForwardServer(web, services, threads, options, gateway, hold);
        web.Run(server.HandleAsync);
        try
        {
            await Listening.StartAsync(web, endpoint).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await web.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Takes no more requests and waits for those under way, as long as options say.</summary>
    public Task StopAsync() => Listening.StopAsync(web, drain);

    public ValueTask DisposeAsync() => web.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        if (!ForwardedRequest.Shows(context.Request.Headers, Secret))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            await context.Response.WriteAsync("only silos of the cluster send requests here\n").ConfigureAwait(false);
            return;
        }

        if (ForwardedRequest.TakeFrom(context.Request.Headers) is not { } request)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = request.Target;
        if (await AnswerAsync(context, request).ConfigureAwait(false) is not { } reason) return;
        context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
        context.Response.Headers[ForwardedRequest.RefusalHeader] = request.RefusalOf(reason);
    }

    private async Task<string?> AnswerAsync(HttpContext context, ForwardedRequest request)
    {
        long began = Environment.TickCount64;
        DeployedApplication application;
        try
        {
            application = await hold(request.Application, request.Version, context.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            return $"{request.Application} version {request.Version} cannot be had: {failure.Message}";
        }

        try
        {
            Exposure? exposure = application.Plan.Exposures.FirstOrDefault(one => one.Component == request.Component && one.Export == request.Export);
            if (exposure is null) return $"{request.Application} version {request.Version} does not expose '{request.Component}'";
            DeployedComponent component = application.Components[exposure.Component];
            if (!services.MayRun(component.Plan)) return "it has not the labels that the component asks for";
            StatefulSlot? slot = null;
            if (component.Plan.Instances == InstanceMode.Stateful && !services.Slots.TryGetValue(component.Plan.Party.Name, out slot)) return "its instance is not there";
            TimeSpan left = TimeSpan.FromMilliseconds(Math.Max(0, request.Left - (Environment.TickCount64 - began)));
            TimeSpan most = component.Plan.Limits.Deadline;
            return await answers.AnswerAsync(context, component, exposure, slot, threads, left < most ? left : most).ConfigureAwait(false);
        }
        finally
        {
            application.Leave();
        }
    }
}
