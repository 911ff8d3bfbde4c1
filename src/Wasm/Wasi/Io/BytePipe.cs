using System.Buffers;
using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Io;

/// <summary>
/// Bytes on their way through memory, with a bound: what is written waits until it is read, and a full pipe takes no more. Each end is a guest's
/// stream or the host's asynchronous calls; one reader and one writer, on threads of their own.
/// </summary>
public sealed class BytePipe
{
    private const int FirstBytes = 4096;

    private readonly Lock gate = new();
    private readonly int capacity;
    private readonly PipeInput input;
    private readonly PipeOutput output;

    // A ring; it grows up to the capacity and goes back to the pool when either end is gone.
    private byte[] buffer = [];
    private int head;
    private int count;

    private bool isWritten;
    private IoError? writeError;
    private bool isRead;
    private IoError? readError;

    // Set while the host waits.
    private TaskCompletionSource? hostReader;
    private TaskCompletionSource? hostWriter;

    /// <param name="capacity">The most bytes that wait in it, from 1. Default 64 KiB.</param>
    /// <param name="endsWithStream">
    /// Whether the guest ends the bytes by dropping <see cref="Output"/>; otherwise only <see cref="CompleteWriting"/> does. Default true.
    /// </param>
    public BytePipe(int capacity = 64 * 1024, bool endsWithStream = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        this.capacity = capacity;
        input = new PipeInput(this);
        output = new PipeOutput(this, endsWithStream);
    }

    /// <summary>The end that a guest reads from. Dropped, it is as <see cref="CompleteReading"/>.</summary>
    public InputStream Input => input;

    /// <summary>The end that a guest writes to.</summary>
    public OutputStream Output => output;

    /// <summary>Whether the writer is done, and all that it wrote was read.</summary>
    public bool IsDrained
    {
        get
        {
            lock (gate) return isWritten && count == 0;
        }
    }

    /// <summary>The host writes all of <paramref name="contents"/>, waiting while the pipe is full.</summary>
    /// <returns>False when the reader is gone, or writing was completed: what is left was thrown away.</returns>
    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> contents, CancellationToken cancellation = default)
    {
        while (true)
        {
            Task room;
            lock (gate)
            {
                if (isRead || isWritten) return false;
                int step = Math.Min(contents.Length, capacity - count);
                Append(contents.Span[..step]);
                contents = contents[step..];
                if (contents.IsEmpty) return true;
                hostWriter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                room = hostWriter.Task;
            }

            await room.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The host reads, waiting while the pipe is empty.</summary>
    /// <returns>How many bytes were put in <paramref name="destination"/>; 0 at the end.</returns>
    /// <exception cref="IOException">The writer failed; the message is its error's.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellation = default)
    {
        while (true)
        {
            Task more;
            lock (gate)
            {
                if (count > 0 || destination.IsEmpty)
                {
                    int length = Math.Min(count, destination.Length);
                    Take(destination.Span[..length]);
                    return length;
                }

                if (writeError is { } error) throw new IOException(error.Message);
                if (isWritten || isRead) return 0;
                hostReader = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                more = hostReader.Task;
            }

            await more.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>No more will be written: the reader gets what is in the pipe and then the end, or <paramref name="error"/>. The first call counts.</summary>
    public void CompleteWriting(IoError? error = null)
    {
        lock (gate)
        {
            if (isWritten) return;
            isWritten = true;
            writeError = error;
        }

        TellReader();
        TellWriter();
    }

    /// <summary>No more will be read: what is in the pipe is lost, and writes get "closed", or <paramref name="error"/> first. The first call counts.</summary>
    public void CompleteReading(IoError? error = null)
    {
        lock (gate)
        {
            if (isRead) return;
            isRead = true;
            readError = error;
            count = 0;
            Release();
        }

        TellReader();
        TellWriter();
    }

    private void Append(ReadOnlySpan<byte> contents)
    {
        if (contents.IsEmpty) return;
        if (count + contents.Length > buffer.Length) Grow(count + contents.Length);
        int tail = head + count;
        if (tail >= buffer.Length) tail -= buffer.Length;
        int first = Math.Min(contents.Length, buffer.Length - tail);
        contents[..first].CopyTo(buffer.AsSpan(tail));
        contents[first..].CopyTo(buffer);
        count += contents.Length;
        TellReader();
    }

    private void Take(Span<byte> destination)
    {
        if (destination.IsEmpty) return;
        Peek(destination);
        head += destination.Length;
        if (head >= buffer.Length) head -= buffer.Length;
        count -= destination.Length;
        if (count == 0) head = 0;
        if (count == 0 && isWritten) Release();
        TellWriter();
    }

    private void Peek(Span<byte> destination)
    {
        int first = Math.Min(destination.Length, buffer.Length - head);
        buffer.AsSpan(head, first).CopyTo(destination);
        buffer.AsSpan(0, destination.Length - first).CopyTo(destination[first..]);
    }

    private void Grow(int needed)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, Math.Min(capacity, Math.Max(FirstBytes, buffer.Length * 2))));
        Peek(larger.AsSpan(0, count));
        Release();
        buffer = larger;
    }

    private void Release()
    {
        if (buffer.Length > 0) ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
        head = 0;
    }

    private void TellReader()
    {
        Interlocked.Exchange(ref hostReader, null)?.TrySetResult();
        input.Tell();
    }

    private void TellWriter()
    {
        Interlocked.Exchange(ref hostWriter, null)?.TrySetResult();
        output.Tell();
    }

    private sealed class PipeInput(BytePipe pipe) : InputStream
    {
        private readonly PipeReadiness readiness = new(pipe, isOutput: false);

        protected override Pollable Readiness => readiness;

        public void Tell() => readiness.Signal();

        public override void Dispose()
        {
            base.Dispose();
            pipe.CompleteReading();
        }

        protected override Result<byte[], StreamError> ReadCore(int length)
        {
            lock (pipe.gate)
            {
                if (pipe.count > 0)
                {
                    byte[] bytes = GC.AllocateUninitializedArray<byte>(Math.Min(length, pipe.count));
                    pipe.Take(bytes);
                    return bytes;
                }

                if (pipe.writeError is { } error) return StreamError.Failed(error);
                return pipe.isWritten || pipe.isRead ? StreamError.Closed : Array.Empty<byte>();
            }
        }
    }

    private sealed class PipeOutput(BytePipe pipe, bool endsWithStream) : OutputStream
    {
        private readonly PipeReadiness readiness = new(pipe, isOutput: true);

        protected override Pollable Readiness => readiness;

        public void Tell() => readiness.Signal();

        public override void Dispose()
        {
            base.Dispose();
            if (endsWithStream) pipe.CompleteWriting();
        }

        protected override Result<ulong, StreamError> CapacityCore()
        {
            lock (pipe.gate)
            {
                if (pipe.isRead || pipe.isWritten) return Gone;
                return (ulong)(pipe.capacity - pipe.count);
            }
        }

        protected override Result<Unit, StreamError> WriteCore(ReadOnlySpan<byte> contents)
        {
            lock (pipe.gate)
            {
                if (pipe.isRead || pipe.isWritten) return Gone;
                pipe.Append(contents);
                return default(Unit);
            }
        }

        protected override Result<Unit, StreamError> FlushCore()
        {
            lock (pipe.gate) return pipe.isRead || pipe.isWritten ? Gone : default(Unit);
        }

        private StreamError Gone => pipe.readError is { } error ? StreamError.Failed(error) : StreamError.Closed;
    }

    private sealed class PipeReadiness(BytePipe pipe, bool isOutput) : Pollable
    {
        public override bool IsReady
        {
            get
            {
                lock (pipe.gate)
                {
                    return pipe.isWritten || pipe.isRead || (isOutput ? pipe.count < pipe.capacity : pipe.count > 0);
                }
            }
        }
    }
}
