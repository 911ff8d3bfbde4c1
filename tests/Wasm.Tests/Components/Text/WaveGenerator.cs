using System.Text;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Chain.Wasm.Tests.Components.Text;

/// <summary>Random value types, and random values of a type.</summary>
internal static class WaveGenerator
{
    // Keywords, and names that differ from them or from one another by little.
    private static readonly string[] Labels =
        ["a", "b", "true", "false", "inf", "nan", "some", "none", "ok", "err", "two-words", "HTTP3", "run-1", "nan-1", "x"];

    private static readonly PrimitiveKind[] Integers =
    [
        PrimitiveKind.U8, PrimitiveKind.S8, PrimitiveKind.U16, PrimitiveKind.S16, PrimitiveKind.U32, PrimitiveKind.S32, PrimitiveKind.U64,
        PrimitiveKind.S64,
    ];

    private static readonly PrimitiveKind[] Primitives =
        [.. Integers, PrimitiveKind.Bool, PrimitiveKind.F32, PrimitiveKind.F64, PrimitiveKind.Char, PrimitiveKind.String];

    // Characters that mean something in the text, or must not reach a terminal.
    private static readonly int[] OddCharacters =
        ['"', '\'', '\\', '\n', '\r', '\t', 0, 0x1B, 0x7F, '/', '%', '{', ')', 0x202E, 0x200D, 0x2028, 0xE000, 0xFFFF, 0x1F600, 0x10FFFF, 0xE0041];

    public static Gen<(ValType Type, ComponentValue Value)> TypedValue() =>
        Gen.Sized(size => TypeOf(Math.Min(size / 8, 5))).SelectMany(type => ValueOf(type), (type, value) => (type, value));

    public static Gen<ValType> TypeOf(int depth)
    {
        Gen<ValType> primitive = Gen.Elements(Primitives).Select(kind => (ValType)PrimitiveType.Of(kind));
        Gen<ValType> labelled = Gen.OneOf(
            LabelSet(8).Select(labels => (ValType)new FlagsType(labels)), LabelSet(8).Select(labels => (ValType)new EnumType(labels)));
        if (depth <= 0) return Gen.OneOf(primitive, labelled);
        Gen<ValType> inner = Gen.Sized(_ => TypeOf(depth - 1));
        Gen<ValType?> perhaps = Gen.OneOf(Gen.Constant<ValType?>(null), inner.Select(type => (ValType?)type));
        return Gen.OneOf(
            primitive,
            labelled,
            inner.Select(type => (ValType)new ListType(type, null)),
            inner.SelectMany(_ => Gen.Choose(1, 4), (type, length) => (ValType)new ListType(type, (uint)length)),
            inner.Select(type => (ValType)new MapType(PrimitiveType.Of(PrimitiveKind.String), type)),
            inner.Select(type => (ValType)new OptionType(type)),
            inner.Select(type => (ValType)new OptionType(type)),
            perhaps.SelectMany(_ => perhaps, (ok, error) => (ValType)new ResultType(ok, error)),
            Gen.Choose(1, 4).SelectMany(count => inner.ArrayOf(count)).Select(types => (ValType)new TupleType(types)),
            LabelSet(4).SelectMany(labels => inner.ArrayOf(labels.Length), (labels, types) =>
                (ValType)new RecordType([.. labels.Zip(types, (label, type) => new Field(label, type))])),
            LabelSet(4).SelectMany(labels => perhaps.ArrayOf(labels.Length), (labels, types) =>
                (ValType)new VariantType([.. labels.Zip(types, (label, type) => new Case(label, type))])));
    }

    public static Gen<ComponentValue> ValueOf(ValType type)
    {
        switch (type)
        {
            case PrimitiveType primitive:
                return Primitive(primitive.Kind);
            case ListType { Length: { } length } list:
                return ValueOf(list.Element).ArrayOf((int)length).Select(items => (ComponentValue)new ListValue(items));
            case ListType list:
                return Gen.Choose(0, 4).SelectMany(count => ValueOf(list.Element).ArrayOf(count)).Select(items => (ComponentValue)new ListValue(items));
            case MapType map:
                return ValueOf(new ListType(new TupleType([map.Key, map.Value]), null));
            case OptionType option:
                return Gen.OneOf(
                    Gen.Constant<ComponentValue>(new OptionValue(null)), ValueOf(option.Type).Select(value => (ComponentValue)new OptionValue(value)));
            case ResultType result:
                return Gen.OneOf(
                    Payload(result.Ok).Select(value => (ComponentValue)new ResultValue(true, value)),
                    Payload(result.Error).Select(value => (ComponentValue)new ResultValue(false, value)));
            case TupleType tuple:
                return All(tuple.Types).Select(values => (ComponentValue)new TupleValue(values));
            case RecordType record:
                return All([.. record.Fields.Select(field => field.Type)]).Select(values =>
                    (ComponentValue)new RecordValue([.. record.Fields.Zip(values, (field, value) => (field.Label, value))]));
            case VariantType variant:
                return Gen.Elements(variant.Cases.ToArray()).SelectMany(one => Payload(one.Type), (one, value) =>
                    (ComponentValue)new VariantValue(one.Label, value));
            case EnumType enumeration:
                return Gen.Elements(enumeration.Labels.ToArray()).Select(label => (ComponentValue)new EnumValue(label));
            case FlagsType flags:
                return Gen.Choose(0, int.MaxValue).Select(bits =>
                    (ComponentValue)new FlagsValue([.. flags.Labels.Where((_, i) => (bits >> i & 1) != 0)]));
            default:
                throw new ArgumentException($"no values of {type.GetType().Name}", nameof(type));
        }
    }

    private static Gen<ComponentValue?> Payload(ValType? type) =>
        type is null ? Gen.Constant<ComponentValue?>(null) : ValueOf(type).Select(value => (ComponentValue?)value);

    private static Gen<ComponentValue[]> All(IReadOnlyList<ValType> types) =>
        types.Aggregate(Gen.Constant(Array.Empty<ComponentValue>()), (all, type) => all.SelectMany(_ => ValueOf(type), (values, value) => (ComponentValue[])[.. values, value]));

    private static Gen<string[]> LabelSet(int most) =>
        Gen.Shuffle(Labels).SelectMany(_ => Gen.Choose(1, most), (labels, count) => labels[..count]);

    private static Gen<ComponentValue> Primitive(PrimitiveKind kind) => kind switch
    {
        PrimitiveKind.Bool => Gen.Elements(true, false).Select(value => (ComponentValue)new BoolValue(value)),
        PrimitiveKind.F32 => Bits().Select(bits => (ComponentValue)new FloatValue(kind, BitConverter.UInt32BitsToSingle((uint)(bits >> 32)))),
        PrimitiveKind.F64 => Bits().Select(bits => (ComponentValue)new FloatValue(kind, BitConverter.UInt64BitsToDouble(bits))),
        PrimitiveKind.Char => Character().Select(value => (ComponentValue)new CharValue(value)),
        PrimitiveKind.String => Gen.Choose(0, 8).SelectMany(count => Character().ArrayOf(count)).Select(runes =>
            (ComponentValue)new StringValue(string.Concat(runes.Select(rune => rune.ToString())))),
        _ => Bits().Select(bits => (ComponentValue)new IntegerValue(kind, Truncate(kind, bits))),
    };

    private static long Truncate(PrimitiveKind kind, ulong bits) => kind switch
    {
        PrimitiveKind.U8 => (byte)bits,
        PrimitiveKind.S8 => (sbyte)bits,
        PrimitiveKind.U16 => (ushort)bits,
        PrimitiveKind.S16 => (short)bits,
        PrimitiveKind.U32 => (uint)bits,
        PrimitiveKind.S32 => (int)bits,
        _ => (long)bits,
    };

    // All magnitudes and both ends of the ranges, rather than large numbers only; of floats all exponents, infinities, zeros and NaNs.
    private static Gen<ulong> Bits() => Gen.OneOf(
        Gen.Elements<ulong>(0, 1, 0x7F, 0x80, 0xFF, ulong.MaxValue, long.MaxValue, 1UL << 63, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000, 0x7F80_0000_0000_0000, 0x8000_0000UL << 32),
        Gen.Choose(int.MinValue, int.MaxValue).SelectMany(_ => Gen.Choose(int.MinValue, int.MaxValue), (high, low) => ((ulong)(uint)high << 32) | (uint)low),
        Gen.Choose(-300, 300).Select(small => (ulong)small),
        Gen.Choose(-300, 300).Select(small => BitConverter.DoubleToUInt64Bits(small / 8.0)));

    private static Gen<Rune> Character() => Gen.OneOf(
        Gen.Choose(' ', '~').Select(code => new Rune(code)),
        Gen.Elements(OddCharacters).Select(code => new Rune(code)),
        Gen.Choose(0, 0x10FFFF).Where(Rune.IsValid).Select(code => new Rune(code)));
}
