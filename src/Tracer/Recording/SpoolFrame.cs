using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording.Buffers;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Recording;

/// <summary>One batch as bytes, with everything that its ids stand for, so that another process can store it.</summary>
/// <remarks>
/// Strings and counts as <see cref="BinaryWriter"/> writes them, then the records as they lie in memory (little-endian). The sizes of the
/// records are
/// in the frame: a program with other records refuses it. Frames of the first version, whose call sites have neither host nor attempt, still read.
/// </remarks>
internal static class SpoolFrame
{
    private static readonly int FirstShape = (Unsafe.SizeOf<CallRecord>() << 16) | Unsafe.SizeOf<FlowRecord>();
    private static readonly int Shape = FirstShape | (2 << 28);

    /// <summary>Writes a batch at the end of a stream.</summary>
    public static void Write(MemoryStream into, RecordBatch batch, IRecordNames names)
    {
        var (labels, sites, keys) = (new HashSet<int>(), new HashSet<int>(), new HashSet<int>());
        foreach (ref readonly CallRecord call in batch.Calls.Span)
        {
            labels.Add(call.LabelIn.Value);
            labels.Add(call.LabelOut.Value);
            sites.Add(call.Site.Value);
        }

        foreach (ref readonly FlowRecord flow in batch.Flows.Span)
        {
            labels.Add(flow.Label.Value);
            if (flow.State.Value != 0) keys.Add(flow.State.Value);
        }

        using var writer = new BinaryWriter(into, System.Text.Encoding.UTF8, leaveOpen: true);
        writer.Write(Shape);
        writer.Write(labels.Count);
        foreach (int id in labels)
        {
            writer.Write(id);
            writer.Write(names.Find(new LabelId(id)).ToString());
        }

        writer.Write(sites.Count);
        foreach (int id in sites)
        {
            writer.Write(id);
            NameText.Write(writer, names.Find(new CallSiteId(id)));
        }

        writer.Write(keys.Count);
        foreach (int id in keys)
        {
            writer.Write(id);
            NameText.Write(writer, names.Find(new StateKeyId(id)));
        }

        writer.Write(batch.Traces.Length);
        foreach (ForeignTrace trace in batch.Traces.Span)
        {
            writer.Write(trace.Id.High);
            writer.Write(trace.Id.Low);
            writer.Write(trace.State ?? "");
        }

        writer.Write(batch.Calls.Length);
        writer.Write(MemoryMarshal.AsBytes(batch.Calls.Span));
        writer.Write(batch.Flows.Length);
        writer.Write(MemoryMarshal.AsBytes(batch.Flows.Span));
    }

    /// <summary>Reads a batch back; the names are those of the process that wrote it.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a frame of this program.</exception>
    public static (RecordBatch Batch, IRecordNames Names) Read(byte[] bytes, int length)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes, 0, length));
            int shape = reader.ReadInt32();
            if (shape != Shape && shape != FirstShape) throw new InvalidDataException("written by a Chain whose records have another size");
            var names = new NameTable();
            for (int n = Count(reader); n > 0; n--) names.Labels[reader.ReadInt32()] = Label.Parse(reader.ReadString());
            for (int n = Count(reader); n > 0; n--) names.Sites[reader.ReadInt32()] = NameText.ReadSite(reader, withHost: shape != FirstShape);
            for (int n = Count(reader); n > 0; n--) names.Keys[reader.ReadInt32()] = NameText.ReadKey(reader);
            var traces = new ForeignTrace[Count(reader)];
            for (int i = 0; i < traces.Length; i++)
            {
                traces[i] = new ForeignTrace(new TraceId(reader.ReadUInt64(), reader.ReadUInt64()),
                    reader.ReadString() is { Length: > 0 } state ? state : null);
            }

            var calls = new CallRecord[Count(reader)];
            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(calls.AsSpan()));
            var flows = new FlowRecord[Count(reader)];
            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(flows.AsSpan()));
            return (new RecordBatch(calls, flows, traces), names);
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or IOException)
        {
            throw new InvalidDataException($"a spooled batch does not read: {e.Message}", e);
        }
    }

    // Every item takes at least a byte, so a count beyond what is left is nonsense; it must not reach an allocation.
    private static int Count(BinaryReader reader)
    {
        int count = reader.ReadInt32();
        return count >= 0 && count <= reader.BaseStream.Length - reader.BaseStream.Position
            ? count
            : throw new InvalidDataException($"a spooled batch claims {count} items in {reader.BaseStream.Length - reader.BaseStream.Position} bytes");
    }
}
