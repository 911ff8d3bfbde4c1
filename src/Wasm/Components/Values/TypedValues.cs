using System.Text;
using Chain.Wasm.Components.CanonicalAbi;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Validation;

namespace Chain.Wasm.Components.Values;

/// <summary>
/// What the ways that values go by as trees have in common: a part of a tree made of what was read, and taken apart again, with the check that it is
/// of its type. A tree that is not is the host's mistake, an <see cref="ArgumentException"/>.
/// </summary>
internal static class TypedValues
{
    public static ComponentValue Number(PrimitiveKind kind, ulong bits) => kind switch
    {
        PrimitiveKind.Bool => new BoolValue((uint)bits != 0),
        PrimitiveKind.S8 => new IntegerValue(kind, (sbyte)bits),
        PrimitiveKind.U8 => new IntegerValue(kind, (byte)bits),
        PrimitiveKind.S16 => new IntegerValue(kind, (short)bits),
        PrimitiveKind.U16 => new IntegerValue(kind, (ushort)bits),
        PrimitiveKind.S32 => new IntegerValue(kind, (int)bits),
        PrimitiveKind.U32 => new IntegerValue(kind, (uint)bits),
        PrimitiveKind.S64 or PrimitiveKind.U64 => new IntegerValue(kind, (long)bits),
        PrimitiveKind.F32 => new FloatValue(kind, BitConverter.UInt32BitsToSingle((uint)bits)),
        PrimitiveKind.F64 => new FloatValue(kind, BitConverter.UInt64BitsToDouble(bits)),
        PrimitiveKind.Char => new CharValue(new Rune(AbiContext.CheckChar((int)bits))),
        _ => throw new InvalidOperationException($"{kind} is no number"),
    };

    public static RecordValue Record(RecordType type, ComponentValue[] values)
    {
        var fields = new (string, ComponentValue)[values.Length];
        for (int i = 0; i < fields.Length; i++) fields[i] = (type.Fields[i].Label, values[i]);
        return new RecordValue(fields);
    }

    public static FlagsValue Flags(FlagsType type, uint bits)
    {
        var labels = new List<string>();
        for (int i = 0; i < type.Labels.Count; i++)
        {
            if ((bits >> i & 1) != 0) labels.Add(type.Labels[i]);
        }

        return new FlagsValue(labels);
    }

    public static ComponentValue Case(ValType type, int number, ComponentValue? payload) => type switch
    {
        EnumType labels => new EnumValue(labels.Labels[number]),
        VariantType variant => new VariantValue(variant.Cases[number].Label, payload),
        OptionType => new OptionValue(payload),
        _ => new ResultValue(number == 0, payload),
    };

    /// <summary>The bits of a number: of a negative one those of its core type.</summary>
    public static ulong Bits(PrimitiveKind kind, ComponentValue value) => (kind, value) switch
    {
        (PrimitiveKind.Bool, BoolValue truth) => truth.Value ? 1u : 0u,
        (PrimitiveKind.Char, CharValue character) => (uint)character.Value.Value,
        (PrimitiveKind.F32, FloatValue { Kind: PrimitiveKind.F32 } number) => BitConverter.SingleToUInt32Bits((float)number.Value),
        (PrimitiveKind.F64, FloatValue { Kind: PrimitiveKind.F64 } number) => BitConverter.DoubleToUInt64Bits(number.Value),
        (PrimitiveKind.S64 or PrimitiveKind.U64, IntegerValue number) when number.Kind == kind => number.Unsigned,
        (_, IntegerValue number) when number.Kind == kind => IsInRange(kind, number.Signed)
            ? (uint)number.Signed
            : throw new ArgumentException($"{number.Signed} is no {kind.ToString().ToLowerInvariant()}"),
        _ => throw Mismatch(PrimitiveType.Of(kind), value),
    };

    public static uint FlagBits(FlagsType type, FlagsValue value)
    {
        uint bits = 0;
        foreach (string label in value.Labels)
        {
            int place = IndexOf(type.Labels, label);
            if (place < 0) throw new ArgumentException($"unknown flag '{label}', expected one of {string.Join(", ", type.Labels)}");
            bits |= 1u << place;
        }

        return bits;
    }

    public static VariantShape VariantOf(ValType type, ComponentValue value) =>
        type is VariantType or EnumType or OptionType or ResultType ? VariantShape.Of(type) : throw Mismatch(type, value);

    public static int CaseOf(ValType type, VariantShape variant, ComponentValue value, out ComponentValue? payload)
    {
        payload = null;
        switch (type, value)
        {
            case (EnumType, EnumValue one) when variant.NumberOf(one.Label) is var number and >= 0: return number;
            case (VariantType, VariantValue one) when variant.NumberOf(one.Label) is var number and >= 0:
                payload = one.Payload;
                return number;
            case (OptionType, OptionValue option):
                payload = option.Value;
                return payload is null ? 0 : 1;
            case (ResultType, ResultValue result):
                payload = result.Payload;
                return result.IsOk ? 0 : 1;
            default: throw Mismatch(type, value);
        }
    }

    public static void CheckPayload(ValType type, ValType? expected, ComponentValue? payload)
    {
        if ((expected is null) != (payload is null))
            throw new ArgumentException($"a case of {TypeMatching.Describe(type)} has {(expected is null ? "no payload" : "a payload")}");
    }

    public static void CheckLength(ListValue items, uint length)
    {
        if (items.Items.Count != length) throw new ArgumentException($"expected a list of {length} items, found {items.Items.Count}");
    }

    public static void CheckFields(RecordType type, RecordValue value)
    {
        bool fits = value.Fields.Count == type.Fields.Count;
        for (int i = 0; fits && i < type.Fields.Count; i++) fits = value.Fields[i].Label == type.Fields[i].Label;
        if (!fits) throw new ArgumentException($"expected a record of {string.Join(", ", type.Fields.Select(static field => field.Label))}");
    }

    public static ArgumentException Mismatch(ValType type, ComponentValue value) =>
        new($"expected {TypeMatching.Describe(type)}, found {value.GetType().Name.Replace("Value", "", StringComparison.Ordinal).ToLowerInvariant()}");

    private static bool IsInRange(PrimitiveKind kind, long value) => kind switch
    {
        PrimitiveKind.S8 => value is >= sbyte.MinValue and <= sbyte.MaxValue,
        PrimitiveKind.U8 => value is >= 0 and <= byte.MaxValue,
        PrimitiveKind.S16 => value is >= short.MinValue and <= short.MaxValue,
        PrimitiveKind.U16 => value is >= 0 and <= ushort.MaxValue,
        PrimitiveKind.S32 => value is >= int.MinValue and <= int.MaxValue,
        _ => value is >= 0 and <= uint.MaxValue,
    };

    private static int IndexOf(IEnumerable<string> labels, string label)
    {
        int place = 0;
        foreach (string one in labels)
        {
            if (one == label) return place;
            place++;
        }

        return -1;
    }
}
