using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using Chain.Wasm.Components.CanonicalAbi;
using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Components.Values;

/// <summary>
/// Reads what <see cref="ValueWriter"/> writes, out of bytes that may be a stranger's. It calls itself only as deep as types are, which validation
/// bounds; as every value takes at least a byte, no number of items is taken at its word that the bytes behind it cannot hold.
/// </summary>
internal ref struct ValueReader
{
    // What a value takes as a tree, and its place in the list or record around it, roughly.
    private const int MemoryOfValue = 64;

    private const int LongestVarint = 10;

    private readonly ReadOnlySpan<byte> bytes;
    private readonly long mostMemory;
    private int at;
    private long memory;

    public ValueReader(ReadOnlySpan<byte> bytes, long mostMemory = ValueCodec.MostMemory)
    {
        this.bytes = bytes;
        this.mostMemory = mostMemory;
        if (bytes.Length > ValueCodec.MostBytes)
            throw new MalformedValueException($"{bytes.Length} bytes; at most {ValueCodec.MostBytes} are read", 0);
    }

    public ComponentValue Read(ValType type)
    {
        Charge(MemoryOfValue);
        switch (type)
        {
            case { IsBound: true }: throw new BoundValueException(type);
            case PrimitiveType { Kind: PrimitiveKind.String }: return new StringValue(Text());
            case PrimitiveType primitive: return TypedValues.Number(primitive.Kind, Bits(primitive.Kind));
            case ListType { Length: null } list: return Items(list.Element, Count("items"));
            case ListType { Length: 0 }:
                Nothing();
                return new ListValue(Array.Empty<ComponentValue>());
            case ListType { Length: { } length } list:
                CheckCount(length, "items", at);
                return Items(list.Element, (int)length);
            case MapType map: return Pairs(map);
            case RecordType record:
                var fields = new ComponentValue[Members(record.Fields.Count)];
                for (int i = 0; i < fields.Length; i++) fields[i] = Read(record.Fields[i].Type);
                return TypedValues.Record(record, fields);
            case TupleType tuple:
                var items = new ComponentValue[Members(tuple.Types.Count)];
                for (int i = 0; i < items.Length; i++) items[i] = Read(tuple.Types[i]);
                return new TupleValue(items);
            case FlagsType flags: return TypedValues.Flags(flags, FlagBits(flags));
            default:
                ValType?[] payloads = VariantShape.Of(type).Payloads;
                int start = at;
                ulong number = Varint("the number of a case");
                if (number >= (uint)payloads.Length) throw Fail(start, $"expected the number of a case, less than {payloads.Length}, found {number}");
                return TypedValues.Case(type, (int)number, payloads[number] is { } payload ? Read(payload) : null);
        }
    }

    public readonly void ExpectEnd()
    {
        if (at < bytes.Length) throw Fail(at, $"expected the end, found {bytes.Length - at} more bytes");
    }

    private ListValue Items(ValType element, int count)
    {
        if (element is PrimitiveType { Kind: PrimitiveKind.U8 })
        {
            Charge(count);
            return new ListValue(Take(count, "the bytes of a list").ToArray());
        }

        // Charged before the array is made; each item again for what it is.
        Charge((long)count * sizeof(long));
        var items = new ComponentValue[count];
        for (int i = 0; i < count; i++) items[i] = Read(element);
        return new ListValue(items);
    }

    private ListValue Pairs(MapType map)
    {
        int count = Count("entries");
        Charge((long)count * (MemoryOfValue + sizeof(long)));
        var pairs = new ComponentValue[count];
        for (int i = 0; i < count; i++)
        {
            ComponentValue key = Read(map.Key);
            pairs[i] = new TupleValue([key, Read(map.Value)]);
        }

        return new ListValue(pairs);
    }

    private string Text()
    {
        int count = Count("bytes of a string");
        int start = at;
        ReadOnlySpan<byte> text = Take(count, "a string");
        if (!Utf8.IsValid(text)) throw Fail(start, "a string that is not UTF-8");
        Charge(2L * count);
        return Encoding.UTF8.GetString(text);
    }

    private ulong Bits(PrimitiveKind kind)
    {
        int start = at;
        switch (kind)
        {
            case PrimitiveKind.Bool:
                byte truth = Take(1, "a bool")[0];
                return truth <= 1 ? truth : throw Fail(start, $"expected a bool, 0 or 1, found {truth}");
            case PrimitiveKind.U8 or PrimitiveKind.S8: return Take(1, "a number")[0];
            case PrimitiveKind.F32:
                uint single = BinaryPrimitives.ReadUInt32LittleEndian(Take(4, "an f32"));
                return float.IsNaN(BitConverter.UInt32BitsToSingle(single)) ? CanonicalNaN.Single : single;
            case PrimitiveKind.F64:
                ulong bits = BinaryPrimitives.ReadUInt64LittleEndian(Take(8, "an f64"));
                return double.IsNaN(BitConverter.UInt64BitsToDouble(bits)) ? CanonicalNaN.Double : bits;
            case PrimitiveKind.Char:
                ulong code = Varint("a char");
                return code <= uint.MaxValue && Rune.IsValid((uint)code) ? code : throw Fail(start, $"expected a char, found 0x{code:x}");
        }

        ulong value = Varint("a number");
        ulong largest = kind switch
        {
            PrimitiveKind.U16 or PrimitiveKind.S16 => ushort.MaxValue,
            PrimitiveKind.U32 or PrimitiveKind.S32 => uint.MaxValue,
            _ => ulong.MaxValue,
        };
        if (value > largest) throw Fail(start, $"expected a number of the type {kind.ToString().ToLowerInvariant()}, found more bits than it has");
        return kind is PrimitiveKind.S16 or PrimitiveKind.S32 or PrimitiveKind.S64 ? (value >> 1) ^ (0 - (value & 1)) : value;
    }

    private uint FlagBits(FlagsType type)
    {
        int start = at;
        ReadOnlySpan<byte> space = Take(ValueWriter.BytesOf(type), "flags");
        ulong bits = 0;
        for (int i = 0; i < space.Length; i++) bits |= (ulong)space[i] << (8 * i);
        if (bits >> type.Labels.Count != 0) throw Fail(start, $"expected {type.Labels.Count} flags, found a bit that is none of them");
        return (uint)bits;
    }

    private int Count(string what)
    {
        int start = at;
        ulong count = Varint($"the number of {what}");
        CheckCount(count, what, start);
        return (int)count;
    }

    // A record's or tuple's number of members, of which each takes a byte at least.
    private int Members(int count)
    {
        if (count == 0) Nothing();
        else CheckCount((uint)count, "members", at);
        Charge(2L * count * sizeof(long));
        return count;
    }

    private readonly void CheckCount(ulong count, string what, int start)
    {
        if (count > (ulong)(bytes.Length - at)) throw Fail(start, $"expected {count} {what}, found {bytes.Length - at} bytes for them");
    }

    private void Nothing()
    {
        int start = at;
        if (Take(1, "a zero byte")[0] != 0) throw Fail(start, "expected a zero byte, for a value without parts");
    }

    private ulong Varint(string what)
    {
        ulong value = 0;
        int start = at;
        for (int i = 0; i < LongestVarint; i++)
        {
            if (at == bytes.Length) throw Fail(start, $"expected {what}, found the end");
            byte next = bytes[at++];
            if (i == LongestVarint - 1 && next > 1) break;
            value |= (ulong)(next & 0x7F) << (7 * i);
            if (next >= 0x80) continue;
            // One value has one form.
            if (next == 0 && i > 0) throw Fail(start, $"expected {what} in its shortest form");
            return value;
        }

        throw Fail(start, $"expected {what}, found more than 64 bits");
    }

    private ReadOnlySpan<byte> Take(int count, string what)
    {
        if (count > bytes.Length - at) throw Fail(at, $"expected {what}, found {(at == bytes.Length ? "the end" : $"{bytes.Length - at} bytes")}");
        ReadOnlySpan<byte> taken = bytes.Slice(at, count);
        at += count;
        return taken;
    }

    private void Charge(long amount)
    {
        memory += amount;
        if (memory > mostMemory) throw Fail(at, $"values of more than {mostMemory} bytes of memory");
    }

    private static MalformedValueException Fail(int offset, string problem) => new(problem, offset);
}

/// <summary>The one NaN of each width (Canonical ABI, "Loading").</summary>
internal static class CanonicalNaN
{
    public const uint Single = 0x7FC0_0000;

    public const ulong Double = 0x7FF8_0000_0000_0000;
}
