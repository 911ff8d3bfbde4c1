using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using Chain.Silo.Api;
using Chain.Silo.Hosting;
using Chain.Tests;
using Chain.Tracer.Calls;
using Xunit.Abstractions;

namespace Chain.Cli.Tests.Cluster;

/// <summary>What callers, counts and the record say when silos go away while they work. <c>CHAIN_CLUSTER_SOAK=N</c> kills N silos, one after the other.</summary>
[Collection(LiveClusterTests.Name), UnsupportedOSPlatform("windows")]
public sealed class SilosUnderLoadTests(LiveCluster cluster, ITestOutputHelper output)
{
    private const int MostShown = 30;

    private static readonly int Kills = int.TryParse(Environment.GetEnvironmentVariable("CHAIN_CLUSTER_SOAK"), NumberStyles.None, CultureInfo.InvariantCulture, out int kills) ? kills : 2;

    [ClusterFact]
    public async Task AKilledSiloCostsNobodyACallThatWasAcknowledged()
    {
        await LoadApplication.DeployAsync(cluster, "kills");
        var wrong = new List<string>();
        for (int kill = 1; kill <= Kills; kill++)
        {
            // The one that is left must do where the region is asked for.
            string victim = kill % 3 == 0 ? "s3" : kill % 2 == 0 ? "s1" : "s2";
            IReadOnlyList<Effort> efforts;
            long killed, back;
            await using (var load = new Load(cluster, "kills", callers: 8, LiveCluster.Names, $"k{kill}", goesOn: false))
            {
                await load.AcknowledgeAsync(80);
                SiloDescription silo = await cluster.KillAsync(victim);
                killed = Stopwatch.GetTimestamp();
                await cluster.SiloAsync(victim, silo.Pid);
                back = Stopwatch.GetTimestamp();
                await load.AcknowledgeAsync(80);
                efforts = await load.EndAsync();
            }

            Books books = await Books.ReadAsync(cluster, "kills", efforts);
            output.WriteLine($"kill {kill}, {victim}: {Outage(efforts, victim, killed)}; its process answers again after {Stopwatch.GetElapsedTime(killed, back).TotalSeconds:0.0} s");
            output.WriteLine(books.Summary());
            string[] unclear = [.. efforts.Where(static one => one.Outcome is not ("returned" or "unreached" or "broken" or "trapped" or "lost" or "not-started")).Select(static one => $"{one.Outcome}: {one.Error}")];
            wrong.AddRange([.. unclear, .. books.WrongEffects(), .. books.WrongCounts(), .. books.Misplaced(), .. books.Unrecorded()]);

            // Who asked a silo that was not killed has an answer, if not always the one that was hoped for.
            wrong.AddRange(efforts.Where(one => one.Silo != victim && one.Answer is null).Select(static one => $"{one.Silo} gave no answer: {one.Error}"));
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} are wrong:\n{string.Join('\n', wrong.Take(MostShown))}\n{cluster.Logs(MostShown)}");
    }

    [ClusterFact]
    public async Task DrainingAndRestartingSilosLosesNothing()
    {
        await LoadApplication.DeployAsync(cluster, "drains");
        IReadOnlyList<Effort> efforts;
        await using (var load = new Load(cluster, "drains", callers: 6, LiveCluster.Names, "d", goesOn: true))
        {
            await load.AcknowledgeAsync(60);
            var clock = Stopwatch.StartNew();
            Assert.Equal("silo s2 is drained; have it back with: chain restart --silo s2\n", cluster.Chain.Ok("drain", "s2"));
            output.WriteLine($"drain: {clock.Elapsed.TotalSeconds:0.0} s");
            await load.AcknowledgeAsync(60);
            clock.Restart();
            cluster.Chain.Ok("restart");
            output.WriteLine($"restart of three: {clock.Elapsed.TotalSeconds:0.0} s");
            await load.AcknowledgeAsync(60);
            efforts = await load.EndAsync();
        }

        Books books = await Books.ReadAsync(cluster, "drains", efforts);
        output.WriteLine(books.Summary());
        string[] wrong =
        [
            .. efforts.Where(static one => !one.IsAcknowledged).Select(one => $"{one.Id} at {one.Silo}: {one.Outcome}: {one.Error}; {books.Path(one)}"),
            .. books.WrongEffects(), .. books.WrongCounts(), .. books.Misplaced(), .. books.Unrecorded(),
        ];
        Assert.True(wrong.Length == 0, $"{wrong.Length} are wrong:\n{string.Join('\n', wrong.Take(MostShown))}\n{cluster.Logs(MostShown)}");
    }

    [ClusterFact]
    public async Task AStatefulInstanceKeepsStateAndLabelWhenItsSiloIsKilled()
    {
        await LoadApplication.DeployAsync(cluster, "keeps");
        CallAnswer first = await cluster.CallAsync(cluster.Silos[0].Url, "keeps/teller", "add(\"kept\", \"first\", 0)", "user=alice");
        Assert.Equal(("returned", "1"), (first.Outcome, first.Wave));
        ClusterCall[] calls = await cluster.RecordAsync("keeps", static calls => calls.Count(Began) == 2);
        string host = calls.Single(static call => call.Callee == "keeps/account").Host;
        SiloDescription killed = await cluster.KillAsync(host);
        string other = cluster.Silos.First(one => one.Name != host).Url;
        CallAnswer second = await cluster.CallAsync(other, "keeps/account", "add(\"kept\", \"second\", 0)");
        if (second.Outcome == "lost") second = await cluster.CallAsync(other, "keeps/account", "add(\"kept\", \"second\", 0)");
        Assert.Equal(("returned", "2", "user=alice"), (second.Outcome, second.Wave, string.Join(',', second.Label)));

        // Another instance learned nothing of her.
        Assert.Empty((await cluster.CallAsync(other, "keeps/account", "add(\"else\", \"third\", 0)")).Label);
        await cluster.SiloAsync(host, killed.Pid);
    }

    [ClusterFact]
    public async Task DataThatStayInARegionAreNotSentOutOfIt()
    {
        await LoadApplication.DeployAsync(cluster, "borders", """
            components:
              desk: { path: front.wasm, labels: { region: eu }, limits: { memory: 1MiB } }
              abroad: { path: book.wasm, labels: { region: us }, grants: { keyvalue: [ledger] }, limits: { memory: 1MiB } }
            links:
              - { from: desk, import: "chain:load/ledger", to: abroad }
            sources:
              - { component: desk, function: "chain:load/ledger#add", argument: account, tags: ["region={{ account }}"] }
            policies: [policies.yaml]

            """, """
            policy: counts-stay-in-their-region
            match: { callee: "*/abroad" }
            when: data.has('region') && data.value('region') != callee.region
            effect: deny
            message: "data of {{ data.value('region') }} would go to {{ callee.region }}"
            """);
        long before = await InstancesAbroadAsync();
        foreach (SiloDescription silo in cluster.Silos)
        {
            CallAnswer refused = await cluster.CallAsync(silo.Url, "borders/desk", $"add(\"eu\", \"refused-{silo.Name}\", 0)");
            Assert.NotEqual("returned", refused.Outcome);
            Assert.Contains("data of eu would go to us", refused.Error);

            // Where it might run the call would not be sent at all.
            if (silo.Name == "s3") continue;
            CallAnswer direct = await cluster.CallAsync(silo.Url, "borders/abroad", $"add(\"x\", \"direct-{silo.Name}\", 0)", "region=eu");
            Assert.Equal(("denied", "data of eu would go to us"), (direct.Outcome, direct.Error));
        }

        ClusterCall[] calls = await cluster.RecordAsync("borders", static calls => calls.Count(Began) == 8);
        Assert.Equal(5, calls.Count(static call => call is { Callee: "borders/abroad", Outcome: (short)CallOutcome.Denied, Attempt: 1 }));
        Assert.All(calls.Where(static call => call.Callee == "borders/desk"), static call => Assert.Contains(call.Host, (string[])["s1", "s2"]));

        // Nothing of it reached the other region's component: no instance of it was made, and nothing counted.
        Assert.Equal(before, await InstancesAbroadAsync());
        Assert.Empty(await cluster.NumbersAsync("borders"));
        CallAnswer allowed = await cluster.CallAsync(cluster.Silos[0].Url, "borders/desk", "add(\"us\", \"allowed\", 0)");
        Assert.Equal(("returned", "1"), (allowed.Outcome, allowed.Wave));
        calls = await cluster.RecordAsync("borders", static calls => calls.Count(Began) == 10);
        Assert.Equal("s3", calls.Single(static call => call is { Callee: "borders/abroad", Outcome: (short)CallOutcome.Returned }).Host);
    }

    /// <summary>
    /// Not so an attempt that found nobody, which another followed: how many of them there are is up to the machine. Nor a call to the store of a bucket, which
    /// another silo records.
    /// </summary>
    private static bool Began(ClusterCall call) => call.Outcome != (short)CallOutcome.NotStarted && !call.Callee.Contains(':');

    private async Task<long> InstancesAbroadAsync() =>
        (await cluster.StatusAsync()).Single(static silo => silo.Name == "s3").Components.GetValueOrDefault("borders/abroad");

    [ClusterFact]
    public async Task ACircleThroughSilosComesToItsEndOrIsStopped()
    {
        await LoadApplication.DeployAsync(cluster, "circle", """
            components:
              here: { path: relay.wasm, labels: { region: eu }, limits: { memory: 1MiB, deadline: 60s } }
              there: { path: relay.wasm, labels: { region: us }, limits: { memory: 1MiB, deadline: 60s } }
              one: { path: relay.wasm, limits: { memory: 1MiB, deadline: 60s } }
              only: { path: relay.wasm, instances: stateful, limits: { memory: 1MiB, deadline: 60s } }
            links:
              - { from: here, import: "chain:hop/next", to: there, export: "chain:hop/step" }
              - { from: there, import: "chain:hop/next", to: here, export: "chain:hop/step" }
              - { from: one, import: "chain:hop/next", to: only, export: "chain:hop/step" }
              - { from: only, import: "chain:hop/next", to: one, export: "chain:hop/step" }

            """);
        foreach (SiloDescription silo in cluster.Silos)
        {
            CallAnswer ends = await cluster.CallAsync(silo.Url, "circle/here", "step(9, 0)");
            Assert.Equal(("returned", "9"), (ends.Outcome, ends.Wave));
            CallAnswer endless = await cluster.CallAsync(silo.Url, "circle/here", "step(1000, 0)");
            Assert.Equal("trapped", endless.Outcome);
            Assert.Contains("more than 200 calls inside one another: a circle", endless.Error);
            CallAnswer once = await cluster.CallAsync(silo.Url, "circle/only", "step(1, 0)");
            Assert.Equal(("returned", "1"), (once.Outcome, once.Wave));
            CallAnswer back = await cluster.CallAsync(silo.Url, "circle/only", "step(2, 0)");
            Assert.Equal("trapped", back.Outcome);
            Assert.Contains("circle/only is stateful and already answers a call of this chain: a cycle", back.Error);

            // Nobody waits in it still.
            Assert.Equal("0", (await cluster.CallAsync(silo.Url, "circle/only", "step(0, 0)")).Wave);
        }

        ClusterCall[] chain = Ended(await cluster.RecordAsync("circle", static calls => Ended(calls).Length > 0));
        Assert.Equal(10, chain.Length);
        ClusterCall? next = Assert.Single(chain, static call => call.Parent is null);
        for (int i = 0; i < chain.Length; i++)
        {
            Assert.NotNull(next);
            Assert.Equal(i % 2 == 1, next.Host == "s3");
            long id = next.Id;
            next = chain.SingleOrDefault(call => call.Parent == id);
        }

        Assert.Null(next);

        static ClusterCall[] Ended(ClusterCall[] calls) =>
            [.. calls.Where(Began).GroupBy(static call => call.Trace).FirstOrDefault(static trace => trace.Count() == 10 && trace.All(static call => call.Outcome == (short)CallOutcome.Returned)) ?? Enumerable.Empty<ClusterCall>()];
    }

    /// <summary>How long the silos that were left did without: until each way in and each account had answered a new call, and until the last call failed.</summary>
    private static string Outage(IReadOnlyList<Effort> efforts, string victim, long killed)
    {
        Effort[] after = [.. efforts.Where(one => one.Started > killed)];
        double[] first =
        [
            .. after.Where(one => one.IsAcknowledged && one.Silo != victim).GroupBy(static one => (one.Way, LoadApplication.Ways[one.Way].IsStateful ? one.Account : ""))
                .Select(one => one.Min(call => Stopwatch.GetElapsedTime(killed, call.Ended).TotalSeconds)).Order(),
        ];
        double last = efforts.Where(one => !one.IsAcknowledged && one.Silo != victim).Select(one => Stopwatch.GetElapsedTime(killed, one.Ended).TotalSeconds).DefaultIfEmpty(0).Max();
        double own = after.Where(one => one.IsAcknowledged && one.Silo == victim).Select(one => Stopwatch.GetElapsedTime(killed, one.Ended).TotalSeconds).DefaultIfEmpty(double.NaN).Min();
        return $"service of {first.Length} ways and accounts again after {first[first.Length / 2]:0.0} s (median), {first[^1]:0.0} s (all); last failure at the silos left after {last:0.0} s; it takes calls again after {own:0.0} s";
    }
}
