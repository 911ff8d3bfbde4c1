using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Chain.Cli.RecordStore;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;

namespace Chain.Cli.Bench;

/// <summary><c>chain bench lineage</c>: how soon the store answers, over many random starts in a record of many calls.</summary>
internal static class LineageBench
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON in place of the table." };
        var calls = new Option<int>("--calls") { Description = "Calls in the store.", DefaultValueFactory = _ => 10_000_000 };
        var days = new Option<int>("--days") { Description = "Days that they are spread over, one partition each.", DefaultValueFactory = _ => 4 };
        var starts = new Option<int>("--starts") { Description = "Random starts for each case; fewer where there are not so many, or an answer is large.", DefaultValueFactory = _ => 1000 };
        var command = new Command("lineage", "p50 and p99 of lineage questions over many random starts, in a record of its own making.") { calls, days, starts, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            int size = parsed.GetValue(calls), spread = parsed.GetValue(days), many = parsed.GetValue(starts);
            if (size < 10_000 || spread is < 1 or > 30 || many is < 10 or > 100_000)
            {
                throw new CommandException($"--calls is at least 10000, --days 1 to 30, --starts 10 to 100000; found {size}, {spread} and {many}");
            }

            await RunAsync(size, spread, many, parsed.GetValue(json), cancellation);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task RunAsync(int calls, int days, int starts, bool json, CancellationToken cancellation)
    {
        // Nothing here is to survive the machine.
        await using TemporaryStore store = await TemporaryStore.StartAsync(cancellation, new Dictionary<string, string> { ["fsync"] = "off" });
        var clock = Stopwatch.StartNew();
        LineageStarts found = null!;
        await Output.Progress.Of("storing calls", calls, async progress => found = await LineageLoad.StoreAsync(store.Database, calls, days, progress, cancellation));
        var report = new BenchReport("lineage");
        report.Note(string.Create(CultureInfo.InvariantCulture, $"{calls:#,0} calls over {days} days stored in {clock.Elapsed.TotalSeconds:0} s; all but the last day closed, as upkeep does it"));
        clock.Restart();
        UpkeepResult upkeep = (await new StoreUpkeep(store.Database, new UpkeepOptions { CloseAfter = TimeSpan.Zero, Retention = null }).RunAsync(cancellation))!;
        report.Note(string.Create(CultureInfo.InvariantCulture, $"{upkeep.Bundled:#,0} traces bundled and {upkeep.Closed.Count} days closed in {clock.Elapsed.TotalSeconds:0} s, by the clock"));
        await using (Npgsql.NpgsqlCommand analyze = store.Database.CreateCommand("ANALYZE; CHECKPOINT")) await analyze.ExecuteNonQueryAsync(cancellation);

        report.Note("bytes a call with indexes: " + await SizesAsync(store, cancellation));
        await using var reader = new StoreReader(store.ConnectionString);
        await new LineageCases(reader, found, starts, report).RunAsync(cancellation);
        if (found.Million != 0)
        {
            await CommandAsync(report, store, "a trace of 1,000,000 calls", found.Million, cancellation);
            await CommandAsync(report, store, "a trace 10,000 deep", found.TenThousandDeep, cancellation);
        }

        report.Print(json);
    }

    private static async Task<string> SizesAsync(TemporaryStore store, CancellationToken cancellation)
    {
        const string Sql = """
            SELECT string_agg(name || ' ' || round(size / CASE name WHEN 'bundle' THEN (SELECT sum(calls) FROM bundle) ELSE (SELECT count(*) FROM call) END, 1), ', ' ORDER BY name) FROM (
                SELECT inhparent::regclass::text AS name, sum(pg_total_relation_size(inhrelid)) AS size FROM pg_inherits
                WHERE inhparent IN ('call'::regclass, 'flow'::regclass, 'bundle'::regclass) GROUP BY 1) sizes
            """;
        await using Npgsql.NpgsqlCommand command = store.Database.CreateCommand(Sql);
        command.CommandTimeout = 0;
        return (string)(await command.ExecuteScalarAsync(cancellation))!;
    }

    // As a user sees it: a process that starts, connects, asks, and prints a page.
    private static async Task CommandAsync(BenchReport report, TemporaryStore store, string name, long key, CancellationToken cancellation)
    {
        var times = new List<double>();
        for (int i = 0; i < 5; i++)
        {
            var start = new ProcessStartInfo("dotnet", [typeof(LineageBench).Assembly.Location, "trace", TraceId.Of(new CallId(key)).ToString()]) { RedirectStandardOutput = true };
            start.Environment["CHAIN_POSTGRES"] = store.ConnectionString;
            long started = Stopwatch.GetTimestamp();
            using Process process = Process.Start(start)!;
            string page = await process.StandardOutput.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            if (process.ExitCode != 0 || page.Length < 1000) throw new CommandException($"chain trace ended with {process.ExitCode}", ExitCode.Failed);
        }

        report.Add(new BenchRow($"{name}: the whole of `chain trace`, median of 5, to be ≤ 1000", "ms", BenchReport.Median(times), InGeomean: false));
    }
}

/// <summary>The cases of <see cref="LineageBench"/>. One question at a time.</summary>
internal sealed class LineageCases(StoreReader reader, LineageStarts starts, int most, BenchReport report)
{
    private readonly Random _random = new(11);
    private readonly LineageQuery _lineage = new(reader);
    private readonly CallQuery _calls = new(reader);
    private readonly TraceQuery _traces = new(reader);

    public async Task RunAsync(CancellationToken cancellation)
    {
        await MeasureAsync("a call by id, and its trace as a tree", Picks(starts.Any), 5, async id =>
        {
            CallInfo call = (await _calls.FindAsync(new CallId(id), cancellation))!;
            return (await _traces.OpenAsync(call.TraceKey, cancellation: cancellation)).Count;
        });
        foreach ((string tag, TimeSpan window) in ((string, TimeSpan)[])[("pii", TimeSpan.FromMinutes(10)), ("pii", TimeSpan.FromHours(1)), ("secret", TimeSpan.FromHours(1))])
        {
            await MeasureAsync($"all calls with {tag} within {(window.TotalHours >= 1 ? "an hour" : "ten minutes")}", Picks(starts.Any, most / 5), 50, async id => await CountAsync(tag, new CallId(id).Start, window, cancellation));
        }

        await ReachAsync("1,000 ancestors, by way of 100 traces at once", starts.Wide, most, LineageDirection.Ancestors, 3, cancellation);
        await ReachAsync("1,000 ancestors, by way of 100 traces in a row", starts.Deep, most, LineageDirection.Ancestors, 3, cancellation);
        await ReachAsync("100,000 ancestors, by way of 10,000 traces", starts.Huge, Math.Max(30, most / 10), LineageDirection.Ancestors, 100, cancellation);
        await ReachAsync("descendants of a call", starts.Any, most, LineageDirection.Descendants, 0, cancellation);
        await MeasureAsync("shortest way between two traces", Picks(starts.Pairs), 0, async pair =>
            (await _lineage.PathAsync(new CallId(pair.From), ValueSide.In, new CallId(pair.To), ValueSide.Out, cancellation: cancellation))!.Edges.Count);
        await MeasureAsync("why a total has pii", Picks(starts.Wide), 0, async id => (await _lineage.WhyAsync(Tag.Parse("pii"), new CallId(id), cancellation: cancellation))!.Edges.Count);
        if (starts.Million != 0)
        {
            await LargeAsync("a trace of 1,000,000 calls", starts.Million, cancellation);
            await LargeAsync("a trace 10,000 deep", starts.TenThousandDeep, cancellation);
        }

        string load = File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : "unknown";
        report.Note($"one question at a time over one connection, after 30 of its kind; the two large traces are two hours after the rest; the database is in the page cache; {Environment.ProcessorCount} cores, load average at the end {load}");
    }

    private async Task LargeAsync(string name, long key, CancellationToken cancellation)
    {
        await MeasureAsync($"{name}: opened", Enumerable.Repeat(key, 20), 1000, async id => (await _traces.OpenAsync(id, cancellation: cancellation)).Count);
        DateTimeOffset start = new CallId(key).Start;
        var filter = new CallFilter { Since = start.AddSeconds(-1), Until = start.AddSeconds(2) };
        await MeasureAsync($"{name}: listed", Enumerable.Repeat(key, 20), 1000, async _ => (await _traces.ListAsync(filter, 20, cancellation: cancellation)).Single(trace => trace.Id.Key == key).Calls);
    }

    private Task ReachAsync(string name, List<long> from, int picks, LineageDirection direction, double reach, CancellationToken cancellation) =>
        MeasureAsync(name, Picks(from, picks), reach, async id => (await _lineage.ReachAsync(new CallId(id), ValueSide.Out, direction, cancellation: cancellation)).Calls.Count);

    private async Task<long> CountAsync(string tag, DateTimeOffset start, TimeSpan window, CancellationToken cancellation)
    {
        long count = 0;
        await foreach (CallInfo _ in _calls.CallsAsync(new CallFilter { Tag = Tag.Parse(tag), Since = start, Until = start + window }, cancellation)) count++;
        return count;
    }

    private IEnumerable<T> Picks<T>(List<T> from, int? count = null) => from.Count == 0 ? [] : Enumerable.Range(0, count ?? most).Select(_ => from[_random.Next(from.Count)]);

    private async Task MeasureAsync<T>(string name, IEnumerable<T> picks, double reach, Func<T, Task<long>> ask)
    {
        const int WarmUp = 30;
        var (times, sizes) = (new List<double>(), new List<double>());
        T[] all = [.. picks];
        int warmUp = Math.Min(WarmUp, all.Length / 2);
        foreach (T pick in (T[])[.. all.Take(warmUp), .. all])
        {
            // The first bring plans and names into memory, and the code to its final form, as in any process that runs for a while.
            bool warm = times.Count > 0 || sizes.Count >= warmUp;
            long started = Stopwatch.GetTimestamp();
            long size = await ask(pick);
            if (warm) times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            sizes.Add(size);
        }

        if (times.Count == 0)
        {
            report.Note($"{name}: there is none in a record of this size");
            return;
        }

        times.Sort();
        string goal = reach > 0 ? $", to be ≤ {reach.ToString(CultureInfo.InvariantCulture)}" : "";
        string median = BenchReport.Median(sizes).ToString("#,0", CultureInfo.InvariantCulture);
        report.Add(new BenchRow($"{name} ({median} rows): p50", "ms", BenchReport.Median(times), InGeomean: false));
        report.Add(new BenchRow($"{name}: p99{goal}", "ms", times[Math.Min(times.Count - 1, (int)(times.Count * 0.99))], InGeomean: false));
    }
}
