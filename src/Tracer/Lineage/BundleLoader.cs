using Chain.Tracer.Bundles;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>Brings bundled traces into a <see cref="CallGraph"/>. What is loose it leaves to <see cref="GraphLoader"/>. For one question at a time.</summary>
internal sealed class BundleLoader(NpgsqlConnection connection, CallGraph graph, CallDayRange[] days, LineageLimits limits, bool withFlows)
{
    // Where it looks like a chain, the query follows the sources of each trace inside the server, and brings at most so many rows.
    private const int RowsAhead = 256;

    // The mark of the flows from a bundle, which has all flows into its calls.
    private const int Run = -1;

    private readonly BundleRows _rows = new();
    private readonly HashSet<long> _tried = [];
    private LooseTraces? _loose;
    private int[] _nodes = new int[256];

    /// <summary>Nodes whose rows were brought; whoever takes them clears the list.</summary>
    public List<int> Added { get; } = [];

    /// <summary>Loads the traces of these nodes, as far as they are bundled; the others are not known afterwards.</summary>
    public async Task LoadAsync(List<int> nodes, bool ahead, CancellationToken cancellation)
    {
        await FindTracesAsync(nodes, cancellation);
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

    // Which traces the nodes belong to, and the first time what is loose: one round trip for both.
    private async Task FindTracesAsync(List<int> nodes, CancellationToken cancellation)
    {
        List<long>? ids = null;
        foreach (int node in nodes)
        {
            if (graph[node].Trace == 0) (ids ??= []).Add(graph[node].Id);
        }

        if (ids is null && _loose is not null) return;
        await using var batch = new NpgsqlBatch(connection) { Timeout = (int)limits.Timeout.TotalSeconds };
        if (_loose is null) batch.BatchCommands.Add(new NpgsqlBatchCommand(LooseTraces.Sql));
        foreach (CallDayRange day in ids is null ? [] : days)
        {
            long[] here = [.. ids!.Where(day.Holds).Order()];
            if (here.Length == 0) continue;
            var command = new NpgsqlBatchCommand($"SELECT id, coalesce(trace, id) FROM call_{day.Suffix} WHERE id = ANY ($1)");
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = here });
            batch.BatchCommands.Add(command);
        }

        if (batch.BatchCommands.Count == 0) return;
        await using NpgsqlDataReader row = await batch.ExecuteReaderAsync(cancellation);
        if (_loose is null)
        {
            _loose = await LooseTraces.ReadAsync(row, cancellation);
            if (!await row.NextResultAsync(cancellation)) return;
        }

        do
        {
            while (row.Read()) graph[graph.At(row.GetInt64(0))].Trace = row.GetInt64(1);
        }
        while (await row.NextResultAsync(cancellation));
    }

    private async Task LoadAsync(CallDayRange day, List<long> keys, bool ahead, CancellationToken cancellation)
    {
        string sql = ahead
            ? $"""
                WITH RECURSIVE w(key) AS (
                    SELECT unnest($1::bigint[]) UNION SELECT unnest(b.sources) FROM w JOIN bundle_{day.Suffix} b ON b.trace = w.key)
                SELECT {BundleRows.Columns} FROM w JOIN bundle_{day.Suffix} b ON b.trace = w.key LIMIT {RowsAhead}
                """
            : $"SELECT {BundleRows.Columns} FROM bundle_{day.Suffix} WHERE trace = ANY ($1)";
        await using NpgsqlCommand command = Command(sql, [.. keys]);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        // Synchronously: a row is nearly always in the buffer already.
        while (graph.KnownCount <= limits.Calls && row.Read())
        {
            long trace = _rows.Decode(row);
            if (!_loose!.Has(trace) && !_loose.HasAny(_rows.Decoder.Calls)) Add(trace);
        }
    }

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
