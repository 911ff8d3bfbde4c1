using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Chain.Cli.Tests.Chains;
using Chain.Silo.Calls;
using Chain.Silo.Calls.Remote;
using Chain.Tests;
using Chain.Tracer.Calls;

namespace Chain.Cli.Tests.Cluster;

/// <summary>Requests that come to a silo which may not answer them, between two nodes without Orleans.</summary>
public sealed class RequestForwardingTests
{
    private static readonly RemoteTarget One = new("web", "one", "", IsStateful: true);

    [ClusterFact]
    public async Task ARequestIsAnsweredByTheSiloThatMayAndRecordedThereOnce()
    {
        await using TwoEntries two = await TwoEntries.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/eu");
        request.Headers.TryAddWithoutValidation("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        using HttpResponseMessage answer = await two.Client.SendAsync(request);
        Assert.Equal("/any 01\n", await two.Client.GetStringAsync("/any"));
        RecordedCall[] calls = await two.ReadAsync();

        Assert.Equal((HttpStatusCode.OK, "/eu 01\n"), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        RecordedCall call = Assert.Single(calls, static one => one.Callee == "web/eu");
        Assert.Equal(("b", (short)CallOutcome.Returned, new TraceId(0x0af7651916cd43dd, 0x8448eb211c80319c).Key), (call.Silo, call.Outcome, call.Trace));

        // What may be answered here is.
        Assert.Equal("a", Assert.Single(calls, static one => one.Callee == "web/any").Silo);
        Assert.Equal(1, two.Asked);
    }

    [ClusterTheory]
    [InlineData("/eu/a%2Fb%zz//..?x=%20&y=a+b")]
    [InlineData("/eu?")]
    [InlineData("/eu/\u00e9\u00ff")]
    public async Task TheTargetArrivesByteForByte(string target)
    {
        await using TwoEntries two = await TwoEntries.StartAsync();
        var url = new Uri(two.A.Url);
        using var client = new TcpClient(url.Host, url.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes($"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        string answer = await new StreamReader(stream, Encoding.Latin1).ReadToEndAsync();

        // Kestrel itself takes no other bytes; what it takes is handed on.
        if (answer.StartsWith("HTTP/1.1 400", StringComparison.Ordinal)) Assert.Contains(target, static one => one > 0x7f);
        else Assert.Contains($"{target} 01\n", answer, StringComparison.Ordinal);
    }

    [ClusterFact]
    public async Task RequestAndResponseGoOnSideBySide()
    {
        await using TwoEntries two = await TwoEntries.StartAsync();
        var url = new Uri(two.A.Url);
        using var client = new TcpClient(url.Host, url.Port);
        NetworkStream stream = client.GetStream();
        PipeReader answer = PipeReader.Create(stream);
        await stream.WriteAsync("POST /eu HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray());
        await SeeAsync(answer, "/eu 01\n");
        foreach (string part in (string[])["one", "two", "three"])
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{part.Length:x}\r\n{part}\r\n"));
            await SeeAsync(answer, part);
        }

        await stream.WriteAsync("0\r\n\r\n"u8.ToArray());
        await SeeAsync(answer, "0\r\n\r\n");
    }

    [ClusterFact]
    public async Task ABodyThatIsLargerThanAllBuffersComesBackWhole()
    {
        await using TwoEntries two = await TwoEntries.StartAsync();
        byte[] sent = new byte[8_000_000];
        new Random(1).NextBytes(sent);
        Task<byte[]>[] all = [.. Enumerable.Range(0, 4).Select(_ => EchoAsync())];
        foreach (byte[] received in await Task.WhenAll(all)) Assert.Equal(sent, received["/eu 01\n".Length..]);

        async Task<byte[]> EchoAsync()
        {
            // The client must read while it writes, as HttpClient does not.
            var url = new Uri(two.A.Url);
            using var client = new TcpClient(url.Host, url.Port);
            NetworkStream stream = client.GetStream();
            Task writing = Task.Run(async () =>
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /eu HTTP/1.0\r\nHost: a\r\nContent-Length: {sent.Length}\r\n\r\n"));
                await stream.WriteAsync(sent);
            });
            using var received = new MemoryStream();
            await stream.CopyToAsync(received);
            await writing;
            byte[] whole = received.ToArray();
            return whole[(whole.AsSpan().IndexOf("\r\n\r\n"u8) + 4)..];
        }
    }

    [ClusterFact]
    public async Task AStatefulComponentAnswersWhereItsInstanceIsOneRequestAtATime()
    {
        await using TwoEntries two = await TwoEntries.StartAsync();
        StatefulSlot slot = two.B.NewSlot(One);
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => two.Client.GetStringAsync("/one")));
        using var other = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(two.B.Url) };
        string here = await other.GetStringAsync("/one");

        Assert.Equal(Enumerable.Range(1, 20).Select(static i => $"/one {i:00}\n"), answers.Order());
        Assert.Equal("/one 21\n", here);
        Assert.True(slot.IsIdle);
        Assert.All(await two.ReadAsync(), static call => Assert.Equal(("b", (short)CallOutcome.Returned), (call.Silo, call.Outcome)));
    }

    [ClusterFact]
    public async Task TheLabelOfAStatefulInstanceIsStoredBeforeTheAnswerGoesOut()
    {
        await using TwoEntries two = await TwoEntries.StartAsync("sources: [{ component: one, request: [\"from={{ header.from }}\"] }]");
        var stored = new List<string>();
        two.B.NewSlot(One, slot =>
        {
            slot.Remember("from=ward", default);
            slot.Store = (label, _) =>
            {
                if (label.Contains("from=refused", StringComparison.Ordinal)) throw new IOException("the store is away");
                lock (stored) stored.Add(label);
                return Task.CompletedTask;
            };
        });
        (HttpStatusCode Status, string Body) first = await GetAsync("ward"), second = await GetAsync("lab"), third = await GetAsync("refused");

        Assert.Equal((HttpStatusCode.OK, "/one 01\n"), first);
        Assert.Equal((HttpStatusCode.OK, "/one 02\n"), second);
        Assert.Equal(["from=lab,from=ward"], stored);
        Assert.Equal(HttpStatusCode.InternalServerError, third.Status);

        async Task<(HttpStatusCode, string)> GetAsync(string from)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/one");
            request.Headers.TryAddWithoutValidation("from", from);
            using HttpResponseMessage answer = await two.Client.SendAsync(request);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    [ClusterFact]
    public async Task AnAttemptThatReachedNobodyIsRecordedAndMadeAgain()
    {
        await using TwoEntries two = await TwoEntries.StartAsync();
        int closed = FreePort();
        two.Route = attempt => attempt switch
        {
            1 => throw new NotStartedException("no silo of the cluster has region=eu"),
            2 => new RequestPlace("gone", $"http://127.0.0.1:{closed}", "x"),
            _ => null,
        };
        using HttpResponseMessage answer = await two.Client.PostAsync("/eu", new StringContent("body"));
        RecordedCall[] calls = await two.ReadAsync();

        Assert.Equal("/eu 01\nbody", await answer.Content.ReadAsStringAsync());
        Assert.Equal(
            [(CallOutcome.NotStarted, "a", 1), (CallOutcome.NotStarted, "a", 2), (CallOutcome.Returned, "b", 1)],
            calls.Select(static call => ((CallOutcome)call.Outcome, call.Silo, (int)call.Attempt)));
    }

    [ClusterFact]
    public async Task AStatefulInstanceThatHasMovedIsLookedForAgain()
    {
        await using TwoEntries two = await TwoEntries.StartAsync();
        StatefulSlot old = two.B.NewSlot(One);
        Assert.True(await old.CloseAsync(default));
        two.Route = attempt =>
        {
            if (attempt == 3) two.B.NewSlot(One);
            return null;
        };
        Assert.Equal("/one 01\n", await two.Client.GetStringAsync("/one"));
        Assert.Equal(3, two.Asked);
    }

    [ClusterFact]
    public async Task WhereNobodyCanAnswerTheClientGetsOneLine()
    {
        await using TwoEntries two = await TwoEntries.StartAsync();
        two.Route = static _ => throw new NotStartedException("no silo of the cluster has region=eu");
        using HttpResponseMessage answer = await two.Client.GetAsync("/eu");
        RecordedCall[] calls = await two.ReadAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("no silo can answer this now; try again\n", await answer.Content.ReadAsStringAsync());
        Assert.Equal("1", Assert.Single(answer.Headers.GetValues("retry-after")));
        Assert.True(calls.Length > 1, "it was tried more than once");
        Assert.All(calls, static call => Assert.Equal(CallOutcome.NotStarted, (CallOutcome)call.Outcome));
        Assert.Equal(Enumerable.Range(1, calls.Length), calls.Select(static call => (int)call.Attempt));
    }

    [ClusterFact]
    public async Task ASiloThatGoesAwayWhileItMayBeAnsweringIsNotAskedTwice()
    {
        await using TwoEntries two = await TwoEntries.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        two.Route = _ => new RequestPlace("dying", $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}", "x");
        Task dying = Task.Run(async () =>
        {
            using TcpClient taken = await listener.AcceptTcpClientAsync();
            // The preface and the settings of HTTP/2, and what is in the first frames after them; then it is gone.
            await taken.GetStream().WriteAsync(new byte[] { 0, 0, 0, 4, 0, 0, 0, 0, 0 });
            await taken.GetStream().ReadExactlyAsync(new byte[200]);
        });
        using HttpResponseMessage answer = await two.Client.GetAsync("/eu");
        await dying;
        RecordedCall[] calls = await two.ReadAsync();

        Assert.Equal((HttpStatusCode.BadGateway, "the silo that was to answer this went away\n"), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        RecordedCall call = Assert.Single(calls);
        Assert.Equal((CallOutcome.Lost, "dying"), ((CallOutcome)call.Outcome, call.Silo));
        Assert.Equal(1, two.Asked);
    }

    [ClusterFact]
    public async Task ARequestThatWasForwardedIsNeverForwardedAgain()
    {
        // Both may answer for no component of this place, and each believes that the other one does.
        await using TwoEntries two = await TwoEntries.StartAsync(labels: "region: mars");
        using HttpResponseMessage answer = await two.Client.PostAsync("/eu", new StringContent("body"));
        RecordedCall[] calls = await two.ReadAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);

        // Its body was on the way, so that it could not be sent again.
        RecordedCall call = Assert.Single(calls);
        Assert.Equal((CallOutcome.NotStarted, "a"), ((CallOutcome)call.Outcome, call.Silo));
    }

    [ClusterFact]
    public async Task OnlySilosAreHeardWhereRequestsAreForwarded()
    {
        await using TwoEntries two = await TwoEntries.StartAsync();
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(two.B.Requests!.Url),
        };
        string secret = two.B.Requests.Secret;
        Assert.Equal(64, secret.Length);
        foreach (string shown in (string[])["", "x", secret[..^1], secret[..^1] + (secret[^1] == '0' ? '1' : '0'), secret + "0", two.A.Requests!.Secret])
            Assert.Equal((shown, HttpStatusCode.Forbidden), (shown, await SendAsync(shown, "e30")));
        foreach (string said in (string[])["", "!", "e30", "bnVsbA", "eyJ4IjoxfQ"])
            Assert.Equal((said, HttpStatusCode.BadRequest), (said, await SendAsync(secret, said)));

        async Task<HttpStatusCode> SendAsync(string shown, string said)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            request.Headers.TryAddWithoutValidation("chain-silo-secret", shown);
            request.Headers.TryAddWithoutValidation("chain-silo-request", said);
            using HttpResponseMessage answer = await client.SendAsync(request);
            return answer.StatusCode;
        }
    }

    [ClusterFact]
    public async Task HeadersThatAClientForgesGetItNowhere()
    {
        await using TwoEntries two = await TwoEntries.StartAsync();
        foreach (string target in (string[])["/any", "/eu"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, target);
            request.Headers.TryAddWithoutValidation("chain-silo-secret", two.B.Requests!.Secret);
            request.Headers.TryAddWithoutValidation("chain-silo-request", "e30");
            using HttpResponseMessage answer = await two.Client.SendAsync(request);
            Assert.Equal($"{target} 01\n", await answer.Content.ReadAsStringAsync());
        }
    }

    [ClusterFact]
    public async Task AComponentThatTrapsThereIsAnsweredAsHere()
    {
        await using TwoEntries two = await TwoEntries.StartAsync();
        two.B.NewSlot(One);
        Assert.Equal("/one 01\n", await two.Client.GetStringAsync("/one"));
        using HttpResponseMessage trapped = await two.Client.GetAsync("/trap");
        Assert.Equal(HttpStatusCode.InternalServerError, trapped.StatusCode);

        // Another instance has taken its place.
        Assert.Equal("/one 01\n", await two.Client.GetStringAsync("/one"));
    }

    [ClusterFact]
    public async Task TheDeadlineHoldsOnTheOtherSiloToo()
    {
        await using TwoEntries two = await TwoEntries.StartAsync();
        using HttpResponseMessage late = await two.Client.GetAsync("/spin");
        RecordedCall[] calls = await TestCluster.UntilAsync(two.ReadAsync, static calls => calls.Length > 0);

        Assert.Equal(HttpStatusCode.GatewayTimeout, late.StatusCode);
        RecordedCall call = Assert.Single(calls);
        Assert.Equal("b", call.Silo);
        Assert.Contains((CallOutcome)call.Outcome, (CallOutcome[])[CallOutcome.TimedOut, CallOutcome.Cancelled]);
    }

    [ClusterFact]
    public async Task WhatPoliciesRefuseIsRefusedThereAndRecordedOnce()
    {
        await using TwoEntries two = await TwoEntries.StartAsync(policies: """
            policy: nobody-in
            match: { callee: "web/eu" }
            when: "true"
            effect: deny
            message: nobody in
            """);
        using HttpResponseMessage answer = await two.Client.GetAsync("/eu");
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        RecordedCall call = Assert.Single(await two.ReadAsync());
        Assert.Equal((CallOutcome.Denied, "b"), ((CallOutcome)call.Outcome, call.Silo));
    }

    [ClusterFact]
    public async Task AClientThatGoesAwayCancelsTheChainOnTheOtherSilo()
    {
        await using TwoEntries two = await TwoEntries.StartAsync();
        var url = new Uri(two.A.Url);
        using (var client = new TcpClient(url.Host, url.Port))
        {
            PipeReader answer = PipeReader.Create(client.GetStream(), new StreamPipeReaderOptions(leaveOpen: true));
            await client.GetStream().WriteAsync("POST /eu HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"u8.ToArray());
            await SeeAsync(answer, "/eu 01\n");
        }

        RecordedCall call = Assert.Single(await TestCluster.UntilAsync(two.ReadAsync, static calls => calls.Length > 0));
        Assert.Equal((CallOutcome.Cancelled, "b"), ((CallOutcome)call.Outcome, call.Silo));
    }

    [ClusterFact]
    public async Task InAClusterRequestsFindTheSiloThatMayAnswerAndTheOneInstance()
    {
        await using TestCluster cluster = await TestCluster.StartAsync("us", "eu", "us");
        await cluster.DeployServiceAsync("""
            application: web
            components:
              eu: { path: service.wasm, labels: { region: eu } }
              mars: { path: service.wasm, labels: { region: mars }, limits: { deadline: 2s } }
              one: { path: service.wasm, instances: stateful }
            expose:
              - { component: eu, http: /eu }
              - { component: mars, http: /mars }
              - { component: one, http: /one }
            sources: [{ component: one, request: ["from={{ header.from }}"] }]
            """);
        var counts = new List<string>();
        foreach (string url in cluster.Nodes.Select(static node => node.Url))
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(url) };
            client.DefaultRequestHeaders.TryAddWithoutValidation("from", $"p{counts.Count}");
            Assert.Equal("/eu 01\n", await client.GetStringAsync("/eu"));
            counts.Add(await client.GetStringAsync("/one"));
            using HttpResponseMessage nobody = await client.GetAsync("/mars");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, nobody.StatusCode);
        }

        RecordedCall[] calls = await cluster.ReadAsync();
        Assert.Equal(["/one 01\n", "/one 02\n", "/one 03\n"], counts);
        Assert.Equal(["s2", "s2", "s2"], calls.Where(static call => call.Callee == "web/eu").Select(static call => call.Silo));
        string at = Assert.Single(calls.Where(static call => call.Callee == "web/one").Select(static call => call.Silo).Distinct());
        Assert.All(calls.Where(static call => call.Callee != "web/mars"), static call => Assert.Equal(CallOutcome.Returned, (CallOutcome)call.Outcome));

        // Its silo leaves: the next instance, elsewhere, begins anew, and knows what the first one may have known.
        int gone = at[1] - '1';
        await cluster.Cluster.DrainAsync(at, default);
        using var after = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(cluster.Nodes[gone == 0 ? 1 : 0].Url) };
        Assert.Equal("/one 01\n", await after.GetStringAsync("/one"));
        Assert.Equal("from=p0,from=p1,from=p2", await cluster.LabelOutAsync("web/one"));
    }

    /// <summary>Reads until a text came.</summary>
    private static async Task SeeAsync(PipeReader reader, string text)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            ReadResult read = await reader.ReadAsync(patience.Token);
            string so = Encoding.Latin1.GetString(read.Buffer);
            int at = so.IndexOf(text, StringComparison.Ordinal);
            if (at >= 0)
            {
                reader.AdvanceTo(read.Buffer.GetPosition(at + text.Length));
                return;
            }

            Assert.False(read.IsCompleted, $"it ended before '{text}' came: {so}");
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
