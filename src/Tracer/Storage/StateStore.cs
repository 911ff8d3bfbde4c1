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
