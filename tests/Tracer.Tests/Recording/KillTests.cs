using System.Diagnostics;
using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Tests.Recording;

/// <summary>A real process that records, says of every call that End has returned, and is killed at any moment.</summary>
public sealed class KillTests
{
    [PostgresTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ACallWhoseEndHasReturnedIsInTheStoreOnceWithItsNamesWhateverHappensToItsProcess(bool postgresIsAway)
    {
        OwnPostgres own = await OwnPostgres.StartAsync();
        string folder = TestPostgres.NewFolder();
        var acknowledged = new List<string>();
        try
        {
            await using (NpgsqlDataSource first = own.Connect())
            {
                // A node must have met the store once.
                CallRecorder recorder = await CallRecorder.OpenAsync(first, new LabelStore(), new CallNames(), new RecorderOptions { Folder = folder });
                await recorder.DisposeAsync();
            }

            string connection = own.Server.ConnectionString;
            if (postgresIsAway) await own.StopAsync();
            // At once; while the first batch is on its way; after a while; and when the rings have gone round.
            foreach (int calls in (int[])[1, 200, 5_000, 20_000]) acknowledged.AddRange(await RecordUntilKilledAsync(connection, folder, calls));
            if (postgresIsAway) own = await OwnPostgres.StartAsync(own.Folder);

            await using NpgsqlDataSource database = own.Connect();
            await using Workload heir = await Workload.OpenAsync(database, folder: folder);
            await heir.Recorder.DrainAsync();

            Dictionary<long, string> stored = await ReadAsync(database);
            Assert.True(acknowledged.Count >= 25_201);
            string[] missing = [.. acknowledged.Where(line => !stored.TryGetValue(IdOf(line), out string? found) || found != line).Take(3)];
            Assert.True(missing.Length == 0, string.Join('\n', missing.Select(line => $"acknowledged {line}, in the store {stored.GetValueOrDefault(IdOf(line), "nothing")}")));
            Assert.Equal(acknowledged.Count, acknowledged.Distinct().Count());
            Assert.Equal(0, heir.Recorder.Counters.DamagedRecords);
            Assert.True(heir.Recorder.Counters.Recovered > 0);
        }
        finally
        {
            await own.DisposeAsync();
        }
    }

    private static long IdOf(string line) => long.Parse(line[..line.IndexOf(' ', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture);

    private static async Task<List<string>> RecordUntilKilledAsync(string connection, string folder, int atLeast)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, "record", connection, folder]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        var acknowledged = new List<string>();
        while (acknowledged.Count < atLeast)
        {
            acknowledged.Add(await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"the recording process ended with {process.ExitCode}"));
        }

        process.Kill();
        // What it had printed before it died was acknowledged too; a line without an end may be torn.
        string rest = await process.StandardOutput.ReadToEndAsync();
        int whole = rest.LastIndexOf('\n');
        if (whole >= 0) acknowledged.AddRange(rest[..whole].Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await process.WaitForExitAsync();
        return acknowledged;
    }

    // As the process says it. More rows than one for a call would make its line longer or fail here.
    private static async Task<Dictionary<long, string>> ReadAsync(NpgsqlDataSource database)
    {
        await using NpgsqlCommand query = database.CreateCommand(
            """
            SELECT c.id, concat_ws(' ', c.id, c.function, c.attempt, (SELECT string_agg(t.value, ',') FROM label l JOIN tag t ON t.id = ANY (l.tags) WHERE l.id = c.label_out AND t.name = 'user'),
                c.size_out, coalesce((SELECT replace(t.trace_id::text, '-', '') FROM trace t WHERE t.key = c.trace AND t.state = 'v=' || c.size_out), '-'),
                coalesce(f.src, 0), coalesce(k.key, '-'))
            FROM call_view c LEFT JOIN flow f ON f.dst = c.id LEFT JOIN state_key k ON k.id = f.state
            """);
        await using NpgsqlDataReader row = await query.ExecuteReaderAsync();
        var stored = new Dictionary<long, string>();
        while (await row.ReadAsync()) stored.Add(row.GetInt64(0), row.GetString(1));
        return stored;
    }
}
