using System.Collections.Concurrent;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Npgsql;
using NpgsqlTypes;

namespace Chain.Tracer.Storage;

/// <summary>A value that a component keeps between calls, with its provenance beside it.</summary>
/// <param name="Value">The bytes.</param>
/// <param name="Label">The label of the data when they were written.</param>
/// <param name="Writer">The call that wrote them: the source of the flow into whoever reads them.</param>
/// <param name="Version">1 for the first write, and one more for each after it.</param>
public sealed record StateValue(ReadOnlyMemory<byte> Value, Label Label, CallId Writer, long Version);

/// <summary>
/// State between calls, in Postgres, label and writer beside the value so that lineage crosses traces. Safe for any number of threads.
/// </summary>
/// <remarks>Whoever reads records the flow: <c>recorder.Flow(call, n, writer, label, FlowInto.Input, key)</c>.</remarks>
public sealed class StateStore(NpgsqlDataSource database, AgreedLabels labels)
{
    // Forgotten as a whole when there are more: this only saves look-ups.
    private const int Remembered = 1 << 16;

    private readonly ConcurrentDictionary<StateKey, int> _keys = new();

    /// <summary>What a key holds; null when it holds nothing.</summary>
    public async Task<StateValue?> GetAsync(StateKey key, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using var command = new NpgsqlCommand("""
            SELECT s.value, s.label, s.writer, s.version FROM state s JOIN state_key k ON k.id = s.key WHERE k.component = $1 AND k.store = $2 AND k.key = $3
            """, connection);
        command.Parameters.AddWithValue(key.Component);
        command.Parameters.AddWithValue(key.Store);
        command.Parameters.AddWithValue(key.Key);
        (byte[] value, int label, long writer, long version) found;
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation))
        {
            if (!await reader.ReadAsync(cancellation)) return null;
            found = (reader.IsDBNull(0) ? [] : reader.GetFieldValue<byte[]>(0), reader.GetInt32(1), reader.GetInt64(2), reader.GetInt64(3));
        }

        return new StateValue(found.value, await labels.LabelAsync(found.label, cancellation), new CallId(found.writer), found.version);
    }

    /// <summary>Writes a value, its label and its writer, all or none, and says which version that is.</summary>
    public async Task<long> SetAsync(StateKey key, ReadOnlyMemory<byte> value, Label label, CallId writer,
        CancellationToken cancellation = default)
    {
        int labelId = await labels.IdAsync(label, cancellation);
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        if (_keys.Count > Remembered) _keys.Clear();
        if (!_keys.TryGetValue(key, out int keyId)) _keys[key] = keyId = StoreNames.StateKey(connection, key);
        await using var command = new NpgsqlCommand("""
            INSERT INTO state (key, value, label, writer) VALUES ($1, $2, $3, $4)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value, label = excluded.label, writer = excluded.writer, version = state.version + 1, written = now()
            RETURNING version
            """, connection);
        command.Parameters.AddWithValue(keyId);
        command.Parameters.Add(new NpgsqlParameter { Value = value, NpgsqlDbType = NpgsqlDbType.Bytea });
        command.Parameters.AddWithValue(labelId);
        command.Parameters.AddWithValue(writer.Value);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Writes as <see cref="SetAsync"/> does, if nobody has since the value was read.</summary>
    /// <param name="key">The key.</param>
    /// <param name="read">The value that was read; null where there was none.</param>
    /// <param name="value">The new value.</param>
    /// <param name="label">Its label.</param>
    /// <param name="writer">The call that writes it.</param>
    /// <param name="cancellation">Stops waiting for the store.</param>
    /// <returns>False when somebody has.</returns>
    public async Task<bool> TrySetAsync(StateKey key, StateValue? read, ReadOnlyMemory<byte> value, Label label, CallId writer,
        CancellationToken cancellation = default)
    {
        int labelId = await labels.IdAsync(label, cancellation);
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        if (_keys.Count > Remembered) _keys.Clear();
        if (!_keys.TryGetValue(key, out int keyId)) _keys[key] = keyId = StoreNames.StateKey(connection, key);
        await using var command = new NpgsqlCommand(read is null
            ? "INSERT INTO state (key, value, label, writer) VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO NOTHING"
            : """
              UPDATE state SET value = $2, label = $3, writer = $4, version = version + 1, written = now()
              WHERE key = $1 AND version = $5 AND writer = $6
              """, connection);
        command.Parameters.AddWithValue(keyId);
        command.Parameters.Add(new NpgsqlParameter { Value = value, NpgsqlDbType = NpgsqlDbType.Bytea });
        command.Parameters.AddWithValue(labelId);
        command.Parameters.AddWithValue(writer.Value);
        if (read is not null)
        {
            command.Parameters.AddWithValue(read.Version);
            command.Parameters.AddWithValue(read.Writer.Value);
        }

        return await command.ExecuteNonQueryAsync(cancellation) == 1;
    }

    /// <summary>The keys of a component's store that hold something, in ordinal order, with the labels of their values.</summary>
    /// <param name="component">The component.</param>
    /// <param name="store">The store within it.</param>
    /// <param name="after">Only keys past this one; null for all.</param>
    /// <param name="limit">The most to give.</param>
    /// <param name="cancellation">Stops waiting for the store.</param>
    public async Task<IReadOnlyList<(string Key, Label Label)>> ListAsync(
        string component, string store, string? after, int limit, CancellationToken cancellation = default)
    {
        var found = new List<(string Key, int Label)>();
        await using (NpgsqlCommand command = database.CreateCommand("""
            SELECT k.key, s.label FROM state_key k JOIN state s ON s.key = k.id
            WHERE k.component = $1 AND k.store = $2 AND k.key COLLATE "C" > $3 ORDER BY k.key COLLATE "C" LIMIT $4
            """))
        {
            command.Parameters.AddWithValue(component);
            command.Parameters.AddWithValue(store);
            command.Parameters.AddWithValue(after ?? "");
            command.Parameters.AddWithValue(limit);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation)) found.Add((reader.GetString(0), reader.GetInt32(1)));
        }

        var result = new List<(string, Label)>(found.Count);
        foreach ((string key, int label) in found) result.Add((key, await labels.LabelAsync(label, cancellation)));
        return result;
    }

    /// <summary>Removes a value; false when there was none. What was recorded of it stays.</summary>
    public async Task<bool> DeleteAsync(StateKey key, CancellationToken cancellation = default)
    {
        await using NpgsqlCommand command = database.CreateCommand(
            "DELETE FROM state WHERE key = (SELECT id FROM state_key WHERE component = $1 AND store = $2 AND key = $3)");
        command.Parameters.AddWithValue(key.Component);
        command.Parameters.AddWithValue(key.Store);
        command.Parameters.AddWithValue(key.Key);
        return await command.ExecuteNonQueryAsync(cancellation) == 1;
    }
}
