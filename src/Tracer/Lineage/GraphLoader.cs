using Npgsql;
using NpgsqlTypes;

namespace Chain.Tracer.Lineage;

/// <summary>Brings calls and flows from the store into a <see cref="CallGraph"/>, whole call trees at a time. For one question at a time.</summary>
/// <remarks>
/// One recursive query a day goes down the tree by the index on the parent, and takes the flows into each call along. Where it looks like a chain,
/// it also follows those flows to other trees inside the server, so that a long chain through state costs no round trip a link; it may then bring a tree
/// that only looks near. The index that would find the calls of a trace at once does not exist on an open day: it would cost more bytes than a call may.
/// </remarks>
internal sealed class GraphLoader(NpgsqlConnection connection, CallGraph graph, NameCatalog names, CallDayRange[] days, LineageLimits limits, bool withFlows, bool followAtOnce = false)
{
    // When so few trees were asked for so many times running, it looks like a chain; then the query follows flows by itself, and brings at most so
    // many rows. For all else that is the dearer way.
    private const int NarrowFront = 8;
    private const int NarrowLoads = 2;
    private const int RowsAhead = 4_000;

    // Bundles say by themselves where their flows come from, so that what the query brings is seldom wrong.
    private const int NarrowBundles = 1;

    // A statement with fewer ids answers soon; the server reads ahead of us by what fits in its buffers.
    private const int MostIds = 20_000;

    private readonly BundleLoader _bundles = new(connection, graph, days, limits, withFlows);
    private readonly List<int> _added = [];
    private readonly List<long> _elsewhere = [];
    private readonly List<long> _lost = [];
    private readonly HashSet<long> _seeded = [];
    private int _run;
    private int _narrow;
    private int _narrowBundles = followAtOnce ? NarrowBundles : 0;

    /// <summary>Whether <see cref="LineageLimits.Calls"/> was reached; nothing more is loaded then.</summary>
    public bool IsFull { get; private set; }

    /// <summary>Loads the trees of these calls, and marks them as asked for.</summary>
    /// <param name="nodes">Nodes that are not known yet.</param>
    /// <param name="label">Labels of which a flow must have one to be followed ahead; null for any.</param>
    /// <param name="cancellation">Stops it.</param>
    public async Task LoadAsync(List<int> nodes, int[]? label, CancellationToken cancellation)
    {
        _narrowBundles = nodes.Count <= NarrowFront ? _narrowBundles + 1 : 0;
        await _bundles.LoadAsync(nodes, withFlows && _narrowBundles > NarrowBundles, cancellation);
        _added.AddRange(_bundles.Added);
        _bundles.Added.Clear();
        IsFull |= graph.KnownCount > limits.Calls;
        await FinishAsync(cancellation);
        foreach (IGrouping<CallDayRange?, long> day in ByDay(nodes.Where(node => !graph[node].Known).Select(node => graph[node].Id)).ToList())
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

    private IEnumerable<IGrouping<CallDayRange?, long>> ByDay(IEnumerable<long> ids) => ids.Order().GroupBy(id => CallDays.Find(days, id));

    private async Task LoadDayAsync(CallDayRange day, long[] ids, int[]? label, CancellationToken cancellation)
    {
        int done = 0;
        _elsewhere.Clear();
        _lost.Clear();
        _seeded.Clear();
        _narrow = ids.Length <= NarrowFront ? _narrow + 1 : 0;
        await SeedAsync(day, ids, withFlows && _narrow > NarrowLoads, label, cancellation);
        while (!IsFull && (_elsewhere.Count > 0 || _lost.Count > 0 || done < _added.Count))
        {
            // Trees whose upper part is on another day, then those that go on into another day.
            _elsewhere.RemoveAll(id => !_seeded.Add(id));
            List<IGrouping<CallDayRange?, long>> others = [.. ByDay([.. _elsewhere])];
            _elsewhere.Clear();
            foreach (IGrouping<CallDayRange?, long> other in others)
            {
                if (other.Key is not null) await SeedAsync(other.Key, [.. other], false, label, cancellation);
            }

            int end = _added.Count;
            foreach (CallDayRange next in days)
            {
                // A call that is not in the store may have children on both days.
                List<long>? parents = _lost.Any(next.MayHoldChildrenOf) ? [.. _lost.Where(next.MayHoldChildrenOf)] : null;
                for (int i = done; i < end; i++)
                {
                    int above = graph[_added[i]].Parent;
                    if (above >= 0 && !graph[above].Known && next.MayHoldChildrenOf(graph[above].Id)) (parents ??= []).Add(graph[above].Id);
                    if (next.MayHoldChildrenOf(graph[_added[i]].Id)) (parents ??= []).Add(graph[_added[i]].Id);
                }

                if (parents is null) continue;
                parents.ForEach(id => _seeded.Add(id));
                await RunAsync(next, RootsGiven, [.. parents.Distinct()], false, label, cancellation);
            }

            _lost.Clear();
            done = end;
        }

        await FinishAsync(cancellation);
    }

    private async Task SeedAsync(CallDayRange day, long[] ids, bool ahead, int[]? label, CancellationToken cancellation)
    {
        await RunAsync(day, RootSeed(day), ids, ahead, label, cancellation);

        // Not below the root of a native trace: the trace is foreign, or a call between was lost, or the call itself was, or it runs still.
        long[] rest = [.. ids.Where(id => graph.Find(id) is var node && (node < 0 || !graph[node].Known))];
        if (rest.Length > 0) await RunAsync(day, ClimbSeed(day), rest, false, label, cancellation);
    }

    private const string RootsGiven = "roots(k) AS (SELECT unnest($1::bigint[]))";

    private static string RootSeed(CallDayRange day) =>
        $"roots(k) AS (SELECT DISTINCT coalesce(trace, id) FROM call_{day.Suffix} WHERE id = ANY ($1) AND (trace IS NULL OR trace > 0))";

    // From each call to the highest that is there, and to its parent, which is not.
    private static string ClimbSeed(CallDayRange day) => $"""
        up(id, parent) AS (
            SELECT id, parent FROM call_{day.Suffix} WHERE id = ANY ($1)
            UNION SELECT c.id, c.parent FROM up JOIN call_{day.Suffix} c ON c.id = up.parent),
        roots(k) AS (
            SELECT coalesce(parent, id) FROM up WHERE NOT EXISTS (SELECT FROM call_{day.Suffix} c WHERE c.id = up.parent)
            UNION SELECT u FROM unnest($1::bigint[]) u WHERE NOT EXISTS (SELECT FROM call_{day.Suffix} c WHERE c.id = u))
        """;

    private async Task RunAsync(CallDayRange day, string roots, long[] ids, bool ahead, int[]? label, CancellationToken cancellation)
    {
        int run = ++_run;
        int left = Math.Max(0, limits.Calls - graph.KnownCount) + 1;
        int most = ahead ? Math.Min(left, RowsAhead) : left, rows = 0;
        LoadAhead? order = ahead ? new LoadAhead() : null;
        await using (NpgsqlCommand command = Command(Sql(day, roots, ahead), ids))
        {
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = most });
            if (ahead) command.Parameters.Add(new NpgsqlParameter { Value = (object?)label ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer });
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
            // Synchronously: a row is nearly always in the buffer already.
            for (; row.Read(); rows++) Take(row, run, day, order);
        }

        if (order is null)
        {
            IsFull |= rows >= left;
            return;
        }

        long[] unfinished = order.Finish(graph, run, isCut: rows >= most);
        if (unfinished.Length > 0) await RunAsync(day, RootsGiven, unfinished, false, label, cancellation);
    }

    private void Take(NpgsqlDataReader row, int run, CallDayRange day, LoadAhead? order)
    {
        long id = row.GetInt64(1);
        switch (row.GetInt16(0))
        {
            case LoadAhead.Tree:
                order!.AddTree(id);
                break;
            case LoadAhead.Flow:
                var flow = new LoadedFlow(id, row.GetInt64(2), row.GetInt32(3), (short)row.GetFloat(5), row.IsDBNull(4) ? 0 : row.GetInt32(4));
                if (order is null) flow.AddTo(graph, run);
                else order.AddFlow(flow);
                break;
            default:
                bool here = !row.IsDBNull(3);
                long parent = row.IsDBNull(2) ? 0 : row.GetInt64(2);
                order?.AddCall(id, parent);
                if (!here) (day.Holds(id) ? _lost : _elsewhere).Add(id);
                if (!here) break;
                int node = graph.At(id);
                if (graph[node].Known) break;
                long trace = row.IsDBNull(6) ? id : row.GetInt64(6);
                graph.Add(node, trace, parent, row.GetInt32(3), row.GetInt32(4), row.GetFloat(5));
                _added.Add(node);
                break;
        }
    }

    // A row is a call (0), a flow into it (1), or a tree to be looked at (2); each is made from one before it. A root without a row is there with NULLs:
    // it is on another day, or lost.
    private string Sql(CallDayRange day, string roots, bool ahead)
    {
        string flows = !withFlows ? "" : $"""
            UNION ALL SELECT 1::smallint, f.dst, f.src, f.label, f.state, f.part::real, NULL::bigint FROM flow_{day.Suffix} f WHERE f.dst = w.id AND w.kind = 0
            """;
        string follow = !ahead ? "" : $"""
            UNION ALL SELECT 2::smallint, coalesce(s.trace, s.id), NULL, NULL, NULL, NULL, NULL FROM call_{day.Suffix} s
            WHERE s.id = w.other AND w.kind = 1 AND ($3::int[] IS NULL OR w.shape = ANY ($3))
            UNION ALL SELECT 0::smallint, r.id, r.parent, r.shape, r.labels, r.duration, r.trace FROM call_{day.Suffix} r WHERE r.id = w.id AND w.kind = 2
            """;
        return $"""
            WITH RECURSIVE {roots},
            w(kind, id, other, shape, labels, duration, trace) AS (
                SELECT 0::smallint, k, r.parent, r.shape, r.labels, r.duration, r.trace FROM roots LEFT JOIN call_{day.Suffix} r ON r.id = k
                UNION {(ahead ? "" : "ALL")}
                SELECT n.* FROM w CROSS JOIN LATERAL (
                    SELECT 0::smallint, c.id, c.parent, c.shape, c.labels, c.duration, c.trace FROM call_{day.Suffix} c WHERE c.parent = w.id AND w.kind = 0
                    {flows} {follow}) n)
            SELECT * FROM w LIMIT $2
            """;
    }

    // What the rows alone do not say, for the calls of the trees that are complete now.
    private async Task FinishAsync(CancellationToken cancellation)
    {
        if (_added.Count == 0) return;
        var shapes = new Dictionary<int, bool>();
        List<long>? ghosts = null;
        foreach (int node in _added) shapes.TryAdd(graph[node].Shape, false);
        await names.EnsureShapesAsync(connection, shapes.Keys, cancellation);
        foreach (int shape in shapes.Keys.ToArray()) shapes[shape] = names.Shape(shape).Exact;
        foreach (int i in _added)
        {
            ref CallNode node = ref graph[i];
            node.Exact = shapes[node.Shape];
            // A parent that its children did not bring along is not in the store.
            if (node.Parent < 0 || graph[node.Parent].Asked) continue;
            graph[node.Parent].Asked = true;
            if (withFlows && graph[node.Parent].FlowRun == 0) (ghosts ??= []).Add(graph[node.Parent].Id);
        }

        _added.Clear();
        if (ghosts is not null) await LoadFlowsIntoAsync(ghosts, cancellation);
    }

    // The flows into a call are recorded before its end, hence may be there when its own row is not.
    private async Task LoadFlowsIntoAsync(List<long> ghosts, CancellationToken cancellation)
    {
        int run = ++_run;
        foreach (IGrouping<CallDayRange?, long> day in ByDay(ghosts).ToList())
        {
            if (day.Key is null) continue;
            await using NpgsqlCommand command = Command($"SELECT 1::smallint, dst, src, label, state, part::real FROM flow_{day.Key.Suffix} WHERE dst = ANY ($1)", [.. day]);
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation)) Take(row, run, day.Key, null);
        }
    }

    private NpgsqlCommand Command(string sql, long[] ids)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)limits.Timeout.TotalSeconds };
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = ids });
        return command;
    }
}
