using System.Runtime.CompilerServices;
using Chain.Tracer.Bundles;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>Brings bundled traces into a <see cref="CallGraph"/>. What is loose it leaves to <see cref="GraphLoader"/>. For one question at a time.</summary>
internal sealed class BundleLoader(NpgsqlConnection connection, CallGraph graph, CallDayRange[] days, LineageLimits limits, bool withFlows)
{
    // A query that follows the sources of each trace inside the server brings at most so many rows, from so many days at most.
    private const int RowsAhead = 256;
    private const int DaysAhead = 4;

    // The mark of the flows from a bundle, which has all flows into its calls.
    private const int Run = -1;

    private readonly BundleRows _rows = new();
    private readonly HashSet<long> _tried = [];
    private LooseTraces? _loose;
    private int[] _nodes = new int[256];

    /// <summary>Nodes whose rows were brought; whoever takes them clears the list.</summary>
    public List<int> Added { get; } = [];

    /// <summary>Loads the traces of these nodes, as far as they are bundled; the others are not known afterwards.</summary>
    /// <param name="nodes">Nodes that are not known yet.</param>
    /// <param name="ahead">Whether to follow the sources of each trace inside the server.</param>
    /// <param name="cancellation">Stops it.</param>
    public async Task LoadAsync(List<int> nodes, bool ahead, CancellationToken cancellation)
    {
        await FindTracesAsync(nodes, ahead, cancellation);
        if (_loose!.IsAll) return;
        var keys = new List<long>();
        foreach (int node in nodes)
        {
            long trace = graph[node].Trace;
            if (trace > 0 && !graph[node].Known && !_loose.Has(trace) && _tried.Add(trace)) keys.Add(trace);
        }

        keys.Sort();
        for (int start = 0, end; start < keys.Count; start = end)
        {
            CallDayRange? day = CallDays.Find(days, keys[start]);
            for (end = start + 1; end < keys.Count && (day is null || day.Holds(keys[end]));) end++;
            if (day is not null) await LoadAsync(day, keys[start..end], ahead, cancellation);
        }
    }

    // Which traces the nodes belong to, and the first time what is loose; where sources are followed, the bundles too. One round trip for all.
    private async Task FindTracesAsync(List<int> nodes, bool ahead, CancellationToken cancellation)
    {
        List<long>? ids = null;
        foreach (int node in nodes)
        {
            if (graph[node].Trace == 0) (ids ??= []).Add(graph[node].Id);
        }

        if (ids is null && _loose is not null) return;
        bool first = _loose is null;
        (CallDayRange Day, long[] Ids)[] here = ids is null ? [] : [.. days.Select(day => (day, ids.Where(day.Holds).Order().ToArray())).Where(found => found.Item2.Length > 0)];
        await using var batch = new NpgsqlBatch(connection) { Timeout = (int)limits.Timeout.TotalSeconds };
        if (first) batch.BatchCommands.Add(new NpgsqlBatchCommand(LooseTraces.Sql));
        foreach ((CallDayRange day, long[] found) in here) Add($"SELECT id, coalesce(trace, id) FROM call_{day.Suffix} WHERE id = ANY ($1)", found);
        foreach ((CallDayRange day, long[] found) in ahead ? here : []) Add(NearSql(day), found);
        if (batch.BatchCommands.Count == 0) return;
        await using NpgsqlDataReader row = await batch.ExecuteReaderAsync(cancellation);
        if (first)
        {
            _loose = await LooseTraces.ReadAsync(row, cancellation);
            await row.NextResultAsync(cancellation);
        }

        for (int i = 0; i < here.Length; i++, await row.NextResultAsync(cancellation))
        {
            while (row.Read()) graph[graph.At(row.GetInt64(0))].Trace = row.GetInt64(1);
        }

        for (int i = 0; ahead && i < here.Length; i++, await row.NextResultAsync(cancellation)) Take(row);

        void Add(string sql, long[] parameter)
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = parameter });
            batch.BatchCommands.Add(command);
        }
    }

    private async Task LoadAsync(CallDayRange day, List<long> keys, bool ahead, CancellationToken cancellation)
    {
        string sql = ahead ? AheadSql(day) : $"SELECT {BundleRows.Columns} FROM bundle_{day.Suffix} WHERE trace = ANY ($1)";
        await using NpgsqlCommand command = Command(sql, [.. keys]);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        Take(row);
    }

    // The bundles of these calls' traces and of their sources. No recursion: it would take twice the time where that is all there is.
    private string NearSql(CallDayRange last)
    {
        string keys = $"SELECT coalesce(trace, id) FROM call_{last.Suffix} WHERE id = ANY ($1)";
        return $"""
            SELECT {BundleRows.Columns} FROM (
                {keys} UNION ALL SELECT unnest(b.sources) FROM ({keys}) k(key) CROSS JOIN LATERAL ({Places(last, "sources")}) b) k(key)
            CROSS JOIN LATERAL ({Places(last, BundleRows.Columns)}) b LIMIT {RowsAhead}
            """;
    }

    // From the bundles of some traces to those of their sources, and so on; level by level, so that what is cut off is the farthest.
    private string AheadSql(CallDayRange last)
    {
        string places = Places(last, "trace, data, sources");
        return $"""
            WITH RECURSIVE w(trace, data, sources) AS (
                SELECT b.* FROM (SELECT unnest($1::bigint[])) k(key) CROSS JOIN LATERAL ({places}) b
                UNION SELECT b.* FROM (SELECT unnest(sources) FROM w) k(key) CROSS JOIN LATERAL ({places}) b)
            SELECT {BundleRows.Columns} FROM w LIMIT {RowsAhead}
            """;
    }

    // Where the bundle with the key k.key may be. Each place says which keys it is asked for: Postgres looks at that before it looks into the index.
    private string Places(CallDayRange last, string columns)
    {
        int at = Array.IndexOf(days, last);
        return string.Join(" UNION ALL ", days[Math.Max(0, at + 1 - DaysAhead)..(at + 1)].Reverse().Select(day =>
            $"SELECT {columns} FROM bundle_{day.Suffix} WHERE trace = k.key AND k.key >= {day.First} AND k.key < {day.Next}"));
    }

    private void Take(NpgsqlDataReader row)
    {
        // Synchronously: a row is nearly always in the buffer already.
        while (graph.KnownCount <= limits.Calls && row.Read())
        {
            long trace = _rows.Decode(row);
            if (!_loose!.Has(trace) && !_loose.HasAny(_rows.Decoder.Calls)) Add(trace);
        }
    }

    // Optimised from the first call on, as what unpacks bundles.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(long trace)
    {
        ReadOnlySpan<BundledCall> calls = _rows.Decoder.Calls;
        ReadOnlySpan<int> parents = _rows.Decoder.Parents;
        if (_nodes.Length < calls.Length) _nodes = new int[calls.Length * 2];
        Span<int> nodes = _nodes.AsSpan(0, calls.Length);
        for (int i = 0; i < nodes.Length; i++) nodes[i] = graph.At(calls[i].Id);
        for (int i = 0; i < nodes.Length; i++)
        {
            if (graph[nodes[i]].Known) continue;
            ref readonly BundledCall found = ref calls[i];
            int above = parents[i] >= 0 ? nodes[parents[i]] : found.Parent == 0 ? -1 : graph.At(found.Parent);
            graph.AddBelow(nodes[i], trace, above, found.Shape, found.Labels, found.Duration);
            Added.Add(nodes[i]);
        }

        if (!withFlows) return;
        int call = -1;
        bool had = false;
        foreach (ref readonly BundledFlow flow in _rows.Decoder.Flows)
        {
            // A query that follows sources may bring a trace again.
            if (flow.Call != call) (call, had) = (flow.Call, graph[nodes[flow.Call]].FlowRun != 0);
            if (had) continue;
            int source = graph.At(flow.Source);
            if (graph[source].Trace == 0) graph[source].Trace = flow.SourceTrace;
            graph.AddFlowIn(nodes[flow.Call], Run, source, flow.Label, flow.Part, flow.State);
        }
    }

    private NpgsqlCommand Command(string sql, long[] ids)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)limits.Timeout.TotalSeconds };
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = ids });
        return command;
    }
}
