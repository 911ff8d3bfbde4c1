using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Lineage;

/// <summary>How data went from one value to another.</summary>
public enum EdgeKind : byte
{
    /// <summary>A call's arguments, from what its caller had received.</summary>
    Argument = 0,

    /// <summary>A call's result, into that of its caller. Supposed: recorded is only that the caller got it.</summary>
    Result = 1,

    /// <summary>Through the inside of a call, from what it received to what it gave.</summary>
    Inside = 2,

    /// <summary>From the result of a call to the arguments of a later one of the same caller. Supposed: nothing is known of the caller's inside.</summary>
    Sibling = 3,

    /// <summary>A recorded flow between two calls.</summary>
    Flow = 4,

    /// <summary>A recorded flow through a state key: the one wrote it, the other read it.</summary>
    State = 5,
}

/// <summary>Data that went from one value to another.</summary>
/// <param name="From">Where from.</param>
/// <param name="To">Where to.</param>
/// <param name="Kind">How.</param>
/// <param name="Label">What travelled: the label recorded for it, or the tags that both ends have.</param>
/// <param name="State">Through which state key; null for none.</param>
public sealed record LineageEdge(CallValue From, CallValue To, EdgeKind Kind, Label Label, StateKey? State);
