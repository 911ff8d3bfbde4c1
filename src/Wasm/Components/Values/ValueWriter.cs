using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Chain.Wasm.Components.CanonicalAbi;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.Values;

/// <summary>Writes values in the form of <see cref="ValueCodec"/>. It calls itself only as deep as types are, which validation bounds.</summary>
internal ref struct ValueWriter(IBufferWriter<byte> output)
{
    private const int LongestVarint = 10;

    private Span<byte> free;
    private int used;
    private long written;

    public void Write(ComponentValue value, ValType type)
    {
        switch (type, value)
        {
            case ({ IsBound: true }, _): throw new BoundValueException(type);
            case (PrimitiveType { Kind: PrimitiveKind.String }, StringValue text): Text(text.Value); break;
            case (PrimitiveType primitive, _): Number(primitive.Kind, TypedValues.Bits(primitive.Kind, value)); break;
            case (ListType { Length: null } list, ListValue items):
                Varint((ulong)items.Items.Count);
                Items(items, list.Element);
                break;
            case (ListType { Length: { } length } list, ListValue items):
                TypedValues.CheckLength(items, length);
                if (length == 0) Byte(0);
                Items(items, list.Element);
                break;
            case (MapType map, ListValue pairs):
                Varint((ulong)pairs.Items.Count);
                foreach (ComponentValue item in pairs.Items)
                {
                    if (item is not TupleValue { Items.Count: 2 } pair) throw TypedValues.Mismatch(new TupleType([map.Key, map.Value]), item);
                    Write(pair.Items[0], map.Key);
                    Write(pair.Items[1], map.Value);
                }

                break;
            case (RecordType record, RecordValue fields):
                TypedValues.CheckFields(record, fields);
                if (fields.Fields.Count == 0) Byte(0);
                for (int i = 0; i < fields.Fields.Count; i++) Write(fields.Fields[i].Value, record.Fields[i].Type);
                break;
            case (TupleType tuple, TupleValue items) when items.Items.Count == tuple.Types.Count:
                if (items.Items.Count == 0) Byte(0);
                for (int i = 0; i < items.Items.Count; i++) Write(items.Items[i], tuple.Types[i]);
                break;
            case (FlagsType flags, FlagsValue set): Flags(flags, TypedValues.FlagBits(flags, set)); break;
            default:
                VariantShape variant = TypedValues.VariantOf(type, value);
                int number = TypedValues.CaseOf(type, variant, value, out ComponentValue? payload);
                TypedValues.CheckPayload(type, variant.Payloads[number], payload);
                Varint((ulong)number);
                if (payload is not null) Write(payload, variant.Payloads[number]!);
                break;
        }
    }

    /// <summary>Hands over what was written; nothing may be written to the output by others before that.</summary>
    public void Flush()
    {
        output.Advance(used);
        free = free[used..];
        used = 0;
    }

    /// <summary>The bytes that a flags value takes.</summary>
    public static int BytesOf(FlagsType type) => Math.Max(1, (type.Labels.Count + 7) / 8);

    private void Items(ListValue list, ValType element)
    {
        if (element is not PrimitiveType { Kind: PrimitiveKind.U8 })
        {
            foreach (ComponentValue item in list.Items) Write(item, element);
            return;
        }

        Span<byte> space = Reserve(list.Items.Count);
        if (list.Bytes is { } bytes) bytes.CopyTo(space);
        else
        {
            for (int i = 0; i < space.Length; i++) space[i] = (byte)TypedValues.Bits(PrimitiveKind.U8, list.Items[i]);
        }
    }

    // Half a surrogate pair becomes U+FFFD, as it does on its way into a guest.
    private void Text(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        Varint((uint)length);
        Encoding.UTF8.GetBytes(text, Reserve(length));
    }

    private void Number(PrimitiveKind kind, ulong bits)
    {
        switch (kind)
        {
            case PrimitiveKind.Bool or PrimitiveKind.U8 or PrimitiveKind.S8: Byte((byte)bits); break;
            case PrimitiveKind.S16 or PrimitiveKind.S32: Varint(ZigZag((int)bits)); break;
            case PrimitiveKind.S64: Varint(ZigZag((long)bits)); break;
            case PrimitiveKind.F32:
                float single = BitConverter.UInt32BitsToSingle((uint)bits);
                BinaryPrimitives.WriteUInt32LittleEndian(Reserve(4), float.IsNaN(single) ? CanonicalNaN.Single : (uint)bits);
                break;
            case PrimitiveKind.F64:
                BinaryPrimitives.WriteUInt64LittleEndian(Reserve(8), double.IsNaN(BitConverter.UInt64BitsToDouble(bits)) ? CanonicalNaN.Double : bits);
                break;
            default: Varint(bits); break;
        }
    }

    private void Flags(FlagsType type, uint bits)
    {
        Span<byte> space = Reserve(BytesOf(type));
        for (int i = 0; i < space.Length; i++) space[i] = (byte)(bits >> (8 * i));
    }

    // Small magnitudes of either sign become small numbers.
    private static ulong ZigZag(long value) => (ulong)(value << 1) ^ (ulong)(value >> 63);

    private void Varint(ulong value)
    {
        if (value < 0x80)
        {
            Byte((byte)value);
            return;
        }

        Span<byte> space = stackalloc byte[LongestVarint];
        int length = 0;
        for (; value >= 0x80; value >>= 7) space[length++] = (byte)(value | 0x80);
        space[length++] = (byte)value;
        space[..length].CopyTo(Reserve(length));
    }

    private void Byte(byte value) => Reserve(1)[0] = value;

    private Span<byte> Reserve(int count)
    {
        written += count;
        if (written > ValueCodec.MostBytes)
            throw new WasmLimitException($"the values of a call that leaves its silo take more than {ValueCodec.MostBytes} bytes");
        if (free.Length - used < count)
        {
            Flush();
            free = output.GetSpan(count);
        }

        Span<byte> space = free.Slice(used, count);
        used += count;
        return space;
    }
}
