using System.Net;

namespace Chain.Silo.Hosting.Local.Requests;

/// <summary>Sends requests with a <see cref="PromptContent"/>.</summary>
internal sealed class PromptHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is { } body) request.Content = new PromptContent(body);
        return base.SendAsync(request, cancellationToken);
    }
}

/// <summary>A request's body of which each part is sent as it comes: by itself an HTTP/2 client keeps small ones until there are more.</summary>
internal sealed class PromptContent : HttpContent
{
    private readonly HttpContent inner;

    /// <param name="inner">The body; its headers are this one's.</param>
    public PromptContent(HttpContent inner)
    {
        this.inner = inner;
        foreach ((string name, IEnumerable<string> values) in inner.Headers) Headers.TryAddWithoutValidation(name, values);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, default);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        inner.CopyToAsync(new PromptStream(stream), context, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        // Where the client said one it is among the headers.
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    private sealed class PromptStream(Stream inner) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            await inner.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override void Flush() => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
