using System.Runtime.CompilerServices;

namespace Chain.Tracer.Lineage;

/// <summary>Against the flow of data, or with it.</summary>
public enum LineageDirection
{
    /// <summary>To where the data came from.</summary>
    Ancestors = 0,

    /// <summary>To where the data went.</summary>
    Descendants = 1,
}

/// <summary>A walk over values in one direction, each met once. A value is <c>2 × node + side</c>. docs/lineage.md has the rules. For one thread.</summary>
internal sealed class ValueWalk(CallGraph graph, LineageDirection direction, TagFilter? filter)
{
    // Up to so many, comparing each with each is cheaper than keeping their order.
    private const int FewSiblings = 12;

    private readonly Dictionary<int, Siblings> _siblings = [];
    private readonly List<int> _ready = [];
    private int[] _from = [];
    private EdgeKind[] _kind = [];
    private int[] _flow = [];

    public LineageDirection Direction => direction;

    /// <summary>Values met so far, in the order in which they were met.</summary>
    public List<int> Met { get; } = [];

    public bool Has(int value) => value < _from.Length && _from[value] != 0;

    /// <summary>The value from which this one was met, and how; null where the walk began.</summary>
    public (int From, EdgeKind Kind, int Flow)? Step(int value) => _from[value] > 0 ? (_from[value] - 1, _kind[value], _flow[value]) : null;

    /// <summary>The walk begins here, provided the value carries what is followed.</summary>
    public void Start(int value)
    {
        if (Has(value) || !Carries(value)) return;
        Room(value);
        _from[value] = -1;
        Met.Add(value);
    }

    /// <summary>Whether the store must be asked before the value's neighbours are known.</summary>
    public bool MustAsk(int value)
    {
        ref CallNode node = ref graph[value >> 1];
        if (!node.Asked || (direction == LineageDirection.Descendants && (value & 1) == 1 && !node.AskedOut)) return true;
        return Unknown(value, null);
    }

    /// <summary>Collects the other ends of flows, whose labels must be known before it is clear whether they are neighbours; says whether there is any.</summary>
    public bool Unknown(int value, List<int>? into)
    {
        // Where no tag is followed every flow leads to a neighbour, and the question can wait until the walk comes there.
        if (filter is null) return false;
        bool any = false;
        bool ancestors = direction == LineageDirection.Ancestors;
        for (int i = ancestors ? graph[value >> 1].FirstFlowIn : (value & 1) == 1 ? graph[value >> 1].FirstFlowOut : -1; i >= 0;)
        {
            CallFlow flow = graph.Flow(i);
            i = flow.Next;
            if (graph[flow.Other].Asked || !Follows(flow)) continue;
            any = true;
            into?.Add(flow.Other);
        }

        return any;
    }

    /// <summary>Whether the data may carry the tag that is followed; of a call that is not in the store nothing is known, so it may.</summary>
    public bool Carries(int value)
    {
        if (filter is null) return true;
        ref CallNode node = ref graph[value >> 1];
        return !node.Known || filter.Has(node.Labels, (ValueSide)(value & 1));
    }

    /// <summary>Whether the tag that is followed travelled there.</summary>
    public bool Follows(in CallFlow flow) => filter is null || filter.Has(flow.Label);

    /// <summary>Meets the value's neighbours; says whether there was any that carries the tag, met before or not.</summary>
    public bool Expand(int value)
    {
        int node = value >> 1;
        return direction == LineageDirection.Ancestors
            ? (value & 1) == 0 ? BeforeInput(value, node) : BeforeOutput(value, node)
            : (value & 1) == 0 ? AfterInput(value, node) : AfterOutput(value, node);
    }

    private bool BeforeInput(int value, int node)
    {
        CallNode call = graph[node];
        bool any = FlowsInto(value, call, 0);
        if (call.Parent < 0) return any;
        any |= Meet(value, call.Parent * 2, EdgeKind.Argument, -1);
        if (!graph[call.Parent].Exact) any |= MeetSiblings(value, node, call.Parent);
        return any;
    }

    private bool BeforeOutput(int value, int node)
    {
        CallNode call = graph[node];
        bool any = FlowsInto(value, call, 1);
        any |= Meet(value, node * 2, EdgeKind.Inside, -1);
        if (call.Exact) return any;
        for (int child = call.FirstChild; child >= 0; child = graph[child].NextSibling) any |= Meet(value, (child * 2) + 1, EdgeKind.Result, -1);
        return any;
    }

    private bool AfterInput(int value, int node)
    {
        CallNode call = graph[node];
        bool any = Meet(value, (node * 2) + 1, EdgeKind.Inside, -1);
        for (int child = call.FirstChild; child >= 0; child = graph[child].NextSibling) any |= Meet(value, child * 2, EdgeKind.Argument, -1);
        return any;
    }

    private bool AfterOutput(int value, int node)
    {
        CallNode call = graph[node];
        bool any = false;
        for (int i = call.FirstFlowOut; i >= 0;)
        {
            CallFlow flow = graph.Flow(i);
            if (Follows(flow)) any |= Meet(value, (flow.Other * 2) + flow.Part, flow.State == 0 ? EdgeKind.Flow : EdgeKind.State, i);
            i = flow.Next;
        }

        if (call.Parent < 0 || graph[call.Parent].Exact) return any;
        any |= Meet(value, (call.Parent * 2) + 1, EdgeKind.Result, -1);
        return any | MeetSiblings(value, node, call.Parent);
    }

    private bool FlowsInto(int value, in CallNode call, short part)
    {
        bool any = false;
        for (int i = call.FirstFlowIn; i >= 0;)
        {
            CallFlow flow = graph.Flow(i);
            if (flow.Part == part && Follows(flow))
            {
                any |= Meet(value, (flow.Other * 2) + 1, flow.State == 0 ? EdgeKind.Flow : EdgeKind.State, i);
            }

            i = flow.Next;
        }

        return any;
    }

    // Of the siblings that qualify, only those that no other sibling met yet: k siblings have k² edges.
    private bool MeetSiblings(int value, int node, int parent)
    {
        if (Few(parent)) return MeetFew(value, node, parent);
        if (!_siblings.TryGetValue(parent, out Siblings? siblings))
        {
            siblings = new Siblings(graph, parent, direction);
            _siblings.Add(parent, siblings);
        }

        bool any = siblings.Take(node, sibling => Carries(Other(sibling)), _ready);
        foreach (int sibling in _ready) Meet(value, Other(sibling), EdgeKind.Sibling, -1);
        return any;
    }

    private bool Few(int parent)
    {
        int count = 0;
        for (int child = graph[parent].FirstChild; child >= 0; child = graph[child].NextSibling)
        {
            if (++count > FewSiblings) return false;
        }

        return true;
    }

    // The same, without anything to remember: most families are small. Optimised from the first call on, as what unpacks bundles.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool MeetFew(int value, int node, int parent)
    {
        bool any = false;
        bool ancestors = direction == LineageDirection.Ancestors;
        long time = ancestors ? graph[node].Start : graph[node].Ended;
        for (int child = graph[parent].FirstChild; child >= 0; child = graph[child].NextSibling)
        {
            if (child == node || !(ancestors ? graph[child].Ended <= time : graph[child].Start >= time)) continue;
            any |= Meet(value, Other(child), EdgeKind.Sibling, -1);
        }

        return any;
    }

    private int Other(int sibling) => (sibling * 2) + (direction == LineageDirection.Ancestors ? 1 : 0);

    private bool Meet(int from, int value, EdgeKind kind, int flow)
    {
        if (!Carries(value)) return false;
        if (Has(value)) return true;
        Room(value);
        _from[value] = from + 1;
        _kind[value] = kind;
        _flow[value] = flow;
        Met.Add(value);
        return true;
    }

    private void Room(int value)
    {
        if (value < _from.Length) return;
        int length = Math.Max(value + 1, Math.Max(graph.Count * 2, _from.Length * 2));
        Array.Resize(ref _from, length);
        Array.Resize(ref _kind, length);
        Array.Resize(ref _flow, length);
    }
}
