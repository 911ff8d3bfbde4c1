using System.Globalization;
using System.Numerics;
using System.Runtime.Intrinsics;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using Chain.Wasm.Text;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Cli.Wasm;

/// <summary>Core values as a user types and reads them.</summary>
internal static class ValueText
{
    // Digits past these cannot change a number, and reading them is quadratic.
    private const int LongestNumber = 1000;

    /// <summary>Reads a value of a type, or answers <see langword="false"/>.</summary>
    public static bool TryParse(ValueType type, string text, out Value value)
    {
        value = default;
        if (text.Length > LongestNumber) return false;
        switch (type.Kind)
        {
            case ValueKind.I32:
                if (!TryParseInteger(text, int.MinValue, uint.MaxValue, out BigInteger i32)) return false;
                value = Value.FromI32(unchecked((int)(uint)(ulong)(i32 & uint.MaxValue)));
                return true;
            case ValueKind.I64:
                if (!TryParseInteger(text, long.MinValue, ulong.MaxValue, out BigInteger i64)) return false;
                value = Value.FromI64(unchecked((long)(ulong)(i64 & ulong.MaxValue)));
                return true;
            case ValueKind.F32:
                if (!FloatText.TryParse(text, out float f32)) return false;
                value = Value.FromF32(f32);
                return true;
            case ValueKind.F64:
                if (!FloatText.TryParse(text, out double f64)) return false;
                value = Value.FromF64(f64);
                return true;
            case ValueKind.V128:
                if (!text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)) return false;
                if (!TryParseInteger(text, 0, UInt128.MaxValue, out BigInteger v128)) return false;
                value = Value.FromV128(Vector128.Create((ulong)(v128 & ulong.MaxValue), (ulong)(v128 >> 64)).AsByte());
                return true;
            case ValueKind.Ref:
                value = Value.FromReference(null);
                return text == "null" && type.IsNullable;
            default:
                return false;
        }
    }

    /// <summary>What <see cref="TryParse"/> wants for a type, for a message.</summary>
    public static string Expectation(ValueType type) => type.Kind switch
    {
        ValueKind.I32 => "i32 (decimal or 0x…, from -2147483648 to 4294967295)",
        ValueKind.I64 => "i64 (decimal or 0x…, from -9223372036854775808 to 18446744073709551615)",
        ValueKind.F32 or ValueKind.F64 => $"{type} (such as 1.5, -2e10, 0x1.8p3, inf, nan or nan:0x200000)",
        ValueKind.V128 => "v128 (up to 32 hexadecimal digits after 0x, the first lane last)",
        _ when type.IsNullable => $"{type} (only null can be given here)",
        _ => $"{type}, which cannot be given on a command line",
    };

    /// <summary>A value in the form in which it can be given again; a reference that is not null by what it is.</summary>
    public static string Format(Value value, Engine engine) => value.Kind switch
    {
        ValueKind.F32 => TextLiteral.Float32((uint)value.Bits),
        ValueKind.F64 => TextLiteral.Float64(value.Bits),
        ValueKind.Ref => value.Reference is { } reference ? $"(ref {HeapType.Of(engine.KindOf(reference))})" : "null",
        _ => value.ToString(),
    };

    private static bool TryParseInteger(string text, BigInteger least, BigInteger most, out BigInteger number)
    {
        ReadOnlySpan<char> digits = text.Replace("_", "", StringComparison.Ordinal);
        bool negative = digits.StartsWith("-");
        if (negative || digits.StartsWith("+")) digits = digits[1..];
        bool parsed = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            // The leading zero keeps the parser from reading a sign out of the first digit.
            ? BigInteger.TryParse($"0{digits[2..]}", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number) && digits.Length > 2
            : BigInteger.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);
        if (negative) number = -number;
        return parsed && number >= least && number <= most;
    }
}
