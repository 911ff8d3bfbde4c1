using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Chain.Wasm.Components.Values;

namespace Chain.Silo.Calls;

/// <summary>One call while it runs. Belongs to the thread of its chain; used again for the next call.</summary>
public sealed class CallFrame
{
    private short flows;
    private short decisions;

    public CallRoute Route { get; private set; } = null!;

    public ActiveCall Call { get; private set; }

    public ChainState Chain { get; private set; } = null!;

    public int Depth { get; private set; }

    /// <summary>The label of the arguments.</summary>
    public LabelId LabelIn { get; private set; }

    /// <summary>The label of all that the callee may know by now: its arguments, what it read, and what an instance that is kept knew before.</summary>
    public LabelId Label { get; set; }

    /// <summary>The arguments, where rules for the result want them.</summary>
    public IReadOnlyList<ComponentValue> Arguments { get; set; } = [];

    /// <summary>
    /// The label of what the callee had besides its arguments and what its own calls gave it: state, or what an instance that is kept remembers.
    /// </summary>
    public LabelId LabelRead { get; set; }

    /// <summary>
    /// The parts of arguments and result that source rules name, each with the tags put on it: an argument such as <c>patient</c>, a field such as
    /// <c>result.ok.diagnosis</c>. What reaches another component has the label of the whole; these say which part of it is why.
    /// </summary>
    public IReadOnlyList<(string Part, Label Tags)> Parts { get; set; } = [];

    /// <summary>The label of the result.</summary>
    public LabelId LabelOut { get; set; }

    public CallOutcome Outcome { get; set; }

    /// <summary>Bytes of the arguments, where known.</summary>
    public long SizeIn { get; set; }

    /// <summary>Bytes of the result, where known.</summary>
    public long SizeOut { get; set; }

    /// <summary>How often the hop copied data.</summary>
    public int Copies { get; set; }

    public void Begin(CallRoute route, ActiveCall call, ChainState chain, int depth, LabelId data)
    {
        Route = route;
        Call = call;
        Chain = chain;
        Depth = depth;
        LabelIn = data;
        Label = data;
        LabelOut = LabelRead = LabelId.Empty;
        Parts = [];
        SizeIn = SizeOut = 0;
        Copies = 0;
        flows = decisions = 0;
    }

    /// <summary>Takes up a call that another silo began, and will end.</summary>
    /// <param name="route">What is called.</param>
    /// <param name="call">The call.</param>
    /// <param name="chain">The chain here.</param>
    /// <param name="depth">How many calls of the chain are around it.</param>
    /// <param name="data">The label of the arguments.</param>
    /// <param name="taken">How many decisions on it were recorded there.</param>
    public void TakeUp(CallRoute route, ActiveCall call, ChainState chain, int depth, LabelId data, short taken)
    {
        Begin(route, call, chain, depth, data);
        decisions = taken;
    }

    /// <summary>How many decisions on it were recorded so far.</summary>
    public short Decisions => decisions;

    /// <summary>What it is now, for those who ask when the frame serves another call.</summary>
    public CallFrame Copy() => (CallFrame)MemberwiseClone();

    /// <summary>The number of the next decision on this call.</summary>
    public short NextDecision() => decisions == short.MaxValue ? decisions : decisions++;

    /// <summary>The number of the next flow into this call.</summary>
    public short NextFlow() => flows == short.MaxValue ? flows : flows++;
}
