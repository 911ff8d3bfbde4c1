using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Execution;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi.Http;

/// <summary>The resource <c>incoming-body</c>: the body of a message that came in, read from the host as the guest asks for it.</summary>
/// <param name="source">The bytes; disposed of when nobody can read it any more.</param>
/// <param name="trailers">Gives the trailers, once <paramref name="source"/> is at its end.</param>
/// <param name="betweenBytes">How long one read may take; it fails with <c>connection-read-timeout</c>.</param>
/// <param name="cancellation">Ends a read.</param>
public sealed class IncomingBody(Stream source, Func<Fields?> trailers, TimeSpan betweenBytes, CancellationToken cancellation) : IDisposable
{
    // What finish reads on, for a guest that wants the trailers and not the rest.
    private const int MostDiscarded = 1 << 20;

    private readonly BodySource body = new(source, betweenBytes, cancellation);
    private BodyInput? stream;
    private bool isFinished;

    /// <summary><c>stream</c>, once.</summary>
    public Result<InputStream, Unit> TakeStream()
    {
        if (stream is not null) return default(Unit);
        stream = new BodyInput(body);
        return stream;
    }

    /// <summary><c>finish</c>.</summary>
    /// <exception cref="ComponentTrapException">The stream is still open.</exception>
    public FutureTrailers Finish()
    {
        if (stream is { IsDropped: false }) throw new ComponentTrapException("incoming-body.finish before its stream is dropped");
        isFinished = true;
        return new FutureTrailers(ReadTrailersAsync, body.Dispose);
    }

    public void Dispose()
    {
        if (isFinished) return;
        if (stream is { IsDropped: false } open) open.OwnsSource = true;
        else body.Dispose();
    }

    private async Task<Result<Fields?, ErrorCode>> ReadTrailersAsync()
    {
        try
        {
            int discarded = 0;
            while (await body.ReadAsync().ConfigureAwait(false) is var count and > 0)
            {
                body.Clear();
                if ((discarded += count) > MostDiscarded) return ErrorCode.Of(ErrorKind.HttpResponseIncomplete);
            }

            Fields? fields = trailers();
            return Result<Fields?, ErrorCode>.FromValue(fields is { Count: > 0 } ? fields : null);
        }
        catch (Exception failure) when (failure is not ComponentTrapException)
        {
            return HttpFailureException.CodeOf(failure);
        }
        finally
        {
            body.Dispose();
        }
    }

    /// <summary>One buffer in front of the host's stream, with one read under way at most.</summary>
    private sealed class BodySource(Stream source, TimeSpan betweenBytes, CancellationToken cancellation) : IDisposable
    {
        private const int BufferBytes = 64 * 1024;

        private byte[] buffer = [];
        private int start;
        private int end;
        private bool isEnded;
        private bool isDisposed;
        private Task<int>? pending;

        /// <summary>Why reading failed, once it has.</summary>
        public ErrorCode? Failure { get; private set; }

        public bool IsAtEnd => isEnded && start == end;

        /// <summary>The bytes that are there.</summary>
        public ReadOnlyMemory<byte> Available => buffer.AsMemory(start, end - start);

        public void Advance(int count) => start += count;

        public void Clear() => start = end;

        /// <summary>Begins to read where nothing is there; tells <paramref name="arrived"/> when it must wait.</summary>
        /// <returns>Whether there are bytes, or the end, or a failure.</returns>
        /// <exception cref="WasmTrapException">Cancelled.</exception>
        public bool Fill(Action arrived)
        {
            if (start < end || isEnded || Failure is not null) return true;
            if (pending is null)
            {
                pending = ReadAsync();
                if (!pending.IsCompleted)
                {
                    pending.ContinueWith(
                        static (_, tell) => ((Action)tell!)(), arrived, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                }
            }

            if (!pending.IsCompleted) return false;
            Task<int> done = pending;
            pending = null;

            // The guest is to end: it is not told that its stream failed.
            if (done.IsCanceled) throw new WasmTrapException(TrapKind.Deadline);
            if (done.IsFaulted) Failure = HttpFailureException.CodeOf(done.Exception.InnerException!);
            return true;
        }

        /// <summary>Reads where nothing is there.</summary>
        /// <returns>How many bytes are there; 0 at the end.</returns>
        public async Task<int> ReadAsync()
        {
            // A read that was under way when the guest dropped its stream still owns the buffer.
            if (pending is { } before)
            {
                pending = null;
                return await before.ConfigureAwait(false);
            }

            if (Failure is { } failure) throw new HttpFailureException(failure);
            if (start < end) return end - start;
            if (isEnded) return 0;
            if (buffer.Length == 0) buffer = new byte[BufferBytes];
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            timeout.CancelAfter(betweenBytes);
            try
            {
                int count = await source.ReadAsync(buffer, timeout.Token).ConfigureAwait(false);
                (start, end, isEnded) = (0, count, count == 0);
                return count;
            }
            catch (Exception broken) when (cancellation.IsCancellationRequested && broken is not OperationCanceledException)
            {
                throw new OperationCanceledException(broken.Message, broken, cancellation);
            }
            catch (OperationCanceledException late) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
            {
                throw new HttpFailureException(ErrorCode.Of(ErrorKind.ConnectionReadTimeout), late);
            }
        }

        public void Dispose()
        {
            if (isDisposed) return;
            isDisposed = true;
            source.Dispose();
        }
    }

    private sealed class BodyInput : InputStream
    {
        private readonly BodySource body;
        private readonly Arrival arrival;

        public BodyInput(BodySource body)
        {
            this.body = body;
            arrival = new Arrival(body);
        }

        public bool IsDropped { get; private set; }

        /// <summary>Whether the body was dropped before its stream.</summary>
        public bool OwnsSource { get; set; }

        protected override Pollable Readiness => arrival;

        public override void Dispose()
        {
            base.Dispose();
            IsDropped = true;
            if (OwnsSource) body.Dispose();
        }

        protected override Result<byte[], StreamError> ReadCore(int length)
        {
            if (length == 0 || !body.Fill(arrival.Tell)) return Array.Empty<byte>();
            if (body.Failure is { } failure) return HttpIoError.Failure(failure);
            if (body.IsAtEnd) return StreamError.Closed;
            ReadOnlyMemory<byte> available = body.Available;
            byte[] bytes = available.Span[..Math.Min(length, available.Length)].ToArray();
            body.Advance(bytes.Length);
            return bytes;
        }
    }

    private sealed class Arrival : Pollable
    {
        private readonly BodySource body;

        public Arrival(BodySource body)
        {
            this.body = body;
            Tell = Signal;
        }

        public Action Tell { get; }

        public override bool IsReady => body.Fill(Tell);
    }
}
