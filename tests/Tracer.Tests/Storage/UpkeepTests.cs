using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Tests.Storage;

public sealed class UpkeepTests
{
    [PostgresFact]
    public async Task MigrationsAreAppliedOnceWhoeverAsks()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync(migrate: false);
        IReadOnlyList<Migration>[] applied = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Migrations.ApplyAsync(database)));
        Assert.Equal(Migrations.All.Count, applied.Sum(list => list.Count));
        Assert.Empty(await Migrations.ApplyAsync(database));
    }

    [PostgresFact]
    public async Task TheIndexOnTheIdKeepsRoomOnOpenDaysInAnOlderStoreAsInANewOne()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync(migrate: false);
        await ScalarAsync(database, "CREATE TABLE migration (number int PRIMARY KEY, name text NOT NULL, applied timestamptz NOT NULL DEFAULT now())");
        foreach (Migration older in Migrations.All.Where(migration => migration.Number < 7))
        {
            await ScalarAsync(database, older.Sql);
            await ScalarAsync(database, $"INSERT INTO migration (number, name) VALUES ({older.Number}, '{older.Name}')");
        }

        foreach (int day in (int[])[1, 2, 3]) await ScalarAsync(database, $"SELECT make_partition('2026-04-0{day}')");
        await ScalarAsync(database, "UPDATE partition SET closed = now() WHERE day = '2026-04-01'");

        Assert.Equal(7, (await Migrations.ApplyAsync(database))[0].Number);
        await ScalarAsync(database, "SELECT make_partition('2026-04-04')");

        string[] expected = ["{fillfactor=100}", "{fillfactor=98}", "{fillfactor=98}", "{fillfactor=98}"];
        for (int day = 1; day <= 4; day++) Assert.Equal(expected[day - 1], await ScalarAsync(database, $"SELECT reloptions::text FROM pg_class WHERE relname = 'call_2026040{day}_id'"));
        // A new day has all that an older Chain gave it.
        const string Indexes = "SELECT string_agg(replace(indexdef, '20260403', '20260404'), ';' ORDER BY indexname) FROM pg_indexes WHERE tablename LIKE '%_2026040";
        Assert.Equal(await ScalarAsync(database, Indexes + "3'"), await ScalarAsync(database, Indexes + "4'"));
    }

    [PostgresFact]
    public async Task ADatabaseOfANewerChainIsRefused()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        await ScalarAsync(database, "INSERT INTO migration (number, name) VALUES (9999, 'later')");
        Assert.Contains("newer", (await Assert.ThrowsAsync<StoreException>(() => Migrations.ApplyAsync(database))).Message);
    }

    [PostgresFact]
    public async Task DaysAreMadeAheadClosedWhenOverAndDroppedByRetention()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var now = new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);
        await WriteAsync(database, [now.AddDays(-40), now.AddDays(-2), now.AddDays(-1), now.AddHours(-1)]);
        var upkeep = new StoreUpkeep(database, new UpkeepOptions(), new FixedTime(now));

        UpkeepResult first = (await upkeep.RunAsync())!;
        UpkeepResult second = (await upkeep.RunAsync())!;

        Assert.Equal([new DateOnly(2026, 3, 11), new DateOnly(2026, 3, 12)], first.Made);
        Assert.Equal([new DateOnly(2026, 3, 8), new DateOnly(2026, 3, 9)], first.Closed);
        Assert.Equal([new DateOnly(2026, 1, 29)], first.Dropped);
        Assert.Empty(second.Made.Concat(second.Closed).Concat(second.Dropped));
        Assert.Equal(3L, await ScalarAsync(database, "SELECT count(*) FROM call"));
        Assert.Equal(3L, await ScalarAsync(database, "SELECT count(*) FROM call_size"));
        Assert.NotNull(await ScalarAsync(database, "SELECT to_regclass('call_20260309_shape')::text"));

        // A call that comes late finds its day again, closed or dropped.
        await WriteAsync(database, [now.AddDays(-40), now.AddDays(-1)]);
        Assert.Equal(5L, await ScalarAsync(database, "SELECT count(*) FROM call"));
    }

    [PostgresFact]
    public async Task ARecorderGoesOnWhenItsDayWasDroppedUnderIt()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        await using Recording.Workload work = await Recording.Workload.OpenAsync(database);
        work.Run(10);
        await work.Recorder.FlushAsync();
        await new StoreUpkeep(database, new UpkeepOptions()).DropBeforeAsync(DateTimeOffset.UtcNow.AddDays(2));
        work.Run(10);
        await work.Recorder.DrainAsync();
        Assert.Equal(50L, await ScalarAsync(database, "SELECT count(*) FROM call"));
    }

    [PostgresFact]
    public async Task StateKeepsLabelAndWriterBesideTheValue()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var state = new StateStore(database, new AgreedLabels(database));
        var key = new StateKey("clinic/front", "inbox", "last");
        Assert.Null(await state.GetAsync(key));
        Assert.Equal(1, await state.SetAsync(key, new byte[] { 1, 2 }, Label.Parse("pii,user=*,+ok"), new CallId(77)));
        Assert.Equal(2, await state.SetAsync(key, new byte[] { 3 }, Label.Parse("medical"), new CallId(78)));

        StateValue value = (await new StateStore(database, new AgreedLabels(database)).GetAsync(key))!;
        Assert.Equal([3], value.Value.ToArray());
        Assert.Equal(("medical", 78L, 2L), (value.Label.ToString(), value.Writer.Value, value.Version));
        Assert.True(await state.DeleteAsync(key));
        Assert.False(await state.DeleteAsync(key));
    }

    [PostgresFact]
    public async Task ProcessesAgreeOnTheNumberOfALabel()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        AgreedLabels[] processes = [.. Enumerable.Range(0, 4).Select(_ => new AgreedLabels(database))];
        Label[] labels = [.. Enumerable.Range(0, 40).Select(i => Label.Parse($"pii,user=u{i},+ok"))];
        int[][] ids = await Task.WhenAll(processes.Select(process =>
            Task.Run(async () => await Task.WhenAll(labels.Select(label => process.IdAsync(label).AsTask())))));
        Assert.All(ids, own => Assert.Equal(ids[0], own));

        var late = new AgreedLabels(database);
        Assert.Equal(labels[7], await late.LabelAsync(ids[0][7]));
        await late.PreloadAsync();
        Assert.All(labels.Zip(ids[0]), pair => Assert.Equal(pair.First, late.TryGetLabel(pair.Second)));
        await Assert.ThrowsAsync<StoreException>(async () => await late.LabelAsync(1_000_000));
    }

    [PostgresFact]
    public async Task AnExportHasEveryCallOfItsTimeByName()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        await using (Recording.Workload work = await Recording.Workload.OpenAsync(database))
        {
            work.Run(3);
            await work.Recorder.FlushAsync();
        }

        var export = new StoreExport(database);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        var (json, csv, none, flows) = (new StringWriter(), new StringWriter(), new StringWriter(), new StringWriter());
        Assert.Equal(15, await export.WriteAsync(ExportRecords.Calls, ExportFormat.JsonLines, now.AddHours(-1), now.AddHours(1), json));
        Assert.Equal(15, await export.WriteAsync(ExportRecords.Calls, ExportFormat.Csv, now.AddHours(-1), now.AddHours(1), csv));
        Assert.Equal(0, await export.WriteAsync(ExportRecords.Calls, ExportFormat.JsonLines, now.AddHours(-2), now.AddHours(-1), none));
        Assert.Equal(3, await export.WriteAsync(ExportRecords.Flows, ExportFormat.JsonLines, now.AddHours(-1), now.AddHours(1), flows));
        string[] lines = json.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(12, lines.Count(line => line.Contains("\"label_in\":\"pii\"", StringComparison.Ordinal)
            && line.Contains("\"callee\":\"clinic/records\"", StringComparison.Ordinal)));
        Assert.Equal(3, lines.Count(line => line.Contains("\"size_out\":100000", StringComparison.Ordinal)));
        Assert.Equal(16, csv.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    private static async Task WriteAsync(NpgsqlDataSource database, DateTimeOffset[] starts)
    {
        var names = new CallNames();
        CallSiteId site = names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("a"), new FunctionRef("f")));
        NodeRegistration node = await NodeRegistration.RegisterAsync(database, Guid.NewGuid(), "n", 1);
        CallRecord[] calls = [.. starts.Select(start => CallId.From(CallId.At(start).StartMicroseconds, node.FirstLane)).Select(id =>
            new CallRecord { Id = id, Trace = id.Value, Site = site, SizeIn = 1 << 20 })];
        await new StoreWriter(database, new ProcessNames(new LabelStore(), names), node.Id).WriteAsync(new RecordBatch(calls, default));
    }

    private static async Task<object?> ScalarAsync(NpgsqlDataSource database, string sql)
    {
        await using NpgsqlCommand command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
