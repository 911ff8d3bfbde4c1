using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Http;

/// <summary><c>wasi:http/outgoing-handler</c>: judges a guest's request and sends it.</summary>
internal static class OutgoingHandler
{
    /// <summary><c>handle</c>.</summary>
    public static Result<FutureIncomingResponse, ErrorCode> Handle(ComponentStore store, OutgoingRequest request, RequestOptions? options)
    {
        HttpState state = store.Get<HttpState>();
        if (Judge(state.Outgoing, request, options, out OutgoingTarget? target, out Uri? uri) is { } refusal)
        {
            request.Dispose();
            return refusal;
        }

        if (!state.TryBegin())
        {
            request.Dispose();
            return ErrorCode.Of(ErrorKind.ConnectionLimitReached);
        }

        OutgoingHttpLimits limits = state.Outgoing!.Limits;
        var cancellation = CancellationTokenSource.CreateLinkedTokenSource(store.Cancellation);
        TimeSpan firstByte = RequestOptions.Within(options?.FirstByteTimeout, limits.FirstByte);
        TimeSpan betweenBytes = RequestOptions.Within(options?.BetweenBytesTimeout, limits.BetweenBytes);
        return new FutureIncomingResponse(SendAsync(state, request, target!, uri!, firstByte, betweenBytes, cancellation.Token), cancellation);
    }

    private static ErrorCode? Judge(OutgoingHttp? outgoing, OutgoingRequest request, RequestOptions? options, out OutgoingTarget? target, out Uri? uri)
    {
        (target, uri) = (null, null);
        Scheme scheme = request.Scheme ?? Scheme.Https;
        if (scheme != Scheme.Http && scheme != Scheme.Https) return ErrorCode.Of(ErrorKind.HttpProtocolError);
        if (request.Method.Name.Equals("CONNECT", StringComparison.OrdinalIgnoreCase)) return ErrorCode.Of(ErrorKind.HttpRequestMethodInvalid);
        if (request.Authority is null || HttpAuthority.Parse(request.Authority) is not { } authority) return ErrorCode.Of(ErrorKind.HttpRequestUriInvalid);
        int defaultPort = scheme == Scheme.Https ? 443 : 80;
        if (outgoing is null || !outgoing.Grants.Allow(authority, defaultPort)) return ErrorCode.Of(ErrorKind.HttpRequestDenied);
        string path = request.PathWithQuery ?? "";
        if (!path.StartsWith('/')) path = "/" + path;
        if (path.Length > outgoing.Limits.UriLength) return ErrorCode.Of(ErrorKind.HttpRequestUriTooLong);
        if (!OutgoingBody.HasValidLength(request.Headers)) return ErrorCode.Of(ErrorKind.HttpProtocolError);
        if (request.Taken is null && OutgoingBody.OfRequest(request.Headers).Length > 0) return ErrorCode.Of(ErrorKind.HttpRequestBodySize, (ulong?)0);
        target = new OutgoingTarget(authority, defaultPort, RequestOptions.Within(options?.ConnectTimeout, outgoing.Limits.Connect));

        // As the guest wrote it: to make one path of another is the server's affair.
        uri = new Uri($"{scheme.Name}://{authority.UriHost}:{target.Port}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        return null;
    }

    private static async Task<Result<IncomingResponse, ErrorCode>> SendAsync(
        HttpState state, OutgoingRequest request, OutgoingTarget target, Uri uri, TimeSpan firstByte, TimeSpan betweenBytes, CancellationToken cancellation)
    {
        try
        {
            HttpRequestMessage message = await MessageAsync(request, uri, cancellation).ConfigureAwait(false);
            HttpResponseMessage response = await state.Outgoing!.SendAsync(message, target, firstByte, cancellation).ConfigureAwait(false);
            Fields headers = FieldsOf([response.Headers, response.Content.Headers]);
            Stream source = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
            var body = new IncomingBody(
                new CountedStream(source, () => End(state, request, message, response)), () => FieldsOf([response.TrailingHeaders]), betweenBytes, cancellation);
            return new IncomingResponse((ushort)response.StatusCode, headers, body);
        }
        catch (Exception failure) when (failure is HttpFailureException or FieldsTooLargeException or HttpRequestException or IOException or OperationCanceledException)
        {
            ErrorCode code = HttpFailureException.CodeOf(failure);
            request.Taken?.Abandon(code);
            state.End();
            return code;
        }
    }

    private static void End(HttpState state, OutgoingRequest request, HttpRequestMessage message, HttpResponseMessage response)
    {
        response.Dispose();
        message.Dispose();
        request.Taken?.Abandon(ErrorCode.Of(ErrorKind.ConnectionTerminated));
        state.End();
    }

    private static async Task<HttpRequestMessage> MessageAsync(OutgoingRequest request, Uri uri, CancellationToken cancellation)
    {
        var message = new HttpRequestMessage(new HttpMethod(request.Method.Name), uri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        if (request.Taken is { } body) message.Content = await ContentAsync(request.Method, body, cancellation).ConfigureAwait(false);
        foreach ((string name, byte[] value) in request.Headers.Entries())
        {
            if (name.Equals("content-length", StringComparison.OrdinalIgnoreCase) || HttpSyntax.IsForbidden(name)) continue;
            string text = Encoding.Latin1.GetString(value);
            if (message.Headers.TryAddWithoutValidation(name, text)) continue;
            message.Content ??= new ByteArrayContent([]);
            message.Content.Headers.TryAddWithoutValidation(name, text);
        }

        foreach ((string name, string value) in request.HostHeaders)
        {
            message.Headers.Remove(name);
            message.Headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }

    // Toolkits take the body of a GET and finish it unwritten; sent as it is, it would be a chunked one of no chunks, which some servers refuse.
    private static async Task<HttpContent?> ContentAsync(Method method, OutgoingBody body, CancellationToken cancellation)
    {
        if (body.Length is not null || method.Name is "POST" or "PUT" or "PATCH") return new GuestContent(body, default);
        var first = new byte[4096];
        int count = await body.ReadAsync(first, cancellation).ConfigureAwait(false);
        if (count > 0) return new GuestContent(body, first.AsMemory(0, count));
        await body.End.ConfigureAwait(false);
        return null;
    }

    private static Fields FieldsOf(ReadOnlySpan<HttpHeaders> parts)
    {
        var received = new List<(string Name, byte[] Value)>();
        foreach (HttpHeaders headers in parts)
        {
            foreach ((string name, HeaderStringValues values) in headers.NonValidated)
            {
                foreach (string value in values) received.Add((name, Encoding.Latin1.GetBytes(value)));
            }
        }

        return Fields.OfMessage(received);
    }

    /// <summary>A body as the guest writes it.</summary>
    private sealed class GuestContent(OutgoingBody body, ReadOnlyMemory<byte> first) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            if (!first.IsEmpty) await stream.WriteAsync(first, cancellationToken).ConfigureAwait(false);
            byte[] buffer = new byte[16 * 1024];
            while (await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is var count and > 0)
            {
                await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
                await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            }

            // Throws when the guest gave up, so that the request ends as one that is broken off and not as one that is whole.
            await body.End.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = (long)(body.Length ?? 0);
            return body.Length is not null;
        }
    }

    /// <summary>Tells once that it is closed.</summary>
    private sealed class CountedStream(Stream inner, Action closed) : Stream
    {
        private Action? closed = closed;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            Interlocked.Exchange(ref closed, null)?.Invoke();
            base.Dispose(disposing);
        }
    }
}
