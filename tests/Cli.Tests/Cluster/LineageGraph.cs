using System.Globalization;
using System.Text;
using Npgsql;

namespace Chain.Cli.Tests.Cluster;

/// <summary>What the record says of an application's chains, without what differs from run to run: ids, times, silos, sizes.</summary>
internal static class LineageGraph
{
    private const string Calls = """
        WITH text AS (
            SELECT l.id, coalesce(string_agg(CASE t.kind WHEN 1 THEN '+' ELSE '' END || t.name || CASE t.value WHEN '' THEN '' ELSE '=' || t.value END, ',' ORDER BY t.name, t.value, t.kind), '') AS label
            FROM label l LEFT JOIN tag t ON t.id = ANY (l.tags) GROUP BY l.id
        )
        SELECT c.id, c.trace, c.parent, c.caller || ' → ' || c.callee || ' ' || c.function || ' outcome ' || c.outcome || ' in {' || i.label || '} out {' || o.label || '}'
        FROM call_view c JOIN text i ON i.id = c.label_in JOIN text o ON o.id = c.label_out
        WHERE (c.caller LIKE $1 OR c.callee LIKE $1) AND c.outcome <> 6 ORDER BY c.trace, c.id
        """;

    private const string Flows = """
        SELECT f.dst, f.src, coalesce((
            SELECT string_agg(t.name || CASE t.value WHEN '' THEN '' ELSE '=' || t.value END, ',' ORDER BY t.name, t.value) FROM label l JOIN tag t ON t.id = ANY (l.tags) WHERE l.id = f.label), ''),
            f.part, coalesce(k.component || ' ' || k.store || ' ' || k.key, '')
        FROM flow f LEFT JOIN state_key k ON k.id = f.state WHERE f.dst = ANY ($1)
        """;

    /// <summary>A line for each call that began, deeper than its parent's, in the order of traces and within them of starts; then one for each flow.</summary>
    public static async Task<string[]> ReadAsync(NpgsqlDataSource database, string application)
    {
        var numbers = new Dictionary<long, int>();
        var depths = new Dictionary<long, int>();
        var lines = new List<string>();
        await using (NpgsqlCommand command = database.CreateCommand(Calls))
        {
            command.Parameters.AddWithValue(application + "/%");
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
            while (await row.ReadAsync())
            {
                long id = row.GetInt64(0);
                numbers[id] = numbers.Count;

                // A parent that is not there, or in another trace, would show as a depth that is not the other run's.
                depths[id] = row.IsDBNull(2) ? 0 : depths.GetValueOrDefault(row.GetInt64(2), 100) + 1;
                lines.Add(new StringBuilder().Append(' ', 2 * depths[id]).Append(row.GetString(3)).ToString());
            }
        }

        var flows = new List<string>();
        await using (NpgsqlCommand command = database.CreateCommand(Flows))
        {
            command.Parameters.AddWithValue(numbers.Keys.ToArray());
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
            while (await row.ReadAsync())
            {
                flows.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{numbers[row.GetInt64(0)]:000} from {numbers.GetValueOrDefault(row.GetInt64(1), -1):000}, part {row.GetInt16(3)}: {{{row.GetString(2)}}} by '{row.GetString(4)}'"));
            }
        }

        return [.. lines, .. flows.Order(StringComparer.Ordinal)];
    }
}
