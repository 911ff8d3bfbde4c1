using Chain.Cli.Bench;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Cli.Tests.Chains;

/// <summary>The record of many chains at once, by the store's rows.</summary>
public sealed class ManyChainsTests
{
    private const int Chains = 10_000;

    [PostgresFact]
    public async Task TenThousandChainsAtOnceAreEachRecordedOnceAndKeepTheirTagsToThemselves()
    {
        await using TestNode test = await TestNode.StartAsync();
        await test.Node.DeployAsync(await HopApplication.WriteAsync(test.FolderOf("hop"), hasRules: false), 1, "test");

        GatewayResult[] results = await Task.WhenAll(Enumerable.Range(0, Chains).Select(
            chain => HopApplication.CallAsync(test.Node, HopApplication.Length - 1, 0, test.With(TagOf(chain)))));
        await test.Node.FlushAsync();

        Dictionary<long, Row> rows = await ReadAsync(test.Database);
        Assert.Equal(Chains * HopApplication.Length, rows.Count);
        Dictionary<long, Row[]> traces = rows.Values.GroupBy(static row => row.Trace).ToDictionary(static trace => trace.Key, static trace => trace.OrderBy(static row => row.Callee, StringComparer.Ordinal).ToArray());
        Assert.Equal(Chains, traces.Count);
        for (int chain = 0; chain < Chains; chain++)
        {
            string tag = TagOf(chain);
            Assert.Equal(tag, results[chain].Label.ToString());
            Row[] calls = traces[results[chain].Trace.Key];
            Assert.Equal(HopApplication.Length, calls.Length);
            for (int depth = 0; depth < calls.Length; depth++)
            {
                long? caller = depth == 0 ? null : calls[depth - 1].Id;
                Assert.Equal(calls[depth] with { Parent = caller, Callee = $"hop/c{depth}", Outcome = 0, LabelIn = tag, LabelOut = tag }, calls[depth]);
            }
        }

        Assert.Equal(0, test.Node.Policies.Labels.Coarsened);
        Assert.Equal(0, test.Node.Dropped);
    }

    private static string TagOf(int chain) => $"chain=n{chain}";

    private static async Task<Dictionary<long, Row>> ReadAsync(NpgsqlDataSource database)
    {
        Dictionary<int, string> tags = await ReadAsync(database, "SELECT id, CASE value WHEN '' THEN name ELSE name || '=' || value END FROM tag", static row => (row.GetInt32(0), row.GetString(1)));
        Dictionary<int, string> labels = await ReadAsync(
            database, "SELECT id, tags FROM label", row => (row.GetInt32(0), string.Join(',', row.GetFieldValue<int[]>(1).Select(tag => tags[tag]))));
        Dictionary<long, Row> calls = await ReadAsync(database, """
            SELECT c.id, coalesce(c.trace, c.id), c.parent, callee.name, s.outcome, l.label_in, l.label_out
            FROM call c JOIN shape s ON s.id = c.shape JOIN component callee ON callee.id = s.callee JOIN labels l ON l.id = c.labels
            """, row => (row.GetInt64(0), new Row(
                row.GetInt64(0), row.GetInt64(1), row.IsDBNull(2) ? null : row.GetInt64(2), row.GetString(3), row.GetInt16(4), labels[row.GetInt32(5)], labels[row.GetInt32(6)])));
        return calls;
    }

    // A second row of a key fails.
    private static async Task<Dictionary<TKey, TValue>> ReadAsync<TKey, TValue>(NpgsqlDataSource database, string sql, Func<NpgsqlDataReader, (TKey, TValue)> read)
        where TKey : notnull
    {
        await using NpgsqlCommand command = database.CreateCommand(sql);
        command.CommandTimeout = 120;
        var found = new Dictionary<TKey, TValue>();
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            (TKey key, TValue value) = read(row);
            found.Add(key, value);
        }

        return found;
    }

    private sealed record Row(long Id, long Trace, long? Parent, string Callee, short Outcome, string LabelIn, string LabelOut);
}
