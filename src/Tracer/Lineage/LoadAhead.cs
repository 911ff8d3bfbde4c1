namespace Chain.Tracer.Lineage;

/// <summary>A row of <c>flow</c> on its way into a <see cref="CallGraph"/>.</summary>
internal readonly record struct LoadedFlow(long Destination, long Source, int Label, short Part, int State)
{
    public void AddTo(CallGraph graph, int run) => graph.AddFlowIn(graph.At(Destination), run, graph.At(Source), Label, Part, State);
}

/// <summary>The rows of a query that follows flows by itself, in order, so that it can be told which calls are unfinished where the query was cut.</summary>
/// <remarks>
/// Postgres works through the rows in the order in which they came, and each row but a tree names the row that it was made from. So what stands before
/// the row from which the last one was made is finished.
/// </remarks>
internal sealed class LoadAhead
{
    public const int Flow = 1;
    public const int Tree = 2;

    private readonly List<(long Call, long MadeFrom, bool IsTree)> _rows = [];
    private readonly List<LoadedFlow> _flows = [];

    /// <summary>The root of a tree that a flow led to.</summary>
    public void AddTree(long root) => _rows.Add((root, 0, true));

    public void AddCall(long call, long parent) => _rows.Add((call, parent, false));

    public void AddFlow(LoadedFlow flow)
    {
        _rows.Add((0, flow.Destination, false));
        _flows.Add(flow);
    }

    /// <summary>Brings the flows into the graph; returns the calls whose children and flows must be asked for again.</summary>
    public long[] Finish(CallGraph graph, int run, bool isCut)
    {
        int finished = isCut ? Finished() : _rows.Count;
        var unfinished = new HashSet<long>();
        for (int i = finished; i < _rows.Count; i++)
        {
            if (!_rows[i].IsTree && _rows[i].Call != 0) unfinished.Add(_rows[i].Call);
        }

        foreach (LoadedFlow flow in _flows)
        {
            // The flows of an unfinished call come again.
            if (!unfinished.Contains(flow.Destination)) flow.AddTo(graph, run);
        }

        return [.. unfinished];
    }

    private int Finished()
    {
        var calls = new Dictionary<long, int>();
        var trees = new Dictionary<long, int>();
        for (int i = 0; i < _rows.Count; i++)
        {
            if (_rows[i].IsTree) trees.TryAdd(_rows[i].Call, i);
            else if (_rows[i].Call != 0) calls.TryAdd(_rows[i].Call, i);
        }

        for (int i = _rows.Count - 1; i >= 0; i--)
        {
            (long call, long madeFrom, bool isTree) = _rows[i];
            if (isTree) continue;
            if (calls.TryGetValue(madeFrom, out int position) && position < i) return position;
            if (call != 0 && trees.TryGetValue(call, out position) && position < i) return position;
        }

        return 0;
    }
}
