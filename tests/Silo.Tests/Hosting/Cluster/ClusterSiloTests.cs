using System.Net;
using System.Net.Sockets;
using Chain.Silo.Hosting;
using Chain.Tests;

namespace Chain.Silo.Tests.Hosting.Cluster;

public sealed class ClusterSiloTests
{
    [ClusterFact]
    public async Task ASiloJoinsAndLeavesAndItsNodeStays()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        Assert.Equal(SiloState.Active, cluster[0].Cluster.State);

        await cluster[0].Cluster.DrainAsync("s1", default);

        Assert.Equal(SiloState.Drained, cluster[0].Cluster.State);
        SiloStatus self = Assert.Single(await cluster[0].Cluster.SilosAsync(default));
        Assert.Equal(("s1", SiloState.Drained), (self.Name, self.State));
    }

    [ClusterFact]
    public async Task EachSiloKnowsOfAll()
    {
        await using TestCluster cluster = await TestCluster.NewAsync();
        await cluster.AddAsync("s1", static options => options with { Labels = new Dictionary<string, string> { ["region"] = "eu" } });
        await cluster.AddAsync("s2");
        await cluster.AddAsync("s3");
        cluster[1].Cluster.Announce("http://127.0.0.1:4711");

        for (int i = 0; i < 3; i++)
        {
            IReadOnlyList<SiloStatus> silos = await cluster[i].Cluster.SilosAsync(default);
            Assert.Equal(["s1 Active", "s2 Active", "s3 Active"], silos.Select(static one => $"{one.Name} {one.State}"));
            Assert.Equal("eu", silos[0].Labels["region"]);
            Assert.Equal("http://127.0.0.1:4711", silos[1].Api);
            Assert.Equal(cluster[2].Node.Url, silos[2].Http);
            Assert.Equal(3, silos.Select(static one => one.Address).Distinct().Count());
            Assert.All(silos, static one => Assert.InRange(one.Started, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow));
        }
    }

    [ClusterFact]
    public async Task ASiloHasAnotherLeave()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);

        await cluster[0].Cluster.DrainAsync("s2", default);

        Assert.Equal(["s1"], (await cluster[0].Cluster.SilosAsync(default)).Select(static one => one.Name));
        await TestCluster.UntilAsync(() => Task.FromResult(cluster[1].Cluster.State == SiloState.Drained), "s2 is drained");
    }

    [ClusterFact]
    public async Task ASiloThatIsNotThereIsToldWithNearNames()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);

        KeyNotFoundException failure = await Assert.ThrowsAsync<KeyNotFoundException>(() => cluster[0].Cluster.DrainAsync("s11", default));

        Assert.Equal("the cluster has no silo 's11'; near: 's1'", failure.Message);
    }

    [ClusterFact]
    public async Task APortThatIsTakenIsToldInOneLine()
    {
        await using TestCluster cluster = await TestCluster.NewAsync();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;

        ClusterException failure = await Assert.ThrowsAsync<ClusterException>(
            () => cluster.AddAsync("s1", options => options with { Cluster = new ClusterOptions { SiloPort = port } }));

        Assert.Equal($"silo s1 cannot join cluster chain: port {port} of 127.0.0.1 is taken", failure.Message);
    }
}
