using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Chain.Wasm.Binary;

/// <summary>
/// Writes the primitive values of the binary format, the counterpart of <see cref="WasmReader"/>. Where a <see cref="SectionEncoding"/>
/// notes that a number was longer than its shortest form, it is written as long again.
/// </summary>
internal sealed class WasmWriter
{
    private readonly ArrayBufferWriter<byte> buffer = new();
    private List<(int Ordinal, byte Width)> choices = [];
    private int nextChoice;
    private int ordinal;

    public ReadOnlySpan<byte> Written => buffer.WrittenSpan;

    /// <summary>Empties the buffer and begins a section with the choices that its reader noted.</summary>
    public void Begin(SectionEncoding? encoding)
    {
        buffer.ResetWrittenCount();
        // Nested reads note a choice after its outer one has begun, so the list is nearly but not wholly in order.
        choices = encoding is null ? [] : [.. encoding.Choices.OrderBy(choice => choice.Ordinal)];
        nextChoice = 0;
        ordinal = 0;
    }

    public void WriteByte(byte value)
    {
        buffer.GetSpan(1)[0] = value;
        buffer.Advance(1);
    }

    public void WriteBytes(ReadOnlySpan<byte> bytes) => buffer.Write(bytes);

    public void WriteFixed32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.GetSpan(4), value);
        buffer.Advance(4);
    }

    public void WriteUnsigned(ulong value) => WriteUnsigned(value, TakeChoice());

    /// <summary>Writes an unsigned LEB128 number in at least <paramref name="width"/> bytes.</summary>
    public void WriteUnsigned(ulong value, int width)
    {
        int written = 0;
        do
        {
            byte low = (byte)(value & 0x7F);
            value >>= 7;
            written++;
            bool more = value != 0 || written < width;
            WriteByte(more ? (byte)(low | 0x80) : low);
            if (!more) return;
        }
        while (true);
    }

    public void WriteSigned(long value)
    {
        int width = TakeChoice();
        int written = 0;
        while (true)
        {
            byte low = (byte)(value & 0x7F);
            value >>= 7;
            written++;
            bool done = (value == 0 && (low & 0x40) == 0) || (value == -1 && (low & 0x40) != 0);
            if (done && written >= width)
            {
                WriteByte(low);
                return;
            }

            WriteByte((byte)(low | 0x80));
        }
    }

    public void WriteName(string name)
    {
        WriteUnsigned((ulong)Encoding.UTF8.GetByteCount(name));
        Encoding.UTF8.GetBytes(name, buffer);
    }

    public void WriteValueType(ValueType type)
    {
        switch (type.Kind)
        {
            case ValueKind.I32: WriteByte(0x7F); break;
            case ValueKind.I64: WriteByte(0x7E); break;
            case ValueKind.F32: WriteByte(0x7D); break;
            case ValueKind.F64: WriteByte(0x7C); break;
            case ValueKind.V128: WriteByte(0x7B); break;
            case ValueKind.I8: WriteByte(0x78); break;
            case ValueKind.I16: WriteByte(0x77); break;
            case ValueKind.Ref: WriteReferenceType(type); break;
            default: throw new InvalidOperationException("the bottom type has no binary form");
        }
    }

    public void WriteReferenceType(ValueType type)
    {
        bool inFull = TakeChoice() != 0;
        if (type.IsNullable && !type.Heap.IsConcrete && !inFull)
        {
            WriteByte((byte)(type.Heap.Value + 0x80));
            return;
        }

        WriteByte((byte)(type.IsNullable ? 0x63 : 0x64));
        WriteSigned(type.Heap.Value);
    }

    private int TakeChoice()
    {
        int here = ordinal++;
        if (nextChoice >= choices.Count || choices[nextChoice].Ordinal != here) return 0;
        return choices[nextChoice++].Width;
    }
}
