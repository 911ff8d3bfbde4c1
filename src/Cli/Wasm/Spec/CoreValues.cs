using System.Globalization;
using System.Runtime.Intrinsics;
using System.Text.Json;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using Chain.Wasm.Text;

namespace Chain.Cli.Wasm.Spec;

/// <summary>A reference that the host gave, by its number in the script.</summary>
internal sealed record HostReference(uint Number)
{
    public override string ToString() => $"host {Number.ToString(CultureInfo.InvariantCulture)}";
}

/// <summary>The values of core scripts: JSON to arguments, results against what is expected.</summary>
internal static class CoreValues
{
    /// <summary>An argument.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static Value Parse(JsonElement json)
    {
        string type = json.GetProperty("type").GetString()!;
        if (type == "v128") return ParseVector(json);
        string text = json.GetProperty("value").GetString()!;
        return type switch
        {
            "i32" => Value.FromI32(int.Parse(text, CultureInfo.InvariantCulture)),
            "i64" => Value.FromI64(long.Parse(text, CultureInfo.InvariantCulture)),
            "f32" => Value.FromF32(BitConverter.UInt32BitsToSingle(uint.Parse(text, CultureInfo.InvariantCulture))),
            "f64" => Value.FromF64(BitConverter.UInt64BitsToDouble(ulong.Parse(text, CultureInfo.InvariantCulture))),
            _ when text == "null" => Value.FromReference(null),
            "externref" or "anyref" => Value.FromReference(new HostReference(uint.Parse(text, CultureInfo.InvariantCulture))),
            _ => throw new FormatException($"no argument of type {type} can be {text}"),
        };
    }

    /// <summary>Whether a result is what a script expects.</summary>
    /// <param name="expected">One of the script's <c>expected</c>.</param>
    /// <param name="found">The result.</param>
    /// <param name="engine">Whose references they are.</param>
    public static bool Matches(JsonElement expected, Value found, Engine engine)
    {
        string type = expected.GetProperty("type").GetString()!;
        string? text = expected.TryGetProperty("value", out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return type switch
        {
            "either" => expected.GetProperty("values").EnumerateArray().Any(one => Matches(one, found, engine)),
            "i32" => found.Kind == ValueKind.I32 && MatchesLane("i32", text!, found.Bits),
            "i64" => found.Kind == ValueKind.I64 && MatchesLane("i64", text!, found.Bits),
            "f32" => found.Kind == ValueKind.F32 && MatchesLane("f32", text!, found.Bits),
            "f64" => found.Kind == ValueKind.F64 && MatchesLane("f64", text!, found.Bits),
            "v128" => found.Kind == ValueKind.V128 && MatchesVector(expected, found.V128),
            _ => found.Kind == ValueKind.Ref && MatchesReference(type, text, found.Reference, engine),
        };
    }

    /// <summary>What is expected, for a message.</summary>
    public static string Describe(JsonElement expected)
    {
        string type = expected.GetProperty("type").GetString()!;
        if (type == "either") return string.Join(" or ", expected.GetProperty("values").EnumerateArray().Select(Describe));
        if (!expected.TryGetProperty("value", out JsonElement value)) return type;
        return type switch
        {
            "v128" => $"v128 {expected.GetProperty("lane_type").GetString()}[{string.Join(' ', value.EnumerateArray().Select(lane => lane.GetString()))}]",
            "f32" when uint.TryParse(value.GetString(), out uint bits) => $"f32 {TextLiteral.Float32(bits)} (bits {bits})",
            "f64" when ulong.TryParse(value.GetString(), out ulong bits) => $"f64 {TextLiteral.Float64(bits)} (bits {bits})",
            _ => $"{type} {value.GetString()}",
        };
    }

    /// <summary>A result, for a message; a vector in the lanes of what was expected.</summary>
    public static string Describe(Value found, Engine engine, JsonElement? expected = null) => found.Kind switch
    {
        ValueKind.F32 => $"f32 {TextLiteral.Float32((uint)found.Bits)} (bits {found.Bits})",
        ValueKind.F64 => $"f64 {TextLiteral.Float64(found.Bits)} (bits {found.Bits})",
        ValueKind.V128 when expected is { } json && json.TryGetProperty("lane_type", out JsonElement lane) =>
            $"v128 {lane.GetString()}[{string.Join(' ', Lanes(lane.GetString()!, found.V128).Select(bits => DescribeLane(lane.GetString()!, bits)))}]",
        ValueKind.Ref when found.Reference is HostReference host => host.ToString(),
        ValueKind.Ref => ValueText.Format(found, engine),
        ValueKind kind => $"{kind.ToString().ToLowerInvariant()} {ValueText.Format(found, engine)}",
    };

    private static Value ParseVector(JsonElement json)
    {
        string type = json.GetProperty("lane_type").GetString()!;
        int width = Width(type);
        Span<byte> bytes = stackalloc byte[16];
        int lane = 0;
        foreach (JsonElement element in json.GetProperty("value").EnumerateArray())
        {
            ulong bits = Bits(type, element.GetString()!);
            for (int i = 0; i < width; i++) bytes[(lane * width) + i] = (byte)(bits >> (8 * i));
            lane++;
        }

        return Value.FromV128(Vector128.Create<byte>(bytes));
    }

    private static bool MatchesVector(JsonElement expected, Vector128<byte> found)
    {
        string type = expected.GetProperty("lane_type").GetString()!;
        int lane = 0;
        ulong[] lanes = Lanes(type, found);
        foreach (JsonElement element in expected.GetProperty("value").EnumerateArray())
        {
            if (!MatchesLane(type, element.GetString()!, lanes[lane++])) return false;
        }

        return lane == lanes.Length;
    }

    private static bool MatchesLane(string type, string expected, ulong found) => (type, expected) switch
    {
        ("f32", "nan:canonical") => (found & 0x7FFFFFFF) == 0x7FC00000,
        ("f32", "nan:arithmetic") => (found & 0x7FC00000) == 0x7FC00000,
        ("f64", "nan:canonical") => (found & 0x7FFFFFFFFFFFFFFF) == 0x7FF8000000000000,
        ("f64", "nan:arithmetic") => (found & 0x7FF8000000000000) == 0x7FF8000000000000,
        _ => found == Bits(type, expected),
    };

    // A funcref, externref or exnref in a result is of that hierarchy by the function's type; the others share one.
    private static bool MatchesReference(string type, string? expected, object? found, Engine engine) => type switch
    {
        "nullref" or "nullfuncref" or "nullexternref" or "nullexnref" or "refnull" => found is null,
        _ when expected == "null" => found is null,
        "externref" or "anyref" when expected is not null => found is HostReference host && host.Number.ToString(CultureInfo.InvariantCulture) == expected,
        _ when found is null => false,
        "externref" or "exnref" => true,
        "funcref" => engine.KindOf(found) == AbstractHeapType.Func,
        "anyref" => engine.KindOf(found) is not (AbstractHeapType.Func or AbstractHeapType.Exn),
        "eqref" => engine.KindOf(found) is AbstractHeapType.I31 or AbstractHeapType.Struct or AbstractHeapType.Array,
        "i31ref" => engine.KindOf(found) == AbstractHeapType.I31,
        "structref" => engine.KindOf(found) == AbstractHeapType.Struct,
        "arrayref" => engine.KindOf(found) == AbstractHeapType.Array,
        _ => throw new FormatException($"unknown expected type {type}"),
    };

    private static int Width(string laneType) => laneType switch
    {
        "i8" => 1,
        "i16" => 2,
        "i32" or "f32" => 4,
        "i64" or "f64" => 8,
        _ => throw new FormatException($"unknown lane type {laneType}"),
    };

    // Integers are signed decimals, floats the bits as unsigned ones.
    private static ulong Bits(string type, string text) => type switch
    {
        "i8" => (byte)long.Parse(text, CultureInfo.InvariantCulture),
        "i16" => (ushort)long.Parse(text, CultureInfo.InvariantCulture),
        "i32" => (uint)long.Parse(text, CultureInfo.InvariantCulture),
        "i64" => (ulong)long.Parse(text, CultureInfo.InvariantCulture),
        _ => ulong.Parse(text, CultureInfo.InvariantCulture),
    };

    private static ulong[] Lanes(string type, Vector128<byte> vector)
    {
        int width = Width(type);
        var lanes = new ulong[16 / width];
        for (int i = 0; i < 16; i++) lanes[i / width] |= (ulong)vector[i] << (8 * (i % width));
        return lanes;
    }

    private static string DescribeLane(string type, ulong bits) => (type switch
    {
        "i8" => (sbyte)bits,
        "i16" => (short)bits,
        "i32" => (int)bits,
        "i64" => (long)bits,
        _ => (Int128)bits,
    }).ToString(CultureInfo.InvariantCulture);
}
