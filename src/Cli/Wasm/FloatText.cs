using System.Globalization;
using System.Numerics;

namespace Chain.Cli.Wasm;

/// <summary>Floats as the WebAssembly text format writes them (core specification, "Text Format / Values / Floating-Point").</summary>
internal static class FloatText
{
    public static bool TryParse(string text, out float value)
    {
        value = 0;
        if (!Split(text, out bool negative, out ReadOnlySpan<char> rest)) return false;
        if (TryParsePayload(rest, 0x400000, 0x7FFFFF, out ulong payload))
            value = BitConverter.UInt32BitsToSingle(0x7F800000 | (uint)payload);
        else if (TryParseHexadecimal(rest, out BigInteger mantissa, out int exponent))
            value = Scale(mantissa, exponent, 24, -149) is { } scaled && scaled <= float.MaxValue ? (float)scaled : float.PositiveInfinity;
        else if (rest is "inf")
            value = float.PositiveInfinity;
        else if (!IsDecimal(rest) || !float.TryParse(rest, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value))
            return false;
        if (negative) value = -value;
        return rest is "inf" || !float.IsInfinity(value);
    }

    public static bool TryParse(string text, out double value)
    {
        value = 0;
        if (!Split(text, out bool negative, out ReadOnlySpan<char> rest)) return false;
        if (TryParsePayload(rest, 0x8000000000000, 0xFFFFFFFFFFFFF, out ulong payload))
            value = BitConverter.UInt64BitsToDouble(0x7FF0000000000000 | payload);
        else if (TryParseHexadecimal(rest, out BigInteger mantissa, out int exponent))
            value = Scale(mantissa, exponent, 53, -1074);
        else if (rest is "inf")
            value = double.PositiveInfinity;
        else if (!IsDecimal(rest) || !double.TryParse(rest, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value))
            return false;
        if (negative) value = -value;
        return rest is "inf" || !double.IsInfinity(value);
    }

    private static bool Split(string text, out bool negative, out ReadOnlySpan<char> rest)
    {
        rest = text.Replace("_", "", StringComparison.Ordinal);
        negative = rest.StartsWith("-");
        if (negative || rest.StartsWith("+")) rest = rest[1..];
        return rest.Length > 0;
    }

    // .NET reads "Infinity", ",5" and the like too, which are no WebAssembly floats.
    private static bool IsDecimal(ReadOnlySpan<char> text) => char.IsAsciiDigit(text[0]);

    private static bool TryParsePayload(ReadOnlySpan<char> text, ulong quiet, ulong most, out ulong payload)
    {
        payload = quiet;
        if (text is "nan") return true;
        return text.StartsWith("nan:0x")
            && ulong.TryParse(text[6..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out payload)
            && payload >= 1 && payload <= most;
    }

    private static bool TryParseHexadecimal(ReadOnlySpan<char> text, out BigInteger mantissa, out int exponent)
    {
        mantissa = 0;
        exponent = 0;
        if (!text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)) return false;
        text = text[2..];
        int mark = text.IndexOfAny('p', 'P');
        if (mark >= 0)
        {
            if (!int.TryParse(text[(mark + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent)) return false;
            // Beyond this every number is zero or infinite, and sums with the point's place stay in range.
            exponent = Math.Clamp(exponent, -100_000, 100_000);
            text = text[..mark];
        }

        int point = text.IndexOf('.');
        string digits = point < 0 ? text.ToString() : $"{text[..point]}{text[(point + 1)..]}";
        if (point == 0 || digits.Length == 0) return false;
        if (point >= 0) exponent -= 4 * (text.Length - point - 1);
        return BigInteger.TryParse("0" + digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out mantissa);
    }

    /// <summary>mantissa · 2^exponent, rounded once to the precision of the target, ties to even.</summary>
    /// <param name="mantissa">Not negative.</param>
    /// <param name="exponent">The power of two.</param>
    /// <param name="precision">The bits of the target's significand.</param>
    /// <param name="smallest">The power of two of the target's smallest number.</param>
    private static double Scale(BigInteger mantissa, int exponent, int precision, int smallest)
    {
        int surplus = Math.Max((int)mantissa.GetBitLength() - precision, smallest - exponent);
        if (surplus > 0)
        {
            BigInteger rest = mantissa & ((BigInteger.One << surplus) - 1);
            BigInteger half = BigInteger.One << (surplus - 1);
            mantissa >>= surplus;
            if (rest > half || (rest == half && !mantissa.IsEven)) mantissa++;
            exponent += surplus;
        }

        // At most 53 bits are left, so both steps are exact.
        return Math.ScaleB((double)mantissa, exponent);
    }
}
