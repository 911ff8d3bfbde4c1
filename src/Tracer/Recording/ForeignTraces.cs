using Chain.Tracer.Calls;

namespace Chain.Tracer.Recording;

/// <summary>
/// Trace ids from outside that were met lately. A trace is reported once, or a few times when many are met at once. Safe for any number of threads.
/// </summary>
internal sealed class ForeignTraces
{
    private const int Slots = 4096;

    private readonly Seen?[] _seen = new Seen?[Slots];

    /// <summary>Whether the trace was reported not long ago.</summary>
    public bool Knows(TraceId trace) => Volatile.Read(ref _seen[(int)trace.Low & (Slots - 1)]) is { } seen && seen.Id == trace;

    /// <summary>The trace was reported.</summary>
    public void Remember(TraceId trace) => Volatile.Write(ref _seen[(int)trace.Low & (Slots - 1)], new Seen(trace));

    private sealed record Seen(TraceId Id);
}
