using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording.Buffers;

namespace Chain.Tracer.Recording;

/// <summary>
/// One core's share of a recorder: the ids it issues and the records it holds. Any thread may use any lane; its own core's is fastest.
/// </summary>
internal sealed class RecorderLane(int lane, RecordRing<CallRecord> calls, RecordRing<FlowRecord> flows)
{
    // Taken from a lane at a time: fewer would keep to the order of time more exactly, and look at the lanes more often.
    private const int AtOnce = 64;

    private Issued _issued = new() { Lane = lane };

    public RecordRing<CallRecord> Calls { get; } = calls;

    public RecordRing<FlowRecord> Flows { get; } = flows;

    public int Lane
    {
        get => Volatile.Read(ref _issued.Lane);
        set => Volatile.Write(ref _issued.Lane, value);
    }

    /// <summary>The start of the newest call, in microseconds since the epoch of the ids.</summary>
    public long Newest => Volatile.Read(ref _issued.Last);

    /// <summary>The id of a call that starts now; a microsecond later than the last one when that is now too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public CallId Issue(long now)
    {
        long last = Volatile.Read(ref _issued.Last);
        while (true)
        {
            long next = now > last ? now : last + 1;
            long seen = Interlocked.CompareExchange(ref _issued.Last, next, last);
            if (seen == last) return CallId.From(next, _issued.Lane);
            last = seen;
        }
    }

    /// <summary>
    /// Moves calls of all lanes to a stage, as much as fits, always from the lane whose next call is the oldest. So batches follow each other in time, and the
    /// store's indexes grow at their ends: where two batches overlap, the later one splits pages that were full. For the thread that takes.
    /// </summary>
    public static void MoveOldest(RecorderLane[] lanes, RecordStage<CallRecord> stage)
    {
        while (stage.Room > 0)
        {
            RecorderLane? oldest = null;
            long first = long.MaxValue;
            foreach (RecorderLane lane in lanes)
            {
                if (lane.Calls.TryPeek(out CallRecord next) && next.Id.Value < first) (oldest, first) = (lane, next.Id.Value);
            }

            if (oldest is null) return;
            oldest.Calls.MoveTo(stage, AtOnce);
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Issued
    {
        [FieldOffset(128)] public long Last;
        [FieldOffset(136)] public int Lane;
    }
}
