using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Chain.Tracer.Recording;

/// <summary>A bounded queue of fixed-size records: many threads put, one takes; no lock, and no allocation after the constructor.</summary>
/// <remarks>
/// A producer claims a position, writes the record, then publishes the position's round. One that is interrupted in between holds back
/// those
/// behind it for as long, never loses them.
/// </remarks>
internal sealed class RecordRing<T>
    where T : struct
{
    private readonly T[] _records;
    private readonly int[] _rounds;
    private readonly int _mask;
    private readonly int _shift;
    private RingEnds _ends;

    /// <param name="capacity">Rounded up to a power of two.</param>
    public RecordRing(int capacity)
    {
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(capacity, 16));
        _records = GC.AllocateArray<T>(size, pinned: true);
        _rounds = GC.AllocateArray<int>(size, pinned: true);
        // Touched now: otherwise the first lap pays for every page.
        _records.AsSpan().Clear();
        _rounds.AsSpan().Clear();
        _mask = size - 1;
        _shift = BitOperations.Log2((uint)size);
    }

    public int Capacity => _mask + 1;

    /// <summary>How many records were ever put (claimed, to be exact).</summary>
    public long Put => Volatile.Read(ref _ends.Tail);

    /// <summary>How many records were ever taken.</summary>
    public long Taken => Volatile.Read(ref _ends.Head);

    /// <summary>
    /// Claims the next position; false when the ring is full. Who claims must fill <see cref="At"/> and then <see cref="Publish"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryClaim(out long position)
    {
        long tail = Volatile.Read(ref _ends.Tail);
        while (true)
        {
            position = tail;
            if (tail - Volatile.Read(ref _ends.Head) > _mask) return false;
            long seen = Interlocked.CompareExchange(ref _ends.Tail, tail + 1, tail);
            if (seen == tail) return true;
            tail = seen;
        }
    }

    /// <summary>The room for the record at a claimed position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T At(long position) => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_records), (int)position & _mask);

    /// <summary>The record at a claimed position is whole.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Publish(long position) =>
        Volatile.Write(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_rounds), (int)position & _mask), Round(position));

    /// <summary>Takes what is published, in order, as much as fits. For one thread.</summary>
    public int Take(Span<T> into)
    {
        long head = _ends.Head;
        int count = 0;
        while (count < into.Length)
        {
            int slot = (int)(head + count) & _mask;
            if (Volatile.Read(ref _rounds[slot]) != Round(head + count)) break;
            into[count++] = _records[slot];
        }

        Volatile.Write(ref _ends.Head, head + count);
        return count;
    }

    // Never 0, which is what an unused slot says, and different for the rounds that can meet in one slot.
    private int Round(long position) => (int)(position >> _shift) | int.MinValue;
}

// The two ends are written by different threads, so each has a cache line (two, for the prefetcher) of its own.
[StructLayout(LayoutKind.Explicit, Size = 384)]
internal struct RingEnds
{
    [FieldOffset(128)] public long Tail;
    [FieldOffset(256)] public long Head;
}
