using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Chain.Tracer.Recording.Buffers;

/// <summary>What the slots of a section hold.</summary>
internal enum SectionKind
{
    Calls,
    Flows,
    Traces,
}

/// <summary>A part of the file: slots of one kind, each with its record and a word that says whether the record is whole.</summary>
/// <remarks>
/// At <paramref name="Offset"/> is the mark: the first position that somebody still needs. From <see cref="Words"/> on there is a word for each slot: in its low
/// half the round in which the slot was filled (position / capacity, with the top bit set, so that it is never 0), in its high half the record's check. Then come
/// the records.
/// </remarks>
/// <param name="Kind">What the slots hold.</param>
/// <param name="Capacity">How many slots.</param>
/// <param name="Offset">Where the section begins in the file, in bytes.</param>
internal readonly record struct Section(SectionKind Kind, int Capacity, long Offset)
{
    private const int MarkSize = 64;

    public int RecordSize => Kind switch
    {
        SectionKind.Calls => Unsafe.SizeOf<CallRecord>(),
        SectionKind.Flows => Unsafe.SizeOf<FlowRecord>(),
        _ => Unsafe.SizeOf<TraceSlot>(),
    };

    /// <summary>Where the words begin, from the section's start.</summary>
    public static int Words => MarkSize;

    /// <summary>Where the records begin, from the section's start. They lie as cache lines do.</summary>
    public long Records => Align(MarkSize + (Capacity * 8L), 64);

    /// <summary>Bytes of the section.</summary>
    public long Length => Records + ((long)Capacity * RecordSize);

    /// <summary>The low half of a slot's word, for a position.</summary>
    public static uint Round(long position, int capacity) => (uint)(position / capacity) | 0x8000_0000;

    public static long Align(long value, int to) => (value + to - 1) / to * to;
}

/// <summary>How the file of a recorder's buffers is divided; the file's head says it.</summary>
/// <param name="Lanes">Lanes, each with a ring of calls and one of flows.</param>
/// <param name="Calls">Slots of a ring of calls, a power of two.</param>
/// <param name="Flows">Slots of a ring of flows, likewise.</param>
/// <param name="Traces">Slots of the one ring of foreign traces, likewise.</param>
/// <param name="Batches">Batches, each with a stage of calls, one of flows and one of traces.</param>
/// <param name="BatchRecords">Slots of a stage of calls, and of one of flows.</param>
/// <param name="BatchTraces">Slots of a stage of traces.</param>
internal readonly record struct BufferLayout(int Lanes, int Calls, int Flows, int Traces, int Batches, int BatchRecords, int BatchTraces)
{
    /// <summary>Bytes at the beginning of the file.</summary>
    public const int HeadSize = 4096;

    /// <summary>Most slots of a ring or a stage.</summary>
    public const int MostSlots = 1 << 24;

    private const long Magic = 0x3130_4655_424E_4843; // "CHNBUF01"
    private const int Written = 52;

    /// <summary>All sections: those of the lanes (calls, flows), the foreign traces, those of the batches (calls, flows, traces).</summary>
    public List<Section> Sections()
    {
        var sections = new List<Section>();
        long offset = HeadSize;
        for (int i = 0; i < Lanes; i++)
        {
            Add(SectionKind.Calls, Calls);
            Add(SectionKind.Flows, Flows);
        }

        Add(SectionKind.Traces, Traces);
        for (int i = 0; i < Batches; i++)
        {
            Add(SectionKind.Calls, BatchRecords);
            Add(SectionKind.Flows, BatchRecords);
            Add(SectionKind.Traces, BatchTraces);
        }

        return sections;

        void Add(SectionKind kind, int capacity)
        {
            var section = new Section(kind, capacity, offset);
            sections.Add(section);
            offset = Section.Align(offset + section.Length, HeadSize);
        }
    }

    /// <summary>Bytes of the file.</summary>
    public long Length
    {
        get
        {
            Section last = Sections()[^1];
            return Section.Align(last.Offset + last.Length, HeadSize);
        }
    }

    /// <summary>The head of a file that is divided so.</summary>
    public byte[] Head()
    {
        byte[] head = new byte[HeadSize];
        BinaryPrimitives.WriteInt64LittleEndian(head, Magic);
        int at = 8;
        foreach (int value in (int[])[Lanes, Calls, Flows, Traces, Batches, BatchRecords, BatchTraces,
            Unsafe.SizeOf<CallRecord>(), Unsafe.SizeOf<FlowRecord>(), Unsafe.SizeOf<TraceSlot>()])
        {
            BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(at), value);
            at += 4;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(Written - 4), Checksum.Of(head.AsSpan(0, Written - 4)));
        return head;
    }

    /// <summary>Reads a head.</summary>
    /// <exception cref="InvalidDataException">It is none, or one of a program whose records are others.</exception>
    public static BufferLayout Read(ReadOnlySpan<byte> head)
    {
        if (head.Length < Written || BinaryPrimitives.ReadInt64LittleEndian(head) != Magic ||
            BinaryPrimitives.ReadUInt32LittleEndian(head[(Written - 4)..]) != Checksum.Of(head[..(Written - 4)])) throw new InvalidDataException("it does not begin as buffers do");
        int[] values = new int[10];
        for (int i = 0; i < values.Length; i++) values[i] = BinaryPrimitives.ReadInt32LittleEndian(head[(8 + (i * 4))..]);
        if ((values[7], values[8], values[9]) != (Unsafe.SizeOf<CallRecord>(), Unsafe.SizeOf<FlowRecord>(), Unsafe.SizeOf<TraceSlot>()))
            throw new InvalidDataException("written by a Chain whose records have another size");
        if (values[0] is < 1 or > 1 << 16 || values[4] is < 1 or > 1 << 10 || values.AsSpan(1, 6).ContainsAnyExceptInRange(1, MostSlots))
            throw new InvalidDataException("its sizes are impossible");
        return new BufferLayout(values[0], values[1], values[2], values[3], values[4], values[5], values[6]);
    }
}
