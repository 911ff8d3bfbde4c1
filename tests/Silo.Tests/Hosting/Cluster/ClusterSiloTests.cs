using System.Net;
using System.Net.Sockets;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Chain.Tracer.Storage;
using Npgsql;

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

    [ClusterFact]
    public async Task AStoreThatIsGoneIsToldInOneLine()
    {
        await using TestCluster cluster = await TestCluster.NewAsync();
        string name = new NpgsqlConnectionStringBuilder(cluster.Store).Database!;

        ClusterException failure = await Assert.ThrowsAsync<ClusterException>(
            () => cluster.AddAsync("s1", beforeItJoins: () => TestCluster.DropAsync(cluster.Database)));

        Assert.Equal($"silo s1 cannot join cluster chain: 3D000: database \"{name}\" does not exist", failure.Message);
    }

    [ClusterFact]
    public async Task ANameIsForOneSilo()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(1);
        string address = Assert.Single(await cluster[0].Cluster.SilosAsync(default)).Address;

        ClusterException failure = await Assert.ThrowsAsync<ClusterException>(() => cluster.AddAsync("s1"));

        Assert.Equal($"silo s1 cannot join cluster chain: a silo of that name is in the cluster already, at {address}", failure.Message);
    }

    [ClusterFact]
    public async Task OneThatWasKilledIsReplacedByTheNextOfItsName()
    {
        await using TestCluster cluster = await TestCluster.NewAsync();
        await cluster.AddGhostAsync("s1");

        await cluster.AddAsync("s1");

        SiloStatus silo = Assert.Single(await cluster[0].Cluster.SilosAsync(default));
        Assert.Equal(("s1", SiloState.Active), (silo.Name, silo.State));
    }

    [ClusterFact]
    public async Task TheStoreIsLookedAfterOnceForAll()
    {
        await using TestCluster cluster = await TestCluster.NewAsync();
        foreach (string name in (string[])["s1", "s2"])
            await cluster.AddAsync(name, static options => options with { Upkeep = new UpkeepOptions { DaysAhead = 5 } });

        // Nothing makes partitions so far ahead but upkeep.
        await TestCluster.UntilAsync(
            async () => await cluster.AskAsync<bool>($"SELECT to_regclass('call_{DateTime.UtcNow.AddDays(5):yyyyMMdd}') IS NOT NULL"), "the partition is there");

        Assert.Equal(1, await cluster.AskAsync<long>("SELECT count(*) FROM orleans.reminder"));
    }

    [ClusterFact]
    public async Task ACrashedClusterComesBackUnderItsNames()
    {
        string[] names = ["s1", "s2", "s3"];
        await using TestCluster cluster = await TestCluster.NewAsync();
        foreach (string name in names) await cluster.AddGhostAsync(name);

        await Task.WhenAll(names.Select(name => cluster.AddAsync(name)));

        await TestCluster.UntilAsync(
            async () => (await cluster[0].Cluster.SilosAsync(default)).Select(static one => $"{one.Name} {one.State}").SequenceEqual(["s1 Active", "s2 Active", "s3 Active"]),
            "all are there");
    }
}
