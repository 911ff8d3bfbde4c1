using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Io;

/// <summary>
/// The resource <c>input-stream</c> of <c>wasi:io/streams</c>. A kind of stream says what is there and when there is more; the rules that all have
/// in common stand here. For one thread at a time.
/// </summary>
public abstract class InputStream : IDisposable
{
    /// <summary>The most bytes that one read gives, whatever the guest asks for.</summary>
    public const int MaxRead = 1 << 20;

    private bool isClosed;

    /// <summary>Ready when a read gives at least a byte, or an error.</summary>
    protected abstract Pollable Readiness { get; }

    /// <summary><c>read</c>: what is there now, up to <paramref name="length"/> bytes; empty when there is nothing yet.</summary>
    public Result<byte[], StreamError> Read(ulong length)
    {
        if (isClosed) return StreamError.Closed;
        Result<byte[], StreamError> read = ReadCore((int)Math.Min(length, MaxRead));
        isClosed = read.IsError;
        return read;
    }

    /// <summary><c>blocking-read</c>: the same, once there is at least a byte.</summary>
    /// <exception cref="Execution.WasmTrapException">Cancelled.</exception>
    public Result<byte[], StreamError> BlockingRead(ulong length, CancellationToken cancellation = default)
    {
        while (true)
        {
            if (!isClosed) Readiness.Block(cancellation);
            Result<byte[], StreamError> read = Read(length);
            if (read.IsError || read.Value.Length > 0 || length == 0) return read;
            PollWaiter.ThrowIfCancelled(cancellation);
        }
    }

    /// <summary><c>skip</c>: as <see cref="Read"/>, but gives only how many bytes were taken.</summary>
    public Result<ulong, StreamError> Skip(ulong length) => Count(Read(length));

    /// <summary><c>blocking-skip</c>.</summary>
    /// <exception cref="Execution.WasmTrapException">Cancelled.</exception>
    public Result<ulong, StreamError> BlockingSkip(ulong length, CancellationToken cancellation = default) => Count(BlockingRead(length, cancellation));

    /// <summary><c>subscribe</c>.</summary>
    public Pollable Subscribe() => isClosed ? Pollable.Always : Readiness;

    /// <summary>The guest dropped the stream.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>
    /// Takes what is there, without waiting: up to <paramref name="length"/> bytes (0 to <see cref="MaxRead"/>), none when there is nothing yet. After
    /// an error it is not called again.
    /// </summary>
    protected abstract Result<byte[], StreamError> ReadCore(int length);

    private static Result<ulong, StreamError> Count(Result<byte[], StreamError> read) => read.IsError ? read.Error : (ulong)read.Value.Length;
}
