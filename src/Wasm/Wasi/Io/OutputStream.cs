using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Io;

/// <summary>
/// The resource <c>output-stream</c> of <c>wasi:io/streams</c>. A kind of stream says how much it takes now and takes it; the rules that all have in
/// common stand here. For one thread at a time.
/// </summary>
public abstract class OutputStream : IDisposable
{
    /// <summary>The most that a <c>blocking-write-and-flush</c> or <c>blocking-write-zeroes-and-flush</c> takes, in bytes.</summary>
    public const int MaxBlockingWrite = 4096;

    private static readonly byte[] Zeroes = new byte[MaxBlockingWrite];

    private ulong permitted;
    private bool isClosed;

    /// <summary>Ready when <see cref="CapacityCore"/> gives at least 1, or an error.</summary>
    protected abstract Pollable Readiness { get; }

    /// <summary><c>check-write</c>: how many bytes the next <see cref="Write"/> may have; 0 when the stream takes none now.</summary>
    public Result<ulong, StreamError> CheckWrite()
    {
        permitted = 0;
        if (isClosed) return StreamError.Closed;
        Result<ulong, StreamError> capacity = CapacityCore();
        if (capacity.IsError) isClosed = true;
        else permitted = capacity.Value;
        return capacity;
    }

    /// <summary><c>write</c>.</summary>
    /// <exception cref="ComponentTrapException">More bytes than the last <see cref="CheckWrite"/> permitted.</exception>
    public Result<Unit, StreamError> Write(ReadOnlySpan<byte> contents)
    {
        Spend((ulong)contents.Length);
        return isClosed ? StreamError.Closed : After(WriteCore(contents));
    }

    /// <summary><c>write-zeroes</c>.</summary>
    /// <exception cref="ComponentTrapException">More bytes than the last <see cref="CheckWrite"/> permitted.</exception>
    public Result<Unit, StreamError> WriteZeroes(ulong length)
    {
        Spend(length);
        if (isClosed) return StreamError.Closed;
        Result<Unit, StreamError> written = default(Unit);
        while (length > 0 && !written.IsError)
        {
            int step = (int)Math.Min(length, (ulong)Zeroes.Length);
            written = After(WriteCore(Zeroes.AsSpan(0, step)));
            length -= (ulong)step;
        }

        return written;
    }

    /// <summary><c>flush</c>: asks for what was written to be passed on; <see cref="CheckWrite"/> gives 0 until it is.</summary>
    public Result<Unit, StreamError> Flush()
    {
        permitted = 0;
        return isClosed ? StreamError.Closed : After(FlushCore());
    }

    /// <summary><c>blocking-flush</c>.</summary>
    /// <exception cref="Execution.WasmTrapException">Cancelled.</exception>
    public Result<Unit, StreamError> BlockingFlush(CancellationToken cancellation = default)
    {
        Result<Unit, StreamError> flushed = Flush();
        if (flushed.IsError) return flushed;
        Result<ulong, StreamError> capacity = WaitForCapacity(cancellation);
        return capacity.IsError ? capacity.Error : default(Unit);
    }

    /// <summary><c>blocking-write-and-flush</c>.</summary>
    /// <exception cref="ComponentTrapException">More than <see cref="MaxBlockingWrite"/> bytes.</exception>
    /// <exception cref="Execution.WasmTrapException">Cancelled.</exception>
    public Result<Unit, StreamError> BlockingWriteAndFlush(ReadOnlySpan<byte> contents, CancellationToken cancellation = default)
    {
        if (contents.Length > MaxBlockingWrite)
        {
            throw new ComponentTrapException($"a blocking write of {contents.Length} bytes; at most {MaxBlockingWrite} are allowed");
        }

        while (!contents.IsEmpty)
        {
            Result<ulong, StreamError> capacity = WaitForCapacity(cancellation);
            if (capacity.IsError) return capacity.Error;
            int step = (int)Math.Min(capacity.Value, (ulong)contents.Length);
            Result<Unit, StreamError> written = Write(contents[..step]);
            if (written.IsError) return written;
            contents = contents[step..];
        }

        // What closes the stream only now took the bytes: the next call says so (the documentation of blocking-write-and-flush).
        Result<Unit, StreamError> flushed = BlockingFlush(cancellation);
        return flushed is { IsError: true, Error.IsClosed: true } ? default(Unit) : flushed;
    }

    /// <summary><c>blocking-write-zeroes-and-flush</c>.</summary>
    /// <exception cref="ComponentTrapException">More than <see cref="MaxBlockingWrite"/> bytes.</exception>
    /// <exception cref="Execution.WasmTrapException">Cancelled.</exception>
    public Result<Unit, StreamError> BlockingWriteZeroesAndFlush(ulong length, CancellationToken cancellation = default) =>
        length <= MaxBlockingWrite
            ? BlockingWriteAndFlush(Zeroes.AsSpan(0, (int)length), cancellation)
            : throw new ComponentTrapException($"a blocking write of {length} zeroes; at most {MaxBlockingWrite} are allowed");

    /// <summary><c>splice</c>: moves what is there in <paramref name="source"/>, up to <paramref name="length"/> bytes and to what is taken now.</summary>
    /// <returns>How many bytes were moved.</returns>
    public Result<ulong, StreamError> Splice(InputStream source, ulong length)
    {
        Result<ulong, StreamError> capacity = CheckWrite();
        return capacity.IsError ? capacity : Move(source.Read(Math.Min(length, capacity.Value)));
    }

    /// <summary><c>blocking-splice</c>: the same, once this takes bytes and <paramref name="source"/> has some.</summary>
    /// <exception cref="Execution.WasmTrapException">Cancelled.</exception>
    public Result<ulong, StreamError> BlockingSplice(InputStream source, ulong length, CancellationToken cancellation = default)
    {
        Result<ulong, StreamError> capacity = WaitForCapacity(cancellation);
        return capacity.IsError ? capacity : Move(source.BlockingRead(Math.Min(length, capacity.Value), cancellation));
    }

    /// <summary><c>subscribe</c>.</summary>
    public Pollable Subscribe() => isClosed ? Pollable.Always : Readiness;

    /// <summary>The guest dropped the stream.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>How many bytes the stream takes now without waiting; 0 while it is full, or a flush is under way. Not called after an error.</summary>
    protected abstract Result<ulong, StreamError> CapacityCore();

    /// <summary>Takes bytes, no more than <see cref="CapacityCore"/> gave last; never waits. Not called after an error.</summary>
    protected abstract Result<Unit, StreamError> WriteCore(ReadOnlySpan<byte> contents);

    /// <summary>Begins to pass on what was written; never waits. Not called after an error.</summary>
    protected virtual Result<Unit, StreamError> FlushCore() => default(Unit);

    private Result<ulong, StreamError> WaitForCapacity(CancellationToken cancellation)
    {
        while (true)
        {
            if (!isClosed) Readiness.Block(cancellation);
            Result<ulong, StreamError> capacity = CheckWrite();
            if (capacity.IsError || capacity.Value > 0) return capacity;
            PollWaiter.ThrowIfCancelled(cancellation);
        }
    }

    private Result<ulong, StreamError> Move(Result<byte[], StreamError> read)
    {
        if (read.IsError) return read.Error;
        Result<Unit, StreamError> written = Write(read.Value);
        return written.IsError ? written.Error : (ulong)read.Value.Length;
    }

    private void Spend(ulong length)
    {
        if (length > permitted) throw new ComponentTrapException($"a write of {length} bytes where check-write permitted {permitted}");
        permitted -= length;
    }

    private Result<Unit, StreamError> After(Result<Unit, StreamError> operation)
    {
        isClosed |= operation.IsError;
        return operation;
    }
}
