using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Chain.Silo.Tests.Hosting.Cluster;

/// <summary>Silos in this process that are one cluster, on a database of their own.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly List<TestSilo> silos = [];
    private readonly NpgsqlDataSource database;

    private TestCluster(NpgsqlDataSource database, string store)
    {
        this.database = database;
        Store = store;
    }

    /// <summary>The connection string of the store.</summary>
    public string Store { get; }

    public NpgsqlDataSource Database => database;

    public static async Task<TestCluster> NewAsync()
    {
        NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        return new TestCluster(database, await TestPostgres.ConnectionStringAsync(database));
    }

    /// <summary>Silos s1, s2, …</summary>
    public static async Task<TestCluster> StartAsync(int silos)
    {
        TestCluster cluster = await NewAsync();
        for (int i = 1; i <= silos; i++) await cluster.AddAsync($"s{i}");
        return cluster;
    }

    public TestSilo this[int index] => silos[index];

    public async Task<TestSilo> AddAsync(string name, Func<NodeOptions, NodeOptions>? change = null)
    {
        string folder = Path.Combine(Path.GetTempPath(), "chain-silo-" + Path.GetRandomFileName());
        var options = new NodeOptions { Folder = folder, Postgres = Store, Name = name, Cluster = new ClusterOptions(), Drain = TimeSpan.FromSeconds(5) };
        TestSilo silo = await TestSilo.StartAsync(change?.Invoke(options) ?? options);
        silos.Add(silo);
        return silo;
    }

    /// <summary>Waits until something is so, for half a minute.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!await isSo())
        {
            Assert.True(Environment.TickCount64 < end, $"after {Patience.TotalSeconds} s: {what}");
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TestSilo silo in silos) await silo.DisposeAsync();
        await database.DisposeAsync();
    }
}

/// <summary>A node and its place in a cluster.</summary>
internal sealed class TestSilo(string folder, LocalNode node, ICluster cluster) : IAsyncDisposable
{
    public LocalNode Node => node;

    public ICluster Cluster => cluster;

    public static async Task<TestSilo> StartAsync(NodeOptions options)
    {
        LocalNode node = await LocalNode.StartAsync(options, Quiet);
        try
        {
            return new TestSilo(options.Folder, node, await ClusterSupport.StartAsync(node, options, Quiet));
        }
        catch
        {
            await node.DisposeAsync();
            Directory.Delete(options.Folder, recursive: true);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await cluster.DisposeAsync();
        await node.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static void Quiet(ILoggingBuilder logging) => logging.SetMinimumLevel(LogLevel.None);
}
