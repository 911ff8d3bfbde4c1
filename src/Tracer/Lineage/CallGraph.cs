using System.Runtime.InteropServices;
using Chain.Tracer.Calls;

namespace Chain.Tracer.Lineage;

/// <summary>A call in memory. Other nodes and flows are named by their index; -1 is none.</summary>
internal struct CallNode
{
    public long Id;
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
    private readonly Dictionary<long, int> _index = [];
    private readonly List<CallNode> _nodes = [];
    private readonly List<CallFlow> _flows = [];

    public int Count => _nodes.Count;

    /// <summary>Nodes whose rows were found.</summary>
    public int KnownCount { get; private set; }

    public ref CallNode this[int node] => ref CollectionsMarshal.AsSpan(_nodes)[node];

    public CallFlow Flow(int flow) => _flows[flow];

    public int Find(long id) => _index.TryGetValue(id, out int node) ? node : -1;

    /// <summary>The node of a call, new when there was none.</summary>
    public int At(long id)
    {
        ref int node = ref CollectionsMarshal.GetValueRefOrAddDefault(_index, id, out bool exists);
        if (exists) return node;
        node = _nodes.Count;
        _nodes.Add(new CallNode { Id = id, Parent = -1, FirstChild = -1, NextSibling = -1, FirstFlowIn = -1, FirstFlowOut = -1 });
        return node;
    }

    /// <summary>Adds a row of <c>call</c> that is not known yet.</summary>
    public void Add(int at, long trace, long parent, int shape, int labels, float duration)
    {
        int above = parent == 0 ? -1 : At(parent);
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
        _flows.Add(new CallFlow(source, label, part, state, node.FirstFlowIn));
        node.FirstFlowIn = _flows.Count - 1;
    }

    public void AddFlowOut(int source, int destination, int label, short part, int state)
    {
        ref CallNode node = ref this[source];
        _flows.Add(new CallFlow(destination, label, part, state, node.FirstFlowOut));
        node.FirstFlowOut = _flows.Count - 1;
    }
}
