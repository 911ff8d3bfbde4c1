using System.Globalization;
using System.Text;

namespace Chain.PolicyEngine.Expressions.Values;

/// <summary>
/// Doubles as text. .NET writes exponents otherwise than CEL's reference and rounds ties away from zero, so decimals
/// are made here from the exact expansion.
/// </summary>
public static class DoubleText
{
    /// <summary>A double has at most 767 significant decimal digits, so this many are exact.</summary>
    private const string ExactFormat = "E770";

    /// <summary>The shortest text that reads back, with an exponent below 1e-4 and from 1e21: <c>1e+23</c>, <c>-0.0045</c>.</summary>
    public static string Shortest(double value)
    {
        if (Special(value) is string special) return special;
        if (value == 0) return double.IsNegative(value) ? "-0" : "0";
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        (string digits, _) = Digits(shortest);
        digits = digits.TrimEnd('0');
        int exponent = ExponentOf(shortest);
        string sign = value < 0 ? "-" : "";
        if (exponent is < -4 or >= 21)
        {
            string mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
            return $"{sign}{mantissa}e{Exponent(exponent)}";
        }

        if (exponent < 0) return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        if (digits.Length <= exponent + 1) return sign + digits.PadRight(exponent + 1, '0');
        return $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    /// <summary><c>%f</c>: <paramref name="precision"/> decimals, half to even.</summary>
    public static string Fixed(double value, int precision)
    {
        if (Special(value) is string special) return special;
        (string digits, int exponent) = Exact(value);
        // The digits with the decimal point after the first; move it to where it belongs and round behind the precision.
        int whole = exponent + 1;
        if (whole < 1) (digits, whole) = (new string('0', 1 - whole) + digits, 1);
        if (digits.Length < whole + precision) digits = digits.PadRight(whole + precision, '0');
        string rounded = RoundHalfEven(digits, whole + precision);
        if (rounded.Length > whole + precision) whole++;
        string sign = double.IsNegative(value) ? "-" : "";
        return precision == 0 ? sign + rounded[..whole] : $"{sign}{rounded[..whole]}.{rounded[whole..]}";
    }

    /// <summary><c>%e</c>: one digit, <paramref name="precision"/> decimals half to even, and an exponent of two digits at least.</summary>
    public static string Scientific(double value, int precision)
    {
        if (Special(value) is string special) return special;
        (string digits, int exponent) = Exact(value);
        string rounded = RoundHalfEven(digits.PadRight(precision + 1, '0'), precision + 1);
        if (rounded.Length > precision + 1) (rounded, exponent) = (rounded[..^1], exponent + 1);
        string sign = double.IsNegative(value) ? "-" : "";
        return $"{sign}{rounded[0]}{(precision == 0 ? "" : ".")}{rounded[1..]}e{Exponent(exponent)}";
    }

    /// <summary>NaN and the infinities as CEL names them; null for a number.</summary>
    public static string? Special(double value) =>
        double.IsNaN(value) ? "NaN" : double.IsPositiveInfinity(value) ? "Infinity" : double.IsNegativeInfinity(value) ? "-Infinity" : null;

    private static string Exponent(int exponent) =>
        (exponent < 0 ? "-" : "+") + Math.Abs(exponent).ToString("D2", CultureInfo.InvariantCulture);

    /// <summary>Keeps <paramref name="keep"/> digits; the result is one longer when a carry went through all of them.</summary>
    private static string RoundHalfEven(string digits, int keep)
    {
        if (digits.Length <= keep) return digits;
        ReadOnlySpan<char> rest = digits.AsSpan(keep);
        bool isHalf = rest[0] == '5' && rest[1..].IndexOfAnyExcept('0') < 0;
        bool up = isHalf ? keep > 0 && (digits[keep - 1] - '0') % 2 == 1 : rest[0] >= '5';
        if (!up) return digits[..keep];
        var result = new StringBuilder(digits, 0, keep, keep + 1);
        for (int i = keep - 1; i >= 0; i--)
        {
            if (result[i] != '9')
            {
                result[i]++;
                return result.ToString();
            }

            result[i] = '0';
        }

        return result.Insert(0, '1').ToString();
    }

    private static (string Digits, int Exponent) Exact(double value)
    {
        string text = value.ToString(ExactFormat, CultureInfo.InvariantCulture);
        (string digits, int exponent) = Digits(text);
        string trimmed = digits.TrimEnd('0');
        return (trimmed.Length == 0 ? "0" : trimmed, exponent);
    }

    /// <summary>The significant digits of .NET's text, without sign, point and leading zeros, and the exponent it wrote.</summary>
    private static (string Digits, int Exponent) Digits(string text)
    {
        int e = text.IndexOf('E', StringComparison.Ordinal);
        string mantissa = e < 0 ? text : text[..e];
        int exponent = e < 0 ? 0 : int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string digits = mantissa.TrimStart('-').Replace(".", "");
        return (e < 0 ? digits.TrimStart('0') : digits, exponent);
    }

    /// <summary>The decimal exponent of the first significant digit of .NET's text.</summary>
    private static int ExponentOf(string text)
    {
        int e = text.IndexOf('E', StringComparison.Ordinal);
        if (e >= 0) return int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string digits = text.TrimStart('-');
        int point = digits.IndexOf('.', StringComparison.Ordinal);
        if (point < 0) point = digits.Length;
        int first = digits.AsSpan().IndexOfAnyInRange('1', '9');
        return first < point ? point - first - 1 : point - first;
    }
}
