using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Lineage;

/// <summary>What many calls have in common: who called what, on which node, and how it ended.</summary>
public sealed record CallShape(ComponentRef Caller, ComponentRef Callee, FunctionRef Function, string Node, CallOutcome Outcome, int Copies, bool Exact);

/// <summary>A call of the store with everything spelled out. Names come from strangers: escape them before they reach a terminal.</summary>
/// <param name="Id">The call.</param>
/// <param name="TraceKey"><see cref="TraceId.Key"/> of its trace.</param>
/// <param name="Parent">The caller's call; none for a root. It may not be in the store.</param>
/// <param name="Duration">Microseconds from start to end.</param>
/// <param name="Shape">Who called what, and how it ended.</param>
/// <param name="LabelIn">The label of what it received.</param>
/// <param name="LabelOut">The label of what it gave.</param>
public sealed record CallInfo(CallId Id, long TraceKey, CallId Parent, float Duration, CallShape Shape, Label LabelIn, Label LabelOut)
{
    /// <summary>Bytes of the arguments; null where sizes were not asked for.</summary>
    public long? SizeIn { get; init; }

    /// <summary>Bytes of the result; null where sizes were not asked for.</summary>
    public long? SizeOut { get; init; }
}
