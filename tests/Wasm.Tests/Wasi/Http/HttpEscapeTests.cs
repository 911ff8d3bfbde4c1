using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Http;
using Microsoft.AspNetCore.Http;

namespace Chain.Wasm.Tests.Wasi.Http;

/// <summary>What a guest tries in order to reach what it was not granted. A real server stands where it wants to go, and must see nothing.</summary>
public sealed class HttpEscapeTests
{
    /// <summary>
    /// What it was granted, where it goes, and the error it must get. PORT is the server's; every name leads to the addresses in the last column, as a name
    /// server in the guest's hands might say.
    /// </summary>
    public static TheoryData<string, string, ErrorKind, string> Tries => new()
    {
        // Nothing is granted.
        { "", "127.0.0.1:PORT", ErrorKind.HttpRequestDenied, "" },
        { "", "localhost:PORT", ErrorKind.HttpRequestDenied, "127.0.0.1" },
        { "", "[::1]:PORT", ErrorKind.HttpRequestDenied, "" },
        // Another port than the granted one, another host than the granted one.
        { "127.0.0.1", "127.0.0.1:PORT", ErrorKind.HttpRequestDenied, "" },
        { "127.0.0.1:1", "127.0.0.1:PORT", ErrorKind.HttpRequestDenied, "" },
        { "localhost", "localhost:PORT", ErrorKind.HttpRequestDenied, "127.0.0.1" },
        { "localhost:PORT", "127.0.0.1:PORT", ErrorKind.HttpRequestDenied, "" },
        { "127.0.0.1:PORT", "localhost:PORT", ErrorKind.HttpRequestDenied, "127.0.0.1" },
        { "example.org:PORT", "example.org.evil.test:PORT", ErrorKind.HttpRequestDenied, "127.0.0.1" },
        { "example.org:PORT", "www.example.org:PORT", ErrorKind.HttpRequestDenied, "127.0.0.1" },
        { "*.example.org:PORT", "example.org:PORT", ErrorKind.HttpRequestDenied, "127.0.0.1" },
        { "*.example.org:PORT", "evilexample.org:PORT", ErrorKind.HttpRequestDenied, "127.0.0.1" },
        { "example.org:PORT", "ex\u0430mple.org:PORT", ErrorKind.HttpRequestDenied, "127.0.0.1" },
        { "128.0.0.0/8:PORT", "127.0.0.1:PORT", ErrorKind.HttpRequestDenied, "" },
        // Other writings of loopback.
        { "example.org:PORT", "0.0.0.0:PORT", ErrorKind.HttpRequestDenied, "" },
        { "example.org:PORT", "[::ffff:127.0.0.1]:PORT", ErrorKind.HttpRequestDenied, "" },
        { "example.org:PORT", "[::127.0.0.1]:PORT", ErrorKind.HttpRequestDenied, "" },
        { "example.org:PORT", "127.0.0.1.:PORT", ErrorKind.HttpRequestDenied, "" },
        // Granted names that lead to this machine, to its network, to the clouds' metadata services.
        { "example.org:PORT", "example.org:PORT", ErrorKind.DestinationIpProhibited, "127.0.0.1" },
        { "example.org:PORT", "EXAMPLE.org.:PORT", ErrorKind.DestinationIpProhibited, "127.0.0.1" },
        { "example.org:PORT", "example.org:PORT", ErrorKind.DestinationIpProhibited, "::1" },
        { "example.org:PORT", "example.org:PORT", ErrorKind.DestinationIpProhibited, "::ffff:127.0.0.1" },
        { "example.org:PORT", "example.org:PORT", ErrorKind.DestinationIpProhibited, "0.0.0.0" },
        { "example.org:PORT", "example.org:PORT", ErrorKind.DestinationIpProhibited, "169.254.169.254" },
        { "example.org:PORT", "example.org:PORT", ErrorKind.DestinationIpProhibited, "10.0.0.1 192.168.0.1 172.16.0.1" },
        { "example.org:PORT", "example.org:PORT", ErrorKind.DestinationIpProhibited, "fd00:ec2::254" },
        { "example.org:PORT", "example.org:PORT", ErrorKind.DestinationIpProhibited, "64:ff9b::7f00:1" },
        { "*.example.org:PORT", "a.example.org:PORT", ErrorKind.DestinationIpProhibited, "127.0.0.1" },
        { "bücher.example:PORT", "xn--bcher-kva.example:PORT", ErrorKind.DestinationIpProhibited, "127.0.0.1" },
        { "example.org:PORT 127.0.0.2:PORT", "example.org:PORT", ErrorKind.DestinationIpProhibited, "127.0.0.1" },
        { "example.org:PORT 127.0.0.1:1", "example.org:PORT", ErrorKind.DestinationIpProhibited, "127.0.0.1" },
        // A name of this machine that leads elsewhere.
        { "localhost:PORT", "localhost:PORT", ErrorKind.DestinationIpProhibited, "10.0.0.1" },
    };

    [Theory]
    [MemberData(nameof(Tries))]
    public async Task ARequestToWhereItMayNotGoIsRefused(string grants, string authority, ErrorKind expected, string addresses)
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        string port = server.Port.ToString();
        string[] granted = grants.Replace("PORT", port).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        using var guest = new OutgoingGuest(granted, new OutgoingHttpLimits(), addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(expected, guest.Get(authority.Replace("PORT", port)).Error?.Kind);
        Assert.Empty(server.Seen);
    }

    /// <summary>Parts of a request that would make another request of it: refused as they are set.</summary>
    public static TheoryData<string, string> Parts => new()
    {
        { "authority", "127.0.0.1:PORT\r\nx: y" },
        { "authority", "user:password@127.0.0.1:PORT" },
        { "authority", "granted.test@127.0.0.1:PORT" },
        { "authority", "127.0.0.1:PORT#granted.test" },
        { "authority", "127.0.0.1:PORT/granted.test" },
        { "authority", "127.0.0.1:PORT\\granted.test" },
        { "authority", "127.1:PORT" },
        { "authority", "2130706433:PORT" },
        { "authority", "0x7f.0.0.1:PORT" },
        { "authority", "0177.0.0.1:PORT" },
        { "authority", "[::1%25lo]:PORT" },
        { "authority", "127.0.0.1:PORT " },
        { "authority", "" },
        { "path", "/a HTTP/1.1\r\nhost: evil.test\r\n\r\nGET /b" },
        { "path", "/a b" },
        { "path", "/a\nb" },
        { "path", "/a\0" },
        { "path", "/a#b" },
        { "path", "/é" },
        { "path", "http://evil.test/" },
        { "path", "@evil.test/" },
        { "path", "a" },
        { "method", "GET /b HTTP/1.1\r\nhost: evil.test\r\n\r\nGET" },
        { "method", "" },
        { "method", "GET " },
        { "method", "GE\0T" },
        { "scheme", "" },
        { "scheme", "http://evil.test/?" },
        { "scheme", "ht tp" },
        { "headers", "x-a\r\nhost: evil.test" },
        { "headers", "Host" },
        { "headers", "transfer-encoding" },
        { "headers", "connection" },
        { "headers", "upgrade" },
        { "headers", "proxy-connection" },
    };

    [Theory]
    [MemberData(nameof(Parts))]
    public void APartThatIsNoneOfHttpIsRefusedAsItIsSet(string part, string value)
    {
        InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(() => OutgoingGuest.Request(
            part == "authority" ? value.Replace("PORT", "80") : "granted.test",
            part == "path" ? value : "/",
            part == "method" ? Method.Create(9, value) : null,
            part == "scheme" ? Scheme.Create(2, value) : null,
            part == "headers" ? [(value, "x")] : []));
        Assert.StartsWith(part, refusal.Message);
    }

    [Theory]
    [InlineData("5", "6")]
    [InlineData("5, 5")]
    [InlineData("5", "5")]
    [InlineData("+5")]
    [InlineData("-1")]
    [InlineData("0x5")]
    [InlineData(" 5")]
    [InlineData("")]
    [InlineData("99999999999999999999")]
    public async Task ALengthThatTwoServersMightReadInTwoWaysIsRefused(params string[] lengths)
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        using var guest = new OutgoingGuest(server.Authority);
        OutgoingRequest request = OutgoingGuest.Request(server.Authority, method: Method.Of("POST"), headers: [.. lengths.Select(length => ("content-length", length))]);
        Assert.True(request.Body().IsError);
        Assert.Equal(ErrorKind.HttpProtocolError, guest.Send(request).Error?.Kind);
        Assert.Empty(server.Seen);
    }

    [Fact]
    public async Task ARequestThatPromisesABodyItHasNotIsRefused()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        using var guest = new OutgoingGuest(server.Authority);
        GuestAnswer answer = guest.Send(OutgoingGuest.Request(server.Authority, method: Method.Of("POST"), headers: ("content-length", "5")));
        Assert.Equal(ErrorKind.HttpRequestBodySize, answer.Error?.Kind);
        Assert.Empty(server.Seen);
    }

    [Theory]
    [InlineData("0123456789 GET /smuggled HTTP/1.1", true)]
    [InlineData("0123", false)]
    public async Task ABodyOfAnotherLengthThanPromisedReachesNoServerWhole(string body, bool isTooLong)
    {
        int whole = 0;
        await using LoopbackServer server = await LoopbackServer.StartAsync(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            Interlocked.Increment(ref whole);
        });
        using var guest = new OutgoingGuest(server.Authority);
        OutgoingRequest request = OutgoingGuest.Request(server.Authority, method: Method.Of("POST"), headers: ("content-length", "10"));
        OutgoingBody outgoing = request.Body().Value;
        FutureIncomingResponse future = guest.Handle(request).Value;
        using (var stream = outgoing.Write().Value)
        {
            Result<Unit, Chain.Wasm.Wasi.Io.StreamError> written = stream.BlockingWriteAndFlush(System.Text.Encoding.Latin1.GetBytes(body));
            Assert.Equal(isTooLong, written.IsError);
        }

        Assert.Equal(ErrorKind.HttpRequestBodySize, outgoing.Finish(null).Error.Kind);
        Assert.Equal(ErrorKind.HttpRequestBodySize, guest.Read(future).Error?.Kind);
        Assert.Equal(0, whole);
        Assert.DoesNotContain(server.Seen, line => line.Contains("smuggled"));
    }

    [Theory]
    [InlineData("CONNECT")]
    [InlineData("connect")]
    public void NoTunnelIsOpened(string method)
    {
        using var server = new RawServer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        using var guest = new OutgoingGuest(server.Authority);
        foreach (Method one in (Method[])[Method.Of(method), Method.Create(9, method)])
            Assert.Equal(ErrorKind.HttpRequestMethodInvalid, guest.Send(OutgoingGuest.Request(server.Authority, method: one)).Error?.Kind);
        Assert.Equal("", server.Received);
    }

    [Theory]
    [InlineData("ftp")]
    [InlineData("file")]
    [InlineData("ws")]
    public async Task AnotherSchemeThanHttpIsRefused(string scheme)
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        using var guest = new OutgoingGuest(server.Authority);
        Assert.Equal(ErrorKind.HttpProtocolError, guest.Send(OutgoingGuest.Request(server.Authority, scheme: Scheme.Of(scheme))).Error?.Kind);
        Assert.Empty(server.Seen);
    }

    [Theory]
    [InlineData(StatusCodes.Status301MovedPermanently)]
    [InlineData(StatusCodes.Status302Found)]
    [InlineData(StatusCodes.Status307TemporaryRedirect)]
    [InlineData(StatusCodes.Status308PermanentRedirect)]
    public async Task ARedirectIsTheGuestsToFollow(int status)
    {
        await using LoopbackServer secret = await LoopbackServer.StartAsync();
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = $"http://{secret.Authority}/";
            return Task.CompletedTask;
        });
        using var guest = new OutgoingGuest(server.Authority);
        GuestAnswer answer = guest.Get(server.Authority);
        Assert.Equal(status, answer.Status);
        Assert.Equal($"http://{secret.Authority}/", Assert.Single(answer.Headers!.Texts("location")));
        Assert.Empty(secret.Seen);
    }

    [Fact]
    public async Task ANameThatLeadsElsewhereTheNextTimeIsJudgedAgain()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        string authority = $"rebind.example.org:{server.Port}";
        int asked = 0;
        // Nobody listens on the first address, which is granted; the second is the server's, which is not.
        using var guest = new OutgoingGuest(
            [authority, $"127.0.0.2:{server.Port}"], new OutgoingHttpLimits(),
            (_, _) => Task.FromResult<System.Net.IPAddress[]>([System.Net.IPAddress.Parse(asked++ == 0 ? "127.0.0.2" : "127.0.0.1")]));
        Assert.Equal(ErrorKind.ConnectionRefused, guest.Get(authority).Error?.Kind);
        Assert.Equal(ErrorKind.DestinationIpProhibited, guest.Get(authority).Error?.Kind);
        Assert.Empty(server.Seen);
    }

    [Fact]
    public void TheHostIsTheOneThatWasGranted()
    {
        using var server = new RawServer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        using var guest = new OutgoingGuest(server.Authority);
        Fields copied = Fields.OfMessage([("host", "evil.test"u8.ToArray()), ("connection", "x"u8.ToArray())]).Clone();
        var request = new OutgoingRequest(copied);
        request.SetAuthority(server.Authority);
        request.SetScheme(Scheme.Http);
        request.SetPathWithQuery("/a/../b%2e?c=%20");
        Assert.Equal(200, guest.Send(request).Status);
        Assert.StartsWith($"GET /a/../b%2e?c=%20 HTTP/1.1\r\nHost: {server.Authority}\r\n", server.Received);
        Assert.DoesNotContain("evil", server.Received);
    }

    [Fact]
    public void NothingOfTheHostGoesAlong()
    {
        using var activity = new System.Diagnostics.Activity("outer").Start();
        using var server = new RawServer("HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n");
        using var guest = new OutgoingGuest(server.Authority);
        Assert.Equal(200, guest.Get(server.Authority).Status);
        Assert.Equal(200, guest.Get(server.Authority).Status);
        string request = $"GET / HTTP/1.1\r\nHost: {server.Authority}\r\n\r\n";
        Assert.Equal(request + request, server.Received);
    }
}
