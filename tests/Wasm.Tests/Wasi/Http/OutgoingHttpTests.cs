using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Execution;
using Chain.Wasm.Wasi.Http;
using Chain.Wasm.Wasi.Io;
using Microsoft.AspNetCore.Http;

namespace Chain.Wasm.Tests.Wasi.Http;

/// <summary>Requests that may go out, and what comes back, from real servers on loopback.</summary>
public sealed class OutgoingHttpTests
{
    private static readonly ulong Milliseconds = 1_000_000;

    private static Task Echo(HttpContext context)
    {
        context.Response.Headers["x-method"] = context.Request.Method;
        return context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    [Fact]
    public async Task ARequestWithABodyIsAnsweredWithHeadersAndABody()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(Echo);
        using var guest = new OutgoingGuest(server.Authority);
        GuestAnswer answer = guest.Send(
            OutgoingGuest.Request(server.Authority, "/a?b=c", Method.Of("PUT"), headers: [("x-one", "1"), ("content-type", "text/x"), ("x-one", "2")]), "hello");
        Assert.Null(answer.Error);
        Assert.Equal((200, "hello", "PUT"), (answer.Status, answer.Body, answer.Headers!.Texts("x-method").Single()));
        string seen = Assert.Single(server.Seen);
        Assert.StartsWith("PUT /a?b=c ", seen);
        Assert.Contains("x-one=1, 2", seen);
        Assert.Contains("Content-Type=text/x", seen);
        Assert.Contains("Transfer-Encoding=chunked", seen);
    }

    [Fact]
    public async Task APromisedLengthIsSent()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(Echo);
        using var guest = new OutgoingGuest(server.Authority);
        GuestAnswer answer = guest.Send(OutgoingGuest.Request(server.Authority, method: Method.Of("POST"), headers: ("content-length", "5")), "hello");
        Assert.Equal("hello", answer.Body);
        Assert.Contains("Content-Length=5", server.Seen.Single());
        Assert.DoesNotContain("chunked", server.Seen.Single());
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task ABodyThatIsFinishedUnwrittenIsNone(string method)
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(Echo);
        using var guest = new OutgoingGuest(server.Authority);
        Assert.Equal(200, guest.Send(OutgoingGuest.Request(server.Authority, method: Method.Of(method)), "").Status);
        Assert.DoesNotContain("Transfer-Encoding", server.Seen.Single());
    }

    [Fact]
    public async Task BodiesAreStreamedBothWays()
    {
        var arrived = new TaskCompletionSource();
        await using LoopbackServer server = await LoopbackServer.StartAsync(async context =>
        {
            byte[] buffer = new byte[64 * 1024];
            int first = await context.Request.Body.ReadAsync(buffer);
            arrived.SetResult();
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, first));
            await context.Response.Body.FlushAsync();
            await context.Request.Body.CopyToAsync(context.Response.Body);
        });
        using var guest = new OutgoingGuest(server.Authority);
        OutgoingRequest request = OutgoingGuest.Request(server.Authority, method: Method.Of("POST"));
        OutgoingBody body = request.Body().Value;
        FutureIncomingResponse future = guest.Handle(request).Value;
        OutputStream stream = body.Write().Value;
        stream.BlockingWriteAndFlush("first"u8);
        // The server has the first part while the guest has not yet written the rest.
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(10));
        byte[] part = [.. Enumerable.Repeat((byte)'x', OutputStream.MaxBlockingWrite)];
        for (int i = 0; i < 256; i++) Assert.False(stream.BlockingWriteAndFlush(part, guest.Store.Cancellation).IsError);
        stream.Dispose();
        Assert.False(body.Finish(null).IsError);
        GuestAnswer answer = guest.Read(future);
        Assert.Equal((5 + (1 << 20), null), (answer.Body.Length, answer.BodyError));
    }

    [Fact]
    public async Task WhatIsNotReadIsNotFetched()
    {
        long written = 0;
        await using LoopbackServer server = await LoopbackServer.StartAsync(async context =>
        {
            byte[] part = new byte[64 * 1024];
            try
            {
                while (true)
                {
                    await context.Response.Body.WriteAsync(part, context.RequestAborted);
                    Interlocked.Add(ref written, part.Length);
                }
            }
            catch (OperationCanceledException)
            {
                // The guest dropped the response.
            }
        });
        using var guest = new OutgoingGuest(server.Authority);
        FutureIncomingResponse future = guest.Handle(OutgoingGuest.Request(server.Authority)).Value;
        future.Subscribe().Block();
        IncomingResponse response = future.Get()!.Value.Value.Value;
        IncomingBody body = response.Consume().Value;
        InputStream stream = body.TakeStream().Value;
        for (int i = 0; i < 4; i++) Assert.NotEmpty(stream.BlockingRead(1024).Value);
        await Task.Delay(300);
        // The sockets' buffers, and one of ours: nothing like what an endless response has.
        Assert.InRange(Interlocked.Read(ref written), 1, 32 << 20);
        stream.Dispose();
        body.Dispose();
        response.Dispose();
    }

    [Fact]
    public async Task TrailersOfAResponseArrive()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        using var raw = new RawServer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n");
        using var guest = new OutgoingGuest(server.Authority, raw.Authority);
        GuestAnswer answer = guest.Get(raw.Authority);
        Assert.Equal("hello", answer.Body);
        Assert.Equal("42", Assert.Single(answer.Trailers!.Texts("x-sum")));
        Assert.False(answer.Headers!.Has("transfer-encoding"));
        Assert.Null(guest.Get(server.Authority).Trailers);
    }

    [Fact]
    public async Task TrailersOfARequestAreRefusedAndTheRequestIsBrokenOff()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(Echo);
        using var guest = new OutgoingGuest(server.Authority);
        OutgoingRequest request = OutgoingGuest.Request(server.Authority, method: Method.Of("POST"));
        OutgoingBody body = request.Body().Value;
        FutureIncomingResponse future = guest.Handle(request).Value;
        Assert.Equal(ErrorKind.InternalError, body.Finish(Fields.FromList([("x-sum", "1"u8.ToArray())]).Value).Error.Kind);
        Assert.NotNull(guest.Read(future).Error);
    }

    [Fact]
    public async Task ABodyThatIsDroppedUnfinishedBreaksTheRequestOff()
    {
        int whole = 0;
        await using LoopbackServer server = await LoopbackServer.StartAsync(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            whole++;
        });
        using var guest = new OutgoingGuest(server.Authority);
        OutgoingRequest request = OutgoingGuest.Request(server.Authority, method: Method.Of("POST"));
        OutgoingBody body = request.Body().Value;
        FutureIncomingResponse future = guest.Handle(request).Value;
        using (OutputStream stream = body.Write().Value) stream.BlockingWriteAndFlush("part"u8);
        body.Dispose();
        Assert.NotNull(guest.Read(future).Error);
        Assert.Equal(0, whole);
    }

    [Fact]
    public void AStreamThatIsOpenWhenItsBodyIsFinishedTraps()
    {
        OutgoingBody outgoing = OutgoingGuest.Request("example.org").Body().Value;
        OutputStream stream = outgoing.Write().Value;
        Assert.True(outgoing.Write().IsError);
        Assert.Throws<ComponentTrapException>(() => outgoing.Finish(null));
        stream.Dispose();
        var incoming = new IncomingBody(new MemoryStream([1, 2, 3]), static () => null, Timeout.InfiniteTimeSpan, CancellationToken.None);
        InputStream input = incoming.TakeStream().Value;
        Assert.True(incoming.TakeStream().IsError);
        Assert.Throws<ComponentTrapException>(() => incoming.Finish());
        input.Dispose();
        incoming.Finish().Dispose();
    }

    [Fact]
    public async Task CompressedBodiesAndCookiesAreTheGuests()
    {
        byte[] packed;
        using (var memory = new MemoryStream())
        {
            using (var gzip = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write("hello"u8);
            packed = memory.ToArray();
        }

        await using LoopbackServer server = await LoopbackServer.StartAsync(async context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            context.Response.Headers.SetCookie = "a=b";
            await context.Response.Body.WriteAsync(packed);
        });
        using var guest = new OutgoingGuest(server.Authority);
        for (int i = 0; i < 2; i++)
        {
            GuestAnswer answer = guest.Get(server.Authority);
            Assert.Equal(packed, Encoding.Latin1.GetBytes(answer.Body));
            Assert.Equal("gzip", Assert.Single(answer.Headers!.Texts("content-encoding")));
            Assert.Equal("a=b", Assert.Single(answer.Headers!.Texts("set-cookie")));
        }

        Assert.DoesNotContain(server.Seen, line => line.Contains("Cookie") || line.Contains("Accept-Encoding"));
    }

    [Fact]
    public void BytesOfHeadersPassAsTheyAre()
    {
        using var server = new RawServer("HTTP/1.1 200 OK\r\nx-bytes: \u00e9\u00ff\r\ncontent-length: 0\r\n\r\n");
        using var guest = new OutgoingGuest(server.Authority);
        GuestAnswer answer = guest.Send(OutgoingGuest.Request(server.Authority, headers: ("x-mine", "\u00e4\u00fe")));
        Assert.Equal([0xE9, 0xFF], answer.Headers!.Get("x-bytes").Single());
        Assert.Contains("x-mine: \u00e4\u00fe\r\n", server.Received);
    }

    [Fact]
    public void AConnectionThatIsRefusedSaysSo()
    {
        int port;
        using (var taken = new TcpListener(IPAddress.Loopback, 0))
        {
            taken.Start();
            port = ((IPEndPoint)taken.LocalEndpoint).Port;
        }

        using var guest = new OutgoingGuest($"127.0.0.1:{port}");
        Assert.Equal(ErrorKind.ConnectionRefused, guest.Get($"127.0.0.1:{port}").Error?.Kind);
    }

    [Fact]
    public void ANameThatIsNoneSaysSo()
    {
        using var guest = new OutgoingGuest("does-not-exist.invalid");
        Assert.Contains(guest.Get("does-not-exist.invalid").Error?.Kind, (ErrorKind?[])[ErrorKind.DnsError, ErrorKind.DnsTimeout]);
    }

    [Fact]
    public void TheWaitForAConnectionIsBounded()
    {
        using var guest = new OutgoingGuest(["example.org"], new OutgoingHttpLimits(), static async (_, cancellation) =>
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            return [];
        });
        var options = new RequestOptions { ConnectTimeout = 50 * Milliseconds };
        Assert.Equal(ErrorKind.ConnectionTimeout, guest.Send(OutgoingGuest.Request("example.org"), options: options).Error?.Kind);
    }

    [Fact]
    public void TheGuestsTimeoutForTheHeadHolds()
    {
        using var server = new RawServer("", staysOpen: true);
        using var guest = new OutgoingGuest(server.Authority);
        var options = new RequestOptions { FirstByteTimeout = 50 * Milliseconds };
        Assert.Equal(ErrorKind.ConnectionReadTimeout, guest.Send(OutgoingGuest.Request(server.Authority), options: options).Error?.Kind);
    }

    [Fact]
    public void TheGuestsTimeoutBetweenBytesHolds()
    {
        using var server = new RawServer("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello", staysOpen: true);
        using var guest = new OutgoingGuest(server.Authority);
        GuestAnswer answer = guest.Send(OutgoingGuest.Request(server.Authority), options: new RequestOptions { BetweenBytesTimeout = 100 * Milliseconds });
        Assert.Equal((200, "hello", ErrorKind.ConnectionReadTimeout), (answer.Status, answer.Body, answer.BodyError?.Kind));
    }

    [Fact]
    public void TheHostsTimeoutsHoldAgainstLongerWishes()
    {
        using var server = new RawServer("", staysOpen: true);
        var limits = new OutgoingHttpLimits { FirstByte = TimeSpan.FromMilliseconds(50) };
        using var guest = new OutgoingGuest([server.Authority], limits);
        var options = new RequestOptions { ConnectTimeout = ulong.MaxValue, FirstByteTimeout = ulong.MaxValue };
        Assert.Equal(ErrorKind.ConnectionReadTimeout, guest.Send(OutgoingGuest.Request(server.Authority), options: options).Error?.Kind);
    }

    [Fact]
    public void ACancelledGuestWaitsNoMore()
    {
        using var server = new RawServer("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", staysOpen: true);
        using var guest = new OutgoingGuest(server.Authority);
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        guest.Store.SetDeadline(Timeout.InfiniteTimeSpan, cancellation.Token);
        WasmTrapException trap = Assert.Throws<WasmTrapException>(() => guest.Get(server.Authority));
        Assert.Equal(TrapKind.Deadline, trap.Kind);
    }

    [Fact]
    public async Task ABodyWhoseReadWasCancelledTrapsItsReader()
    {
        // The read ends before the reader's own wait looks at the token.
        using var server = new RawServer("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", staysOpen: true);
        using var guest = new OutgoingGuest(server.Authority);
        using var cancellation = new CancellationTokenSource();
        guest.Store.SetDeadline(Timeout.InfiniteTimeSpan, cancellation.Token);
        FutureIncomingResponse future = guest.Handle(OutgoingGuest.Request(server.Authority)).Value;
        future.Subscribe().Block();
        InputStream stream = future.Get()!.Value.Value.Value.Consume().Value.TakeStream().Value;
        Pollable readable = stream.Subscribe();
        Assert.False(readable.IsReady);
        await cancellation.CancelAsync();
        Assert.Equal(TrapKind.Deadline, Assert.Throws<WasmTrapException>(() => stream.BlockingRead(1)).Kind);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello", ErrorKind.HttpResponseIncomplete)]
    [InlineData("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel", ErrorKind.HttpResponseIncomplete)]
    [InlineData("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello", ErrorKind.HttpProtocolError)]
    public void ABodyThatIsNotWholeIsAnError(string answer, ErrorKind expected)
    {
        using var server = new RawServer(answer);
        using var guest = new OutgoingGuest(server.Authority);
        GuestAnswer read = guest.Get(server.Authority);
        Assert.Equal((200, expected), (read.Status, read.BodyError?.Kind));
    }

    [Theory]
    [InlineData("", ErrorKind.HttpResponseIncomplete)]
    [InlineData("nonsense\r\n\r\n", ErrorKind.HttpProtocolError)]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n", ErrorKind.HttpProtocolError)]
    public void AHeadThatIsNoneIsAnError(string answer, ErrorKind expected)
    {
        using var server = new RawServer(answer);
        using var guest = new OutgoingGuest(server.Authority);
        Assert.Equal(expected, guest.Get(server.Authority).Error?.Kind);
    }

    [Theory]
    [InlineData(1, 100_000)]
    [InlineData(2000, 1)]
    public void AHeadThatIsTooLargeIsAnError(int headers, int length)
    {
        string head = string.Concat(Enumerable.Range(0, headers).Select(i => $"x-{i}: {new string('a', length)}\r\n"));
        using var server = new RawServer($"HTTP/1.1 200 OK\r\n{head}content-length: 0\r\n\r\n");
        using var guest = new OutgoingGuest(server.Authority);
        Assert.Equal(ErrorKind.HttpResponseHeaderSectionSize, guest.Get(server.Authority).Error?.Kind);
    }

    [Fact]
    public void AUriThatIsTooLongIsRefused()
    {
        using var guest = new OutgoingGuest("example.org");
        Assert.Equal(ErrorKind.HttpRequestUriTooLong, guest.Get("example.org", "/" + new string('a', 20_000)).Error?.Kind);
    }

    [Fact]
    public void OnlySoManyRequestsAreUnderWay()
    {
        using var server = new RawServer("", staysOpen: true);
        using var guest = new OutgoingGuest([server.Authority], new OutgoingHttpLimits { Requests = 2 });
        FutureIncomingResponse first = guest.Handle(OutgoingGuest.Request(server.Authority)).Value;
        FutureIncomingResponse second = guest.Handle(OutgoingGuest.Request(server.Authority)).Value;
        Assert.Equal(ErrorKind.ConnectionLimitReached, guest.Handle(OutgoingGuest.Request(server.Authority)).Error.Kind);
        first.Dispose();
        Assert.True(SpinWait.SpinUntil(() => !guest.Handle(OutgoingGuest.Request(server.Authority)).IsError, TimeSpan.FromSeconds(10)));
        second.Dispose();
    }

    [Fact]
    public async Task ACertificateThatNobodyVouchesForIsRefused()
    {
        using var key = RSA.Create(2048);
        X509Certificate2 certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = Task.Run(async () =>
        {
            using TcpClient client = await listener.AcceptTcpClientAsync();
            using var tls = new System.Net.Security.SslStream(client.GetStream());
            await tls.AuthenticateAsServerAsync(certificate);
            await tls.ReadExactlyAsync(new byte[1]);
        });
        string authority = $"localhost:{((IPEndPoint)listener.LocalEndpoint).Port}";
        using var guest = new OutgoingGuest(authority);
        Assert.Equal(ErrorKind.TlsCertificateError, guest.Send(OutgoingGuest.Request(authority, scheme: Scheme.Https)).Error?.Kind);
        await Assert.ThrowsAnyAsync<Exception>(() => serving.WaitAsync(TimeSpan.FromSeconds(10)));
        certificate.Dispose();
    }

    [Fact]
    public void PlainTextWhereTlsIsExpectedSaysSo()
    {
        using var server = new RawServer("HTTP/1.1 200 OK\r\n\r\n\r\n\r\n");
        using var guest = new OutgoingGuest(server.Authority);
        Assert.Contains(
            guest.Send(OutgoingGuest.Request(server.Authority, scheme: Scheme.Https), options: new RequestOptions { FirstByteTimeout = 500 * Milliseconds, ConnectTimeout = 500 * Milliseconds }).Error?.Kind,
            (ErrorKind?[])[ErrorKind.TlsProtocolError, ErrorKind.ConnectionTerminated, ErrorKind.ConnectionTimeout, ErrorKind.ConnectionReadTimeout]);
    }

    [Fact]
    public void AResponseIsGivenOnce()
    {
        using var server = new RawServer("HTTP/1.1 204 No Content\r\n\r\n");
        using var guest = new OutgoingGuest(server.Authority);
        FutureIncomingResponse future = guest.Handle(OutgoingGuest.Request(server.Authority)).Value;
        future.Subscribe().Block();
        Assert.Equal(204, future.Get()!.Value.Value.Value.Status);
        Assert.True(future.Get()!.Value.IsError);
    }
}
