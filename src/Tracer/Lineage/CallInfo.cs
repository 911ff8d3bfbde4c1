using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Lineage;

/// <summary>What many calls have in common: who called what, where, and how it ended.</summary>
/// <param name="Caller">Who called.</param>
/// <param name="Callee">Who was called.</param>
/// <param name="Function">Which function.</param>
/// <param name="Node">Name of the node that recorded the call: the caller's.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Copies">Copies of the data that the hop made; 255 means 255 or more.</param>
/// <param name="Exact">Whether the recorded flows are all there were.</param>
/// <param name="Host">Name of the silo on which the callee ran; empty for <paramref name="Node"/>.</param>
/// <param name="Attempt">1, or more where the call was sent again.</param>
public sealed record CallShape(
    ComponentRef Caller, ComponentRef Callee, FunctionRef Function, string Node, CallOutcome Outcome, int Copies, bool Exact, string Host = "", int Attempt = 1);

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
