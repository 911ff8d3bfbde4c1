using Chain.Cli.Bench;
using Chain.Cli.Tests.Chains;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Chain.Tracer.Calls;

namespace Chain.Cli.Tests.Cluster;

/// <summary>Where calls of a chain go in a cluster, and what the record says of it.</summary>
public sealed class PlacementTests
{
    [ClusterFact]
    public async Task AChainGoesWhereItsComponentsMayRunAndIsOneTraceWithTheRightParents()
    {
        await using TestCluster cluster = await TestCluster.StartAsync("eu", "eu", "us");
        await cluster.DeployHopAsync(static manifest => manifest
            .Replace("c4: { path: relay.wasm,", "c4: { path: relay.wasm, instances: stateful,", StringComparison.Ordinal)
            .Replace("c7: { path: relay.wasm, labels: { region: eu }", "c7: { path: relay.wasm, labels: { region: us }", StringComparison.Ordinal));
        GatewayResult[] results = new GatewayResult[3];
        for (int i = 0; i < 3; i++) results[i] = await TestCluster.HopAsync(cluster.Nodes[i], $"from=s{i + 1}");
        RecordedCall[] calls = await cluster.ReadAsync();

        Assert.All(results, static result => Assert.Equal((CallOutcome.Returned, null), (result.Outcome, result.Error)));
        Assert.Equal(3 * HopApplication.Length, calls.Length);
        foreach (GatewayResult result in results)
        {
            RecordedCall[] chain = [.. calls.Where(call => call.Trace == result.Trace.Key)];
            Assert.Equal(Enumerable.Range(0, HopApplication.Length).Select(static i => $"hop/c{i}"), chain.Select(static call => call.Callee));
            for (int i = 1; i < chain.Length; i++) Assert.Equal(chain[i - 1].Id, chain[i].Parent);
            foreach (RecordedCall call in chain)
            {
                Assert.Equal(0, call.Outcome);
                Assert.Equal(call.Callee == "hop/c7", call.Silo == "s3");

                // Whoever made a call recorded it.
                if (call.Parent is { } parent) Assert.Equal(chain.Single(one => one.Id == parent).Silo, call.Node);
            }
        }

        // The stateful one is where it is, whoever calls.
        Assert.Single(calls.Where(static call => call.Callee == "hop/c4").Select(static call => call.Silo).Distinct());
    }

    [ClusterFact]
    public async Task WhereNoSiloHasTheLabelsTheCallSaysSo()
    {
        await using TestCluster cluster = await TestCluster.StartAsync("eu", "eu");
        await cluster.DeployHopAsync(static manifest => manifest
            .Replace("c7: { path: relay.wasm, labels: { region: eu }", "c7: { path: relay.wasm, labels: { region: mars }", StringComparison.Ordinal)
            .Replace("c0: { path: relay.wasm, labels: { region: eu }, limits: { memory: 1MiB, deadline: 10m }", "c0: { path: relay.wasm, labels: { region: eu }, limits: { deadline: 2s }", StringComparison.Ordinal));
        GatewayResult result = await TestCluster.HopAsync(cluster.Nodes[0]);
        RecordedCall[] calls = await cluster.ReadAsync();

        Assert.Equal(CallOutcome.TimedOut, result.Outcome);
        RecordedCall[] attempts = [.. calls.Where(static call => call.Callee == "hop/c7")];
        Assert.True(attempts.Length > 1, "it was tried again until the deadline");
        Assert.All(attempts[..^1], static call => Assert.Equal((short)CallOutcome.NotStarted, call.Outcome));
        Assert.Equal(Enumerable.Range(1, attempts.Length), attempts.Select(static call => (int)call.Attempt));
        Assert.DoesNotContain(calls, static call => call.Callee == "hop/c8");
    }
}
