using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Http;

/// <summary>The cases of <c>error-code</c>, in its order.</summary>
public enum ErrorKind
{
    DnsTimeout,
    DnsError,
    DestinationNotFound,
    DestinationUnavailable,
    DestinationIpProhibited,
    DestinationIpUnroutable,
    ConnectionRefused,
    ConnectionTerminated,
    ConnectionTimeout,
    ConnectionReadTimeout,
    ConnectionWriteTimeout,
    ConnectionLimitReached,
    TlsProtocolError,
    TlsCertificateError,
    TlsAlertReceived,
    HttpRequestDenied,
    HttpRequestLengthRequired,
    HttpRequestBodySize,
    HttpRequestMethodInvalid,
    HttpRequestUriInvalid,
    HttpRequestUriTooLong,
    HttpRequestHeaderSectionSize,
    HttpRequestHeaderSize,
    HttpRequestTrailerSectionSize,
    HttpRequestTrailerSize,
    HttpResponseIncomplete,
    HttpResponseHeaderSectionSize,
    HttpResponseHeaderSize,
    HttpResponseBodySize,
    HttpResponseTrailerSectionSize,
    HttpResponseTrailerSize,
    HttpResponseTransferCoding,
    HttpResponseContentCoding,
    HttpResponseTimeout,
    HttpUpgradeFailed,
    HttpProtocolError,
    LoopDetected,
    ConfigurationError,
    InternalError,
}

/// <summary>The record <c>DNS-error-payload</c>.</summary>
public sealed record DnsErrorPayload(string? Rcode, ushort? InfoCode);

/// <summary>The record <c>TLS-alert-received-payload</c>.</summary>
public sealed record TlsAlertReceivedPayload(byte? AlertId, string? AlertMessage);

/// <summary>The record <c>field-size-payload</c>.</summary>
/// <param name="FieldSize">In bytes.</param>
public sealed record FieldSizePayload(string? FieldName, uint? FieldSize);

/// <summary>Why a request or a response failed (<c>wasi:http/types</c>, <c>error-code</c>).</summary>
public sealed record ErrorCode : IVariant<ErrorCode>
{
    private ErrorCode(ErrorKind kind, object? payload)
    {
        Kind = kind;
        Payload = payload;
    }

    public static IReadOnlyList<(string Label, Type? Payload)> Cases { get; } =
    [
        ("DNS-timeout", null),
        ("DNS-error", typeof(DnsErrorPayload)),
        ("destination-not-found", null),
        ("destination-unavailable", null),
        ("destination-IP-prohibited", null),
        ("destination-IP-unroutable", null),
        ("connection-refused", null),
        ("connection-terminated", null),
        ("connection-timeout", null),
        ("connection-read-timeout", null),
        ("connection-write-timeout", null),
        ("connection-limit-reached", null),
        ("TLS-protocol-error", null),
        ("TLS-certificate-error", null),
        ("TLS-alert-received", typeof(TlsAlertReceivedPayload)),
        ("HTTP-request-denied", null),
        ("HTTP-request-length-required", null),
        ("HTTP-request-body-size", typeof(ulong?)),
        ("HTTP-request-method-invalid", null),
        ("HTTP-request-URI-invalid", null),
        ("HTTP-request-URI-too-long", null),
        ("HTTP-request-header-section-size", typeof(uint?)),
        ("HTTP-request-header-size", typeof(FieldSizePayload)),
        ("HTTP-request-trailer-section-size", typeof(uint?)),
        ("HTTP-request-trailer-size", typeof(FieldSizePayload)),
        ("HTTP-response-incomplete", null),
        ("HTTP-response-header-section-size", typeof(uint?)),
        ("HTTP-response-header-size", typeof(FieldSizePayload)),
        ("HTTP-response-body-size", typeof(ulong?)),
        ("HTTP-response-trailer-section-size", typeof(uint?)),
        ("HTTP-response-trailer-size", typeof(FieldSizePayload)),
        ("HTTP-response-transfer-coding", typeof(string)),
        ("HTTP-response-content-coding", typeof(string)),
        ("HTTP-response-timeout", null),
        ("HTTP-upgrade-failed", null),
        ("HTTP-protocol-error", null),
        ("loop-detected", null),
        ("configuration-error", null),
        ("internal-error", typeof(string)),
    ];

    public ErrorKind Kind { get; }

    public int Case => (int)Kind;

    public object? Payload { get; }

    /// <summary>One of a kind; its payload, where the kind has one, is of the type that <see cref="Cases"/> says.</summary>
    public static ErrorCode Of(ErrorKind kind, object? payload = null) => new(kind, payload);

    /// <param name="message">What a guest may know of it.</param>
    public static ErrorCode Internal(string message) => new(ErrorKind.InternalError, message);

    public static ErrorCode Create(int @case, object? payload) => new((ErrorKind)@case, payload);

    public override string ToString() => Payload is null ? Cases[Case].Label : $"{Cases[Case].Label} ({Payload})";
}
