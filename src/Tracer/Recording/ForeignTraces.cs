using System.Collections.Concurrent;
using Chain.Tracer.Calls;

namespace Chain.Tracer.Recording;

/// <summary>
/// Trace ids from outside that the store has still to hear of. A trace is reported once, or a few times when many are met at once.
/// </summary>
internal sealed class ForeignTraces
{
    private const int Slots = 4096;

    private readonly Seen?[] _seen = new Seen?[Slots];
    private readonly ConcurrentQueue<ForeignTrace> _waiting = new();

    public void Meet(TraceId trace, string? state)
    {
        ref Seen? slot = ref _seen[(int)trace.Low & (Slots - 1)];
        if (Volatile.Read(ref slot) is { } seen && seen.Id == trace) return;
        _waiting.Enqueue(new ForeignTrace(trace, state));
        Volatile.Write(ref slot, new Seen(trace));
    }

    public ForeignTrace[] TakeAll()
    {
        if (_waiting.IsEmpty) return [];
        var all = new List<ForeignTrace>();
        while (_waiting.TryDequeue(out ForeignTrace trace)) all.Add(trace);
        return [.. all];
    }

    private sealed record Seen(TraceId Id);
}
