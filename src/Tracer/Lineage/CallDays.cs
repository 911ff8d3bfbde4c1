using System.Diagnostics;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>A day's partitions, and what the ids in them reach back to. 0 where there is none.</summary>
/// <param name="Suffix">The end of the partitions' names.</param>
/// <param name="First">The first id of the day.</param>
/// <param name="Next">The first id of the next day.</param>
/// <param name="OldestParent">The smallest parent of a call in it, as far back as there are days: below <paramref name="First"/> when a trace passed midnight.</param>
/// <param name="HasForeign">Whether a call in it belongs to a trace whose id Chain did not make.</param>
/// <param name="OldestSource">The smallest source of a flow in it.</param>
/// <param name="NewestSource">The largest source of a flow in it.</param>
internal sealed record CallDayRange(string Suffix, long First, long Next, long OldestParent, bool HasForeign, long OldestSource, long NewestSource)
{
    public bool Holds(long id) => id >= First && id < Next;

    /// <summary>Whether calls whose parent is this one, of an earlier day, may be here.</summary>
    public bool MayHoldChildrenOf(long id) => id < First && OldestParent != 0 && id >= OldestParent;

    /// <summary>Whether calls of this trace may be here.</summary>
    public bool MayHoldTrace(long key) => key < 0 ? HasForeign : Holds(key) || MayHoldChildrenOf(key) || (key < First && OldestParent != 0 && OldestParent < First);

    /// <summary>Whether a flow that comes from this call may be here.</summary>
    public bool MayHoldFlowFrom(long id) => OldestSource != 0 && id >= OldestSource && id <= NewestSource;
}

/// <summary>The days that have partitions. Safe for any number of threads.</summary>
/// <remarks>
/// Asking a partition directly costs a third of asking its parent table, which prunes partitions anew for every look-up. What is known of a day is
/// kept for a second, so a call that was recorded within the last second by way of another day may be missed.
/// </remarks>
internal sealed class CallDays
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly Lock _asking = new();
    private CallDayRange[] _days = [];
    private long _asked = long.MinValue;

    /// <summary>The days in ascending order.</summary>
    public async Task<CallDayRange[]> GetAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        lock (_asking)
        {
            if (_asked != long.MinValue && Stopwatch.GetElapsedTime(_asked) < Fresh) return _days;
        }

        CallDayRange[] days = await AskAsync(connection, cancellation);
        lock (_asking)
        {
            _days = days;
            _asked = Stopwatch.GetTimestamp();
        }

        return days;
    }

    /// <summary>The day that holds an id; null when there is none.</summary>
    public static CallDayRange? Find(CallDayRange[] days, long id)
    {
        int low = 0, high = days.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (days[middle].Holds(id)) return days[middle];
            if (id < days[middle].First) high = middle - 1;
            else low = middle + 1;
        }

        return null;
    }

    private static async Task<CallDayRange[]> AskAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        // From the catalogue, not from the table partition: a day that is being dropped is gone from here at once.
        const string Names = "SELECT right(c.relname, 8) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'call'::regclass ORDER BY 1";
        var suffixes = new List<string>();
        await using (var command = new NpgsqlCommand(Names, connection))
        await using (NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation)) suffixes.Add(row.GetString(0));
        }

        if (suffixes.Count == 0) return [];
        string sql = string.Join(" UNION ALL ", suffixes.Select(s =>
            $"SELECT '{s}', call_id_at(timestamp '{s}' AT TIME ZONE 'UTC'), call_id_at((timestamp '{s}' + interval '1 day') AT TIME ZONE 'UTC'), " +
            // From the first day on: the parent of a foreign trace's first call is any number.
            $"(SELECT min(parent) FROM call_{s} WHERE parent >= call_id_at(timestamp '{suffixes[0]}' AT TIME ZONE 'UTC')), EXISTS (SELECT FROM call_{s} WHERE trace < 0), (SELECT min(src) FROM flow_{s}), (SELECT max(src) FROM flow_{s})"));
        var days = new List<CallDayRange>();
        await using (var command = new NpgsqlCommand(sql, connection))
        await using (NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
            {
                days.Add(new CallDayRange(row.GetString(0), row.GetInt64(1), row.GetInt64(2), Or0(row, 3), row.GetBoolean(4), Or0(row, 5), Or0(row, 6)));
            }
        }

        return [.. days];
    }

    private static long Or0(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? 0 : row.GetInt64(column);
}
