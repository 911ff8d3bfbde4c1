using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Http;

/// <summary>A guest's answer, from the moment when its head is known.</summary>
/// <param name="Status">200 to 999.</param>
/// <param name="Headers">Immutable.</param>
/// <param name="Body">What the guest writes from here on; <see langword="null"/> when it took no body.</param>
public sealed record GuestResponse(ushort Status, Fields Headers, OutgoingBody? Body);

/// <summary>The resource <c>response-outparam</c>: where a guest puts its answer.</summary>
/// <param name="method">The request's: an answer to <c>HEAD</c> has no body.</param>
/// <param name="inform">Sends an informational response, or <see langword="null"/> where the connection has no way to.</param>
public sealed class ResponseOutparam(Method method, Action<ushort, Fields>? inform = null) : IDisposable
{
    /// <summary>With this <see cref="Response"/> fails when the guest set nothing.</summary>
    public static ErrorCode NoResponse { get; } = ErrorCode.Internal("no response was set");

    private readonly TaskCompletionSource<GuestResponse> response = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// The answer, once it is set. Fails with <see cref="HttpFailureException"/> when the guest set an error, or an answer that is none of HTTP, or set nothing.
    /// </summary>
    public Task<GuestResponse> Response => response.Task;

    /// <summary><c>set</c>.</summary>
    public void Set(Result<OutgoingResponse, ErrorCode> answer)
    {
        if (answer.IsError)
        {
            Fail(answer.Error);
            return;
        }

        OutgoingResponse given = answer.Value;
        if (!OutgoingBody.HasValidLength(given.Headers))
        {
            given.Dispose();
            Fail(ErrorCode.Of(ErrorKind.HttpProtocolError));
            return;
        }

        if (given.Taken is { } body) body.IsEmptyByRule = method.Name == "HEAD" || given.StatusCode is 204 or 304;
        response.TrySetResult(new GuestResponse(given.StatusCode, given.Headers, given.Taken));
    }

    /// <summary><c>send-informational</c>, of the feature <c>informational-outbound-responses</c>.</summary>
    public Result<Unit, ErrorCode> SendInformational(ushort status, Fields headers)
    {
        // 101 would hand the connection over.
        if (status is < 100 or > 199 or 101) return ErrorCode.Of(ErrorKind.HttpProtocolError);
        if (inform is null) return ErrorCode.Internal("this server sends no informational responses");
        headers.Freeze();
        inform(status, headers);
        return default(Unit);
    }

    /// <summary>The guest is gone, or dropped it.</summary>
    public void Dispose() => Fail(NoResponse);

    private void Fail(ErrorCode code)
    {
        if (response.TrySetException(new HttpFailureException(code))) _ = response.Task.Exception;
    }
}
