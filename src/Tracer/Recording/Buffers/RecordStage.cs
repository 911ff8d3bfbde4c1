using System.Buffers;

namespace Chain.Tracer.Recording.Buffers;

/// <summary>Where records wait, in a mapped file, from when they leave their ring until they are kept. For one thread at a time.</summary>
internal sealed unsafe class RecordStage<T> : MemoryManager<T>
    where T : unmanaged, IRingRecord
{
    private readonly MappedFile _file;
    private readonly T* _records;
    private readonly ulong* _words;
    private readonly long* _mark;
    private readonly int _capacity;
    private uint _round;
    private int _count;

    /// <param name="file">Where the slots are, all zero.</param>
    /// <param name="section">Which part of the file.</param>
    public RecordStage(MappedFile file, Section section)
    {
        _file = file;
        _mark = (long*)file.At(section.Offset);
        _words = (ulong*)file.At(section.Offset + Section.Words);
        _records = (T*)file.At(section.Offset + section.Records);
        _capacity = section.Capacity;
        _round = Section.Round(0, _capacity);
    }

    public int Count => _count;

    public int Capacity => _capacity;

    public int Room => _capacity - _count;

    /// <summary>What was added since the last <see cref="Release"/>; of no use after the next one.</summary>
    public ReadOnlyMemory<T> Records => Memory[.._count];

    public void Add(in T record, uint check)
    {
        _records[_count] = record;
        Volatile.Write(ref _words[_count], ((ulong)check << 32) | _round);
        _count++;
    }

    /// <summary>What is here was kept, or given up: a successor must not find it any more.</summary>
    public void Release()
    {
        if (_count == 0) return;
        long next = *_mark + _capacity;
        Volatile.Write(ref *_mark, next);
        _round = Section.Round(next, _capacity);
        _count = 0;
    }

    public override Span<T> GetSpan() => new(_records, _capacity);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_records + elementIndex);

    public override void Unpin() => GC.KeepAlive(_file);

    protected override void Dispose(bool disposing)
    {
        // The memory is the file's.
    }
}
