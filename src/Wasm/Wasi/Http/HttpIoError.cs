using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi.Http;

/// <summary>Why the stream of a body failed; <c>http-error-code</c> gives its code.</summary>
internal sealed class HttpIoError(ErrorCode code) : IoError(code.ToString())
{
    public ErrorCode Code { get; } = code;

    public static StreamError Failure(ErrorCode code) => StreamError.Failed(new HttpIoError(code));
}
