using System.Buffers.Binary;
using Chain.Wasm.Components.CanonicalAbi.Compilation;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Validation;
using Chain.Wasm.Components.Values;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Components.CanonicalAbi;

/// <summary>Writes trees into a guest (Canonical ABI, "Storing" and "Flat Lowering").</summary>
/// <param name="context">The side they are lowered to.</param>
/// <param name="shape">The function.</param>
/// <param name="resources">Its resource types, by place in <see cref="FunctionShape.Resources"/>.</param>
/// <param name="scope">The call that borrowed handles belong to.</param>
internal readonly struct TreeLowerer(AbiContext context, FunctionShape shape, RuntimeResourceType[] resources, CallScope? scope)
{
    /// <summary>Lowers values to core values.</summary>
    /// <param name="values">The values; checked against their types as they are written.</param>
    /// <param name="types">Their flat types; <see langword="null"/> where they go through memory.</param>
    /// <param name="tuple">The values as a tuple.</param>
    /// <param name="target">The address to write them to; <see langword="null"/> to allocate.</param>
    /// <returns>The core values' bits: the flat ones, or the address.</returns>
    /// <exception cref="ArgumentException">A value is of another type.</exception>
    public List<ulong> LowerAll(ReadOnlySpan<ComponentValue> values, ValueType[]? types, TupleType tuple, uint? target = null)
    {
        var flat = new List<ulong>();
        if (types is null)
        {
            uint pointer = target ?? context.Allocate(tuple.Layout.Alignment, (uint)tuple.Layout.Size);
            context.At(pointer, (uint)tuple.Layout.Size, tuple.Layout.Alignment);
            uint at = 0;
            for (int i = 0; i < values.Length; i++)
            {
                at = (uint)Layout.AlignTo(at, tuple.Types[i].Layout.Alignment);
                Store(values[i], tuple.Types[i], pointer + at);
                at += (uint)tuple.Types[i].Layout.Size;
            }

            flat.Add(pointer);
            return flat;
        }

        for (int i = 0; i < values.Length; i++) LowerFlat(values[i], tuple.Types[i], flat);
        return flat;
    }

    private void Store(ComponentValue value, ValType type, uint pointer)
    {
        switch (type, value)
        {
            case (PrimitiveType { Kind: PrimitiveKind.String }, StringValue text):
                uint address = Strings.Lower(context, text.Value, out uint length);
                WritePair(pointer, address, length);
                break;
            case (PrimitiveType primitive, _): WriteBits(pointer, (int)type.Layout.Size, TypedValues.Bits(primitive.Kind, value)); break;
            case (ListType { Length: { } count } list, ListValue items):
                TypedValues.CheckLength(items, count);
                StoreItems(items, list.Element, pointer);
                break;
            case (ListType or MapType, ListValue items):
                address = StoreList(items, ElementOf(type), out length);
                WritePair(pointer, address, length);
                break;
            case (RecordType record, RecordValue fields):
                TypedValues.CheckFields(record, fields);
                StoreMembers([.. record.Fields.Select(static field => field.Type)], [.. fields.Fields.Select(static field => field.Value)], pointer);
                break;
            case (TupleType tuple, TupleValue items) when items.Items.Count == tuple.Types.Count:
                StoreMembers(tuple.Types, items.Items, pointer);
                break;
            case (FlagsType flags, FlagsValue set): WriteBits(pointer, (int)type.Layout.Size, TypedValues.FlagBits(flags, set)); break;
            case (HandleType handle, ResourceValue resource): WriteBits(pointer, 4, (uint)LowerHandle(handle, resource)); break;
            default:
                VariantShape variant = TypedValues.VariantOf(type, value);
                int number = TypedValues.CaseOf(type, variant, value, out ComponentValue? payload);
                TypedValues.CheckPayload(type, variant.Payloads[number], payload);
                WriteBits(pointer, variant.DiscriminantSize, (uint)number);
                if (payload is not null) Store(payload, variant.Payloads[number]!, pointer + variant.PayloadOffset);
                break;
        }
    }

    private void StoreMembers(IReadOnlyList<ValType> types, IReadOnlyList<ComponentValue> values, uint pointer)
    {
        uint at = 0;
        for (int i = 0; i < types.Count; i++)
        {
            at = (uint)Layout.AlignTo(at, types[i].Layout.Alignment);
            Store(values[i], types[i], pointer + at);
            at += (uint)types[i].Layout.Size;
        }
    }

    private uint StoreList(ListValue items, ValType element, out uint length)
    {
        length = (uint)items.Items.Count;
        uint pointer = context.AllocateList(items.Items.Count, (uint)element.Layout.Size, element.Layout.Alignment);
        if (items.Bytes is { } bytes && element is PrimitiveType { Kind: PrimitiveKind.U8 }) bytes.CopyTo(context.At(pointer, length, 1));
        else StoreItems(items, element, pointer);
        return pointer;
    }

    private void StoreItems(ListValue items, ValType element, uint pointer)
    {
        for (int i = 0; i < items.Items.Count; i++) Store(items.Items[i], element, pointer + (uint)(i * element.Layout.Size));
    }

    private void LowerFlat(ComponentValue value, ValType type, List<ulong> flat)
    {
        switch (type, value)
        {
            case (PrimitiveType { Kind: PrimitiveKind.String }, StringValue text):
                flat.Add(Strings.Lower(context, text.Value, out uint length));
                flat.Add(length);
                break;
            case (PrimitiveType primitive, _): flat.Add(TypedValues.Bits(primitive.Kind, value)); break;
            case (ListType { Length: { } count } list, ListValue items):
                TypedValues.CheckLength(items, count);
                foreach (ComponentValue item in items.Items) LowerFlat(item, list.Element, flat);
                break;
            case (ListType or MapType, ListValue items):
                flat.Add(StoreList(items, ElementOf(type), out length));
                flat.Add(length);
                break;
            case (RecordType record, RecordValue fields):
                TypedValues.CheckFields(record, fields);
                for (int i = 0; i < record.Fields.Count; i++) LowerFlat(fields.Fields[i].Value, record.Fields[i].Type, flat);
                break;
            case (TupleType tuple, TupleValue items) when items.Items.Count == tuple.Types.Count:
                for (int i = 0; i < tuple.Types.Count; i++) LowerFlat(items.Items[i], tuple.Types[i], flat);
                break;
            case (FlagsType flags, FlagsValue set): flat.Add(TypedValues.FlagBits(flags, set)); break;
            case (HandleType handle, ResourceValue resource): flat.Add((uint)LowerHandle(handle, resource)); break;
            default:
                VariantShape variant = TypedValues.VariantOf(type, value);
                int number = TypedValues.CaseOf(type, variant, value, out ComponentValue? payload);
                TypedValues.CheckPayload(type, variant.Payloads[number], payload);
                flat.Add((uint)number);
                int end = flat.Count + variant.FlatPayloads;
                // The bits of a smaller value are those of the larger that it shares its place with.
                if (payload is not null) LowerFlat(payload, variant.Payloads[number]!, flat);
                while (flat.Count < end) flat.Add(0);
                break;
        }
    }

    private int LowerHandle(HandleType handle, ResourceValue value)
    {
        RuntimeResourceType type = resources[shape.OrdinalOf(handle)];
        if (handle.IsOwn && !value.IsOwn) throw new ArgumentException($"expected an owned resource of type {type.Name}, found a borrowed one");
        Representation representation = HostResources.ToRepresentation(value.Resource, type, handle.IsOwn);
        return handle.IsOwn ? context.LowerOwn(representation, type) : context.LowerBorrow(representation, type, scope!);
    }

    private static ValType ElementOf(ValType type) => type is MapType map ? new TupleType([map.Key, map.Value]) : ((ListType)type).Element;

    private void WritePair(uint pointer, uint first, uint second)
    {
        WriteBits(pointer, 4, first);
        WriteBits(pointer + 4, 4, second);
    }

    private void WriteBits(uint pointer, int size, ulong bits)
    {
        Span<byte> bytes = context.Memory.Slice(pointer, (ulong)size);
        switch (size)
        {
            case 1: bytes[0] = (byte)bits; break;
            case 2: BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)bits); break;
            case 4: BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)bits); break;
            default: BinaryPrimitives.WriteUInt64LittleEndian(bytes, bits); break;
        }
    }
}
