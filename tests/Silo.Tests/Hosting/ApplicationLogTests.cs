using Chain.Silo.Applications.Storage;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Chain.Silo.Tests.Hosting;

/// <summary>What guests wrote: where it is kept, for how long, and what is left of it when the store is away.</summary>
public sealed class ApplicationLogTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";

    [PostgresFact]
    public async Task LinesOfAllNodesOutliveThem()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        int one = await NodeAsync(database, "s1"), two = await NodeAsync(database, "s2");
        DateTimeOffset between;
        await using (LogKeeper a = Keeper(database, one, "s1"), b = Keeper(database, two, "s2"))
        {
            var onA = new ApplicationLog("clinic", a);
            onA.Add("gateway", "stdout", "first", "");
            onA.Add("gateway", "warn", "sec\0ond", Trace);
            between = DateTimeOffset.UtcNow;
            new ApplicationLog("clinic", b).Add("records", "stderr", "third", Trace);
            new ApplicationLog("other", b).Add("records", "stdout", "not of the clinic", "");
        }

        await using LogKeeper later = Keeper(database, one, "s1");
        var log = new ApplicationLog("clinic", later);
        Assert.Equal(["s1 gateway stdout first", "s1 gateway warn sec\uFFFDond", "s2 records stderr third"], await TextAsync(log, new LogFilter(10)));
        Assert.Equal(["s1 gateway warn sec\uFFFDond", "s2 records stderr third"], await TextAsync(log, new LogFilter(2)));
        Assert.Equal(["s1 gateway warn sec\uFFFDond", "s2 records stderr third"], await TextAsync(log, new LogFilter(10, Trace: Trace)));
        Assert.Equal(["s2 records stderr third"], await TextAsync(log, new LogFilter(10, Since: between)));
        Assert.Equal(["s2 records stderr third"], await TextAsync(log, new LogFilter(10, Component: "records")));
        Assert.Empty(await TextAsync(log, new LogFilter(0)));
    }

    [PostgresFact]
    public async Task WhoFollowsGetsEachLineOfItsNodeOnce()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        await using LogKeeper keeper = Keeper(database, await NodeAsync(database, "s1"), "s1");
        var log = new ApplicationLog("clinic", keeper);
        const int Lines = 3000;
        Task writing = Task.Run(() =>
        {
            for (int i = 0; i < Lines; i++) log.Add("gateway", "stdout", $"{i}", "");
        });
        var seen = new List<string>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (LogLine line in log.FollowAsync(new LogFilter(Lines), patience.Token))
        {
            seen.Add(line.Text);
            if (line.Text == $"{Lines - 1}") break;
        }

        await writing;
        Assert.Equal(Enumerable.Range(0, Lines).Select(static i => $"{i}"), seen);
        Assert.Equal(0, keeper.Dropped);
    }

    [PostgresFact]
    public async Task TheOldestLinesOfAnApplicationGoWhenThereAreTooMany()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var store = new LogStore(database, await NodeAsync(database, "s1"));
        const int Batch = 10_000;
        await store.WriteAsync([("other", Line(0))], default);
        for (int start = 0; start < 12 * Batch; start += Batch)
            await store.WriteAsync([.. Enumerable.Range(start, Batch).Select(static number => ("clinic", Line(number)))], default);

        Assert.Equal((LogStore.MostLines, 12 * Batch - LogStore.MostLines, 12 * Batch - 1), await CountAsync(database, "clinic"));
        Assert.Equal((1, 0, 0), await CountAsync(database, "other"));

        // A batch that was stored, and whose answer was lost, is not stored twice.
        await store.WriteAsync([("other", Line(0))], default);
        Assert.Equal((1, 0, 0), await CountAsync(database, "other"));
    }

    [PostgresFact]
    public async Task LinesGoWithTheCallsOfTheirDay()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var store = new LogStore(database, await NodeAsync(database, "s1"));
        var day = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
        DateTimeOffset[] times = [day.AddDays(-1), day, day.AddDays(1).AddMicroseconds(-1), day.AddDays(1)];
        await store.WriteAsync([.. times.Select(static time => ("clinic", Line((time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond)))], default);
        await using (NpgsqlCommand drop = database.CreateCommand("SELECT make_partition('2026-03-01'), drop_partition('2026-03-01')")) await drop.ExecuteNonQueryAsync();
        Assert.Equal(times[3..], (await store.ReadAsync("clinic", new LogFilter(10), default)).Select(static line => line.At));
    }

    [Fact]
    public async Task WhileTheStoreIsAwayTheLatestLinesAreThere()
    {
        await using NpgsqlDataSource nowhere = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody;Database=none;Timeout=1");
        await using LogKeeper keeper = Keeper(nowhere, 1, "s1");
        var log = new ApplicationLog("clinic", keeper);
        for (int i = 0; i < 20_000; i++) log.Add("gateway", "stdout", $"{i}", "");
        Assert.Equal(["s1 gateway stdout 19998", "s1 gateway stdout 19999"], await TextAsync(log, new LogFilter(2)));

        // More wait than are kept: the oldest are given up, and that is counted.
        Assert.InRange(keeper.Dropped, 10_000, 12_000);
    }

    private static LogLine Line(long number) => new(number, "s1", "gateway", "stdout", $"line {number}", "");

    private static LogKeeper Keeper(NpgsqlDataSource database, int node, string name) => new(database, node, name, NullLogger.Instance);

    private static async Task<string[]> TextAsync(ApplicationLog log, LogFilter filter) =>
        [.. (await log.ReadAsync(filter, default)).Select(static line => $"{line.Silo} {line.Component} {line.Source} {line.Text}")];

    private static async Task<int> NodeAsync(NpgsqlDataSource database, string name)
    {
        await using NpgsqlCommand command = database.CreateCommand(
            "INSERT INTO node (identity, name, first_lane, lanes) VALUES (gen_random_uuid(), $1, (SELECT count(*) FROM node), 1) RETURNING id");
        command.Parameters.AddWithValue(name);
        return (int)(await command.ExecuteScalarAsync())!;
    }

    private static async Task<(long Count, long First, long Last)> CountAsync(NpgsqlDataSource database, string application)
    {
        await using NpgsqlCommand command = database.CreateCommand("SELECT count(*), min(number), max(number) FROM application_log WHERE application = $1");
        command.Parameters.AddWithValue(application);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        return (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
    }
}
