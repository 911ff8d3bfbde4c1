using System.Globalization;

namespace Chain.PolicyEngine.Expressions.Values;

/// <summary>Durations as text: <c>1h45m</c>, <c>-1.5s</c>, <c>100ms</c>, <c>7us</c>, <c>1ns</c>.</summary>
public static class DurationText
{
    /// <summary>Reads a duration into nanoseconds; false where it is none or does not fit 64 bits.</summary>
    public static bool TryParse(string text, out long nanoseconds)
    {
        nanoseconds = 0;
        ReadOnlySpan<char> rest = text;
        bool negative = rest.Length > 0 && rest[0] == '-';
        if (rest.Length > 0 && rest[0] is '-' or '+') rest = rest[1..];
        if (rest is "0") return true;
        if (rest.IsEmpty || rest.Length > 64) return false;
        Int128 total = 0;
        while (!rest.IsEmpty)
        {
            int digits = CountDigits(rest);
            if (digits > 18) return false;
            long whole = digits == 0 ? 0 : long.Parse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
            rest = rest[digits..];
            ReadOnlySpan<char> fraction = default;
            if (!rest.IsEmpty && rest[0] == '.')
            {
                int length = CountDigits(rest[1..]);
                fraction = rest.Slice(1, length);
                rest = rest[(1 + length)..];
            }

            if (digits == 0 && fraction.IsEmpty) return false;
            int unitLength = 0;
            while (unitLength < rest.Length && rest[unitLength] != '.' && !char.IsAsciiDigit(rest[unitLength])) unitLength++;
            long unit = UnitOf(rest[..unitLength]);
            if (unit == 0) return false;
            rest = rest[unitLength..];
            total += ((Int128)whole * unit) + FractionOf(fraction, unit);
        }

        if (negative) total = -total;
        if (total < long.MinValue || total > long.MaxValue) return false;
        nanoseconds = (long)total;
        return true;
    }

    /// <summary>Seconds with as many decimals as needed, and <c>s</c>: <c>6347s</c>, <c>1.5s</c>.</summary>
    public static string Format(long nanoseconds)
    {
        UInt128 magnitude = nanoseconds < 0 ? (UInt128)(-(Int128)nanoseconds) : (UInt128)nanoseconds;
        string sign = nanoseconds < 0 ? "-" : "";
        string fraction = ((long)(magnitude % 1_000_000_000)).ToString("D9", CultureInfo.InvariantCulture).TrimEnd('0');
        string whole = (magnitude / 1_000_000_000).ToString(CultureInfo.InvariantCulture);
        return fraction.Length == 0 ? $"{sign}{whole}s" : $"{sign}{whole}.{fraction}s";
    }

    private static int CountDigits(ReadOnlySpan<char> text)
    {
        int count = 0;
        while (count < text.Length && char.IsAsciiDigit(text[count])) count++;
        return count;
    }

    private static long UnitOf(ReadOnlySpan<char> unit) => unit switch
    {
        "ns" => 1,
        "us" or "µs" or "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => 0,
    };

    /// <summary>The fraction's share of a unit, truncated to the nanosecond.</summary>
    private static Int128 FractionOf(ReadOnlySpan<char> digits, long unit)
    {
        Int128 value = 0;
        Int128 scale = 1;
        foreach (char digit in digits[..Math.Min(digits.Length, 18)])
        {
            value = (value * 10) + (digit - '0');
            scale *= 10;
        }

        return value * unit / scale;
    }
}
