using Chain.Tracer.Calls;

namespace Chain.Tracer.Recording;

/// <summary>A trace id that Chain did not make.</summary>
/// <param name="Id">The whole id.</param>
/// <param name="State">Its <c>tracestate</c>; null for none.</param>
public readonly record struct ForeignTrace(TraceId Id, string? State);

/// <summary>Records that are stored together: all or none.</summary>
/// <param name="Calls">Ended calls, in any order.</param>
/// <param name="Flows">Flows, in any order.</param>
/// <param name="Traces">Foreign traces met since the last batch.</param>
public readonly record struct RecordBatch(ReadOnlyMemory<CallRecord> Calls, ReadOnlyMemory<FlowRecord> Flows,
    ReadOnlyMemory<ForeignTrace> Traces = default);
