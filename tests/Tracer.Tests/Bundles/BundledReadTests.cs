using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Chain.Tracer.Recording;
using Chain.Tracer.Tags;
using Chain.Tracer.Tests.Lineage;

namespace Chain.Tracer.Tests.Bundles;

/// <summary>The same questions before and after bundling, and with some traces loose.</summary>
public sealed class BundledReadTests
{
    [PostgresFact]
    public async Task CallsByTimeAreTheSameLooseBundledAndMixed()
    {
        await using BundledRecord record = await BundledRecord.StoreAsync();
        // A trace of two hours, one that passes the next midnight, and one whose id somebody made up: a day later than its calls, or a minute.
        CallRecord any = record.Calls.First(call => call.Trace == call.Id.Value && call.Id.StartMicroseconds % 86_400_000_000 < 36_000_000_000);
        List<CallRecord> odd = [.. Enumerable.Range(1, 8).Select(i => BundledRecord.Later(any, i * 900_000_007L))];
        odd.AddRange(Enumerable.Range(1, 30).Select(i => BundledRecord.Later(any, i * 3_600_000_011L)));
        odd.Add(BundledRecord.Later(any, 5_000_001) with { Trace = any.Id.Value + (86_400_000_000 << 13) });
        odd.Add(BundledRecord.Later(any, 5_000_002) with { Trace = any.Id.Value + (60_000_000L << 13) });
        await record.WriteAsync([.. odd]);
        CallRecord[] all = [.. record.Calls, .. odd];
        await RequireAsync(record, all);

        await record.BundleAsync();
        Assert.Equal(0L, await record.ScalarAsync("SELECT count(*) FROM loose"));
        await RequireAsync(record, all);

        CallRecord[] late = [.. record.Calls.Where((call, i) => call.Trace > 0 && i % 97 == 0).Select(call => BundledRecord.Later(call, 800))];
        foreach (CallRecord call in late) await record.WriteAsync([call]);
        await RequireAsync(record, [.. all, .. late]);
        CallRecord[] older = [.. record.Calls.Where((call, i) => call.Trace > 0 && i % 89 == 0).Select(call => BundledRecord.Later(call, 900))];
        await record.WriteAsync(older);
        await RequireAsync(record, [.. all, .. late, .. older]);
        await record.BundleAsync();
        await RequireAsync(record, [.. all, .. late, .. older]);
    }

    [PostgresFact]
    public async Task TracesOpenTheSameLooseAndBundled()
    {
        await using BundledRecord record = await BundledRecord.StoreAsync();
        // One too large for a row of the table, one too large to be read as a whole; both in a batch with payloads that do not fit a row.
        CallRecord root = record.Calls.First(call => call.Trace == call.Id.Value), other = record.Calls.Last(call => call.Trace == call.Id.Value && call.Id != root.Id);
        CallRecord[] wide = [.. Enumerable.Range(1, 9_000).Select(i => BundledRecord.Later(root, 1_000 + i) with { SizeOut = i % 3000 == 0 ? 40_000 + i : 5 })];
        CallRecord[] wider = [.. Enumerable.Range(1, 21_000).Select(i => BundledRecord.Later(other, 1_000 + i))];
        await record.WriteAsync([.. wide, .. wider]);
        long[] keys = [.. record.Calls.Select(call => call.Trace).Where(key => key > 0).Distinct()];
        List<string> before = await TreesAsync(record, keys);

        await record.BundleAsync();
        Assert.Equal(0L, await record.ScalarAsync("SELECT count(*) FROM loose"));
        foreach ((string tree, string bundled) in before.Zip(await TreesAsync(record, keys))) Assert.True(tree == bundled, $"{tree}\n{bundled}");
        Assert.Equal(3L, await record.ScalarAsync($"SELECT count(*) FROM bundle WHERE trace = {root.Id.Value}"));
        Assert.Contains(before, text => text.Contains("49000", StringComparison.Ordinal));
    }

    private static async Task<List<string>> TreesAsync(BundledRecord record, long[] keys)
    {
        await using StoreReader reader = await LineageStores.OpenAsync(record.Database);
        var query = new TraceQuery(reader);
        var trees = new List<string>();
        foreach (long key in keys)
        {
            // Of what hangs below a lost call, the index on the parent knows nothing.
            if (record.Calls.All(call => call.Id.Value != key) || Orphans(record, key)) continue;
            TraceTree tree = await query.OpenAsync(key);
            trees.Add($"{tree.Id} {tree.Total} {tree.IsPart}: " + string.Join("; ", Enumerable.Range(0, tree.Count).Select(i => $"{tree.Info(i).Id} {tree.Info(i)} {string.Join(',', tree.Children(i))}")));
        }

        Assert.True(trees.Count > 50, $"{trees.Count} trees");
        return trees;
    }

    private static bool Orphans(BundledRecord record, long key)
    {
        CallRecord[] own = [.. record.Calls.Where(call => call.Trace == key)];
        return own.Any(call => call.Id.Value != key && own.All(above => above.Id != call.Parent));
    }

    private static async Task RequireAsync(BundledRecord record, CallRecord[] calls)
    {
        await using StoreReader reader = await LineageStores.OpenAsync(record.Database);
        var query = new CallQuery(reader);
        DateTimeOffset first = new CallId(calls.Min(call => call.Id.Value)).Start;
        int found = 0;
        for (int i = 0; i < 60; i++)
        {
            // Windows of different widths; the widest are wider than what bundles are read for.
            DateTimeOffset since = first.AddMinutes((i * 37) - 5.01), until = since.AddMinutes(1 + (i % 9 * 25));
            CallId[] expected = [.. calls.Select(call => call.Id).Where(id => id.Start >= since && id.Start < until).Order()];
            var ids = new List<CallId>();
            await foreach (CallInfo call in query.CallsAsync(new CallFilter { Since = since, Until = until })) ids.Add(call.Id);
            Assert.True(expected.SequenceEqual(ids), $"{since:O} to {until:O}: expected {string.Join(' ', expected)}, found {string.Join(' ', ids)}");
            found += ids.Count;
            await foreach (CallInfo call in query.CallsAsync(new CallFilter { Since = since, Until = until, Tag = Tag.Parse("user=bob") }))
            {
                Assert.True(call.LabelIn.Has(Tag.Parse("user=bob")) || call.LabelOut.Has(Tag.Parse("user=bob")));
                Assert.Contains(call.Id, expected);
            }
        }

        Assert.True(found > calls.Length, $"{found} calls");
    }
}
