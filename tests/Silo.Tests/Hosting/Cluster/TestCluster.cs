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

    public async Task<TestSilo> AddAsync(string name, Func<NodeOptions, NodeOptions>? change = null, Func<Task>? beforeItJoins = null)
    {
        string folder = Path.Combine(Path.GetTempPath(), "chain-silo-" + Path.GetRandomFileName());
        var options = new NodeOptions { Folder = folder, Postgres = Store, Name = name, Cluster = new ClusterOptions(), Drain = TimeSpan.FromSeconds(5) };
        TestSilo silo = await TestSilo.StartAsync(change?.Invoke(options) ?? options, beforeItJoins);
        lock (silos) silos.Add(silo);
        return silo;
    }

    /// <summary>Has the members list a silo that was killed just now: nobody listens where it was.</summary>
    public async Task AddGhostAsync(string name)
    {
        await using NpgsqlCommand add = database.CreateCommand("""
            INSERT INTO orleans.cluster (id, version) VALUES ('chain', 7) ON CONFLICT (id) DO UPDATE SET version = orleans.cluster.version + 1;
            INSERT INTO orleans.silo (cluster, address, port, generation, name, host, status, gateway, started, alive)
            SELECT 'chain', '127.0.0.1', 1 + count(*), 1, @name, 'host', 3, 2, now() - interval '1 hour', now() FROM orleans.silo
            """);
        add.Parameters.AddWithValue("name", name);
        await add.ExecuteNonQueryAsync();
    }

    /// <summary>Drops a database, whoever uses it.</summary>
    public static async Task DropAsync(NpgsqlDataSource database)
    {
        await using NpgsqlDataSource server = NpgsqlDataSource.Create(await TestPostgres.ConnectionStringAsync());
        await using NpgsqlCommand drop = server.CreateCommand($"DROP DATABASE {new NpgsqlConnectionStringBuilder(database.ConnectionString).Database} WITH (FORCE)");
        await drop.ExecuteNonQueryAsync();
    }

    public async Task<T> AskAsync<T>(string sql)
    {
        await using NpgsqlCommand ask = database.CreateCommand(sql);
        return (T)(await ask.ExecuteScalarAsync())!;
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

    public static async Task<TestSilo> StartAsync(NodeOptions options, Func<Task>? beforeItJoins = null)
    {
        LocalNode node = await LocalNode.StartAsync(options, Quiet);
        try
        {
            if (beforeItJoins is not null) await beforeItJoins();
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
