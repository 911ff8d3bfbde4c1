using System.Globalization;
using System.Text;
using System.Text.Json;
using Chain.Wasm.Components.Text;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;

namespace Chain.Cli.Wasm.Spec;

/// <summary>The values of component scripts: JSON in which each value names its type.</summary>
internal static class ComponentValues
{
    /// <summary>A value.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static ComponentValue Parse(JsonElement json)
    {
        string type = json.GetProperty("type").GetString()!;
        JsonElement value = json.GetProperty("value");
        return type switch
        {
            "bool" => new BoolValue(value.GetBoolean()),
            "u8" => Integer(PrimitiveKind.U8, value),
            "s8" => Integer(PrimitiveKind.S8, value),
            "u16" => Integer(PrimitiveKind.U16, value),
            "s16" => Integer(PrimitiveKind.S16, value),
            "u32" => Integer(PrimitiveKind.U32, value),
            "s32" => Integer(PrimitiveKind.S32, value),
            "u64" => new IntegerValue(PrimitiveKind.U64, (long)ulong.Parse(value.GetString()!, CultureInfo.InvariantCulture)),
            "s64" => Integer(PrimitiveKind.S64, value),
            "f32" => new FloatValue(PrimitiveKind.F32, BitConverter.UInt32BitsToSingle(uint.Parse(value.GetString()!, CultureInfo.InvariantCulture))),
            "f64" => new FloatValue(PrimitiveKind.F64, BitConverter.UInt64BitsToDouble(ulong.Parse(value.GetString()!, CultureInfo.InvariantCulture))),
            "char" => new CharValue(Rune.GetRuneAt(value.GetString()!, 0)),
            "string" => new StringValue(value.GetString()!),
            "enum" => new EnumValue(value.GetString()!),
            "list" => new ListValue(Items(value)),
            "tuple" => new TupleValue(Items(value)),
            "record" => new RecordValue([.. value.EnumerateArray().Select(field => (field[0].GetString()!, Parse(field[1])))]),
            "variant" => new VariantValue(
                value.GetProperty("case").GetString()!, value.TryGetProperty("payload", out JsonElement payload) ? ParseOptional(payload) : null),
            "option" => new OptionValue(ParseOptional(value)),
            "result" => value.TryGetProperty("Ok", out JsonElement ok)
                ? new ResultValue(true, ParseOptional(ok))
                : new ResultValue(false, ParseOptional(value.GetProperty("Err"))),
            "flags" => new FlagsValue([.. value.EnumerateArray().Select(label => label.GetString()!)]),
            _ => throw new FormatException($"unknown type of a value: {type}"),
        };
    }

    /// <summary>A value for a message.</summary>
    public static string Describe(ComponentValue? value) => value is null ? "no result" : Wave.Format(value);

    private static ComponentValue? ParseOptional(JsonElement json) => json.ValueKind == JsonValueKind.Null ? null : Parse(json);

    private static ComponentValue[] Items(JsonElement json) => [.. json.EnumerateArray().Select(Parse)];

    private static IntegerValue Integer(PrimitiveKind kind, JsonElement value) =>
        new(kind, long.Parse(value.GetString()!, CultureInfo.InvariantCulture));
}
