using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Chain.Cli.RecordStore;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Cli.Bench;

/// <summary>
/// <c>chain bench ingest</c>: calls a second into Postgres over a minute, beside <c>psql</c> COPY of the same rows, and what they take up.
/// </summary>
internal static class IngestBench
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON in place of the table." };
        var seconds = new Option<int>("--seconds") { Description = "How long to ingest.", DefaultValueFactory = _ => 60 };
        var threads = new Option<int>("--threads") { Description = "Threads that make calls.", DefaultValueFactory = _ => 2 };
        var command = new Command("ingest",
            "Sustained calls a second into Postgres on the same machine, beside psql COPY; bytes a call and a flow.") { seconds, threads,
            json };
        command.SetAction(async (parsed, cancellation) =>
        {
            await RunAsync(parsed.GetValue(seconds), parsed.GetValue(threads), parsed.GetValue(json), cancellation);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task RunAsync(int seconds, int threads, bool json, CancellationToken cancellation)
    {
        if (seconds < 1 || threads is < 1 or > 64)
            throw new CommandException($"--seconds is at least 1 and --threads 1 to 64, found {seconds} and {threads}");
        await using TemporaryStore store = await TemporaryStore.StartAsync(cancellation);
        var report = new BenchReport("ingest");
        (double rate, double slowest) = await IngestAsync(store, seconds, threads, report, cancellation);

        // Everything was ingested on one day, or two around midnight; the later one is measured.
        string day = (string)(await ScalarAsync(store,
            "SELECT to_char(max(call_start(id)) AT TIME ZONE 'UTC', 'YYYYMMDD') FROM call"))!;
        double? psql = await PsqlCopyAsync(store, day, indexes: true, report),
            bare = await PsqlCopyAsync(store, day, indexes: false, report);
        report.Add(new BenchRow($"sustained over {seconds} s, indexes kept", "calls/s", rate, psql, "psql COPY, same rows and indexes",
            Better.Higher));
        report.Add(new BenchRow("the same, beside COPY into a table without indexes", "calls/s", rate, bare, "psql COPY, no index",
            Better.Higher, InGeomean: false));
        report.Add(new BenchRow("slowest 5 s", "calls/s", slowest, InGeomean: false));
        await AddSizesAsync(store, day, report);
        report.Print(json);
    }

    private static async Task<(double Rate, double Slowest)> IngestAsync(TemporaryStore store, int seconds, int threads, BenchReport report,
        CancellationToken cancellation)
    {
        var labels = new LabelStore();
        var names = new CallNames();
        await using CallRecorder recorder = await CallRecorder.OpenAsync(store.Database, labels, names,
            new RecorderOptions { Folder = Path.Combine(store.Folder, "spool") }, cancellation: cancellation);
        var load = new ServiceLoad(recorder, labels, names);
        load.Run(1000, new Random(0));
        await recorder.FlushAsync();

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        long before = recorder.Counters.StoredCalls;
        var clock = Stopwatch.StartNew();
        Thread[] makers = [.. Enumerable.Range(1, threads).Select(seed => new Thread(() =>
        {
            var random = new Random(seed);
            while (!stop.IsCancellationRequested) load.Run(100, random);
        }))];
        foreach (Thread maker in makers) maker.Start();

        double slowest = double.MaxValue;
        long last = before;
        for (int at = 5; at <= seconds; at += 5)
        {
            await Task.Delay(TimeSpan.FromSeconds(at) - clock.Elapsed, cancellation);
            long now = recorder.Counters.StoredCalls;
            slowest = Math.Min(slowest, (now - last) / 5.0);
            last = now;
        }

        TimeSpan rest = TimeSpan.FromSeconds(seconds) - clock.Elapsed;
        if (rest > TimeSpan.Zero) await Task.Delay(rest, cancellation);
        long stored = recorder.Counters.StoredCalls - before;
        double rate = stored / clock.Elapsed.TotalSeconds;
        await stop.CancelAsync();
        foreach (Thread maker in makers) maker.Join();
        await recorder.FlushAsync();
        RecorderCounters counters = recorder.Counters;
        report.Note(string.Create(CultureInfo.InvariantCulture,
            $"{counters.StoredCalls:#,0} calls of {counters.RecordedCalls:#,0} stored, {counters.SpooledCalls} spooled, {counters.LostCalls} lost"));
        report.Note("traces of ten calls, three levels; a label in and out, a flow for each parent and child");
        return (rate, last == before ? rate : slowest);
    }

    private static async Task<double?> PsqlCopyAsync(TemporaryStore store, string day, bool indexes, BenchReport report)
    {
        string? psql = PostgresBinaries.Find().Client;
        if (psql is null)
        {
            report.Note("psql is missing: no peer");
            return null;
        }

        string rows = Path.Combine(store.Folder, "rows.bin");
        var connection = new NpgsqlConnectionStringBuilder(store.ConnectionString);
        await PsqlAsync(psql, connection, $"\\copy call_{day} TO '{rows}' (FORMAT binary)");
        await PsqlAsync(psql, connection,
            $"DROP TABLE IF EXISTS peer; CREATE TABLE peer (LIKE call{(indexes ? $"_{day} INCLUDING INDEXES" : "")})");
        await PsqlAsync(psql, connection, "CHECKPOINT");
        var clock = Stopwatch.StartNew();
        await PsqlAsync(psql, connection, $"\\copy peer FROM '{rows}' (FORMAT binary)");
        double elapsed = clock.Elapsed.TotalSeconds;
        long count = (long)(await ScalarAsync(store, "SELECT count(*) FROM peer"))!;
        await ScalarAsync(store, "DROP TABLE peer");
        File.Delete(rows);
        return count / elapsed;
    }

    private static async Task PsqlAsync(string psql, NpgsqlConnectionStringBuilder connection, string command)
    {
        var start = new ProcessStartInfo(psql,
            ["-q", "-v", "ON_ERROR_STOP=1", "-h", connection.Host!, "-U", connection.Username!, "-c", command, connection.Database!])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        start.Environment["PGPASSWORD"] = connection.Password;
        using Process process = Process.Start(start)!;
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new CommandException($"psql: {errors.Trim()}", ExitCode.Unavailable);
    }

    private static async Task AddSizesAsync(TemporaryStore store, string day, BenchReport report)
    {
        async Task<double> Size(string table) => (long)(await ScalarAsync(store, $"SELECT pg_total_relation_size('{table}')"))!;
        async Task<double> Count(string condition) =>
            (long)(await ScalarAsync(store, $"SELECT count(*) FROM call_{day} WHERE {condition}"))!;

        double calls = await Count("true"), links = await Count("parent IS NOT NULL");
        double names = (long)(await ScalarAsync(store,
            "SELECT sum(pg_total_relation_size(t::regclass))::bigint FROM " +
            "unnest(ARRAY['tag', 'label', 'labels', 'component', 'function', 'shape', 'node', 'trace', 'call_size', 'loose', 'stray']) t"))!;
        // The same calls without their links: what is left is the call, the difference is the flow.
        await ScalarAsync(store, $"CREATE TABLE alone (LIKE call_{day} INCLUDING INDEXES)");
        await ScalarAsync(store, $"INSERT INTO alone SELECT id, NULL, NULL, shape, labels, duration, size_in, size_out FROM call_{day}");
        double alone = await Size("alone"), hot = await Size($"call_{day}");
        report.Add(new BenchRow("a call, with its indexes and its share of all names", "bytes", (alone + names) / calls, InGeomean: false));
        report.Add(new BenchRow("a flow between parent and child, with its indexes, while the day is open", "bytes", (hot - alone) / links,
            InGeomean: false));
        report.Note("while the day is open, bytes a call: " + await ScalarAsync(store, $"""
            SELECT string_agg(name || ' ' || round(size / {calls.ToString(CultureInfo.InvariantCulture)}, 1), ', ' ORDER BY size DESC) FROM (
                SELECT relname AS name, pg_relation_size(oid)::numeric AS size FROM pg_class WHERE relname LIKE 'call\_{day}%') parts
            """));
        await ScalarAsync(store, $"REINDEX TABLE call_{day}");
        double closed = await Size($"call_{day}");
        report.Add(new BenchRow("the same, once the day is closed", "bytes", (closed - alone) / links, InGeomean: false));
        report.Add(new BenchRow("a call and its flow together, while the day is open", "bytes", (hot + names) / calls, InGeomean: false));
        report.Note(string.Create(CultureInfo.InvariantCulture,
            $"sizes over {calls:#,0} calls and {links:#,0} flows"));
        report.Note("a call's bytes: the same rows without trace and parent; a flow's: the difference");
    }

    private static async Task<object?> ScalarAsync(TemporaryStore store, string sql)
    {
        await using NpgsqlCommand command = store.Database.CreateCommand(sql);
        command.CommandTimeout = 0;
        return await command.ExecuteScalarAsync();
    }
}
