using System.Text.Json;
using Chain.Tracer.Recording;
using Npgsql;

namespace Chain.Tracer.Storage;

/// <summary>One day of the store.</summary>
/// <param name="Day">In UTC.</param>
/// <param name="Calls">How many, as Postgres estimates; -1 when it never looked.</param>
/// <param name="Bytes">Calls, flows and their indexes.</param>
/// <param name="Closed">When it was closed; null while it is open.</param>
public sealed record DayStatus(DateOnly Day, long Calls, long Bytes, DateTime? Closed);

/// <summary>One node that records into the store.</summary>
/// <param name="Id">Row of <c>node</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Seen">When it last reported.</param>
/// <param name="Counters">Over all its processes, as of then.</param>
public sealed record NodeStatus(int Id, string Name, DateTime Seen, CounterTotals Counters);

/// <summary>How the store is.</summary>
/// <param name="Server">The version of Postgres.</param>
/// <param name="Bytes">The whole database.</param>
/// <param name="Migration">The last migration that was applied; 0 for none.</param>
/// <param name="Tags">Tags known.</param>
/// <param name="Labels">Labels known.</param>
/// <param name="Days">The days, the newest first.</param>
/// <param name="Nodes">The nodes, the one seen last first.</param>
public sealed record StoreStatus(string Server, long Bytes, int Migration, long Tags, long Labels, IReadOnlyList<DayStatus> Days,
    IReadOnlyList<NodeStatus> Nodes)
{
    /// <summary>Asks the store. A database that was never migrated has no days and no nodes.</summary>
    public static async Task<StoreStatus> ReadAsync(NpgsqlDataSource database, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        bool migrated = await ScalarAsync<bool>(connection, "SELECT to_regclass('partition') IS NOT NULL", cancellation);
        int migration = await ScalarAsync<bool>(connection, "SELECT to_regclass('migration') IS NOT NULL", cancellation)
            ? await ScalarAsync<int>(connection, "SELECT coalesce(max(number), 0) FROM migration", cancellation)
            : 0;
        return new StoreStatus(
            await ScalarAsync<string>(connection, "SHOW server_version", cancellation),
            await ScalarAsync<long>(connection, "SELECT pg_database_size(current_database())", cancellation),
            migration,
            migrated ? await ScalarAsync<long>(connection, "SELECT count(*) FROM tag", cancellation) : 0,
            migrated ? await ScalarAsync<long>(connection, "SELECT count(*) FROM label", cancellation) : 0,
            migrated ? await DaysAsync(connection, cancellation) : [],
            migrated ? await NodesAsync(connection, cancellation) : []);
    }

    private static async Task<List<DayStatus>> DaysAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            SELECT day, c.reltuples::bigint, pg_total_relation_size(c.oid) + pg_total_relation_size('flow_' || to_char(day, 'YYYYMMDD')), closed
            FROM partition JOIN pg_class c ON c.oid = to_regclass('call_' || to_char(day, 'YYYYMMDD')) ORDER BY day DESC
            """, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var days = new List<DayStatus>();
        while (await reader.ReadAsync(cancellation))
        {
            days.Add(new DayStatus(reader.GetFieldValue<DateOnly>(0), reader.GetInt64(1), reader.GetInt64(2), reader.IsDBNull(3) ? null
                : reader.GetDateTime(3)));
        }

        return days;
    }

    private static async Task<List<NodeStatus>> NodesAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT id, name, seen, counters::text FROM node ORDER BY seen DESC", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var nodes = new List<NodeStatus>();
        while (await reader.ReadAsync(cancellation))
        {
            nodes.Add(new NodeStatus(reader.GetInt32(0), reader.GetString(1), reader.GetDateTime(2),
                JsonSerializer.Deserialize(reader.GetString(3), CounterJson.Default.CounterTotals)!));
        }

        return nodes;
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
