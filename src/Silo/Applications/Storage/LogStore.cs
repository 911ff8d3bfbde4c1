using Chain.Silo.Hosting.Local;
using Npgsql;
using NpgsqlTypes;

namespace Chain.Silo.Applications.Storage;

/// <summary>What guests wrote, as the store keeps it. For one writer; readers are safe for any thread.</summary>
/// <param name="database">The store.</param>
/// <param name="node">Row of <c>node</c> of this process.</param>
internal sealed class LogStore(NpgsqlDataSource database, int node)
{
    /// <summary>The latest lines of an application that are kept at least.</summary>
    public const int MostLines = 100_000;

    // Counting costs as much as there are lines.
    private const int BetweenTrims = MostLines / 10;

    private readonly Dictionary<string, int> written = new(StringComparer.Ordinal);

    /// <summary>Stores lines; those that are there already stay as they are. Now and then removes the oldest of an application that has too many.</summary>
    /// <exception cref="NpgsqlException">The store is away, or refuses.</exception>
    public async Task WriteAsync(IReadOnlyList<(string Application, LogLine Line)> lines, CancellationToken cancellation)
    {
        await using (NpgsqlCommand command = database.CreateCommand("""
            INSERT INTO application_log (application, number, node, component, source, trace, line)
            SELECT application, number, $3, component, source, trace, line FROM unnest($1, $2, $4, $5, $6, $7) AS new (application, number, component, source, trace, line)
            ON CONFLICT DO NOTHING
            """))
        {
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. lines.Select(static one => one.Application)] });
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. lines.Select(static one => one.Line.Number)] });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = node });
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. lines.Select(static one => one.Line.Component)] });
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. lines.Select(static one => one.Line.Source)] });
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. lines.Select(static one => one.Line.Trace)] });
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. lines.Select(static one => one.Line.Text)] });
            await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        }

        foreach (IGrouping<string, (string Application, LogLine Line)> one in lines.GroupBy(static one => one.Application))
        {
            int count = written.GetValueOrDefault(one.Key) + one.Count();
            written[one.Key] = count < BetweenTrims ? count : 0;
            if (count >= BetweenTrims) await TrimAsync(one.Key, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The last lines of an application that are wanted, oldest first.</summary>
    /// <exception cref="NpgsqlException">The store is away.</exception>
    public async Task<IReadOnlyList<LogLine>> ReadAsync(string application, LogFilter filter, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = database.CreateCommand("""
            SELECT l.number, n.name, l.component, l.source, l.line, l.trace FROM application_log l JOIN node n ON n.id = l.node
            WHERE l.application = $1 AND l.number >= $2 AND l.component = coalesce($3, l.component) AND l.trace = coalesce($4, l.trace)
            ORDER BY l.number DESC, l.node DESC LIMIT $5
            """);
        command.Parameters.AddWithValue(application);
        command.Parameters.AddWithValue(filter.Since is { } since ? (since - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond : 0);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)filter.Component ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)filter.Trace ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.AddWithValue(filter.Most);
        var lines = new List<LogLine>();
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        while (await row.ReadAsync(cancellation).ConfigureAwait(false))
            lines.Add(new LogLine(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5)));
        lines.Reverse();
        return lines;
    }

    private async Task TrimAsync(string application, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = database.CreateCommand("""
            DELETE FROM application_log WHERE application = $1 AND number <=
                (SELECT number FROM application_log WHERE application = $1 ORDER BY number DESC OFFSET $2 LIMIT 1)
            """);
        command.Parameters.AddWithValue(application);
        command.Parameters.AddWithValue(MostLines);
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }
}
