using Chain.PolicyEngine.Alerts;
using Npgsql;

namespace Chain.PolicyEngine.Storage;

/// <summary>Silences in Postgres.</summary>
/// <param name="database">The store, migrated.</param>
public sealed class SilenceStore(NpgsqlDataSource database)
{
    /// <summary>Adds a silence.</summary>
    /// <returns>Its number.</returns>
    public async Task<long> AddAsync(Silence silence, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        return await AlertStore.ScalarAsync(connection, "INSERT INTO silence (matchers, starts, ends, author, comment) VALUES ($1, $2, $3, $4, $5) RETURNING id", cancellation,
            AlertStore.Json(silence.Matchers), silence.Starts.UtcDateTime, silence.Ends.UtcDateTime, silence.Author, silence.Comment);
    }

    /// <summary>The silences that have not ended; with <paramref name="all"/> every one.</summary>
    public async Task<IReadOnlyList<Silence>> ListAsync(DateTimeOffset now, bool all, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        return await ReadAsync(connection, all ? "" : "WHERE ends > $1", cancellation, all ? [] : [now.UtcDateTime]);
    }

    /// <summary>Ends a silence now.</summary>
    /// <returns>False where there is none of this number, or it has ended.</returns>
    public async Task<bool> ExpireAsync(long id, DateTimeOffset now, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        return await AlertStore.RunAsync(connection, "UPDATE silence SET ends = greatest($2, starts) WHERE id = $1 AND ends > $2", cancellation, id, now.UtcDateTime) == 1;
    }

    internal static async Task<List<Silence>> ReadAsync(NpgsqlConnection connection, string where, CancellationToken cancellation, params object?[] values)
    {
        await using var command = new NpgsqlCommand($"SELECT id, matchers::text, starts, ends, author, comment FROM silence {where} ORDER BY id", connection);
        AlertStore.Add(command, values);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var silences = new List<Silence>();
        while (await reader.ReadAsync(cancellation))
        {
            silences.Add(new Silence(
                reader.GetInt64(0), AlertJson.Read<Dictionary<string, string>>(reader.GetString(1)),
                reader.GetFieldValue<DateTime>(2), reader.GetFieldValue<DateTime>(3), reader.GetString(4), reader.GetString(5)));
        }

        return silences;
    }
}
