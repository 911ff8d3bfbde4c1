using System.Buffers.Binary;
using System.Text;
using Chain.Wasm.Binary;
using Chain.Wasm.Components.CanonicalAbi.Compilation;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Components.CanonicalAbi;

/// <summary>Makes trees of a guest's values (Canonical ABI, "Loading" and "Flat Lifting").</summary>
/// <param name="context">The side they are lifted from.</param>
/// <param name="shape">The function.</param>
/// <param name="resources">Its resource types, by place in <see cref="FunctionShape.Resources"/>.</param>
/// <param name="handles">What becomes of handles.</param>
internal readonly struct TreeLifter(AbiContext context, FunctionShape shape, RuntimeResourceType[] resources, HandleLifting handles)
{
    // What a value takes as a tree, roughly: a list of a few bytes can stand for millions of empty things.
    private const int BytesOfValue = 64;

    /// <summary>Lifts values that are flat, or in the memory that the first core value points to.</summary>
    /// <param name="flat">The core values' bits.</param>
    /// <param name="types">The flat types; <see langword="null"/> where the values are in memory.</param>
    /// <param name="tuple">The values as a tuple.</param>
    public ComponentValue[] LiftAll(ReadOnlySpan<ulong> flat, ValueType[]? types, TupleType tuple)
    {
        context.BeginLifting();
        var values = new ComponentValue[tuple.Types.Count];
        if (types is null)
        {
            uint pointer = (uint)flat[0];
            context.At(pointer, (uint)tuple.Layout.Size, tuple.Layout.Alignment);
            LoadMembers(tuple.Types, pointer, values);
            return values;
        }

        var reader = new FlatReader(flat);
        for (int i = 0; i < values.Length; i++) values[i] = LiftFlat(tuple.Types[i], ref reader);
        return values;
    }

    private ComponentValue Load(ValType type, uint pointer)
    {
        switch (type)
        {
            case PrimitiveType { Kind: PrimitiveKind.String }: return LiftString(ReadU32(pointer), ReadU32(pointer + 4));
            case PrimitiveType primitive: return TypedValues.Number(primitive.Kind, ReadBits(pointer, (int)type.Layout.Size));
            case ListType { Length: null } list: return LiftList(list.Element, ReadU32(pointer), ReadU32(pointer + 4));
            case ListType { Length: { } length } list: return LoadItems(list.Element, pointer, length);
            case MapType map: return LiftList(new TupleType([map.Key, map.Value]), ReadU32(pointer), ReadU32(pointer + 4));
            case RecordType record:
                context.ChargeItems((uint)record.Fields.Count, BytesOfValue);
                var fields = new ComponentValue[record.Fields.Count];
                LoadMembers([.. record.Fields.Select(static field => field.Type)], pointer, fields);
                return TypedValues.Record(record, fields);
            case TupleType tuple:
                context.ChargeItems((uint)tuple.Types.Count, BytesOfValue);
                var items = new ComponentValue[tuple.Types.Count];
                LoadMembers(tuple.Types, pointer, items);
                return new TupleValue(items);
            case FlagsType flags: return TypedValues.Flags(flags, (uint)ReadBits(pointer, (int)type.Layout.Size));
            case HandleType handle: return LiftHandle(handle, (int)ReadU32(pointer));
            default:
                VariantShape variant = VariantShape.Of(type);
                int number = AbiContext.CheckCase((int)ReadBits(pointer, variant.DiscriminantSize), variant.Payloads.Length);
                return TypedValues.Case(type, number, variant.Payloads[number] is { } payload ? Load(payload, pointer + variant.PayloadOffset) : null);
        }
    }

    private void LoadMembers(IReadOnlyList<ValType> types, uint pointer, ComponentValue[] values)
    {
        uint at = 0;
        for (int i = 0; i < values.Length; i++)
        {
            at = (uint)Layout.AlignTo(at, types[i].Layout.Alignment);
            values[i] = Load(types[i], pointer + at);
            at += (uint)types[i].Layout.Size;
        }
    }

    private ListValue LoadItems(ValType element, uint pointer, uint length)
    {
        context.ChargeItems(length, BytesOfValue);
        var items = new ComponentValue[length];
        for (uint i = 0; i < length; i++) items[i] = Load(element, pointer + (i * (uint)element.Layout.Size));
        return new ListValue(items);
    }

    private ListValue LiftList(ValType element, uint pointer, uint length)
    {
        Span<byte> bytes = context.ListAt(pointer, length, (uint)element.Layout.Size, element.Layout.Alignment);
        if (element is not PrimitiveType { Kind: PrimitiveKind.U8 }) return LoadItems(element, pointer, length);
        context.Charge(bytes.Length);
        return new ListValue(bytes.ToArray());
    }

    private StringValue LiftString(uint pointer, uint length) => new(Strings.Lift(context, pointer, length));

    private ComponentValue LiftFlat(ValType type, ref FlatReader reader)
    {
        switch (type)
        {
            case PrimitiveType { Kind: PrimitiveKind.String }: return LiftString((uint)reader.Next(ValueType.I32), (uint)reader.Next(ValueType.I32));
            case PrimitiveType primitive: return TypedValues.Number(primitive.Kind, reader.Next(Flattening.Flatten(type)![0]));
            case ListType { Length: null } list: return LiftList(list.Element, (uint)reader.Next(ValueType.I32), (uint)reader.Next(ValueType.I32));
            case ListType { Length: { } length } list:
                var elements = new ComponentValue[length];
                for (int i = 0; i < elements.Length; i++) elements[i] = LiftFlat(list.Element, ref reader);
                return new ListValue(elements);
            case MapType map: return LiftList(new TupleType([map.Key, map.Value]), (uint)reader.Next(ValueType.I32), (uint)reader.Next(ValueType.I32));
            case RecordType record:
                var fields = new ComponentValue[record.Fields.Count];
                for (int i = 0; i < fields.Length; i++) fields[i] = LiftFlat(record.Fields[i].Type, ref reader);
                return TypedValues.Record(record, fields);
            case TupleType tuple:
                var items = new ComponentValue[tuple.Types.Count];
                for (int i = 0; i < items.Length; i++) items[i] = LiftFlat(tuple.Types[i], ref reader);
                return new TupleValue(items);
            case FlagsType flags: return TypedValues.Flags(flags, (uint)reader.Next(ValueType.I32));
            case HandleType handle: return LiftHandle(handle, (int)reader.Next(ValueType.I32));
            default:
                VariantShape variant = VariantShape.Of(type);
                int number = AbiContext.CheckCase((int)reader.Next(ValueType.I32), variant.Payloads.Length);
                FlatReader inner = reader;
                ComponentValue? payload = variant.Payloads[number] is { } payloadType ? LiftFlat(payloadType, ref inner) : null;
                reader.Skip(variant.FlatPayloads);
                return TypedValues.Case(type, number, payload);
        }
    }

    private ResourceValue LiftHandle(HandleType handle, int index)
    {
        RuntimeResourceType type = resources[shape.OrdinalOf(handle)];
        Representation representation = handles.PeeksOnly
            ? context.Instance.Handles.Get(index, type)
            : handle.IsOwn ? context.LiftOwn(index, type) : context.LiftBorrow(index, type, handles.Scope!);
        return new ResourceValue(handle.IsOwn, HostResources.ToObject(representation, type, handle.IsOwn && !handles.PeeksOnly));
    }

    private uint ReadU32(uint pointer) => (uint)ReadBits(pointer, 4);

    private ulong ReadBits(uint pointer, int size)
    {
        ReadOnlySpan<byte> bytes = context.Memory.Slice(pointer, (ulong)size);
        return size switch
        {
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        };
    }
}

/// <summary>What becomes of handles that are lifted: passed on as the call demands, or only looked at.</summary>
/// <param name="Scope">The call that borrowed ones are lent to.</param>
/// <param name="PeeksOnly">Whether they stay where they are.</param>
internal readonly record struct HandleLifting(CallScope? Scope, bool PeeksOnly = false);

/// <summary>Flat core values, one after the other.</summary>
internal ref struct FlatReader(ReadOnlySpan<ulong> values)
{
    private readonly ReadOnlySpan<ulong> values = values;
    private int next;

    /// <summary>The next one's bits, of which a value of the wanted type takes the low ones.</summary>
    public ulong Next(ValueType wanted)
    {
        ulong bits = values[next];
        next++;
        return wanted == ValueType.I32 || wanted == ValueType.F32 ? (uint)bits : bits;
    }

    public void Skip(int count) => next += count;
}
