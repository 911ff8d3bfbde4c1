using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Net.Sockets;

namespace Chain.Wasm.Wasi.Http;

/// <summary>
/// The client for guests' requests, with what they are granted. Shared by the stores of one application, which share its connections; safe for any
/// thread. It follows no redirect, keeps no cookie, asks no proxy, unpacks nothing and adds no header but <c>host</c> and those of the connection.
/// </summary>
public sealed class OutgoingHttp : IDisposable
{
    private static readonly HttpRequestOptionsKey<OutgoingTarget> TargetKey = new("chain.target");

    private readonly Func<string, CancellationToken, Task<IPAddress[]>> resolve;
    private readonly HttpMessageInvoker invoker;

    public OutgoingHttp(HttpGrants grants, OutgoingHttpLimits? limits = null)
        : this(grants, limits ?? new OutgoingHttpLimits(), Dns.GetHostAddressesAsync)
    {
    }

    /// <param name="grants">Where requests may go.</param>
    /// <param name="limits">What they may use.</param>
    /// <param name="resolve">Gives the addresses of a name.</param>
    internal OutgoingHttp(HttpGrants grants, OutgoingHttpLimits limits, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        Grants = grants;
        Limits = limits;
        this.resolve = resolve;
        var handler = new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = ConnectAsync,
            ConnectTimeout = limits.Connect,
            MaxConnectionsPerServer = limits.ConnectionsPerHost,
            MaxResponseHeadersLength = limits.ResponseHeadKib,
            // A name that now leads elsewhere is looked up, and judged, again.
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            RequestHeaderEncodingSelector = static (_, _) => System.Text.Encoding.Latin1,
            ResponseHeaderEncodingSelector = static (_, _) => System.Text.Encoding.Latin1,
            UseCookies = false,
            UseProxy = false,
        };
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, errors) =>
            errors == SslPolicyErrors.None ? true : throw new HttpFailureException(ErrorCode.Of(ErrorKind.TlsCertificateError));
        invoker = new HttpMessageInvoker(handler);
    }

    public HttpGrants Grants { get; }

    public OutgoingHttpLimits Limits { get; }

    public void Dispose() => invoker.Dispose();

    /// <summary>Sends a request that was judged and waits for the head of its response.</summary>
    /// <exception cref="HttpFailureException">No response came.</exception>
    internal async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, OutgoingTarget target, TimeSpan firstByte, CancellationToken cancellation)
    {
        message.Options.Set(TargetKey, target);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

        // A connection that was there already does not say when it is taken: then the two limits are one.
        timeout.CancelAfter(target.ConnectTimeout + firstByte);
        target.Connected = () => timeout.CancelAfter(firstByte);
        try
        {
            return await invoker.SendAsync(message, timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException late) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new HttpFailureException(ErrorCode.Of(target.IsConnected ? ErrorKind.ConnectionReadTimeout : ErrorKind.ConnectionTimeout), late);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException or HttpFailureException)
        {
            // Past the handler's own limit for connections the exception says only that something was cancelled.
            throw failure is OperationCanceledException { InnerException: TimeoutException }
                ? new HttpFailureException(ErrorCode.Of(ErrorKind.ConnectionTimeout), failure)
                : new HttpFailureException(HttpFailureException.CodeOf(failure), failure);
        }
    }

    // Here, where the address is known and is the one that is used, a name cannot lead to where its grant does not reach.
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        if (!context.InitialRequestMessage.Options.TryGetValue(TargetKey, out OutgoingTarget? target)) throw Denied();
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(target.ConnectTimeout);
        try
        {
            IPAddress[] addresses = target.Authority.Address is { } literal
                ? [literal]
                : await resolve(target.Authority.Host, timeout.Token).ConfigureAwait(false);
            IPAddress[] allowed = Array.FindAll(addresses, address => Grants.AllowAddress(target.Authority, address, target.DefaultPort));
            if (addresses.Length == 0) throw new HttpFailureException(ErrorCode.Of(ErrorKind.DestinationNotFound));
            if (allowed.Length == 0) throw new HttpFailureException(ErrorCode.Of(ErrorKind.DestinationIpProhibited));
            var socket = await ConnectAsync(allowed, target.Port, timeout.Token).ConfigureAwait(false);
            target.Connect();
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (OperationCanceledException late) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new HttpFailureException(ErrorCode.Of(ErrorKind.ConnectionTimeout), late);
        }
    }

    private static async Task<Socket> ConnectAsync(IPAddress[] addresses, int port, CancellationToken cancellation)
    {
        for (int i = 0; ; i++)
        {
            var socket = new Socket(addresses[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(addresses[i], port), cancellation).ConfigureAwait(false);
                return socket;
            }
            catch (SocketException) when (i < addresses.Length - 1)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    private static HttpFailureException Denied() => new(ErrorCode.Of(ErrorKind.HttpRequestDenied));
}

/// <summary>Where a request goes, and how long connecting may take.</summary>
internal sealed class OutgoingTarget(HttpAuthority authority, int defaultPort, TimeSpan connectTimeout)
{
    public HttpAuthority Authority { get; } = authority;

    public int DefaultPort { get; } = defaultPort;

    public int Port => Authority.Port ?? DefaultPort;

    public TimeSpan ConnectTimeout { get; } = connectTimeout;

    /// <summary>Called once when a connection was made for this request.</summary>
    public Action? Connected { get; set; }

    /// <summary>Whether a connection was made for this request.</summary>
    public bool IsConnected { get; private set; }

    public void Connect()
    {
        IsConnected = true;
        try
        {
            Connected?.Invoke();
        }
        catch (ObjectDisposedException)
        {
            // Another connection was free first, and the request is long over.
        }
    }
}
