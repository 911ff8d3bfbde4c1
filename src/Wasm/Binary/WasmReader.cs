using System.Runtime.CompilerServices;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Chain.Wasm.Binary;

/// <summary>
/// Reads the primitive values of the binary format from a span: LEB128 numbers, names, vectors' counts and types. Every failure
/// is a <see cref="MalformedModuleException"/> with the offset in the module.
/// </summary>
internal ref struct WasmReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    private readonly ReadOnlySpan<byte> bytes;
    private readonly long baseOffset;
    private readonly string module;
    private readonly SectionEncoding? encoding;
    private readonly bool isComponent;
    private int ordinal;

    /// <param name="bytes">What to read.</param>
    /// <param name="baseOffset">The offset of its first byte in the module, for messages.</param>
    /// <param name="module">The module's name, for messages.</param>
    /// <param name="encoding">Where to note numbers that are not in their shortest form; none where that does not matter.</param>
    /// <param name="isComponent">Whether they are a component's; failures are then those of a component.</param>
    public WasmReader(
        ReadOnlySpan<byte> bytes, long baseOffset, string module, SectionEncoding? encoding = null, bool isComponent = false)
    {
        this.isComponent = isComponent;
        this.bytes = bytes;
        this.baseOffset = baseOffset;
        this.module = module;
        this.encoding = encoding;
    }

    /// <summary>The index of the next byte in the span.</summary>
    public int Position { get; set; }

    public readonly bool AtEnd => Position >= bytes.Length;

    public readonly int Remaining => bytes.Length - Position;

    /// <summary>The offset of the next byte in the module.</summary>
    public readonly long Offset => baseOffset + Position;

    public byte ReadByte()
    {
        if (Position >= bytes.Length) FailEnd();
        return bytes[Position++];
    }

    public readonly byte PeekByte()
    {
        if (Position >= bytes.Length) FailEnd();
        return bytes[Position];
    }

    public ReadOnlySpan<byte> ReadBytes(uint count)
    {
        if (count > (uint)Remaining) FailEnd();
        ReadOnlySpan<byte> slice = bytes.Slice(Position, (int)count);
        Position += (int)count;
        return slice;
    }

    public uint ReadUnsigned32()
    {
        // Nearly all indices and sizes fit one byte.
        if (Position < bytes.Length && bytes[Position] < 0x80)
        {
            ordinal++;
            return bytes[Position++];
        }

        return (uint)ReadUnsigned(32);
    }

    public ulong ReadUnsigned64()
    {
        // So do most offsets of memory accesses.
        if (Position < bytes.Length && bytes[Position] < 0x80)
        {
            ordinal++;
            return bytes[Position++];
        }

        return ReadUnsigned(64);
    }

    public int ReadSigned32() => (int)ReadSigned(32);

    public long ReadSigned33() => ReadSigned(33);

    public long ReadSigned64() => ReadSigned(64);

    public uint ReadFixed32() => BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(4));

    public ulong ReadFixed64() => BinaryPrimitives.ReadUInt64LittleEndian(ReadBytes(8));

    /// <summary>The count of a vector, refused where the rest of the span cannot hold that many elements or a limit is passed.</summary>
    public int ReadCount(string what, int limit = int.MaxValue)
    {
        long at = Offset;
        uint count = ReadUnsigned32();
        // Every element takes a byte at least; so a huge count in a tiny file costs nothing.
        if (count > (uint)Remaining) Fail(at, $"length out of bounds: {count} {what} declared, {Remaining} bytes left");
        CheckLimit(at, what, count, limit);
        return (int)count;
    }

    /// <summary>Throws where there is more of something than <see cref="ModuleLimits"/> allows.</summary>
    public readonly void CheckLimit(long offset, string what, uint count, int limit)
    {
        if (count <= limit) return;
        if (isComponent)
        {
            throw new InvalidComponentException(
                $"invalid component {module} at 0x{offset:x}: too many {what}, expected at most {limit}, found {count}", offset);
        }

        throw new InvalidModuleException(
            $"invalid module {module} at 0x{offset:x}: too many {what}, expected at most {limit}, found {count}", offset);
    }

    public string ReadName()
    {
        uint length = ReadUnsigned32();
        long at = Offset;
        ReadOnlySpan<byte> name = ReadBytes(length);
        try
        {
            return StrictUtf8.GetString(name);
        }
        catch (DecoderFallbackException)
        {
            Fail(at, "malformed UTF-8 encoding in a name");
            return "";
        }
    }

    public ValueType ReadValueType()
    {
        long at = Offset;
        switch (PeekByte())
        {
            case 0x7F: Position++; return ValueType.I32;
            case 0x7E: Position++; return ValueType.I64;
            case 0x7D: Position++; return ValueType.F32;
            case 0x7C: Position++; return ValueType.F64;
            case 0x7B: Position++; return ValueType.V128;
            case 0x63 or 0x64 or (>= 0x69 and <= 0x74): return ReadReferenceType();
            case byte other:
                Fail(at, $"malformed value type 0x{other:x2}");
                return default;
        }
    }

    public ValueType ReadReferenceType()
    {
        long at = Offset;
        byte first = ReadByte();
        int here = ordinal++;
        if (first is >= 0x69 and <= 0x74) return ValueType.Ref(HeapType.FromRaw(first - 0x80), true);
        if (first is not (0x63 or 0x64)) Fail(at, $"malformed reference type 0x{first:x2}");
        HeapType heap = ReadHeapType();
        // A nullable abstract type has a one-byte form; note that this one was written in full.
        if (first == 0x63 && !heap.IsConcrete) encoding?.Choices.Add((here, 1));
        return ValueType.Ref(heap, first == 0x63);
    }

    public HeapType ReadHeapType()
    {
        long at = Offset;
        long value = ReadSigned33();
        if (value is >= 0 and < 0x7FFFFF) return HeapType.OfIndex((uint)value);
        if (value is < -0x17 or > -0x0C) Fail(at, value >= 0 ? $"unknown type {value}" : $"malformed heap type {value}");
        return HeapType.FromRaw((int)value);
    }

    /// <summary>A byte that is 0 or 1.</summary>
    public bool ReadFlag(string what)
    {
        long at = Offset;
        byte value = ReadByte();
        if (value > 1) Fail(at, $"malformed {what} 0x{value:x2}, expected 0 or 1");
        return value == 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ulong ReadUnsigned(int width)
    {
        int start = Position;
        int here = ordinal++;
        ulong result = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = ReadByte();
            if (shift + 7 > width)
            {
                if ((next & 0x80) != 0) Fail(baseOffset + start, "integer representation too long");
                if (next >> (width - shift) != 0) Fail(baseOffset + start, "integer too large");
            }

            result |= (ulong)(next & 0x7F) << shift;
            if ((next & 0x80) == 0) break;
        }

        if (encoding is not null) NoteWidth(here, start, LebEncoding.UnsignedWidth(result));
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long ReadSigned(int width)
    {
        int start = Position;
        int here = ordinal++;
        long result = 0;
        int shift = 0;
        byte next;
        do
        {
            next = ReadByte();
            if (shift + 7 > width)
            {
                if ((next & 0x80) != 0) Fail(baseOffset + start, "integer representation too long");
                // The bits past the width must repeat the sign.
                int used = width - shift;
                int high = (sbyte)(next << 1) >> used;
                if (high is not (0 or -1)) Fail(baseOffset + start, "integer too large");
            }

            result |= (long)(next & 0x7F) << shift;
            shift += 7;
        }
        while ((next & 0x80) != 0);

        if (shift < 64 && (next & 0x40) != 0) result |= -1L << shift;
        if (encoding is not null) NoteWidth(here, start, LebEncoding.SignedWidth(result));
        return result;
    }

    private readonly void NoteWidth(int here, int start, int shortest)
    {
        if (Position - start != shortest) encoding?.Choices.Add((here, (byte)(Position - start)));
    }

    [DoesNotReturn]
    private readonly void FailEnd() => Fail(Offset, "unexpected end");

    /// <summary>Throws with the offset of the next byte.</summary>
    [DoesNotReturn]
    public readonly void Fail(string what) => Fail(Offset, what);

    [DoesNotReturn]
    public readonly void Fail(long offset, string what) => throw (isComponent
        ? new MalformedComponentException($"malformed component {module} at 0x{offset:x}: {what}", offset)
        : new MalformedModuleException($"malformed module {module} at 0x{offset:x}: {what}", offset));
}

/// <summary>The lengths of LEB128 numbers (core specification, "Binary Format / Values / Integers").</summary>
internal static class LebEncoding
{
    /// <summary>The bytes of the shortest form of an unsigned number, 1 to 10.</summary>
    public static int UnsignedWidth(ulong value)
    {
        int width = 1;
        while ((value >>= 7) != 0) width++;
        return width;
    }

    /// <summary>The bytes of the shortest form of a signed number, 1 to 10.</summary>
    public static int SignedWidth(long value)
    {
        int width = 1;
        while (value is < -64 or > 63)
        {
            value >>= 7;
            width++;
        }

        return width;
    }
}
