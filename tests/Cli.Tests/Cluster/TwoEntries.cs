using Chain.Cli.Tests.Chains;
using Chain.Silo.Applications;
using Chain.Silo.Applications.Storage;
using Chain.Silo.Calls.Remote;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Chain.Tracer.Storage;
using Npgsql;

namespace Chain.Cli.Tests.Cluster;

/// <summary>
/// Two nodes on one store as silos without Orleans: <c>a</c> in region us and <c>b</c> in region eu, and between them a router that a test may lead astray.
/// The application <c>web</c> serves one component at several paths: <c>/any</c> wherever it may run, <c>/eu</c> in the region eu, <c>/one</c> stateful, where
/// <c>/trap</c> traps, and <c>/spin</c> in the region eu, which never ends before its deadline.
/// </summary>
internal sealed class TwoEntries : IRequestRouter, IRemoteTransport, IAsyncDisposable
{
    private readonly string folder = TestPostgres.NewFolder();
    private NpgsqlDataSource database = null!;
    private int asked;

    public LocalNode A { get; private set; } = null!;

    public LocalNode B { get; private set; } = null!;

    /// <summary>Where requests go, by which time it is asked; by default to <see cref="B"/>.</summary>
    public Func<int, RequestPlace?> Route { get; set; } = static _ => null;

    /// <summary>How often the router was asked.</summary>
    public int Asked => asked;

    /// <summary>A client of <see cref="A"/>.</summary>
    public HttpClient Client { get; private set; } = null!;

    public static async Task<TwoEntries> StartAsync(string more = "", string policies = "", string labels = "region: eu")
    {
        var two = new TwoEntries { database = await TestPostgres.NewDatabaseAsync() };
        string connection = await TestPostgres.ConnectionStringAsync(two.database);
        two.A = await two.StartNodeAsync("a", "us", connection);
        two.B = await two.StartNodeAsync("b", "eu", connection);
        two.Client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null }) { BaseAddress = new Uri(two.A.Url), Timeout = TimeSpan.FromMinutes(1) };

        string target = Directory.CreateDirectory(Path.Combine(two.folder, "web")).FullName;
        await WriteAsync(target, $$"""
            application: web
            components:
              any: { path: service.wasm, limits: { deadline: 20s } }
              eu: { path: service.wasm, labels: { {{labels}} }, limits: { deadline: 20s } }
              one: { path: service.wasm, instances: stateful, limits: { deadline: 20s } }
              hasty: { path: service.wasm, labels: { {{labels}} }, limits: { deadline: 500ms } }
            expose:
              - { component: any, http: /any }
              - { component: eu, http: /eu }
              - { component: one, http: /one }
              - { component: one, http: /trap }
              - { component: hasty, http: /spin }
            {{more}}
            """, policies);
        ApplicationPlan plan = (await ApplicationCheck.RunAsync(target)).Require();
        var store = new ApplicationStore(two.database);
        int version = (await store.SaveVersionAsync(plan, "test", DateTimeOffset.UtcNow)).Number;
        await store.ActivateAsync(plan.Name, version, "test", DateTimeOffset.UtcNow);
        await two.A.DeployAsync(plan, version, "test");
        await two.B.DeployAsync(plan, version, "test");
        return two;
    }

    /// <summary>Writes an application that is made of <c>service.wasm</c>.</summary>
    public static async Task WriteAsync(string target, string manifest, string policies = "")
    {
        File.Copy(Path.Combine(Places.Repository, "tests", "Cli.Tests", "Cluster", "Components", "service.wasm"), Path.Combine(target, "service.wasm"));
        if (policies.Length > 0)
        {
            await File.WriteAllTextAsync(Path.Combine(target, "policies.yaml"), policies);
            manifest += "\npolicies: [policies.yaml]\n";
        }

        await File.WriteAllTextAsync(Path.Combine(target, ApplicationCheck.DefaultFile), manifest);
    }

    public Task<RequestPlace> FindAsync(RemoteTarget target, IReadOnlyDictionary<string, string> labels, CancellationToken cancellation) =>
        Task.FromResult(Route(Interlocked.Increment(ref asked)) ?? B.Requests!);

    public Task<RemoteReply> SendAsync(RemoteTarget target, RemoteRequest request, CancellationToken cancellation) =>
        throw new NotStartedException("no call is sent here");

    public async Task<RecordedCall[]> ReadAsync()
    {
        await A.FlushAsync();
        await B.FlushAsync();
        return await RecordedCall.ReadAllAsync(database);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await A.DisposeAsync();
        await B.DisposeAsync();
        await database.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private async Task<LocalNode> StartNodeAsync(string name, string region, string connection)
    {
        var options = new NodeOptions
        {
            Folder = Path.Combine(folder, name), Postgres = connection, Name = name, Labels = new Dictionary<string, string> { ["region"] = region },
            Cluster = new ClusterOptions(), Upkeep = new UpkeepOptions { BundleAfter = TimeSpan.FromHours(1) },
        };
        LocalNode node = await LocalNode.StartAsync(options, static _ => { });
        node.Join(this, this);
        return node;
    }
}
