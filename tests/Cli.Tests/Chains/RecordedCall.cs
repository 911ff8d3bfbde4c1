using Npgsql;

namespace Chain.Cli.Tests.Chains;

/// <summary>A row of the record.</summary>
internal sealed record RecordedCall(long Id, long Trace, long? Parent, string Callee, short Outcome, string Node, string Host, short Attempt)
{
    /// <summary>The silo on which the callee ran.</summary>
    public string Silo => Host.Length == 0 ? Node : Host;

    /// <summary>All calls, in the order in which they began.</summary>
    public static async Task<RecordedCall[]> ReadAllAsync(NpgsqlDataSource database)
    {
        await using NpgsqlCommand command = database.CreateCommand("""
            SELECT c.id, coalesce(c.trace, c.id), c.parent, callee.name, s.outcome, n.name, s.host, s.attempt
            FROM call c JOIN shape s ON s.id = c.shape JOIN component callee ON callee.id = s.callee JOIN node n ON n.id = s.node ORDER BY c.id
            """);
        var calls = new List<RecordedCall>();
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            calls.Add(new RecordedCall(
                row.GetInt64(0), row.GetInt64(1), row.IsDBNull(2) ? null : row.GetInt64(2), row.GetString(3), row.GetInt16(4), row.GetString(5), row.GetString(6),
                row.GetInt16(7)));
        }

        return [.. calls];
    }
}
