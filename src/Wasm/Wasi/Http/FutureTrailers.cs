using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi.Http;

/// <summary>The resource <c>future-trailers</c>. What is left of the body is read only once somebody asks.</summary>
public sealed class FutureTrailers : IDisposable
{
    private readonly Func<Task<Result<Fields?, ErrorCode>>> read;
    private readonly Action abandon;
    private Task<Result<Fields?, ErrorCode>>? trailers;
    private bool isTaken;

    internal FutureTrailers(Func<Task<Result<Fields?, ErrorCode>>> read, Action abandon)
    {
        this.read = read;
        this.abandon = abandon;
    }

    /// <summary><c>subscribe</c>.</summary>
    public Pollable Subscribe() => new TaskPollable(trailers ??= read());

    /// <summary><c>get</c>: none while they are not there; an error when they were given before.</summary>
    public Result<Result<Fields?, ErrorCode>, Unit>? Get()
    {
        if (!(trailers ??= read()).IsCompleted) return null;
        if (isTaken) return Result<Result<Fields?, ErrorCode>, Unit>.FromError(default);
        isTaken = true;
        return trailers.Result;
    }

    public void Dispose() => abandon();
}
