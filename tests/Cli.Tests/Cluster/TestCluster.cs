using Chain.Cli.Bench;
using Chain.Cli.Tests.Chains;
using Chain.Silo.Applications;
using Chain.Silo.Applications.Storage;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Chain.Tracer.Telemetry;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Npgsql;

namespace Chain.Cli.Tests.Cluster;

/// <summary>Silos of one cluster in this process, on a database of their own. What needs to be killed is a process of its own instead.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly string folder = TestPostgres.NewFolder();
    private readonly List<(LocalNode Node, ICluster Cluster)> silos = [];

    public NpgsqlDataSource Database { get; private set; } = null!;

    public IReadOnlyList<LocalNode> Nodes => [.. silos.Select(static one => one.Node)];

    public ICluster Cluster => silos[0].Cluster;

    /// <summary>Starts silos <c>s1</c>, <c>s2</c>… each with a region.</summary>
    public static Task<TestCluster> StartAsync(params string[] regions) => StartAsync(TimeSpan.FromSeconds(10), regions);

    /// <summary>Starts silos <c>s1</c>, <c>s2</c>… each with a region.</summary>
    /// <param name="drain">How long one that leaves waits for calls that are under way.</param>
    /// <param name="regions">The regions.</param>
    public static async Task<TestCluster> StartAsync(TimeSpan drain, params string[] regions)
    {
        var cluster = new TestCluster { Database = await TestPostgres.NewDatabaseAsync() };
        string connection = await TestPostgres.ConnectionStringAsync(cluster.Database);
        for (int i = 0; i < regions.Length; i++)
        {
            string name = $"s{i + 1}";
            var options = new NodeOptions
            {
                Folder = Path.Combine(cluster.folder, name),
                Postgres = connection,
                Name = name,
                Labels = new Dictionary<string, string> { ["region"] = regions[i] },
                Cluster = new ClusterOptions(),
                Drain = drain,
                Upkeep = new UpkeepOptions { BundleAfter = TimeSpan.FromHours(1) },
            };
            LocalNode node = await LocalNode.StartAsync(options, static _ => { });
            cluster.silos.Add((node, await ClusterSupport.StartAsync(node, options, static _ => { })));
        }

        return cluster;
    }

    /// <summary>Deploys the ten components in a row of <c>bench/hop</c> on all silos.</summary>
    /// <param name="change">Changes the manifest's text.</param>
    public async Task DeployHopAsync(Func<string, string> change)
    {
        string target = Path.Combine(folder, "hop");
        await HopApplication.WriteAsync(target, hasRules: false);
        string path = Path.Combine(target, ApplicationCheck.DefaultFile);
        await File.WriteAllTextAsync(path, change((await File.ReadAllTextAsync(path)).Replace("replicas: 32, ", "", StringComparison.Ordinal)));
        await DeployAsync((await ApplicationCheck.RunAsync(target)).Require());
    }

    /// <summary>Deploys an application that is made of <c>service.wasm</c> on all silos.</summary>
    public async Task DeployServiceAsync(string manifest)
    {
        string target = Directory.CreateDirectory(Path.Combine(folder, "service")).FullName;
        await TwoEntries.WriteAsync(target, manifest);
        await DeployAsync((await ApplicationCheck.RunAsync(target)).Require());
    }

    public async Task DeployAsync(ApplicationPlan plan)
    {
        var store = new ApplicationStore(Database);
        int version = (await store.SaveVersionAsync(plan, "test", DateTimeOffset.UtcNow)).Number;
        await store.ActivateAsync(plan.Name, version, "test", DateTimeOffset.UtcNow);
        foreach (LocalNode node in Nodes) await node.DeployAsync(plan, version, "test");
    }

    /// <summary>Sends a chain through the ten components.</summary>
    public static Task<GatewayResult> HopAsync(LocalNode node, string tags = "", int rounds = 0, CancellationToken cancellation = default) => node.CallAsync(
        HopApplication.Name, "c0", "chain:hop/step", "step",
        [new IntegerValue(PrimitiveKind.U32, HopApplication.Length - 1), new IntegerValue(PrimitiveKind.U32, rounds)],
        new Incoming(default, tags.Length == 0 ? LabelId.Empty : node.Policies.Labels.Intern(Label.Parse(tags)), null), cancellation);

    /// <summary>Reads until what is read is as it should be; the last that was read.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> isSo)
    {
        T now = await read();
        for (int i = 0; i < 600 && !isSo(now); i++)
        {
            await Task.Delay(50);
            now = await read();
        }

        return now;
    }

    /// <summary>The record, in the order in which the calls began.</summary>
    public async Task<RecordedCall[]> ReadAsync()
    {
        foreach (LocalNode node in Nodes) await node.FlushAsync();
        return await RecordedCall.ReadAllAsync(Database);
    }

    /// <summary>The label of the result of a component's last call.</summary>
    public async Task<string> LabelOutAsync(string callee)
    {
        foreach (LocalNode node in Nodes) await node.FlushAsync();
        await using NpgsqlCommand command = Database.CreateCommand("""
            SELECT string_agg(tag.name || '=' || tag.value, ',' ORDER BY tag.name, tag.value)
            FROM (SELECT label_out FROM call_view WHERE callee = $1 ORDER BY id DESC LIMIT 1) last
            JOIN label ON label.id = last.label_out JOIN tag ON tag.id = ANY (label.tags)
            """);
        command.Parameters.AddWithValue(callee);
        return (string?)await command.ExecuteScalarAsync() ?? "";
    }

    public async ValueTask DisposeAsync()
    {
        // All at once, as the end of all is no drain: one after the other, each would hand over what the next gives up.
        await Task.WhenAll(silos.Select(static async silo =>
        {
            await silo.Cluster.DisposeAsync();
            await silo.Node.DisposeAsync();
        }));
        await Database.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
