using Chain.PolicyEngine.Decisions;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Backtesting;

/// <summary>A call of the record, with ids of this process.</summary>
/// <param name="Id">The call.</param>
/// <param name="Trace">The key of its trace.</param>
/// <param name="Parent">The call around it; none for a root.</param>
/// <param name="Link">Who called what.</param>
/// <param name="LabelIn">The label of the arguments and of everything read.</param>
/// <param name="LabelOut">The label of the result.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Duration">End minus start, in microseconds.</param>
public readonly record struct StoredCall(
    CallId Id, long Trace, CallId Parent, CallLink Link, LabelId LabelIn, LabelId LabelOut, CallOutcome Outcome, float Duration);

/// <summary>Whole traces, one after the other, each in the order in which its calls began.</summary>
/// <param name="Calls">The calls.</param>
public sealed record StoredCallBatch(StoredCall[] Calls);
