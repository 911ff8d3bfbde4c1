using Chain.Tracer.Calls;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>A call that was reached.</summary>
/// <param name="Id">The call.</param>
/// <param name="In">Whether what it received was reached.</param>
/// <param name="Out">Whether what it gave was reached.</param>
/// <param name="Node">Where the details are.</param>
public readonly record struct ReachedCall(CallId Id, bool In, bool Out, int Node);

/// <summary>What a value came from or went to: a part of the lineage graph, closed in that direction. For one thread.</summary>
public sealed class LineageResult
{
    private readonly CallGraph _graph;
    private readonly CallDescriber _describer;
    private readonly ValueWalk _walk;
    private readonly int _start;

    private LineageResult(CallGraph graph, CallDescriber describer, ValueWalk walk, int start, LineageDirection direction, bool isTruncated)
    {
        (_graph, _describer, _walk, _start) = (graph, describer, walk, start);
        (Direction, IsTruncated) = (direction, isTruncated);
        var (calls, missing) = (new ReachedCall[graph.KnownCount], new List<CallId>());
        long[] ids = new long[graph.KnownCount];
        int count = 0;
        for (int node = 0; node < graph.Count; node++)
        {
            bool input = walk.Has(node * 2), output = walk.Has((node * 2) + 1);
            if (node == start || (!input && !output)) continue;
            if (!graph[node].Known)
            {
                missing.Add(new CallId(graph[node].Id));
                continue;
            }

            ids[count] = graph[node].Id;
            calls[count++] = new ReachedCall(new CallId(graph[node].Id), input, output, node);
        }

        Array.Sort(ids, calls, 0, count);
        (Calls, Missing) = (new ArraySegment<ReachedCall>(calls, 0, count), missing);
    }

    /// <summary>Where from, or where to.</summary>
    public LineageDirection Direction { get; }

    /// <summary>The calls that were reached, without the one asked for, by start.</summary>
    public IReadOnlyList<ReachedCall> Calls { get; }

    /// <summary>Calls that were reached and are not in the store: they run still, or retention dropped them, or they were lost.</summary>
    public IReadOnlyList<CallId> Missing { get; }

    /// <summary>Whether the limit was reached, so that there may be more.</summary>
    public bool IsTruncated { get; }

    /// <summary>The call asked for.</summary>
    public CallInfo Start => _describer.Info(_start);

    /// <summary>Everything about a call of <see cref="Calls"/>.</summary>
    public CallInfo Info(ReachedCall call) => _describer.Info(call.Node);

    /// <summary>
    /// How the data went between the values that were reached, the one asked for included. Of the flows that are supposed between siblings, one for
    /// each value: k siblings have k².
    /// </summary>
    public IEnumerable<LineageEdge> Edges()
    {
        foreach (int value in _walk.Met)
        {
            int node = value >> 1, parent = _graph[node].Parent;
            if ((value & 1) == 0)
            {
                if (parent >= 0 && _walk.Has(parent * 2)) yield return _describer.Edge(parent * 2, value, EdgeKind.Argument, -1);
                if (_walk.Has(value + 1)) yield return _describer.Edge(value, value + 1, EdgeKind.Inside, -1);
            }
            else if (parent >= 0 && !_graph[parent].Exact && _walk.Has((parent * 2) + 1))
            {
                yield return _describer.Edge(value, (parent * 2) + 1, EdgeKind.Result, -1);
            }

            foreach (LineageEdge flow in Flows(value)) yield return flow;
            if (_walk.Step(value) is { Kind: EdgeKind.Sibling, From: var other })
            {
                yield return Direction == LineageDirection.Ancestors ? _describer.Edge(value, other, EdgeKind.Sibling, -1) : _describer.Edge(other, value, EdgeKind.Sibling, -1);
            }
        }
    }

    internal static async Task<LineageResult> CreateAsync(
        NpgsqlConnection connection, NameCatalog names, CallGraph graph, ValueWalk walk, int start, LineageDirection direction, bool isTruncated, CancellationToken cancellation)
    {
        var describer = new CallDescriber(graph, names);
        var flows = new List<int>();
        foreach (int value in walk.Met)
        {
            ref CallNode node = ref graph[value >> 1];
            if (node.FirstFlowIn >= 0 || node.FirstFlowOut >= 0) flows.AddRange(FlowIndexes(graph, walk, value));
        }

        await describer.EnsureAsync(connection, walk.Met.Select(value => value >> 1).Append(start), flows, cancellation);
        return new LineageResult(graph, describer, walk, start, direction, isTruncated);
    }

    private IEnumerable<LineageEdge> Flows(int value)
    {
        foreach (int index in FlowIndexes(_graph, _walk, value))
        {
            CallFlow flow = _graph.Flow(index);
            EdgeKind kind = flow.State == 0 ? EdgeKind.Flow : EdgeKind.State;
            int other = (flow.Other * 2) + (Direction == LineageDirection.Ancestors ? 1 : flow.Part);
            if (!_walk.Has(other)) continue;
            yield return Direction == LineageDirection.Ancestors ? _describer.Edge(other, value, kind, index) : _describer.Edge(value, other, kind, index);
        }
    }

    // Those into the value, or those from it, as the walk goes.
    private static IEnumerable<int> FlowIndexes(CallGraph graph, ValueWalk walk, int value)
    {
        bool ancestors = walk.Direction == LineageDirection.Ancestors;
        if (!ancestors && (value & 1) == 0) yield break;
        for (int i = ancestors ? graph[value >> 1].FirstFlowIn : graph[value >> 1].FirstFlowOut; i >= 0;)
        {
            CallFlow flow = graph.Flow(i);
            if (walk.Follows(flow) && (!ancestors || flow.Part == (value & 1))) yield return i;
            i = flow.Next;
        }
    }
}
