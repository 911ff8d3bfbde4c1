using System.Globalization;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi.Http;

/// <summary>
/// The resource <c>outgoing-body</c>: what a guest writes, and the host reads as it comes. The guest's side is for one thread at a time, the host's for
/// another.
/// </summary>
public sealed class OutgoingBody : IDisposable
{
    private readonly BytePipe pipe = new(endsWithStream: false);
    private readonly TaskCompletionSource<Fields?> end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ErrorKind sizeError;
    private readonly bool takesTrailers;
    private ulong written;
    private bool isTaken;
    private bool isOpen;

    private OutgoingBody(ulong? length, ErrorKind sizeError, bool takesTrailers)
    {
        Length = length;
        this.sizeError = sizeError;
        this.takesTrailers = takesTrailers;

        // A body that nobody comes to read any more may fail unseen.
        _ = end.Task.ContinueWith(static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    /// <summary>What <c>content-length</c> promises, in bytes.</summary>
    public ulong? Length { get; }

    /// <summary>
    /// Ends when the guest finished the body, with its trailers; fails with <see cref="HttpFailureException"/> when it gave up or wrote another number of
    /// bytes than it promised.
    /// </summary>
    public Task<Fields?> End => end.Task;

    /// <summary>Whether the message has no body whatever <c>content-length</c> says, as a response to <c>HEAD</c>.</summary>
    internal bool IsEmptyByRule { get; set; }

    /// <summary>The host reads, waiting for the guest.</summary>
    /// <returns>How many bytes were read; 0 when the guest finished or gave up, which <see cref="End"/> tells.</returns>
    public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellation = default)
    {
        try
        {
            return await pipe.ReadAsync(destination, cancellation).ConfigureAwait(false);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>The host reads no more; the guest's writes fail from here on.</summary>
    public void Abandon(ErrorCode why) => pipe.CompleteReading(new HttpIoError(why));

    /// <summary><c>write</c>: the stream, once.</summary>
    public Result<OutputStream, Unit> Write()
    {
        if (isTaken) return default(Unit);
        isTaken = isOpen = true;
        return new BodyOutput(this);
    }

    /// <summary><c>finish</c>.</summary>
    /// <exception cref="ComponentTrapException">The stream is still open.</exception>
    public Result<Unit, ErrorCode> Finish(Fields? trailers)
    {
        if (isOpen) throw new ComponentTrapException("outgoing-body.finish before its stream is dropped");
        if (Length is { } length && written != length && !(IsEmptyByRule && written == 0)) return Fail(TooLittleOrMuch);
        if (trailers is { Count: > 0 })
        {
            if (!takesTrailers) return Fail(ErrorCode.Internal("trailers of requests are not sent"));
            if (Array.Exists(trailers.Entries(), entry => HttpSyntax.IsForbiddenTrailer(entry.Name))) return Fail(ErrorCode.Of(ErrorKind.HttpProtocolError));
            trailers.Freeze();
        }

        pipe.CompleteWriting();
        end.TrySetResult(trailers);
        return default(Unit);
    }

    /// <summary>The guest dropped it: unless it was finished, the message is broken off.</summary>
    public void Dispose() => Fail(ErrorCode.Of(sizeError == ErrorKind.HttpRequestBodySize ? ErrorKind.ConnectionTerminated : ErrorKind.HttpResponseIncomplete));

    /// <summary>The body of a request; its trailers have no way out.</summary>
    internal static OutgoingBody OfRequest(Fields headers) => new(ContentLength(headers), ErrorKind.HttpRequestBodySize, takesTrailers: false);

    internal static OutgoingBody OfResponse(Fields headers) => new(ContentLength(headers), ErrorKind.HttpResponseBodySize, takesTrailers: true);

    /// <summary>Whether <c>content-length</c> is absent or one number; two that differ split messages (RFC 9112, section 6.3).</summary>
    internal static bool HasValidLength(Fields headers)
    {
        byte[][] values = headers.Get("content-length");
        return values.Length == 0 || (values.Length == 1 && ContentLength(headers) is not null);
    }

    private ErrorCode TooLittleOrMuch => ErrorCode.Of(sizeError, (ulong?)written);

    private static ulong? ContentLength(Fields headers) =>
        headers.Texts("content-length").FirstOrDefault() is { } text
        && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong length) && length <= long.MaxValue
            ? length
            : null;

    private ErrorCode Fail(ErrorCode code)
    {
        pipe.CompleteWriting(new HttpIoError(code));
        end.TrySetException(new HttpFailureException(code));
        return code;
    }

    private sealed class BodyOutput(OutgoingBody body) : OutputStream
    {
        private readonly OutputStream inner = body.pipe.Output;

        protected override Pollable Readiness => inner.Subscribe();

        public override void Dispose()
        {
            base.Dispose();
            body.isOpen = false;
        }

        protected override Result<ulong, StreamError> CapacityCore() => inner.CheckWrite();

        protected override Result<Unit, StreamError> WriteCore(ReadOnlySpan<byte> contents)
        {
            if (body.Length is { } length && (ulong)contents.Length > length - body.written)
            {
                body.written += (ulong)contents.Length;
                return HttpIoError.Failure(body.Fail(body.TooLittleOrMuch));
            }

            body.written += (ulong)contents.Length;
            return inner.Write(contents);
        }

        protected override Result<Unit, StreamError> FlushCore() => inner.Flush();
    }
}
