using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Chain.Wasm.Wasi.Http;

/// <summary>A request or a response failed for a reason that <c>error-code</c> has a case for.</summary>
public sealed class HttpFailureException(ErrorCode code, Exception? inner = null) : Exception(code.ToString(), inner)
{
    public ErrorCode Code { get; } = code;

    /// <summary>The code of a failure of the host's HTTP; what the exception says is not passed on.</summary>
    internal static ErrorCode CodeOf(Exception failure)
    {
        for (Exception? at = failure; at is not null; at = at.InnerException)
        {
            switch (at)
            {
                case HttpFailureException { Code: var code }:
                    return code;
                case SocketException socket:
                    return CodeOf(socket);
                case AuthenticationException:
                    return ErrorCode.Of(ErrorKind.TlsProtocolError);
                case TimeoutException:
                    return ErrorCode.Of(ErrorKind.ConnectionReadTimeout);
                case FieldsTooLargeException:
                    return ErrorCode.Of(ErrorKind.HttpResponseHeaderSectionSize);
                case OperationCanceledException:
                    return ErrorCode.Of(ErrorKind.ConnectionTerminated);
                case HttpIOException { HttpRequestError: var error } when Known(error) is { } kind:
                    return ErrorCode.Of(kind);
                case HttpRequestException { HttpRequestError: var error } when Known(error) is { } kind:
                    return ErrorCode.Of(kind);
            }
        }

        return failure is IOException ? ErrorCode.Of(ErrorKind.ConnectionTerminated) : ErrorCode.Of(ErrorKind.HttpProtocolError);
    }

    // What has a more telling cause inside is left to it.
    private static ErrorKind? Known(HttpRequestError error) => error switch
    {
        HttpRequestError.ConfigurationLimitExceeded => ErrorKind.HttpResponseHeaderSectionSize,
        HttpRequestError.ResponseEnded => ErrorKind.HttpResponseIncomplete,
        HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError or HttpRequestError.VersionNegotiationError => ErrorKind.HttpProtocolError,
        _ => null,
    };

    private static ErrorCode CodeOf(SocketException failure) => failure.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.NoData => ErrorCode.Of(ErrorKind.DnsError, new DnsErrorPayload("NXDOMAIN", null)),
        SocketError.TryAgain => ErrorCode.Of(ErrorKind.DnsTimeout),
        SocketError.NoRecovery => ErrorCode.Of(ErrorKind.DnsError, new DnsErrorPayload("SERVFAIL", null)),
        SocketError.ConnectionRefused => ErrorCode.Of(ErrorKind.ConnectionRefused),
        SocketError.TimedOut => ErrorCode.Of(ErrorKind.ConnectionTimeout),
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.AddressNotAvailable => ErrorCode.Of(ErrorKind.DestinationIpUnroutable),
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown or SocketError.OperationAborted =>
            ErrorCode.Of(ErrorKind.ConnectionTerminated),
        _ => ErrorCode.Of(ErrorKind.DestinationUnavailable),
    };
}
