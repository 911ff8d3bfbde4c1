using Chain.Tracer.Lineage;
using Npgsql;

namespace Chain.Tracer.Bundles;

/// <summary>A call on its way into a bundle.</summary>
internal readonly record struct LooseCall(long Trace, BundledCall Call);

/// <summary>Whole traces as they are in <c>call</c> and <c>flow</c>, in the order of their keys. Reused; for one thread.</summary>
internal sealed class LooseCalls(NpgsqlConnection connection)
{
    private const string Columns = "id, parent, shape, labels, duration, size_in, size_out";

    private readonly List<LooseCall> _calls = [];
    private readonly List<(BundledFlow Flow, short Ordinal)> _flows = [];

    public int Count => _calls.Count;

    public ReadOnlySpan<LooseCall> Calls => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_calls);

    /// <summary>The flows into them, by the index of the call in <see cref="Calls"/>, then by ordinal.</summary>
    public List<BundledFlow> Flows { get; } = [];

    /// <summary>Reads the traces whose keys are in a range within one day.</summary>
    public async Task ReadAsync(CallDayRange[] days, long from, long to, CancellationToken cancellation)
    {
        Clear();
        foreach (CallDayRange day in days)
        {
            if (!day.MayHoldTrace(from)) continue;
            string roots = day.Holds(from) ? $"UNION ALL SELECT id, {Columns} FROM call_{day.Suffix} WHERE id >= $1 AND id < $2 AND trace IS NULL" : "";
            await ReadCallsAsync($"SELECT trace, {Columns} FROM call_{day.Suffix} WHERE trace >= $1 AND trace < $2 {roots}", cancellation,
                new NpgsqlParameter<long> { TypedValue = from }, new NpgsqlParameter<long> { TypedValue = to });
        }

        _calls.Sort(ByTrace);
        await ReadFlowsAsync(days, from, to, cancellation);
    }

    /// <summary>Reads traces by their keys, all of one day.</summary>
    public async Task ReadAsync(CallDayRange[] days, long[] keys, CancellationToken cancellation)
    {
        Clear();
        foreach (CallDayRange day in days)
        {
            if (!day.MayHoldTrace(keys[0])) continue;
            await ReadCallsAsync($"""
                SELECT trace, {Columns} FROM call_{day.Suffix} WHERE trace = ANY ($1)
                UNION ALL SELECT id, {Columns} FROM call_{day.Suffix} WHERE id = ANY ($1) AND trace IS NULL
                """, cancellation, new NpgsqlParameter<long[]> { TypedValue = keys });
        }

        _calls.Sort(ByTrace);
        await ReadFlowsAsync(days, 0, 0, cancellation);
    }

    private static int ByTrace(LooseCall a, LooseCall b) => a.Trace != b.Trace ? a.Trace.CompareTo(b.Trace) : a.Call.Id.CompareTo(b.Call.Id);

    private void Clear()
    {
        _calls.Clear();
        _flows.Clear();
        Flows.Clear();
    }

    private async Task ReadCallsAsync(string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        command.Parameters.AddRange(parameters);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        // Synchronously: a row is nearly always in the buffer already.
        while (row.Read())
        {
            _calls.Add(new LooseCall(row.GetInt64(0), new BundledCall(
                row.GetInt64(1), row.IsDBNull(2) ? 0 : row.GetInt64(2), row.GetInt32(3), row.GetInt32(4), row.GetFloat(5), row.GetInt16(6), row.GetInt16(7))));
        }
    }

    // The flows into the calls of a range of time come in one piece; those into the few calls outside it, one by one.
    private async Task ReadFlowsAsync(CallDayRange[] days, long from, long to, CancellationToken cancellation)
    {
        if (_calls.Count == 0) return;
        var index = new CallIndex(_calls.Count);
        var outside = new List<long>();
        for (int i = 0; i < _calls.Count; i++)
        {
            long id = _calls[i].Call.Id;
            index.GetOrAdd(id, i);
            if (id < from || id >= to) outside.Add(id);
        }

        const string Select = "SELECT dst, src, label, part, state, n FROM flow_";
        foreach (CallDayRange day in days)
        {
            if (to > from && day.Holds(from))
            {
                await ReadFlowsAsync($"{Select}{day.Suffix} WHERE dst >= $1 AND dst < $2", index, cancellation,
                    new NpgsqlParameter<long> { TypedValue = from }, new NpgsqlParameter<long> { TypedValue = to });
            }

            long[] ids = [.. outside.Where(day.Holds)];
            if (ids.Length > 0) await ReadFlowsAsync($"{Select}{day.Suffix} WHERE dst = ANY ($1)", index, cancellation, new NpgsqlParameter<long[]> { TypedValue = ids });
        }

        _flows.Sort((a, b) => a.Flow.Call != b.Flow.Call ? a.Flow.Call.CompareTo(b.Flow.Call) : a.Ordinal.CompareTo(b.Ordinal));
        await AddTracesAsync(days, index, cancellation);
    }

    private async Task ReadFlowsAsync(string sql, CallIndex index, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        command.Parameters.AddRange(parameters);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        while (row.Read())
        {
            int call = index.Find(row.GetInt64(0));
            if (call >= 0) _flows.Add((new BundledFlow(call, row.GetInt64(1), 0, row.GetInt32(2), row.GetInt16(3), row.IsDBNull(4) ? 0 : row.GetInt32(4)), row.GetInt16(5)));
        }
    }

    // A call's trace never changes, so the key may stand beside each flow that comes from it.
    private async Task AddTracesAsync(CallDayRange[] days, CallIndex index, CancellationToken cancellation)
    {
        var elsewhere = new Dictionary<long, long>();
        foreach ((BundledFlow flow, _) in _flows)
        {
            if (index.Find(flow.Source) < 0) elsewhere.TryAdd(flow.Source, 0);
        }

        foreach (IGrouping<CallDayRange?, long> day in elsewhere.Keys.Order().GroupBy(id => CallDays.Find(days, id)).ToList())
        {
            if (day.Key is null) continue;
            await using var command = new NpgsqlCommand($"SELECT id, coalesce(trace, id) FROM call_{day.Key.Suffix} WHERE id = ANY ($1)", connection) { CommandTimeout = 0 };
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. day] });
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
            while (row.Read()) elsewhere[row.GetInt64(0)] = row.GetInt64(1);
        }

        foreach ((BundledFlow flow, _) in _flows)
        {
            int source = index.Find(flow.Source);
            Flows.Add(flow with { SourceTrace = source >= 0 ? _calls[source].Trace : elsewhere[flow.Source] });
        }
    }
}
