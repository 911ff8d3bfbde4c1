using System.Text.Json.Nodes;
using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Cli.Tests.Lineage;

/// <summary>A trace that is 10,000 deep and one of 150,000 calls, in one store.</summary>
public sealed class LargeTraceTests
{
    private const int Deep = 10_000;
    private const int Wide = 150_001;

    private static readonly Lazy<Task<(string Connection, CallId Deep, CallId Wide)>> Store = new(StoreAsync);

    [PostgresFact]
    public async Task ADeepTraceIsFoldedByDefaultAndPagedWhenUnfolded()
    {
        (string connection, CallId deep, _) = await Store.Value;
        string[] folded = CapturedRun.Of("trace", deep.ToString(), "--postgres", connection).OutputLines;
        string[] last = CapturedRun.Of("trace", deep.ToString(), "--depth", "20000", "--lines", "1000", "--page", "10", "--postgres", connection).OutputLines;

        Assert.Contains("10,000 calls", folded[0]);
        Assert.Equal(1 + 65 + 1, folded.Length);
        Assert.Contains("1 call and what they called; see --at", folded[^1]);
        Assert.Equal(1 + 1000, last.Length);
        Assert.Contains("(9999) ", last[^1]);
    }

    [PostgresFact]
    public async Task AnyCallOfADeepTraceIsAPlaceToGoOnFrom()
    {
        (string connection, CallId deep, _) = await Store.Value;
        var middle = new CallId(deep.Value + (5_000L << CallId.LaneBits));
        string[] lines = CapturedRun.Of("trace", deep.ToString(), "--at", middle.ToString(), "--depth", "2", "--postgres", connection).OutputLines;

        Assert.StartsWith(middle.ToString(), lines[1]);
        Assert.Equal(1 + 3 + 1, lines.Length);
    }

    [PostgresFact]
    public async Task TheAncestorsOfTheDeepestCallAreAllTheOthers()
    {
        (string connection, CallId deep, _) = await Store.Value;
        var deepest = new CallId(deep.Value + ((Deep - 1L) << CallId.LaneBits));
        JsonNode found = JsonNode.Parse(CapturedRun.Of("lineage", "ancestors", $"{deepest}:in", "--json", "--postgres", connection).Output)!;

        Assert.Equal(Deep - 1, (int)found["count"]!);
    }

    [PostgresFact]
    public async Task OfALargeTraceTheUpperPartIsReadAndTheRestIsSaid()
    {
        (string connection, _, CallId wide) = await Store.Value;
        CapturedRun run = CapturedRun.Of("trace", wide.ToString(), "--postgres", connection);
        CapturedRun second = CapturedRun.Of("trace", wide.ToString(), "--at", wide.ToString(), "--page", "2", "--all", "--lines", "10000", "--depth", "1", "--postgres", connection);
        JsonNode listed = JsonNode.Parse(CapturedRun.Of("traces", "--component", "wide", "--json", "--postgres", connection).Output)![0]!;

        Assert.Contains("5,000 of 150,001 calls", run.OutputLines[0]);
        Assert.Contains("more of app/wide f", run.Output);
        Assert.Contains($"… more that were not read: --at {wide}", run.Output);
        Assert.Equal(TraceQuery.ChildrenLimit, second.OutputLines.Count(line => line.Contains("  app/wide f") && !line.StartsWith(wide.ToString())));
        Assert.Equal(Wide, (long)listed["calls"]!);
    }

    private static async Task<(string Connection, CallId Deep, CallId Wide)> StoreAsync()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        string name;
        await using (NpgsqlConnection connection = await database.OpenConnectionAsync()) name = connection.Database;
        NodeRegistration node = await NodeRegistration.RegisterAsync(database, Guid.NewGuid(), "here", 4096);
        var (labels, names) = (new LabelStore(), new CallNames());
        CallSiteId deepSite = names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("app/deep"), new FunctionRef("f")));
        CallSiteId wideSite = names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("app/wide"), new FunctionRef("f")));
        long start = CallId.At(DateTimeOffset.UtcNow.AddMinutes(-2)).StartMicroseconds;
        CallId deep = CallId.From(start, node.FirstLane), wide = CallId.From(start + 1_000_000, node.FirstLane);

        var calls = new List<CallRecord>();
        for (int i = 0; i < Deep; i++)
        {
            CallId parent = i == 0 ? default : calls[^1].Id;
            calls.Add(new CallRecord { Id = CallId.From(start + i, node.FirstLane), Trace = deep.Value, Parent = parent, Site = deepSite, Duration = (2 * Deep - i) * 1000L });
        }

        for (int i = 0; i < Wide; i++)
        {
            // 300 calls of the root, with 499 of their own each.
            long at = start + 1_000_000 + i;
            CallId parent = i == 0 ? default : (i - 1) % 500 == 0 ? wide : CallId.From(start + 1_000_001 + ((i - 1) / 500 * 500), node.FirstLane);
            calls.Add(new CallRecord { Id = CallId.From(at, node.FirstLane), Trace = wide.Value, Parent = parent, Site = wideSite, Duration = i == 0 ? 1_000_000_000 : 1000 });
        }

        await new StoreWriter(database, new ProcessNames(labels, names), node.Id).WriteAsync(new RecordBatch(calls.ToArray(), default));
        return (new NpgsqlConnectionStringBuilder(await TestPostgres.ConnectionStringAsync()) { Database = name }.ConnectionString, deep, wide);
    }
}
