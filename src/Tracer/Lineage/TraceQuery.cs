using Chain.Tracer.Calls;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>A trace in a list.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Root">Its first call.</param>
/// <param name="Calls">How many calls of it are in the store.</param>
public sealed record TraceSummary(TraceId Id, CallInfo Root, long Calls);

/// <summary>Traces: lists of them, and one as a tree. Safe for any number of threads.</summary>
public sealed class TraceQuery(StoreReader store)
{
    /// <summary>A trace of at most so many calls is read as a whole.</summary>
    public const int WholeLimit = 20_000;

    private const int PartLimit = 5_000;

    /// <summary>Of a larger one, so many children of each call are read.</summary>
    public const int ChildrenLimit = 100;

    /// <summary>The newest traces of which a call passes the filter.</summary>
    /// <param name="filter">What to look for.</param>
    /// <param name="limit">Most traces.</param>
    /// <param name="progress">Gets each day that was looked through.</param>
    /// <param name="cancellation">Stops it.</param>
    public async Task<IReadOnlyList<TraceSummary>> ListAsync(CallFilter filter, int limit, IProgress<string>? progress = null, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await store.OpenAsync(cancellation);
        StoreFilter asked = await StoreFilter.OpenAsync(connection, filter, null, cancellation);
        var (keys, seen) = (new List<long>(), new HashSet<long>());
        if (asked.IsEmpty) return [];
        // A native trace has one call without a trace: its root.
        string roots = filter.IsOpen ? " AND (c.trace IS NULL OR c.trace < 0)" : "";
        CallDayRange[] days = await store.Days.GetAsync(connection, cancellation);
        for (int i = days.Length - 1; i >= 0 && keys.Count < limit; i--)
        {
            if (!asked.MayHold(days[i])) continue;
            await using var command = new NpgsqlCommand($"SELECT coalesce(c.trace, c.id) FROM call_{days[i].Suffix} c WHERE {asked.Condition}{roots} ORDER BY c.id DESC", connection);
            asked.AddTo(command);
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
            while (keys.Count < limit && await row.ReadAsync(cancellation))
            {
                if (seen.Add(row.GetInt64(0))) keys.Add(row.GetInt64(0));
            }

            // Else the server would send the rest of the day.
            if (keys.Count == limit) command.Cancel();
            await CloseAsync(row);
            progress?.Report(days[i].Suffix);
        }

        return await SummariesAsync(connection, days, keys, cancellation);
    }

    /// <summary>The key of a trace by its id, or of the trace of a call by the call's id; null when the store has no such call.</summary>
    public async Task<long?> FindAsync(TraceId? trace, CallId? call, CancellationToken cancellation = default)
    {
        if (call is { } id) return (await new CallQuery(store).FindAsync(id, cancellation))?.TraceKey;
        await using NpgsqlConnection connection = await store.OpenAsync(cancellation);
        // The root of a native trace is nearly always there, and found at once.
        foreach (string where in (string[])["id = $1 AND trace IS NULL", "trace = $1"])
        {
            await using var command = new NpgsqlCommand($"SELECT EXISTS (SELECT FROM call WHERE {where})", connection);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = trace!.Value.Key });
            if ((bool)(await command.ExecuteScalarAsync(cancellation))!) return trace.Value.Key;
        }

        return null;
    }

    /// <summary>A trace as a tree: the whole of it, or the upper part when it is large.</summary>
    /// <param name="key"><see cref="TraceId.Key"/>.</param>
    /// <param name="at">Begin at this call; none for the whole trace.</param>
    /// <param name="skip">Leave out so many children of the first call; only when the trace is large.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="LineageException">There is no such trace or call.</exception>
    public async Task<TraceTree> OpenAsync(long key, CallId at = default, int skip = 0, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await store.OpenAsync(cancellation);
        CallDayRange[] days = [.. (await store.Days.GetAsync(connection, cancellation)).Where(day => day.MayHoldTrace(key))];
        var rows = new List<CallRow>();
        var bundles = new TraceBundles(connection, days);
        await bundles.ReadAsync(key, WholeLimit, rows, cancellation);
        foreach (CallDayRange day in rows.Count > 0 ? [] : days)
        {
            // A tree that goes on into another day is found by those of its calls that started late enough to have children there.
            long[] above = [.. rows.Select(row => row.Id).Where(day.MayHoldChildrenOf).Append(key).Distinct()];
            await ReadAsync(connection, TreeSql(day, key), key < 0 ? [key] : above, rows, cancellation);
            if (rows.Count > WholeLimit) break;
        }

        if (rows.Count == 0) throw new LineageException($"there is no trace {(await IdsAsync(connection, [key], cancellation))[key]} in the store");
        if (rows.Count <= WholeLimit)
        {
            await CallRows.EnsureNamesAsync(connection, store.Names, rows, cancellation);
            return TraceTree.Whole((await IdsAsync(connection, [key], cancellation))[key], rows, at, store.Names);
        }

        return await OpenPartAsync(connection, key, days, bundles, at, skip, cancellation);
    }

    // By the index on the trace where there is one: of foreign traces. Else down the tree by the index on the parent.
    private static string TreeSql(CallDayRange day, long key)
    {
        string limit = $"LIMIT {WholeLimit + 1}";
        if (key < 0) return $"SELECT {CallRows.Columns} FROM call_{day.Suffix} c WHERE c.trace = ANY ($1) AND c.trace < 0 {limit}";
        return $"""
            WITH RECURSIVE w(id) AS (SELECT unnest($1::bigint[]) UNION ALL SELECT t.id FROM w JOIN call_{day.Suffix} t ON t.parent = w.id)
            SELECT {CallRows.Columns} FROM w JOIN call_{day.Suffix} c ON c.id = w.id {limit}
            """;
    }

    private async Task<TraceTree> OpenPartAsync(NpgsqlConnection connection, long key, CallDayRange[] days, TraceBundles bundles, CallId at, int skip, CancellationToken cancellation)
    {
        var rows = new List<CallRow>();
        var cut = new HashSet<long>();
        foreach (CallDayRange day in days)
        {
            string roots = at.IsNone
                ? $"SELECT {CallRows.Columns} FROM call_{day.Suffix} c WHERE c.id = ANY ($1) AND c.trace IS NULL UNION ALL (SELECT {CallRows.Columns} FROM call_{day.Suffix} c WHERE c.trace = ANY ($1) AND c.trace < 0 ORDER BY c.id LIMIT 1)"
                : $"SELECT {CallRows.Columns} FROM call_{day.Suffix} c WHERE c.id = ANY ($1)";
            if (rows.Count == 0) await ReadAsync(connection, roots, [at.IsNone ? key : at.Value], rows, cancellation);
        }

        if (rows.Count == 0) throw new LineageException(at.IsNone ? "the trace's first call is not in the store; name another one with --at" : $"there is no call {at} in this trace");
        for (int level = 0; level < rows.Count && rows.Count < PartLimit;)
        {
            long[] parents = [.. rows.Skip(level).Select(row => row.Id)];
            level = rows.Count;
            await ReadChildrenAsync(connection, days, parents, parents[0] == rows[0].Id ? skip : 0, rows, cut, cancellation);
        }

        if (rows.Count > PartLimit)
        {
            foreach (CallRow row in rows.Skip(PartLimit)) cut.Add(row.Parent);
            rows.RemoveRange(PartLimit, rows.Count - PartLimit);
        }

        await CallRows.EnsureNamesAsync(connection, store.Names, rows, cancellation);
        long total = await bundles.CountAsync(key, cancellation) ?? await CountAsync(connection, days, key, cancellation);
        return TraceTree.Part((await IdsAsync(connection, [key], cancellation))[key], rows, total, cut, store.Names);
    }

    private static async Task ReadChildrenAsync(
        NpgsqlConnection connection, CallDayRange[] days, long[] parents, int skip, List<CallRow> rows, HashSet<long> cut, CancellationToken cancellation)
    {
        int first = rows.Count;
        foreach (CallDayRange day in days)
        {
            string sql = $"""
                SELECT {CallRows.Columns} FROM unnest($1::bigint[]) p CROSS JOIN LATERAL (
                    SELECT * FROM call_{day.Suffix} WHERE parent = p OFFSET $2 LIMIT {ChildrenLimit + 1}) c
                """;
            await using var command = new NpgsqlCommand(sql, connection);
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = parents });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = skip });
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation)) rows.Add(CallRows.Read(row));
        }

        var surplus = new HashSet<long>();
        foreach (IGrouping<long, CallRow> children in rows.Skip(first).GroupBy(row => row.Parent))
        {
            foreach (CallRow row in children.Skip(ChildrenLimit)) surplus.Add(row.Id);
            if (children.Count() > ChildrenLimit) cut.Add(children.Key);
        }

        rows.RemoveAll(row => surplus.Contains(row.Id));
    }

    private async Task<IReadOnlyList<TraceSummary>> SummariesAsync(NpgsqlConnection connection, CallDayRange[] days, List<long> keys, CancellationToken cancellation)
    {
        var roots = new List<CallRow>();
        foreach (long key in keys)
        {
            string sql = key > 0 ? $"SELECT {CallRows.Columns} FROM call c WHERE c.id = ANY ($1)" : $"SELECT {CallRows.Columns} FROM call c WHERE c.trace = ANY ($1) ORDER BY c.id LIMIT 1";
            await ReadAsync(connection, sql, [key], roots, cancellation);
            // The root runs still, or was lost: then the first call that there is.
            if (key > 0 && (roots.Count == 0 || roots[^1].Trace != key))
            {
                await ReadAsync(connection, $"SELECT {CallRows.Columns} FROM call c WHERE c.trace = ANY ($1) ORDER BY c.id LIMIT 1", [key], roots, cancellation);
            }
        }

        await CallRows.EnsureNamesAsync(connection, store.Names, roots, cancellation);
        Dictionary<long, TraceId> ids = await IdsAsync(connection, keys, cancellation);
        var summaries = new List<TraceSummary>();
        var bundles = new TraceBundles(connection, days);
        foreach (CallRow root in roots)
        {
            long calls = await bundles.CountAsync(root.Trace, cancellation) ?? await CountAsync(connection, days, root.Trace, cancellation);
            summaries.Add(new TraceSummary(ids[root.Trace], CallRows.Info(store.Names, root), calls));
        }

        return summaries;
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, IEnumerable<CallDayRange> days, long key, CancellationToken cancellation)
    {
        // A small trace is counted down its tree, a large one by the summary of pages.
        const int Small = 1_000;
        long total = 0;
        foreach (CallDayRange day in days)
        {
            if (!day.MayHoldTrace(key)) continue;
            string all = $"SELECT (SELECT count(*) FROM call_{day.Suffix} WHERE trace = $1{(key < 0 ? " AND trace < 0" : "")}) + (SELECT count(*) FROM call_{day.Suffix} WHERE id = $1 AND trace IS NULL)";
            string tree = $"""
                WITH RECURSIVE w(id) AS (SELECT $1::bigint UNION ALL SELECT t.id FROM w JOIN call_{day.Suffix} t ON t.parent = w.id)
                SELECT count(*) FROM (SELECT FROM w WHERE id <> $1 OR EXISTS (SELECT FROM call_{day.Suffix} WHERE id = $1) LIMIT {Small}) small
                """;
            bool byTree = key > 0 && day.Holds(key);
            long here = await ScalarAsync(connection, byTree ? tree : all, key, cancellation);
            total += byTree && here == Small ? await ScalarAsync(connection, all, key, cancellation) : here;
        }

        return total;
    }

    private static async Task<long> ScalarAsync(NpgsqlConnection connection, string sql, long key, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = key });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task<Dictionary<long, TraceId>> IdsAsync(NpgsqlConnection connection, List<long> keys, CancellationToken cancellation)
    {
        // Of a foreign trace whose id was lost, the half that the key keeps.
        var ids = keys.Distinct().ToDictionary(key => key, key => key > 0 ? TraceId.Of(new CallId(key)) : new TraceId(0, (ulong)key));
        long[] foreign = [.. ids.Keys.Where(key => key < 0)];
        if (foreign.Length == 0) return ids;
        await using var command = new NpgsqlCommand("SELECT key, trace_id FROM trace WHERE key = ANY ($1)", connection);
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = foreign });
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            if (TraceId.TryParse(row.GetGuid(1).ToString("N"), out TraceId id)) ids[row.GetInt64(0)] = id;
        }

        return ids;
    }

    private static async Task ReadAsync(NpgsqlConnection connection, string sql, long[] ids, List<CallRow> rows, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = ids });
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        while (row.Read()) rows.Add(CallRows.Read(row));
    }

    private static async Task CloseAsync(NpgsqlDataReader row)
    {
        try
        {
            await row.CloseAsync();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.QueryCanceled)
        {
            // We asked for it.
        }
    }
}
