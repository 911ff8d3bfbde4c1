using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Chain.Tracer.Recording.Buffers;

/// <summary>A bounded queue of fixed-size records in a mapped file: many threads put, one takes; no lock, and no allocation.</summary>
/// <remarks>
/// A producer claims a position, writes the record, then publishes it by its word. One that is interrupted in between holds back those behind it for as long,
/// never loses them. What is published and not taken is in the file, hence survives the process.
/// </remarks>
internal sealed unsafe class RecordRing<T>
    where T : unmanaged, IRingRecord
{
    private const int Page = 4096;

    // Keeps the mapping for as long as somebody may still write into it.
    private readonly MappedFile _file;
    private readonly T* _records;
    private readonly ulong* _words;
    private readonly long* _mark;
    private readonly int _mask;
    private readonly int _shift;
    private long _warmed;
    private RingEnds _ends;

    /// <param name="file">Where the slots are, all zero.</param>
    /// <param name="section">Which part of the file; its capacity is a power of two.</param>
    public RecordRing(MappedFile file, Section section)
    {
        _file = file;
        _mark = (long*)file.At(section.Offset);
        _words = (ulong*)file.At(section.Offset + Section.Words);
        _records = (T*)file.At(section.Offset + section.Records);
        _mask = section.Capacity - 1;
        _shift = BitOperations.Log2((uint)section.Capacity);
    }

    public int Capacity => _mask + 1;

    /// <summary>How many records were ever put (claimed, to be exact).</summary>
    public long Put => Volatile.Read(ref _ends.Tail);

    /// <summary>How many slots a ring of so many records has.</summary>
    public static int SlotsFor(int capacity) => (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(capacity, 16, BufferLayout.MostSlots));

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
    public ref T At(long position) => ref _records[(int)position & _mask];

    /// <summary>The record at a claimed position is whole.</summary>
    /// <param name="position">The position.</param>
    /// <param name="check">What <see cref="IRingRecord.Check"/> of the record gives.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Publish(long position, uint check) => Volatile.Write(ref _words[(int)position & _mask], ((ulong)check << 32) | Round(position));

    /// <summary>The next record to be taken; false when none is published. For the thread that takes.</summary>
    public bool TryPeek(out T record)
    {
        long head = _ends.Head;
        int slot = (int)head & _mask;
        bool published = (uint)Volatile.Read(ref _words[slot]) == Round(head);
        record = published ? _records[slot] : default;
        GC.KeepAlive(_file);
        return published;
    }

    /// <summary>Moves what is published to a stage, in order, as much as fits and no more than asked for. For one thread.</summary>
    public void MoveTo(RecordStage<T> stage, int most = int.MaxValue)
    {
        long head = _ends.Head, end = head + Math.Min(most, stage.Room);
        long position = head;
        while (position < end)
        {
            int slot = (int)position & _mask;
            ulong word = Volatile.Read(ref _words[slot]);
            if ((uint)word != Round(position)) break;
            stage.Add(_records[slot], (uint)(word >> 32));
            position++;
        }

        if (position == head) return;
        // The stage has them, so a successor need not look for them here. Only then may the slots be filled anew.
        Volatile.Write(ref *_mark, position);
        Volatile.Write(ref _ends.Head, position);
        GC.KeepAlive(_file);
    }

    /// <summary>
    /// Touches the slots that come next, where something was put since the last time: the system writes what is mapped to the disk now and then, and whoever
    /// writes to a page first after that waits for it to be made writable. For the thread that takes.
    /// </summary>
    public void Warm()
    {
        long tail = Put;
        if (tail == _warmed) return;
        _warmed = tail;
        for (int i = 0; i < Capacity / 8; i += Page / sizeof(T)) _ = Interlocked.Or(ref *(long*)(_records + ((int)(tail + i) & _mask)), 0);
        for (int i = 0; i < Capacity / 8; i += Page / sizeof(ulong)) _ = Interlocked.Or(ref _words[(int)(tail + i) & _mask], 0);
    }

    // As Section.Round, without its division.
    private uint Round(long position) => (uint)(position >> _shift) | 0x8000_0000;
}

// The two ends are written by different threads, so each has a cache line (two, for the prefetcher) of its own.
[StructLayout(LayoutKind.Explicit, Size = 384)]
internal struct RingEnds
{
    [FieldOffset(128)] public long Tail;
    [FieldOffset(256)] public long Head;
}
