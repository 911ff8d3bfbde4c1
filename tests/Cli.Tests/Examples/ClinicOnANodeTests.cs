using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Chain.Cli.Demo;
using Chain.Silo.Applications;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Npgsql;

namespace Chain.Cli.Tests.Examples;

/// <summary>The clinic's day on a node, with its policies: what leaked without them does not.</summary>
public sealed class ClinicOnANodeTests
{
    [PostgresFact]
    public async Task TheDayGoesAsTheTrafficSays()
    {
        string folder = TestPostgres.NewFolder();
        Directory.CreateDirectory(folder);
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        using var relay = new DemoRelay();
        string application = DemoCommand.Copy(Clinic.Folder, folder, relay.Address);
        ApplicationCheck check = await ApplicationCheck.RunAsync(application);
        var options = new NodeOptions { Folder = folder, Postgres = await TestPostgres.ConnectionStringAsync(database) };
        await using LocalNode node = await LocalNode.StartAsync(options, static _ => { });
        await node.DeployAsync(check.Require(), 1, "test");
        using var client = new HttpClient { BaseAddress = new Uri(node.Url), Timeout = TimeSpan.FromSeconds(60) };

        var calls = new List<LiveCall>();
        using var watching = new CancellationTokenSource();
        Task watch = WatchAsync(node, calls, watching.Token);
        var saved = new Dictionary<string, string>();
        var failures = new List<string>();
        foreach (DemoRequest request in DemoRequest.Read(Path.Combine(Clinic.Folder, "traffic.yaml")))
        {
            using var message = new HttpRequestMessage(HttpMethod.Parse(request.Method), request.Path(saved));
            if (request.Body is { } body) message.Content = JsonContent.Create(body);
            using HttpResponseMessage response = await client.SendAsync(message);
            string text = await response.Content.ReadAsStringAsync();
            if ((int)response.StatusCode != request.Status) failures.Add($"{request.Name}: status {(int)response.StatusCode} in place of {request.Status}: {text}");
            if (text.StartsWith('{') && JsonNode.Parse(text) is JsonObject answer)
            {
                foreach ((string key, string field) in request.Save) saved[key] = answer[field]!.ToString();
                foreach ((string field, JsonNode? expected) in request.Answer ?? [])
                {
                    if (answer[field]?.ToString() != expected?.ToString()) failures.Add($"{request.Name}: {field} is {answer[field]} in place of {expected}");
                }
            }

            string[] left = relay.Take();
            if (left.Length != (request.Mail.Length > 0 ? 1 : 0)) failures.Add($"{request.Name}: {left.Length} messages left: {string.Join("; ", left)}");
            foreach (string part in request.Mail)
            {
                if (left.Length > 0 && !left[^1].Contains(part, StringComparison.Ordinal)) failures.Add($"{request.Name}: the message lacks '{part}': {left[^1]}");
            }
        }

        await node.FlushAsync();
        await watching.CancelAsync();
        await watch;
        Assert.Empty(failures);
        // The rules for fields say which part of a record carries what.
        LiveCall read = calls.First(static call => call.Function == "clinic:records/store#get" && call.Outcome == "returned" && call.Parts["result"].Contains("user=p1"));
        Assert.Equal("pii,region=eu,user=p1", read.Parts["result"]);
        Assert.Equal("health", read.Parts["result.ok.diagnosis"]);
        Assert.Equal(DemoRequest.Read(Path.Combine(Clinic.Folder, "traffic.yaml")).Count(static request => request.Outcome == "denied"), node.Denied);
    }

    private static async Task WatchAsync(LocalNode node, List<LiveCall> calls, CancellationToken cancellation)
    {
        try
        {
            await foreach (LiveCall call in node.Feed.WatchAsync(cancellation)) calls.Add(call);
        }
        catch (OperationCanceledException)
        {
            // The day is over.
        }
    }
}
