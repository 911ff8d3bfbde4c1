using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Hosting;

/// <summary>A server cannot listen where it should.</summary>
/// <param name="endpoint">Where.</param>
/// <param name="isApi">Whether it is the one of the API, not of applications' HTTP.</param>
/// <param name="reason">Why not.</param>
/// <param name="inner">What the system said.</param>
public sealed class ListenException(IPEndPoint endpoint, bool isApi, string reason, Exception inner) : IOException(reason, inner)
{
    public IPEndPoint Endpoint { get; } = endpoint;

    public bool IsApi { get; } = isApi;
}

/// <summary>What all web servers of the process have in common: how they are made, started and stopped, and why one cannot start.</summary>
internal static class Listening
{
    /// <summary>How long clients of a silo get to notice that they should ask another. Default 1 s.</summary>
    public static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    /// <summary>Begins a server that has nothing but logging and Kestrel.</summary>
    /// <param name="logging">Where its lines go.</param>
    /// <param name="drain">How long a stop waits for requests that are under way.</param>
    public static WebApplicationBuilder NewBuilder(Action<ILoggingBuilder> logging, TimeSpan drain)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        logging(builder.Logging);
        // The host logs an address that it cannot have, with a stack trace, before the exception says so in words.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = drain);
        // The process belongs to somebody else, and its signals too.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        var arrivals = new LastArrivals();
        builder.Services.AddSingleton(arrivals);
        builder.Services.AddSingleton<IStartupFilter>(arrivals);
        builder.WebHost.UseKestrelCore().UseSockets(arrivals.Keep).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ConfigureEndpointDefaults(arrivals.Watch);
        });
        return builder;
    }

    /// <summary>Passes header values on as the bytes that came: what guests see and send is no text of ours.</summary>
    public static void KeepHeaderBytes(KestrelServerOptions kestrel)
    {
        kestrel.RequestHeaderEncodingSelector = static _ => Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
    }

    /// <summary>Where a server that was started listens.</summary>
    public static string UrlOf(WebApplication web) =>
        web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    /// <summary>Once something has happened, tells clients with each answer to keep no connection here, and serves them as before.</summary>
    public static async Task LeaveAfterAsync(WebApplication web, Task happened)
    {
        LastArrivals arrivals = web.Services.GetRequiredService<LastArrivals>();
        await happened.ConfigureAwait(false);
        arrivals.IsLeaving = true;
    }

    /// <summary>Takes no more requests, and breaks off those that are under way after a time.</summary>
    /// <param name="web">The server.</param>
    /// <param name="drain">That time.</param>
    /// <param name="linger">How long clients that keep connections are served as before, and told to go elsewhere; not at all where there is nowhere to go.</param>
    public static async Task StopAsync(WebApplication web, TimeSpan drain, TimeSpan linger = default)
    {
        await web.Services.GetRequiredService<LastArrivals>().SettleAsync(linger).ConfigureAwait(false);
        using var end = new CancellationTokenSource(drain);
        try
        {
            await web.StopAsync(end.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // They were broken off.
        }
    }

    /// <exception cref="ListenException">The address cannot be had.</exception>
    public static async Task StartAsync(WebApplication web, IPEndPoint endpoint, bool isApi = false)
    {
        try
        {
            await web.StartAsync().ConfigureAwait(false);
        }
        catch (Exception failure) when (ReasonOf(failure, endpoint) is not null)
        {
            throw new ListenException(endpoint, isApi, ReasonOf(failure, endpoint)!, failure);
        }
    }

    /// <summary>Why an address cannot be had, in words; <see langword="null"/> where that is not what failed.</summary>
    public static string? ReasonOf(Exception failure, IPEndPoint endpoint) => failure switch
    {
        IOException { InnerException: AddressInUseException } or AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } =>
            $"port {endpoint.Port} of {endpoint.Address} is taken",
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable } => $"{endpoint.Address} is no address of this machine",
        SocketException { SocketErrorCode: SocketError.AccessDenied } => $"port {endpoint.Port} of {endpoint.Address} may not be had by this user",
        SocketException other => $"cannot listen on {endpoint}: {other.Message}",
        _ => null,
    };
}

/// <summary>For a web server in a process whose signals belong to somebody else.</summary>
internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
