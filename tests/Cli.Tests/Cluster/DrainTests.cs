using Chain.Cli.Bench;
using Chain.Cli.Tests.Chains;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;

namespace Chain.Cli.Tests.Cluster;

/// <summary>What becomes of calls when a silo leaves.</summary>
public sealed class DrainTests
{
    [ClusterFact]
    public async Task NoCallFailsWhileASiloLeaves()
    {
        await using TestCluster cluster = await TestCluster.StartAsync("eu", "eu", "eu");
        await cluster.DeployHopAsync(static manifest => manifest
            .Replace("c4: { path: relay.wasm,", "c4: { path: relay.wasm, instances: stateful,", StringComparison.Ordinal)
            .Replace("c8: { path: relay.wasm,", "c8: { path: relay.wasm, instances: stateful, key: depth,", StringComparison.Ordinal));
        await TestCluster.HopAsync(cluster.Nodes[1]);
        using var stop = new CancellationTokenSource();
        Task<int>[] callers = [.. new[] { 0, 2, 0, 2 }.Select(node => Task.Run(async () =>
        {
            int calls = 0;
            while (!stop.IsCancellationRequested)
            {
                GatewayResult result = await TestCluster.HopAsync(cluster.Nodes[node]);
                Assert.Equal((CallOutcome.Returned, null), (result.Outcome, result.Error));
                calls++;
            }

            return calls;
        }))];

        await cluster.Cluster.DrainAsync("s2", default);
        GatewayResult after = await TestCluster.HopAsync(cluster.Nodes[0]);
        await stop.CancelAsync();

        Assert.All(await Task.WhenAll(callers), static calls => Assert.True(calls > 0));
        Assert.Equal(CallOutcome.Returned, after.Outcome);
        RecordedCall[] chain = [.. (await cluster.ReadAsync()).Where(call => call.Trace == after.Trace.Key)];
        Assert.DoesNotContain(chain, static call => call.Silo == "s2");
    }

    [ClusterFact]
    public async Task ACallThatOutlastsTheTimeIsLostAndItsSenderHearsOfIt()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(TimeSpan.FromSeconds(1), "eu", "us");
        await cluster.DeployHopAsync(static manifest =>
            manifest.Replace("c0: { path: relay.wasm, labels: { region: eu }", "c0: { path: relay.wasm, labels: { region: us }", StringComparison.Ordinal));
        Task<GatewayResult> call = cluster.Nodes[0].CallAsync(
            HopApplication.Name, "c0", "chain:hop/step", "step", [new IntegerValue(PrimitiveKind.U32, 0), new IntegerValue(PrimitiveKind.U32, uint.MaxValue)]);
        while (!call.IsCompleted && cluster.Nodes[1].Applications[0].Instances["c0"] == 0) await Task.Delay(20);

        await cluster.Cluster.DrainAsync("s2", default);
        GatewayResult result = await call;

        Assert.Contains("the silo left the cluster before it was done", result.Error, StringComparison.Ordinal);
        RecordedCall recorded = Assert.Single(await cluster.ReadAsync());
        Assert.Equal(((short)CallOutcome.Lost, "s2"), (recorded.Outcome, recorded.Host));
        Assert.Equal(["s1"], (await cluster.Cluster.SilosAsync(default)).Select(static one => one.Name));
    }
}
