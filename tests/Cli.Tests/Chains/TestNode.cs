using Chain.Silo.Applications;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Chain.Tracer.Telemetry;
using Npgsql;

namespace Chain.Cli.Tests.Chains;

/// <summary>A node with a database and a folder of its own.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly string folder;

    private TestNode(string folder, NpgsqlDataSource database, string connection, LocalNode node)
    {
        this.folder = folder;
        Database = database;
        Connection = connection;
        Node = node;
    }

    public NpgsqlDataSource Database { get; }

    /// <summary>The connection string of <see cref="Database"/>.</summary>
    public string Connection { get; }

    public LocalNode Node { get; }

    public static async Task<TestNode> StartAsync()
    {
        string folder = TestPostgres.NewFolder();
        NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        string connection = await TestPostgres.ConnectionStringAsync(database);
        // Tests look at rows: they must not be bundled meanwhile.
        var options = new NodeOptions { Folder = folder, Postgres = connection, Upkeep = new UpkeepOptions { BundleAfter = TimeSpan.FromHours(1) } };
        return new TestNode(folder, database, connection, await LocalNode.StartAsync(options, static _ => { }));
    }

    /// <summary>A folder for an application's files; it may not be there yet.</summary>
    public string FolderOf(string application) => Path.Combine(folder, "applications", application);

    /// <summary>Writes an application whose components are <c>front.wasm</c> and <c>worker.wasm</c> of this folder's <c>Components</c>.</summary>
    public async Task<ApplicationPlan> WriteProbesAsync(string manifest, string policies)
    {
        string target = Directory.CreateDirectory(FolderOf(Path.GetRandomFileName())).FullName;
        string components = Path.Combine(Places.Repository, "tests", "Cli.Tests", "Chains", "Components");
        foreach (string file in (string[])["front.wasm", "worker.wasm"]) File.Copy(Path.Combine(components, file), Path.Combine(target, file));
        await File.WriteAllTextAsync(Path.Combine(target, "policies.yaml"), policies);
        await File.WriteAllTextAsync(Path.Combine(target, ApplicationCheck.DefaultFile), manifest);
        return (await ApplicationCheck.RunAsync(target)).Require();
    }

    /// <summary>A caller's label.</summary>
    public Incoming With(string tags) => new(default, Node.Policies.Labels.Intern(Label.Parse(tags)), null);

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        await Database.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
