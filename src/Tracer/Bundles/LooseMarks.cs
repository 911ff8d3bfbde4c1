using Chain.Tracer.Recording;

namespace Chain.Tracer.Bundles;

/// <summary>What a batch adds that no bundle has: the rows that go into <c>loose</c> and <c>stray</c> along with it. Reused from batch to batch; for one thread.</summary>
/// <remarks>
/// New traces are marked by the minute in which they began, so that a batch costs a row or two. An older one, to which a long call adds, is marked by itself:
/// its minute holds many others, which stay in their bundles.
/// </remarks>
internal sealed class LooseMarks
{
    private readonly HashSet<int> _slices = [];
    private readonly HashSet<long> _calls = [];
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
            if (slice <= newest && slice >= newest - 1) _slices.Add(slice);
            else _calls.Add(last);
        }

        foreach (ref readonly FlowRecord flow in batch.Flows.Span)
        {
            // The trace of a call in the batch is marked already.
            if (sorted.BinarySearch(flow.Destination.Value) < 0) _calls.Add(flow.Destination.Value);
        }
    }
}
