using Npgsql;

namespace Chain.Tracer.Storage;

/// <summary>A node's place in the store: its number and the lanes that only it may issue ids from.</summary>
/// <param name="Id">Row of the table <c>node</c>.</param>
/// <param name="FirstLane">The first of its lanes.</param>
/// <param name="Lanes">How many it has.</param>
public readonly record struct NodeRegistration(int Id, int FirstLane, int Lanes)
{
    /// <summary>Registers a node, or finds it registered already.</summary>
    /// <param name="database">The store, migrated.</param>
    /// <param name="identity">Names the node for ever; kept with its spool.</param>
    /// <param name="name">For people: the silo's name.</param>
    /// <param name="lanes">How many lanes it wants: one a core.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="StoreException">No lanes are left.</exception>
    public static async Task<NodeRegistration> RegisterAsync(
        NpgsqlDataSource database, Guid identity, string name, int lanes, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        await using (var queue = new NpgsqlCommand("LOCK TABLE node IN SHARE ROW EXCLUSIVE MODE",
            connection)) await queue.ExecuteNonQueryAsync(cancellation);
        await using (var known = new NpgsqlCommand("UPDATE node SET seen = now(), name = $2 WHERE identity = $1 RETURNING id, first_lane, lanes", connection))
        {
            known.Parameters.AddWithValue(identity);
            known.Parameters.AddWithValue(name);
            if (await ReadAsync(known, cancellation) is { } found)
            {
                await transaction.CommitAsync(cancellation);
                return found;
            }
        }

        // The next free lanes; when none are left, those of a node that has not been seen for thirty days, whose ids all lie in the past.
        await using var take = new NpgsqlCommand("""
            WITH free AS (SELECT coalesce(max(first_lane + lanes), 0) AS lane FROM node)
            INSERT INTO node (identity, name, first_lane, lanes) SELECT $1, $2, lane, $3 FROM free WHERE lane + $3 <= $4
            RETURNING id, first_lane, lanes
            """, connection);
        take.Parameters.AddWithValue(identity);
        take.Parameters.AddWithValue(name);
        take.Parameters.AddWithValue(lanes);
        take.Parameters.AddWithValue(Calls.CallId.Lanes);
        NodeRegistration? taken = await ReadAsync(take, cancellation);
        if (taken is null)
        {
            await using var reuse = new NpgsqlCommand("""
                UPDATE node SET identity = $1, name = $2, seen = now(), registered = now(), counters = '{}'
                WHERE id = (SELECT id FROM node WHERE seen < now() - interval '30 days' AND lanes >= $3 ORDER BY seen LIMIT 1)
                RETURNING id, first_lane, lanes
                """, connection);
            reuse.Parameters.AddWithValue(identity);
            reuse.Parameters.AddWithValue(name);
            reuse.Parameters.AddWithValue(lanes);
            taken = await ReadAsync(reuse, cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return taken ?? throw new StoreException($"all {Calls.CallId.Lanes} lanes of the store belong to nodes that were seen in the last 30 days");
    }

    private static async Task<NodeRegistration?> ReadAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? new NodeRegistration(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2))
            : null;
    }
}
