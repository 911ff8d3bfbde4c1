using Chain.Wasm.Wasi.Http;
using Microsoft.AspNetCore.Http;

namespace Chain.Silo.Hosting.Http;

/// <summary>The body of a request that came; what is wrong with it has a code of its own.</summary>
internal sealed class RequestBody(Stream inner) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (BadHttpRequestException bad)
        {
            throw new HttpFailureException(
                bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? ErrorCode.Of(ErrorKind.HttpRequestBodySize) : ErrorCode.Of(ErrorKind.HttpProtocolError), bad);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
