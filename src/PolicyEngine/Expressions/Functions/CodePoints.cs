using System.Text;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary>Strings counted in code points: .NET counts UTF-16 units. Where there are no surrogates the two are one.</summary>
internal static class CodePoints
{
    public static int Count(string text)
    {
        int count = text.Length;
        foreach (char c in text)
        {
            if (char.IsLowSurrogate(c)) count--;
        }

        return count;
    }

    public static bool HasSurrogates(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0;

    /// <summary>The UTF-16 offset of the code point at <paramref name="index"/>, which is in 0…<see cref="Count"/>.</summary>
    public static int OffsetOf(string text, int index)
    {
        if (!HasSurrogates(text)) return index;
        int offset = 0;
        for (; index > 0; index--) offset += char.IsHighSurrogate(text[offset]) && offset + 1 < text.Length ? 2 : 1;
        return offset;
    }

    /// <summary>How many code points stand before the UTF-16 offset.</summary>
    public static int IndexOf(string text, int offset) => Count(text[..offset]);

    public static IEnumerable<Rune> Each(string text) => text.EnumerateRunes();
}
