using Chain.Tracer.Recording;

namespace Chain.Tracer.Bundles;

/// <summary>What a batch adds that no bundle has: the rows that go into <c>loose</c> and <c>stray</c> along with it. Reused from batch to batch; for one thread.</summary>
/// <remarks>
/// Traces are marked by the minute in which they began, so that a batch costs a row or two. Where there are few of an older minute, to which long calls add, they
/// are marked by themselves: the others of that minute stay in their bundles.
/// </remarks>
internal sealed class LooseMarks
{
    /// <summary>So many traces of a minute are few.</summary>
    public const int Few = 16;

    private readonly HashSet<int> _slices = [];
    private readonly HashSet<long> _calls = [];
    private readonly Dictionary<int, HashSet<long>> _older = [];
    private readonly HashSet<int> _strays = [];

    /// <summary>Minutes of which any trace may have grown.</summary>
    public IReadOnlyCollection<int> Slices => _slices;

    /// <summary>Keys of traces that have grown, and calls into which a flow came.</summary>
    public IReadOnlyCollection<long> Calls => _calls;

    /// <summary>Minutes with a call that is far from where its trace began.</summary>
    public IReadOnlyCollection<int> Strays => _strays;

    /// <param name="batch">What is stored.</param>
    /// <param name="sorted">The ids of its calls in ascending order.</param>
    public void Collect(in RecordBatch batch, ReadOnlySpan<long> sorted)
    {
        _slices.Clear();
        _calls.Clear();
        _strays.Clear();
        _older.Clear();
        int newest = sorted.IsEmpty ? 0 : Slice.Of(sorted[^1]);
        long last = 0;
        foreach (ref readonly CallRecord call in batch.Calls.Span)
        {
            // Traces whose ids Chain did not make have no bundles.
            if (call.Trace <= 0) continue;
            if (Slice.IsStray(call.Trace, call.Id.Value)) _strays.Add(Slice.Of(call.Id.Value));
            if (call.Trace == last) continue;
            last = call.Trace;
            int slice = Slice.Of(last);
            if (_slices.Contains(slice)) continue;
            if (slice <= newest && slice >= newest - 1) _slices.Add(slice);
            else AddOlder(slice, last);
        }

        foreach (HashSet<long> traces in _older.Values) _calls.UnionWith(traces);

        foreach (ref readonly FlowRecord flow in batch.Flows.Span)
        {
            // The trace of a call in the batch is marked already.
            if (sorted.BinarySearch(flow.Destination.Value) < 0) _calls.Add(flow.Destination.Value);
        }
    }

    private void AddOlder(int slice, long trace)
    {
        if (!_older.TryGetValue(slice, out HashSet<long>? traces)) _older[slice] = traces = [];
        traces.Add(trace);
        if (traces.Count <= Few) return;
        _older.Remove(slice);
        _slices.Add(slice);
    }
}
