using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Runtime.Versioning;
using Chain.Cli.Demo;
using Chain.Cli.Tests.Examples;
using Chain.Silo.Api;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Chain.Wasm.Components.Text;
using Npgsql;

namespace Chain.Cli.Tests.Cluster;

/// <summary>The clinic's day on one node and on three silos: nobody can tell which it was, but by where its calls ran.</summary>
[Collection(LiveClusterTests.Name), UnsupportedOSPlatform("windows")]
public sealed class ClinicOnSilosTests(LiveCluster cluster)
{
    /// <summary>Calls that come by the API, each at another silo than the one before.</summary>
    private static readonly (string Component, string Call)[] More =
    [
        ("records", "ids()"), ("records", "get(\"p1\")"), ("records", "contact(\"p2\")"), ("anonymizer", "anonymize(\"p1\")"), ("anonymizer", "anonymize(\"p2\")"),
        ("analytics", "by-diagnosis()"), ("analytics", "add({diagnosis: \"migraine\", decade: 1980})"), ("analytics", "by-diagnosis()"),
        ("registry", "submit(anonymous({diagnosis: \"asthma\", decade: 1980}))"), ("records", "get(\"nobody\")"), ("records", "ids()"), ("anonymizer", "anonymize(\"p1\")"),
    ];

    [ClusterFact]
    public async Task TheClinicIsTheSameOnThreeSilosAsOnOneNode()
    {
        (List<string> alone, string[] graphAlone) = await OnOneNodeAsync();
        (List<string> together, string[] graphTogether) = await OnSilosAsync(graphAlone);
        Assert.Equal(alone, together);
        Assert.Equal(graphAlone, graphTogether);

        ClusterCall[] calls = await cluster.RecordAsync("clinic", static _ => true);
        Assert.All(calls.Where(static call => call.Callee is "clinic/records" or "clinic/anonymizer" or "clinic/analytics" or "clinic/gateway" or "clinic/printer" && call.Outcome < 2),
            static call => Assert.Contains(call.Host, (string[])["s1", "s2"]));
        Assert.All(calls.Where(static call => call is { Callee: "clinic/registry", Outcome: < 2 }), static call => Assert.Equal("s3", call.Host));
        Assert.Equal(LiveCluster.Names, calls.Where(static call => call.Parent is null).Select(static call => call.Node).Distinct().Order());

        // Chains that went through several silos are there, with each call's parent in the same trace.
        HashSet<(long, long)> all = [.. calls.Select(static call => (call.Trace, call.Id))];
        Assert.All(calls.Where(static call => call.Parent is not null), call => Assert.Contains((call.Trace, call.Parent!.Value), all));
        Assert.Contains(calls.GroupBy(static call => call.Trace), static trace => trace.Select(static call => call.Host).Distinct().Count() > 1);
    }

    private static async Task<(List<string> Results, string[] Graph)> OnOneNodeAsync()
    {
        string folder = TestPostgres.NewFolder();
        Directory.CreateDirectory(folder);
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        using var relay = new DemoRelay();
        ApplicationCheck check = await ApplicationCheck.RunAsync(DemoCommand.Copy(Clinic.Folder, folder, relay.Address));
        await using LocalNode node = await LocalNode.StartAsync(
            new NodeOptions { Folder = folder, Postgres = await TestPostgres.ConnectionStringAsync(database) }, static _ => { });
        await node.DeployAsync(check.Require(), 1, "test");
        List<string> results = await DayAsync(node.Url, relay);
        foreach ((string component, string call) in More)
        {
            GatewayResult result = await node.CallAsync("clinic", component, call, default);
            results.Add($"{call}: {OutcomeNames.Of(result.Outcome)} {(result.Value is null ? "" : Wave.Format(result.Value))} {{{string.Join(',', result.Label.Tags)}}} {result.Error}");
        }

        await node.FlushAsync();
        return (results, await LineageGraph.ReadAsync(database, "clinic"));
    }

    private async Task<(List<string> Results, string[] Graph)> OnSilosAsync(string[] expected)
    {
        using var relay = new DemoRelay();
        cluster.Chain.Ok("deploy", DemoCommand.Copy(Clinic.Folder, cluster.Chain.Folder, relay.Address));
        await cluster.DeployedAsync("clinic");

        // The printer is kept warm, so what it remembers is that of one silo.
        List<string> results = await DayAsync((await cluster.SiloAsync("s1")).Http, relay);
        for (int i = 0; i < More.Length; i++)
        {
            (string component, string call) = More[i];
            CallAnswer answer = await cluster.CallAsync((await cluster.SiloAsync(LiveCluster.Names[i % 3])).Url, $"clinic/{component}", call);
            results.Add($"{call}: {answer.Outcome} {answer.Wave} {{{string.Join(',', answer.Label)}}} {answer.Error}");
        }

        // Each silo writes its record when its time comes.
        var clock = Stopwatch.StartNew();
        string[] graph;
        do
        {
            graph = await LineageGraph.ReadAsync(cluster.Database, "clinic");
            if (graph.SequenceEqual(expected)) break;
            await Task.Delay(200);
        }
        while (clock.Elapsed < LiveCluster.Patience);
        return (results, graph);
    }

    private static async Task<List<string>> DayAsync(string url, DemoRelay relay)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(url), Timeout = LiveCluster.Patience };
        var saved = new Dictionary<string, string>();
        var results = new List<string>();
        foreach (DemoRequest request in DemoRequest.Read(Path.Combine(Clinic.Folder, "traffic.yaml")))
        {
            using var message = new HttpRequestMessage(HttpMethod.Parse(request.Method), request.Path(saved));
            if (request.Body is { } body) message.Content = JsonContent.Create(body);
            using HttpResponseMessage response = await client.SendAsync(message);
            string text = await response.Content.ReadAsStringAsync();
            foreach ((string key, string field) in request.Save) saved[key] = JsonNode.Parse(text)![field]!.ToString();
            results.Add($"{request.Name}: {(int)response.StatusCode} {text} {string.Join("; ", relay.Take())}");
        }

        return results;
    }
}
