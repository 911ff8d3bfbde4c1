using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
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

/// <summary>Starts web servers, and says in plain words why one cannot.</summary>
internal static class Listening
{
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

    /// <summary>The host logs an address that it cannot have, with a stack trace, before the exception says so in words.</summary>
    public static void Quiet(ILoggingBuilder logging) => logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);

    private static string? ReasonOf(Exception failure, IPEndPoint endpoint) => failure switch
    {
        IOException { InnerException: AddressInUseException } or AddressInUseException => $"port {endpoint.Port} of {endpoint.Address} is taken",
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
