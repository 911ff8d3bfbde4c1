using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>The exact sizes of payloads of 32 KiB and more, for rows that came without them.</summary>
internal static class CallSizes
{
    /// <summary>Replaces the sizes of -1 that are known.</summary>
    public static async Task FillAsync(NpgsqlConnection connection, List<CallRow> rows, CancellationToken cancellation)
    {
        Dictionary<long, int>? large = null;
        for (int i = 0; i < rows.Count; i++)
        {
            if (rows[i].SizeIn < 0 || rows[i].SizeOut < 0) (large ??= [])[rows[i].Id] = i;
        }

        if (large is null) return;
        await using var command = new NpgsqlCommand("SELECT id, size_in, size_out FROM call_size WHERE id = ANY ($1)", connection);
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. large.Keys] });
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            int at = large[row.GetInt64(0)];
            CallRow found = rows[at];
            rows[at] = found with { SizeIn = found.SizeIn < 0 ? row.GetInt64(1) : found.SizeIn, SizeOut = found.SizeOut < 0 ? row.GetInt64(2) : found.SizeOut };
        }
    }
}
