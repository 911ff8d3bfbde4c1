namespace Chain.Tracer.Lineage;

/// <summary>The children of one call in the order in which a walk may meet them, so that each is handed out once. For one thread.</summary>
/// <remarks>The time of a child is its end when the walk goes against the flow of data, and minus its start when it goes with it.</remarks>
internal sealed class Siblings
{
    private readonly CallGraph _graph;
    private readonly LineageDirection _direction;
    private readonly long[] _times;
    private readonly int[] _nodes;
    private int _next;

    // A call shorter than the clock's tick qualifies as its own sibling; it waits here for another one. Never two: whoever waits is due before
    // the next one is, hence taken by then.
    private int _deferred = -1;

    // The first two that carry what is followed tell whether anybody has such a sibling.
    private int _first = -1;
    private int _second = -1;

    public Siblings(CallGraph graph, int parent, LineageDirection direction)
    {
        (_graph, _direction) = (graph, direction);
        var nodes = new List<int>();
        for (int child = graph[parent].FirstChild; child >= 0; child = graph[child].NextSibling) nodes.Add(child);
        _nodes = [.. nodes];
        _times = new long[_nodes.Length];
        for (int i = 0; i < _nodes.Length; i++) _times[i] = TimeOf(_nodes[i]);
        Array.Sort(_times, _nodes);
    }

    /// <summary>Takes the children other than <paramref name="node"/> that are due for it, carry what is followed, and were not taken before.</summary>
    /// <returns>Whether there is any such child, taken before or not.</returns>
    public bool Take(int node, Predicate<int> carries, List<int> into)
    {
        into.Clear();
        long due = _direction == LineageDirection.Ancestors ? _graph[node].Start : -_graph[node].Ended;
        if (_deferred >= 0 && _deferred != node && TimeOf(_deferred) <= due)
        {
            into.Add(_deferred);
            _deferred = -1;
        }

        for (; _next < _nodes.Length && _times[_next] <= due; _next++)
        {
            int child = _nodes[_next];
            if (!carries(child)) continue;
            if (_first < 0) _first = child;
            else if (_second < 0) _second = child;
            if (child == node) _deferred = child;
            else into.Add(child);
        }

        return IsDue(_first, node, due) || IsDue(_second, node, due);
    }

    private bool IsDue(int carrier, int node, long due) => carrier >= 0 && carrier != node && TimeOf(carrier) <= due;

    private long TimeOf(int child) => _direction == LineageDirection.Ancestors ? _graph[child].Ended : -_graph[child].Start;
}
