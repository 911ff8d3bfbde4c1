using Npgsql;
using NpgsqlTypes;

namespace Chain.Tracer.Lineage;

/// <summary>Brings calls and flows from the store into a <see cref="CallGraph"/>, whole traces at a time. For one question at a time.</summary>
/// <remarks>
/// A trace is the unit because its calls lie side by side in the table and in the index, while finding them one by one costs a descent each.
/// The first traces are found by a recursive query that follows flows from trace to trace inside the server, so that a long chain through state
/// costs no round trip a link; it may bring a trace that only looks near. Once the front is wide, only the traces asked for are read.
/// </remarks>
internal sealed class GraphLoader(NpgsqlConnection connection, CallGraph graph, NameCatalog names, CallDayRange[] days, LineageLimits limits, bool withFlows)
{
    // Below this front the recursive query is used, and brings at most so many traces for each trace of the front.
    private const int NarrowFront = 32;
    private const int TracesAhead = 256;

    // A statement with fewer ids answers soon; the server reads ahead of us by what fits in its buffers.
    private const int MostIds = 20_000;

    private readonly List<int> _added = [];
    private int _load;

    /// <summary>Whether <see cref="LineageLimits.Calls"/> was reached; nothing more is loaded then.</summary>
    public bool IsFull { get; private set; }

    /// <summary>Loads the traces of these nodes, and marks them as asked for.</summary>
    /// <param name="nodes">Nodes that are not known yet.</param>
    /// <param name="label">Labels of which a flow must have one to be followed ahead; null for any.</param>
    /// <param name="cancellation">Stops it.</param>
    public async Task LoadAsync(List<int> nodes, int[]? label, CancellationToken cancellation)
    {
        foreach (IGrouping<CallDayRange?, long> day in ByDay(nodes))
        {
            if (day.Key is null) continue;
            foreach (long[] ids in day.Chunk(MostIds))
            {
                if (IsFull) return;
                await LoadDayAsync(day.Key, ids, label, cancellation);
            }
        }

        foreach (int node in nodes) graph[node].Asked = true;
    }

    /// <summary>Loads the flows that start from these nodes; their destinations become nodes.</summary>
    public async Task LoadFlowsFromAsync(List<int> nodes, CancellationToken cancellation)
    {
        foreach (CallDayRange day in days)
        {
            long[] ids = [.. nodes.Select(node => graph[node].Id).Where(day.MayHoldFlowFrom).Order()];
            foreach (long[] chunk in ids.Chunk(MostIds))
            {
                await using NpgsqlCommand command = Command($"SELECT src, dst, label, part, state FROM flow_{day.Suffix} WHERE src = ANY ($1)", chunk);
                await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
                while (await row.ReadAsync(cancellation))
                {
                    graph.AddFlowOut(graph.At(row.GetInt64(0)), graph.At(row.GetInt64(1)), row.GetInt32(2), row.GetInt16(3), row.IsDBNull(4) ? 0 : row.GetInt32(4));
                }
            }
        }

        foreach (int node in nodes) graph[node].AskedOut = true;
    }

    private IEnumerable<IGrouping<CallDayRange?, long>> ByDay(List<int> nodes) =>
        nodes.Select(node => graph[node].Id).Order().GroupBy(id => CallDays.Find(days, id));

    private async Task LoadDayAsync(CallDayRange day, long[] ids, int[]? label, CancellationToken cancellation)
    {
        var traces = new HashSet<long>();
        bool ahead = withFlows && ids.Length <= NarrowFront;
        await RunAsync(day, Seed(day, "id"), ids, ahead, label, traces, cancellation);

        // A call that runs still, or was lost, has no row; its children know which trace it belongs to.
        List<int> ghosts = [.. ids.Select(graph.Find).Where(node => !graph[node].Known)];
        if (ghosts.Count > 0) await RunAsync(day, Seed(day, "parent"), [.. ghosts.Select(node => graph[node].Id)], false, label, traces, cancellation);

        await LoadOtherDaysAsync(day, traces, label, cancellation);
        ghosts.RemoveAll(node => graph[node].Asked);
        foreach (int node in ghosts) graph[node].Asked = true;
        if (ghosts.Count > 0 && withFlows) await LoadFlowsIntoAsync(ghosts, cancellation);
        await FinishAsync(cancellation);
    }

    private async Task LoadOtherDaysAsync(CallDayRange loaded, HashSet<long> traces, int[]? label, CancellationToken cancellation)
    {
        foreach (CallDayRange day in days)
        {
            if (day == loaded) continue;
            List<long>? here = null;
            foreach (long key in traces)
            {
                if (day.MayHoldTrace(key)) (here ??= []).Add(key);
            }

            if (here is not null) await RunAsync(day, "SELECT unnest($1::bigint[]) AS k", [.. here], false, label, [], cancellation);
        }
    }

    private static string Seed(CallDayRange day, string column) => $"SELECT DISTINCT coalesce(trace, id) AS k FROM call_{day.Suffix} WHERE {column} = ANY ($1)";

    private async Task RunAsync(CallDayRange day, string seed, long[] ids, bool ahead, int[]? label, HashSet<long> traces, CancellationToken cancellation)
    {
        _load++;
        int left = Math.Max(0, limits.Calls - graph.KnownCount) + 1;
        await using NpgsqlCommand command = Command(ahead ? AheadSql(day, seed) : PlainSql(day, seed), ids);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = left });
        if (ahead)
        {
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = TracesAhead });
            command.Parameters.Add(new NpgsqlParameter { Value = (object?)label ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer });
        }

        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        long trace = 0;
        int rows = 0;
        // Synchronously: a row is nearly always in the buffer already.
        while (row.Read())
        {
            if (++rows == left) IsFull = true;
            long key = row.GetInt64(0);
            if (key != trace)
            {
                trace = key;
                traces.Add(key);
            }

            int node = graph.At(row.GetInt64(1));
            bool isNew = !graph[node].Known;
            if (!graph.Add(node, _load, key, row.IsDBNull(2) ? 0 : row.GetInt64(2), row.GetInt32(3), row.GetInt32(4), row.GetFloat(5))) continue;
            if (isNew) _added.Add(node);
            if (withFlows && !row.IsDBNull(6))
            {
                graph.AddFlowIn(node, graph.At(row.GetInt64(6)), row.GetInt32(7), row.GetInt16(8), row.IsDBNull(9) ? 0 : row.GetInt32(9));
            }
        }
    }

    private string PlainSql(CallDayRange day, string seed) => $"{Columns} FROM ({seed}) t {Calls(day)} {Flows(day)} LIMIT $2";

    private string AheadSql(CallDayRange day, string seed) => $"""
        WITH RECURSIVE t(k) AS (
            {seed}
            UNION
            SELECT coalesce(s.trace, s.id) FROM t {Calls(day)}
            JOIN flow_{day.Suffix} f ON f.dst = c.id AND ($4::int[] IS NULL OR f.label = ANY ($4))
            JOIN call_{day.Suffix} s ON s.id = f.src)
        {Columns} FROM (SELECT k FROM t LIMIT $3) t {Calls(day)} {Flows(day)} LIMIT $2
        """;

    private string Columns => "SELECT t.k, c.id, c.parent, c.shape, c.labels, c.duration" + (withFlows ? ", f.src, f.label, f.part, f.state" : "");

    private string Flows(CallDayRange day) => withFlows ? $"LEFT JOIN flow_{day.Suffix} f ON f.dst = c.id" : "";

    // The root of a native trace has no trace, and its id is the trace's key.
    private static string Calls(CallDayRange day) => $"""
        CROSS JOIN LATERAL (
            SELECT id, parent, shape, labels, duration FROM call_{day.Suffix} WHERE trace = t.k
            UNION ALL SELECT id, parent, shape, labels, duration FROM call_{day.Suffix} WHERE id = t.k AND trace IS NULL) c
        """;

    // What the rows alone do not say, for the calls of the traces that are complete now.
    private async Task FinishAsync(CancellationToken cancellation)
    {
        var shapes = new HashSet<int>();
        List<int>? ghosts = null;
        foreach (int node in _added) shapes.Add(graph[node].Shape);
        await names.EnsureShapesAsync(connection, shapes, cancellation);
        foreach (int i in _added)
        {
            ref CallNode node = ref graph[i];
            node.Exact = names.Shape(node.Shape).Exact;
            // A parent that is not among the calls of its own trace is not in the store.
            if (node.Parent < 0 || graph[node.Parent].Asked) continue;
            graph[node.Parent].Asked = true;
            (ghosts ??= []).Add(node.Parent);
        }

        _added.Clear();
        if (ghosts is not null && withFlows) await LoadFlowsIntoAsync(ghosts, cancellation);
    }

    // The flows into a call are recorded before its end, hence before its own row.
    private async Task LoadFlowsIntoAsync(List<int> ghosts, CancellationToken cancellation)
    {
        foreach (IGrouping<CallDayRange?, long> day in ByDay(ghosts))
        {
            if (day.Key is null) continue;
            await using NpgsqlCommand command = Command($"SELECT dst, src, label, part, state FROM flow_{day.Key.Suffix} WHERE dst = ANY ($1)", [.. day]);
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
            {
                graph.AddFlowIn(graph.At(row.GetInt64(0)), graph.At(row.GetInt64(1)), row.GetInt32(2), row.GetInt16(3), row.IsDBNull(4) ? 0 : row.GetInt32(4));
            }
        }
    }

    private NpgsqlCommand Command(string sql, long[] ids)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)limits.Timeout.TotalSeconds };
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = ids });
        return command;
    }
}
