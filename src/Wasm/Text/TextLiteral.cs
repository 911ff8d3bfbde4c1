using System.Globalization;
using System.Text;

namespace Chain.Wasm.Text;

/// <summary>
/// Values and names as the text format writes them (core specification, "Text Format / Values"). Names come from a stranger's module:
/// nothing that a terminal would act on leaves this class unescaped.
/// </summary>
public static class TextLiteral
{
    /// <summary>A name as a string literal with its quotes.</summary>
    public static string Quote(string name)
    {
        var text = new StringBuilder(name.Length + 2);
        text.Append('"');
        AppendEscaped(text, name, true);
        return text.Append('"').ToString();
    }

    /// <summary>A name or message without quotes; what cannot be shown is escaped as in a string literal, so that it stays one line.</summary>
    public static string OneLine(string text)
    {
        if (!NeedsEscape(text)) return text;
        var escaped = new StringBuilder(text.Length + 16);
        AppendEscaped(escaped, text, false);
        return escaped.ToString();
    }

    /// <summary>Bytes as a string literal with its quotes: printable ASCII as it is, all else as <c>\hh</c>.</summary>
    public static string Quote(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length + 2);
        text.Append('"');
        foreach (byte b in bytes)
        {
            if (b is >= 0x20 and < 0x7F and not (byte)'"' and not (byte)'\\') text.Append((char)b);
            else text.Append('\\').Append(b.ToString("x2", CultureInfo.InvariantCulture));
        }

        return text.Append('"').ToString();
    }

    /// <summary>An identifier with its dollar sign, quoted where the name has other than identifier characters.</summary>
    public static string Identifier(string name)
    {
        foreach (char c in name)
        {
            if (!IsIdentifierCharacter(c)) return "$" + Quote(name);
        }

        return "$" + name;
    }

    /// <summary>A float by its bits: the shortest decimal that reads back to the same bits, <c>inf</c> or <c>nan</c> with its payload.</summary>
    public static string Float32(uint bits)
    {
        float value = BitConverter.UInt32BitsToSingle(bits);
        if (!float.IsNaN(value)) return Finite(value.ToString("R", CultureInfo.InvariantCulture));
        return NotANumber(bits >> 31 != 0, bits & 0x7FFFFF, 0x400000);
    }

    /// <summary>As <see cref="Float32"/>.</summary>
    public static string Float64(ulong bits)
    {
        double value = BitConverter.UInt64BitsToDouble(bits);
        if (!double.IsNaN(value)) return Finite(value.ToString("R", CultureInfo.InvariantCulture));
        return NotANumber(bits >> 63 != 0, bits & 0xFFFFFFFFFFFFF, 0x8000000000000);
    }

    private static string Finite(string text) => text switch
    {
        "Infinity" => "inf",
        "-Infinity" => "-inf",
        _ => text,
    };

    private static string NotANumber(bool negative, ulong payload, ulong quiet) =>
        (negative ? "-nan" : "nan") + (payload == quiet ? "" : $":0x{payload:x}");

    private static bool IsIdentifierCharacter(char c) =>
        char.IsAsciiLetterOrDigit(c) || c is '!' or '#' or '$' or '%' or '&' or '\'' or '*' or '+' or '-' or '.' or '/'
            or ':' or '<' or '=' or '>' or '?' or '@' or '\\' or '^' or '_' or '`' or '|' or '~';

    private static bool NeedsEscape(string text)
    {
        foreach (char c in text)
        {
            if (!IsHarmless(c)) return true;
        }

        return false;
    }

    private static void AppendEscaped(StringBuilder text, string name, bool quoted)
    {
        foreach (Rune rune in name.EnumerateRunes())
        {
            if (quoted && rune.Value is ('"' or '\\')) text.Append('\\').Append((char)rune.Value);
            else if (rune.IsBmp && !IsHarmless((char)rune.Value)) AppendCode(text, rune);
            else if (!rune.IsBmp && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned) AppendCode(text, rune);
            else text.Append(rune);
        }
    }

    private static void AppendCode(StringBuilder text, Rune rune) =>
        text.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");

    // Controls move the cursor, formats reorder or hide text, separators break lines, a lone surrogate is no character.
    private static bool IsHarmless(char c) => c is >= ' ' and <= '~' || char.GetUnicodeCategory(c) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate);
}
