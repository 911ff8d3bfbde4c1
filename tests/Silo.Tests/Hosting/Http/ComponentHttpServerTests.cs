using System.Net;
using System.Net.Sockets;
using System.Text;
using Chain.Silo.Hosting.Http;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Execution;
using Chain.Wasm.Wasi.Http;
using Chain.Wasm.Wasi.Io;
using static Chain.Silo.Tests.Hosting.Http.TestGuest;

namespace Chain.Silo.Tests.Hosting.Http;

/// <summary>HTTP in, a guest, HTTP out: over a real server and real sockets.</summary>
public sealed class ComponentHttpServerTests
{
    [Fact]
    public async Task TheGuestSeesTheRequestAsItCame()
    {
        await using TestServer server = await TestServer.StartAsync((request, response, cancellation) =>
        {
            (string body, _, _) = ReadBody(request, cancellation);
            string headers = string.Join(";", request.Headers.Entries().Select(entry => $"{entry.Name}={Encoding.Latin1.GetString(entry.Value)}").Order());
            Answer(response, $"{request.Method} {request.Scheme} {request.Authority} {request.PathWithQuery} {headers} {body}");
        });
        using var message = new HttpRequestMessage(HttpMethod.Put, new Uri(server.Url + "/a/../b%20c?d=%e9&e", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }))
        {
            Content = new StringContent("body", Encoding.Latin1, "text/plain"),
        };
        message.Headers.TryAddWithoutValidation("X-Two", ["1", "2"]);
        message.Headers.ConnectionClose = true;
        using HttpResponseMessage answer = await server.Client.SendAsync(message);
        Assert.Equal(
            $"PUT http {new Uri(server.Url).Authority} /a/../b%20c?d=%e9&e content-length=4;content-type=text/plain; charset=iso-8859-1;x-two=1, 2 body",
            await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nhost: a\r\n\r\n", "GET / a")]
    [InlineData("GET http://b/x?y HTTP/1.1\r\nhost: b\r\n\r\n", "GET /x?y b")]
    [InlineData("GET http://b HTTP/1.1\r\nhost: b\r\n\r\n", "GET / b")]
    [InlineData("OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n", "OPTIONS * a")]
    [InlineData("PURGE /z HTTP/1.1\r\nhost: a\r\n\r\n", "PURGE /z a")]
    public async Task EachFormOfARequestLineIsRead(string head, string expected)
    {
        await using TestServer server = await TestServer.StartAsync((request, response, _) => Answer(response, $"{request.Method} {request.PathWithQuery} {request.Authority}."));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(server.Url).Port);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(head));
        byte[] buffer = new byte[4096];
        var answer = new StringBuilder();
        while (!answer.ToString().Contains($"{expected}."))
        {
            int count = await client.GetStream().ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            Assert.True(count > 0, answer.ToString());
            answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
    }

    [Fact]
    public async Task StatusHeadersAndBodyAreTheGuests()
    {
        await using TestServer server = await TestServer.StartAsync((_, response, _) => Answer(response, "hello", 418, ("x-a", "1"), ("x-a", "2"), ("content-type", "text/odd"), ("content-length", "5")));
        using HttpResponseMessage answer = await server.Client.GetAsync("/");
        Assert.Equal(418, (int)answer.StatusCode);
        Assert.Equal(["1", "2"], answer.Headers.GetValues("x-a"));
        Assert.Equal("text/odd", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal(5, answer.Content.Headers.ContentLength);
        Assert.False(answer.Headers.Contains("Server"));
        Assert.Equal("hello", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task TheHeadAndEachPartOfTheBodyGoOutAsTheGuestWritesThem()
    {
        using var next = new SemaphoreSlim(0);
        await using TestServer server = await TestServer.StartAsync((_, response, cancellation) =>
        {
            OutgoingBody body = Begin(response);
            using (OutputStream stream = body.Write().Value)
            {
                for (int i = 0; i < 3; i++)
                {
                    next.Wait(cancellation);
                    stream.BlockingWriteAndFlush(Encoding.Latin1.GetBytes($"part {i}"));
                }
            }

            next.Wait(cancellation);
            body.Finish(null);
        });
        using HttpResponseMessage answer = await server.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        await using Stream stream = await answer.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[6];
        for (int i = 0; i < 3; i++)
        {
            next.Release();
            await stream.ReadExactlyAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Equal($"part {i}", Encoding.Latin1.GetString(buffer));
        }

        next.Release();
        Assert.Equal(0, await stream.ReadAsync(buffer));
    }

    [Fact]
    public async Task AClientThatReadsNothingHoldsTheGuestBack()
    {
        long written = 0;
        await using TestServer server = await TestServer.StartAsync((_, response, cancellation) =>
        {
            OutgoingBody body = Begin(response);
            using OutputStream stream = body.Write().Value;
            byte[] part = new byte[OutputStream.MaxBlockingWrite];
            while (!stream.BlockingWriteAndFlush(part, cancellation).IsError) Interlocked.Add(ref written, part.Length);
        });
        using (HttpResponseMessage answer = await server.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead))
        {
            await Task.Delay(500);
            Assert.InRange(Interlocked.Read(ref written), 1, 32 << 20);
        }

        // The client went, so the guest's writes fail and it ends.
        await TestServer.UntilAsync(() => server.Counts.Disposed + server.Counts.Reset > 0);
    }

    [Fact]
    public async Task TheRequestIsStreamedToTheGuest()
    {
        await using TestServer server = await TestServer.StartAsync((request, response, cancellation) =>
        {
            OutgoingBody body = Begin(response);
            IncomingBody incoming = request.Consume().Value;
            using (OutputStream output = body.Write().Value)
            {
                using InputStream input = incoming.TakeStream().Value;
                while (!output.BlockingSplice(input, 65536, cancellation).IsError) output.BlockingFlush(cancellation);
            }

            incoming.Finish().Dispose();
            body.Finish(null);
        });
        byte[] large = new byte[5 << 20];
        new Random(1).NextBytes(large);
        using HttpResponseMessage answer = await server.Client.PostAsync("/", new ByteArrayContent(large));
        Assert.Equal(large, await answer.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task TrailersGoBothWaysOverHttp2()
    {
        await using TestServer server = await TestServer.StartAsync(
            (request, response, cancellation) =>
            {
                (string text, _, _) = ReadBody(request, cancellation);
                OutgoingBody body = Begin(response);
                using (OutputStream stream = body.Write().Value) stream.BlockingWriteAndFlush(Encoding.Latin1.GetBytes(text));
                body.Finish(Fields.FromList([("x-sum", "42"u8.ToArray())]).Value);
            },
            new HttpHostOptions { Http2 = true });
        using HttpResponseMessage answer = await server.Client.PostAsync("/", new StringContent("text"));
        Assert.Equal("text", await answer.Content.ReadAsStringAsync());
        Assert.Equal("42", answer.TrailingHeaders.GetValues("x-sum").Single());
    }

    [Fact]
    public async Task TrailersOfAChunkedRequestArrive()
    {
        await using TestServer server = await TestServer.StartAsync((request, response, cancellation) =>
        {
            (string text, Fields? trailers, _) = ReadBody(request, cancellation);
            Answer(response, $"{text} {Encoding.Latin1.GetString(trailers!.Get("x-sum").Single())}.");
        });
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(server.Url).Port);
        await client.GetStream().WriteAsync("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n4\r\ntext\r\n0\r\nX-Sum: 42\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(client.GetStream());
        Assert.Contains("text 42.", await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task HeadHasNoBodyButItsLength()
    {
        await using TestServer server = await TestServer.StartAsync((_, response, _) =>
        {
            OutgoingBody body = Begin(response, 200, ("content-length", "100"));
            Assert.False(body.Finish(null).IsError);
        });
        using HttpResponseMessage answer = await server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/"));
        Assert.Equal((HttpStatusCode.OK, 100), (answer.StatusCode, answer.Content.Headers.ContentLength));
        Assert.Empty(server.Log);
    }

    [Theory]
    [InlineData(204)]
    [InlineData(304)]
    public async Task AStatusWithoutABodyHasNone(int status)
    {
        await using TestServer server = await TestServer.StartAsync((_, response, _) => Answer(response, "thrown away", (ushort)status));
        for (int i = 0; i < 2; i++)
        {
            using HttpResponseMessage answer = await server.Client.GetAsync("/");
            Assert.Equal((status, ""), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        }
    }

    public static TheoryData<string, HttpStatusCode, string> Failures => new()
    {
        { "trap", HttpStatusCode.InternalServerError, "GET /trap: wasm trap: unreachable" },
        { "rule", HttpStatusCode.InternalServerError, "GET /rule: wasm trap: a rule\\u{a} was broken" },
        { "exit", HttpStatusCode.InternalServerError, "GET /exit: the guest exited with code 3" },
        { "nothing", HttpStatusCode.InternalServerError, "GET /nothing: no response was set" },
        { "dropped", HttpStatusCode.InternalServerError, "GET /dropped: no response was set" },
        { "error", HttpStatusCode.BadGateway, "GET /error: loop-detected" },
        { "lengths", HttpStatusCode.BadGateway, "GET /lengths: HTTP-protocol-error" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task AGuestThatGivesNoResponseIsOneStatusAndOneLine(string how, HttpStatusCode status, string line)
    {
        await using TestServer server = await TestServer.StartAsync((request, response, _) =>
        {
            switch (request.PathWithQuery)
            {
                case "/trap": throw new WasmTrapException(TrapKind.Unreachable);
                case "/rule": throw new ComponentTrapException("a rule\n was broken");
                case "/exit": throw new GuestExitException(3);
                case "/dropped":
                    response.Dispose();
                    return;
                case "/error":
                    response.Set(ErrorCode.Of(ErrorKind.LoopDetected));
                    return;
                case "/lengths":
                    response.Set(new OutgoingResponse(Fields.FromList([("content-length", "1"u8.ToArray()), ("content-length", "2"u8.ToArray())]).Value));
                    return;
                case "/fine":
                    Answer(response, "fine");
                    return;
            }
        });
        using (HttpResponseMessage answer = await server.Client.GetAsync("/" + how))
        {
            Assert.Equal(status, answer.StatusCode);
            Assert.Equal("", await answer.Content.ReadAsStringAsync());
        }

        await TestServer.UntilAsync(() => !server.Log.IsEmpty);
        Assert.Equal(line, Assert.Single(server.Log));
        Assert.Equal("fine", await server.Client.GetStringAsync("/fine"));
    }

    [Theory]
    [InlineData("trap")]
    [InlineData("dropped")]
    [InlineData("short")]
    [InlineData("long")]
    public async Task AGuestThatFailsAfterTheHeadBreaksTheConnectionOff(string how)
    {
        await using TestServer server = await TestServer.StartAsync((request, response, cancellation) =>
        {
            OutgoingBody body = how is "short" or "long" ? Begin(response, 200, ("content-length", "10")) : Begin(response);
            using (OutputStream stream = body.Write().Value)
            {
                stream.BlockingWriteAndFlush("part"u8, cancellation);
                if (how == "long") stream.BlockingWriteAndFlush("and more than ten"u8, cancellation);
            }

            if (how == "trap") throw new WasmTrapException(TrapKind.MemoryOutOfBounds);
            if (how == "dropped") body.Dispose();
            else body.Finish(null);
        });
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using HttpResponseMessage answer = await server.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
            answer.EnsureSuccessStatusCode();
            await answer.Content.ReadAsStringAsync();
        });
        await TestServer.UntilAsync(() => !server.Log.IsEmpty);
        Assert.Single(server.Log);
    }

    [Fact]
    public async Task AGuestThatTrapsAfterItsWholeResponseIsOnlyLogged()
    {
        await using TestServer server = await TestServer.StartAsync((_, response, _) =>
        {
            Answer(response, "whole");
            throw new WasmTrapException(TrapKind.Unreachable);
        });
        Assert.Equal("whole", await server.Client.GetStringAsync("/"));
        await TestServer.UntilAsync(() => !server.Log.IsEmpty && server.Counts.Disposed == 1);
        Assert.Equal("GET /: wasm trap: unreachable", Assert.Single(server.Log));
        Assert.Equal(0, server.Counts.Reset);
    }

    [Fact]
    public async Task AnInstanceIsResetBetweenRequestsAndGivenUpAfterATrap()
    {
        await using TestServer server = await TestServer.StartAsync((request, response, _) =>
        {
            if (request.PathWithQuery == "/trap") throw new WasmTrapException(TrapKind.Unreachable);
            Answer(response, "fine");
        });
        for (int i = 1; i <= 3; i++)
        {
            await server.Client.GetStringAsync("/");
            await TestServer.UntilAsync(() => server.Counts.Reset == i);
        }

        Assert.Equal((1, 0), (server.Counts.Created, server.Counts.Disposed));
        using (await server.Client.GetAsync("/trap")) await TestServer.UntilAsync(() => server.Counts.Disposed == 1);
        await server.Client.GetStringAsync("/");
        Assert.Equal((2, 5), (server.Counts.Created, server.Counts.Handled));
    }

    [Fact]
    public async Task WithoutAPoolEachRequestHasANewInstance()
    {
        await using TestServer server = await TestServer.StartAsync((_, response, _) => Answer(response, "fine"), new HttpHostOptions { IsPooled = false });
        for (int i = 0; i < 3; i++) await server.Client.GetStringAsync("/");
        await TestServer.UntilAsync(() => server.Counts.Disposed == 3);
        Assert.Equal((3, 0), (server.Counts.Created, server.Counts.Reset));
    }

    [Fact]
    public async Task ARequestPastItsDeadlineGets504AndItsGuestEnds()
    {
        await using TestServer server = await TestServer.StartAsync(
            (_, _, cancellation) =>
            {
                cancellation.WaitHandle.WaitOne();
                throw new WasmTrapException(TrapKind.Deadline);
            },
            new HttpHostOptions { Deadline = TimeSpan.FromSeconds(1) });
        using HttpResponseMessage answer = await server.Client.GetAsync("/slow");
        Assert.Equal(HttpStatusCode.GatewayTimeout, answer.StatusCode);
        Assert.Equal("GET /slow: no whole response within 1 s", Assert.Single(server.Log));

        // Where the machine took the whole second to give it a thread, there was no guest.
        await TestServer.UntilAsync(() => server.Counts.Disposed == server.Counts.Created);
    }

    [Fact]
    public async Task MoreRequestsThanMayWaitGet503()
    {
        using var gate = new ManualResetEventSlim();
        await using TestServer server = await TestServer.StartAsync(
            (_, response, cancellation) =>
            {
                gate.Wait(cancellation);
                Answer(response, "fine");
            },
            new HttpHostOptions { Concurrency = 1, Queue = 1 });
        Task<HttpResponseMessage>[] sent = [.. Enumerable.Range(0, 6).Select(_ => server.Client.GetAsync("/"))];
        await TestServer.UntilAsync(() => sent.Count(one => one.IsCompleted) == 4);
        gate.Set();
        HttpResponseMessage[] answers = await Task.WhenAll(sent);
        Assert.Equal(2, answers.Count(answer => answer.IsSuccessStatusCode));
        Assert.All(answers.Where(answer => !answer.IsSuccessStatusCode), answer =>
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter!.Delta);
        });
    }

    [Fact]
    public async Task AClientThatGoesEndsItsGuest()
    {
        var ended = new TaskCompletionSource();
        await using TestServer server = await TestServer.StartAsync((_, _, cancellation) =>
        {
            cancellation.WaitHandle.WaitOne();
            ended.SetResult();
            throw new WasmTrapException(TrapKind.Deadline);
        });
        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.Client.GetAsync("/", impatient.Token));
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Empty(server.Log);
    }

    [Fact]
    public async Task ABodyThatIsTooLargeIsRefused()
    {
        var seen = new TaskCompletionSource<ErrorCode?>();
        await using TestServer server = await TestServer.StartAsync(
            (request, response, cancellation) =>
            {
                seen.SetResult(ReadBody(request, cancellation).Error);
                Answer(response, "read");
            },
            new HttpHostOptions { RequestBodyBytes = 1000 });
        using (HttpResponseMessage known = await server.Client.PostAsync("/", new ByteArrayContent(new byte[1001])))
        {
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, known.StatusCode);

            // Nobody reads the body, so the connection ends here; the client's next request must not be sent on it.
            Assert.True(known.Headers.ConnectionClose);
        }

        Assert.Equal(0, server.Counts.Handled);
        using var message = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new ByteArrayContent(new byte[5000]) };
        message.Headers.TransferEncodingChunked = true;
        using HttpResponseMessage chunked = await server.Client.SendAsync(message);
        Assert.Equal(ErrorKind.HttpRequestBodySize, (await seen.Task)?.Kind);
    }

    [Fact]
    public async Task TooManyHeadersAreRefused()
    {
        await using TestServer server = await TestServer.StartAsync((_, response, _) => Answer(response, "fine"));
        using var message = new HttpRequestMessage(HttpMethod.Get, "/");
        for (int i = 0; i < 200; i++) message.Headers.Add($"x-{i}", "1");
        using HttpResponseMessage answer = await server.Client.SendAsync(message);
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, answer.StatusCode);
        Assert.Equal(0, server.Counts.Handled);
    }

    [Fact]
    public async Task AStopWaitsForWhatIsUnderWay()
    {
        using var gate = new ManualResetEventSlim();
        await using TestServer server = await TestServer.StartAsync((_, response, cancellation) =>
        {
            gate.Wait(cancellation);
            Answer(response, "fine");
        });
        Task<string> answer = server.Client.GetStringAsync("/");
        await TestServer.UntilAsync(() => server.Counts.Handled == 1);
        Task stop = server.StopAsync();
        await Task.Delay(100);
        Assert.False(stop.IsCompleted);
        gate.Set();
        Assert.Equal("fine", await answer);
        await stop.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task AStopBreaksOffWhatTakesTooLong()
    {
        await using TestServer server = await TestServer.StartAsync(
            (_, _, cancellation) =>
            {
                cancellation.WaitHandle.WaitOne();
                throw new WasmTrapException(TrapKind.Deadline);
            },
            new HttpHostOptions { Drain = TimeSpan.FromMilliseconds(200) });
        Task<HttpResponseMessage> answer = server.Client.GetAsync("/");
        await TestServer.UntilAsync(() => server.Counts.Handled == 1);
        await server.StopAsync().WaitAsync(TimeSpan.FromSeconds(10));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => answer);
    }

    [Fact]
    public async Task OneThousandRequestsAreEachAnsweredWithTheirOwn()
    {
        await using TestServer server = await TestServer.StartAsync((request, response, _) => Answer(response, request.PathWithQuery!));
        int next = 0;
        await Task.WhenAll(Enumerable.Range(0, 64).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) is var number && number <= 1000)
                Assert.Equal($"/{number}", await server.Client.GetStringAsync($"/{number}"));
        }));
        Assert.Equal(1000, server.Counts.Handled);
        Assert.InRange(server.Counts.Created, 1, new HttpHostOptions().Concurrency);
    }

    [Fact]
    public async Task AnAddressThatIsTakenSaysSo()
    {
        await using TestServer server = await TestServer.StartAsync((_, response, _) => Answer(response, "fine"));
        IOException failure = await Assert.ThrowsAsync<IOException>(() => TestServer.StartAsync((_, _, _) => { }, new HttpHostOptions { Port = new Uri(server.Url).Port }));
        Assert.Contains("address already in use", failure.Message);
    }
}
