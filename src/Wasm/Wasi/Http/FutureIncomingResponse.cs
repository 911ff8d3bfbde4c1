using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi.Http;

/// <summary>The resource <c>future-incoming-response</c>: the answer to a request, when it comes. Dropped before, the request is broken off.</summary>
public sealed class FutureIncomingResponse : IDisposable
{
    private readonly Task<Result<IncomingResponse, ErrorCode>> response;
    private readonly CancellationTokenSource cancellation;
    private bool isTaken;

    internal FutureIncomingResponse(Task<Result<IncomingResponse, ErrorCode>> response, CancellationTokenSource cancellation)
    {
        this.response = response;
        this.cancellation = cancellation;
    }

    /// <summary><c>subscribe</c>.</summary>
    public Pollable Subscribe() => new TaskPollable(response);

    /// <summary><c>get</c>: none while it is not there; an error when it was given before.</summary>
    public Result<Result<IncomingResponse, ErrorCode>, Unit>? Get()
    {
        if (!response.IsCompleted) return null;
        if (isTaken) return Result<Result<IncomingResponse, ErrorCode>, Unit>.FromError(default);
        isTaken = true;
        return response.Result;
    }

    public void Dispose()
    {
        if (isTaken) return;
        cancellation.Cancel();
        _ = response.ContinueWith(
            static ended => (ended.Result.IsError ? null : ended.Result.Value)?.Dispose(), CancellationToken.None,
            TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
    }
}
