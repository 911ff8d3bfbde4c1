using Chain.Tests;
using Chain.Tracer.Bundles;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tests.Lineage;
using Npgsql;

namespace Chain.Tracer.Tests.Bundles;

public sealed class BundlerTests
{
    private const string Everything = """
        SELECT coalesce(string_agg(concat_ws(' ', trace, part, last, calls, encode(data, 'hex'), sources::text), '; ' ORDER BY trace, part), '') FROM bundle
        """;

    [PostgresFact]
    public async Task ABundleHoldsWhatTheTablesHold()
    {
        await using BundledRecord record = await BundledRecord.StoreAsync();
        await record.BundleAsync();

        var (calls, flows) = (new List<string>(), new List<string>());
        var bundle = new BundleRows();
        await using (NpgsqlCommand command = record.Database.CreateCommand($"SELECT {BundleRows.Columns} FROM bundle"))
        await using (NpgsqlDataReader row = await command.ExecuteReaderAsync())
        {
            while (await row.ReadAsync())
            {
                long trace = bundle.Decode(row);
                foreach (BundledCall call in bundle.Decoder.Calls)
                {
                    calls.Add($"{trace} {call.Id} {call.Parent} {call.Shape} {call.Labels} {BitConverter.SingleToInt32Bits(call.Duration)} {call.SizeIn} {call.SizeOut}");
                }

                foreach (BundledFlow flow in bundle.Decoder.Flows) flows.Add($"{bundle.Decoder.Calls[flow.Call].Id} {flow.Source} {flow.SourceTrace} {flow.Label} {flow.Part} {flow.State}");
            }
        }

        Assert.Equal(await CallsAsync(record), calls.Order());
        Assert.Equal(
            await LinesAsync(record, """
                SELECT concat_ws(' ', dst, src, greatest(0, coalesce(s.trace, s.id)), f.label, part, coalesce(state, 0))
                FROM flow f JOIN call d ON d.id = dst LEFT JOIN call s ON s.id = src WHERE coalesce(d.trace, d.id) > 0
                """),
            flows.Order());
        Assert.True(calls.Count > 700 && flows.Count > 250, $"{calls.Count} calls, {flows.Count} flows");
    }

    [PostgresFact]
    public async Task BundlingTwiceGivesTheSame()
    {
        await using BundledRecord record = await BundledRecord.StoreAsync();
        await record.BundleAsync();
        string before = (string)(await record.ScalarAsync(Everything))!;
        Assert.Equal(0, (await record.BundleAsync())!.Bundled);

        await record.ScalarAsync("INSERT INTO loose (slice) SELECT DISTINCT call_slice(id) FROM call");
        Assert.NotEqual(0, (await record.BundleAsync())!.Bundled);
        Assert.Equal(before, await record.ScalarAsync(Everything));

        await record.ScalarAsync("INSERT INTO loose (slice, call) SELECT call_slice(id), id FROM call");
        Assert.NotEqual(0, (await record.BundleAsync())!.Bundled);
        Assert.Equal(before, await record.ScalarAsync(Everything));
    }

    [PostgresFact]
    public async Task AServerProcessKilledInTheMiddleLeavesEverythingLooseAndNothingHalfDone()
    {
        await using BundledRecord record = await BundledRecord.StoreAsync();
        await record.BundleAsync();
        string before = (string)(await record.ScalarAsync(Everything))!;
        CallRecord[] late = [.. record.Calls.Where(call => call.Trace > 0).Select(call => BundledRecord.Later(call, 500))];
        await record.WriteAsync(late);
        object? loose = await record.ScalarAsync("SELECT count(*) FROM loose");
        await record.ScalarAsync("""
            CREATE SEQUENCE rows;
            CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF nextval('rows') = 20 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$;
            DO $$ DECLARE t regclass; BEGIN
                FOR t IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'bundle'::regclass LOOP
                    EXECUTE format('CREATE TRIGGER die BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION die()', t);
                END LOOP;
            END $$
            """);

        await Assert.ThrowsAnyAsync<NpgsqlException>(record.BundleAsync);
        NpgsqlConnection.ClearAllPools();
        Assert.Equal(20L, await record.ScalarAsync("SELECT last_value FROM rows"));
        Assert.Equal(before.Length > 0, (long)(await record.ScalarAsync("SELECT count(*) FROM bundle"))! > 0);
        Assert.True((long)(await record.ScalarAsync("SELECT count(*) FROM loose"))! > 0 && loose is > 0L);
        await RequireReachAsync(record, late);

        Assert.NotEqual(0, (await record.BundleAsync())!.Bundled);
        Assert.Equal(0L, await record.ScalarAsync("SELECT count(*) FROM loose"));
        Assert.Equal(await record.ScalarAsync("SELECT count(*) FROM call WHERE coalesce(trace, id) > 0"), await record.ScalarAsync("SELECT sum(calls) FROM bundle"));
        await RequireReachAsync(record, late);
    }

    [PostgresFact]
    public async Task WhatIsStoredWhileABundleIsMadeStaysLoose()
    {
        await using BundledRecord record = await BundledRecord.StoreAsync();
        CallRecord parent = record.Calls.First(call => call.Trace > 0);
        // The bundler waits before its first row until this session lets go.
        await using NpgsqlConnection gate = await record.Database.OpenConnectionAsync();
        await using (var command = new NpgsqlCommand("""
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
            DO $$ DECLARE t regclass; BEGIN
                FOR t IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'bundle'::regclass LOOP
                    EXECUTE format('CREATE TRIGGER wait BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION wait()', t);
                END LOOP;
            END $$;
            SELECT pg_advisory_lock(1)
            """, gate)) await command.ExecuteNonQueryAsync();
        Task<UpkeepResult?> bundling = record.BundleAsync();
        while ((long)(await record.ScalarAsync("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))! == 0) await Task.Delay(5);

        CallRecord late = BundledRecord.Later(parent, 700);
        await record.WriteAsync([late]);
        await using (var command = new NpgsqlCommand("SELECT pg_advisory_unlock(1)", gate)) await command.ExecuteNonQueryAsync();
        Assert.NotEqual(0, (await bundling)!.Bundled);

        await RequireReachAsync(record, [late]);
        await record.BundleAsync();
        await RequireReachAsync(record, [late]);
        Assert.Equal(0L, await record.ScalarAsync("SELECT count(*) FROM loose"));
    }

    [PostgresFact]
    public async Task BundlesGoWithTheirDay()
    {
        await using BundledRecord record = await BundledRecord.StoreAsync();
        await record.BundleAsync();
        await record.WriteAsync([BundledRecord.Later(record.Calls.First(call => call.Trace > 0), 900)]);
        await new StoreUpkeep(record.Database, new UpkeepOptions()).DropBeforeAsync(DateTimeOffset.UtcNow);
        Assert.Equal(0L, await record.ScalarAsync("SELECT (SELECT count(*) FROM bundle) + (SELECT count(*) FROM loose) + (SELECT count(*) FROM stray)"));
    }

    [PostgresFact]
    public async Task ADamagedBundleIsSaidToBeOne()
    {
        await using BundledRecord record = await BundledRecord.StoreAsync();
        await record.BundleAsync();
        await record.ScalarAsync("UPDATE bundle SET data = substr(data, 1, length(data) / 2)");
        await using StoreReader reader = await LineageStores.OpenAsync(record.Database);
        CallRecord any = record.Calls.First(call => call.Trace > 0);
        var found = await Assert.ThrowsAsync<StoreException>(() => new LineageQuery(reader).ReachAsync(any.Id, null, LineageDirection.Ancestors));
        Assert.Equal($"the bundle of trace {new CallId(any.Trace)} is damaged", found.Message);
    }

    private static async Task RequireReachAsync(BundledRecord record, CallRecord[] late)
    {
        await using StoreReader reader = await LineageStores.OpenAsync(record.Database);
        var query = new LineageQuery(reader);
        foreach (CallRecord call in late.Take(40))
        {
            LineageResult found = await query.ReachAsync(call.Parent, null, LineageDirection.Descendants);
            Assert.Contains(found.Calls, reached => reached.Id == call.Id);
        }
    }

    private static Task<List<string>> CallsAsync(BundledRecord record) => LinesAsync(record, """
        SELECT concat_ws(' ', coalesce(trace, id), id, coalesce(parent, 0), shape, labels, ('x' || encode(float4send(duration), 'hex'))::bit(32)::int, size_in, size_out)
        FROM call WHERE coalesce(trace, id) > 0
        """);

    private static async Task<List<string>> LinesAsync(BundledRecord record, string sql)
    {
        var lines = new List<string>();
        await using NpgsqlCommand command = record.Database.CreateCommand(sql);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync()) lines.Add(row.GetString(0));
        return [.. lines.Order()];
    }
}
