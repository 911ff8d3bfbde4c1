using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>
/// Bounds what the guests of a store hold on the managed heap: structures, arrays, boxed scalars and exceptions. What is still alive is not
/// counted but estimated from samples: about one allocation in each 256th part of the limit is watched by a weak handle and stands for all
/// that was allocated since the one before. Only where the samples that are left come to more than the limit is the collector run.
/// </summary>
/// <remarks>
/// The places are random, or a guest could drop just the objects that are watched. One thread at a time. An estimate is right to a few percent.
/// </remarks>
internal sealed class GuestHeap : IDisposable
{
    /// <summary>No limit is below this: the collector would have to run all the time.</summary>
    public const long SmallestLimit = 16 << 20;

    private const int Samples = 256;

    private readonly long limit;
    private readonly long interval;
    private readonly List<(WeakGCHandle<object> Handle, long Weight)> samples = [];
    private long held;
    private long distance;
    private long untilSample;

    /// <param name="limit">Bytes that may be held.</param>
    public GuestHeap(long limit)
    {
        this.limit = Math.Max(limit, SmallestLimit);
        interval = this.limit / Samples;
        BeginSample();
    }

    /// <summary>Counts an object that has just been made.</summary>
    /// <param name="made">The object.</param>
    /// <param name="bytes">Its size with all that it owns.</param>
    /// <exception cref="WasmTrapException">The guests hold more than they may.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Count(object made, long bytes)
    {
        untilSample -= bytes;
        if (untilSample < 0) Sample(made);
    }

    /// <summary>Makes sure that something large may be made.</summary>
    /// <exception cref="WasmTrapException">It may not.</exception>
    public void Require(long bytes)
    {
        if (held + bytes > limit) Reclaim(bytes);
    }

    /// <summary>Gives the handles back; nothing may be counted any more.</summary>
    public void Dispose()
    {
        foreach ((WeakGCHandle<object> handle, _) in samples) handle.Dispose();
        samples.Clear();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Sample(object made)
    {
        long weight = distance - untilSample;
        samples.Add((new WeakGCHandle<object>(made), weight));
        held += weight;
        BeginSample();
        if (held > limit) Reclaim(0);
    }

    private void BeginSample() => untilSample = distance = 1 + Random.Shared.NextInt64(2 * interval);

    private void Reclaim(long bytes)
    {
        // An eighth has to be free afterwards, so that the collector runs only once for each eighth of the limit.
        long most = Math.Max(limit / 8, limit - (limit / 8) - bytes);
        if (bytes <= limit)
        {
            Forget();
            if (held <= most) return;
            for (int generation = 1; generation <= 2; generation++)
            {
                GC.Collect(generation, GCCollectionMode.Forced, blocking: true);
                Forget();
                if (held <= most) return;
            }
        }

        throw new WasmTrapException(TrapKind.AllocationTooLarge, $"the store's guests may hold {limit} bytes on the managed heap");
    }

    private void Forget()
    {
        int kept = 0;
        for (int i = 0; i < samples.Count; i++)
        {
            if (samples[i].Handle.TryGetTarget(out _))
            {
                samples[kept++] = samples[i];
                continue;
            }

            held -= samples[i].Weight;
            samples[i].Handle.Dispose();
        }

        samples.RemoveRange(kept, samples.Count - kept);
    }
}
