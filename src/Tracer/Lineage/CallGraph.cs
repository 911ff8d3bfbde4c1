using Chain.Tracer.Bundles;
using Chain.Tracer.Calls;

namespace Chain.Tracer.Lineage;

/// <summary>A call in memory. Other nodes and flows are named by their index; -1 is none.</summary>
internal struct CallNode
{
    public long Id;

    /// <summary>Key of its trace; 0 when that is not known.</summary>
    public long Trace;

    public int Parent;
    public int FirstChild;
    public int NextSibling;
    public int FirstFlowIn;
    public int FirstFlowOut;
    public int Shape;
    public int Labels;
    public float Duration;

    /// <summary>Whether the call's row was found in the store.</summary>
    public bool Known;

    /// <summary>Whether the store was asked for it.</summary>
    public bool Asked;

    /// <summary>The run of the loader that brought the flows into it; 0 for none yet.</summary>
    public int FlowRun;

    /// <summary>Whether the store was asked for the flows that start from it.</summary>
    public bool AskedOut;

    /// <summary>Whether only recorded flows pass through the inside of the call. Never so for a call that is not in the store.</summary>
    public bool Exact;

    public readonly long Start => Id >> CallId.LaneBits;

    /// <summary>Microseconds, rounded down by more than a float rounds: "ended before" must not miss a flow.</summary>
    public readonly long Ended => Start + (long)(Duration * 0.9999999);
}

/// <summary>A row of <c>flow</c>, in the list of one of its ends.</summary>
internal readonly record struct CallFlow(int Other, int Label, short Part, int State, int Next);

/// <summary>The part of the lineage graph that was loaded so far. A node may be there before its row was loaded. For one thread.</summary>
internal sealed class CallGraph
{
    private readonly CallIndex _index = new();
    private CallNode[] _nodes = new CallNode[64];
    private CallFlow[] _flows = new CallFlow[64];
    private int _flowCount;

    public int Count { get; private set; }

    /// <summary>Nodes whose rows were found.</summary>
    public int KnownCount { get; private set; }

    /// <summary>Valid until a node is added.</summary>
    public ref CallNode this[int node] => ref _nodes[node];

    /// <summary>Valid until a flow is added.</summary>
    public ref readonly CallFlow Flow(int flow) => ref _flows[flow];

    public int Find(long id) => _index.Find(id);

    /// <summary>The node of a call, new when there was none.</summary>
    public int At(long id)
    {
        int node = _index.GetOrAdd(id, Count);
        if (node < Count) return node;
        if (Count == _nodes.Length) Array.Resize(ref _nodes, Count * 4);
        _nodes[Count++] = new CallNode { Id = id, Parent = -1, FirstChild = -1, NextSibling = -1, FirstFlowIn = -1, FirstFlowOut = -1 };
        return node;
    }

    /// <summary>Adds a row of <c>call</c> that is not known yet.</summary>
    public void Add(int at, long trace, long parent, int shape, int labels, float duration) => AddBelow(at, trace, parent == 0 ? -1 : At(parent), shape, labels, duration);

    /// <summary>The same, where the parent's node is at hand; -1 for none.</summary>
    public void AddBelow(int at, long trace, int above, int shape, int labels, float duration)
    {
        ref CallNode node = ref this[at];
        (node.Known, node.Asked, node.Trace, node.Shape, node.Labels, node.Duration) = (true, true, trace, shape, labels, duration);
        KnownCount++;
        if (above < 0) return;
        node.Parent = above;
        node.NextSibling = this[above].FirstChild;
        this[above].FirstChild = at;
    }

    /// <summary>Adds a flow, unless an earlier run of the loader had brought all flows into the call.</summary>
    public void AddFlowIn(int destination, int run, int source, int label, short part, int state)
    {
        ref CallNode node = ref this[destination];
        if (node.FlowRun != 0 && node.FlowRun != run) return;
        node.FlowRun = run;
        node.FirstFlowIn = AddFlow(new CallFlow(source, label, part, state, node.FirstFlowIn));
    }

    public void AddFlowOut(int source, int destination, int label, short part, int state)
    {
        ref CallNode node = ref this[source];
        node.FirstFlowOut = AddFlow(new CallFlow(destination, label, part, state, node.FirstFlowOut));
    }

    private int AddFlow(in CallFlow flow)
    {
        if (_flowCount == _flows.Length) Array.Resize(ref _flows, _flowCount * 4);
        _flows[_flowCount] = flow;
        return _flowCount++;
    }
}
