namespace Chain.PolicyEngine.Policies;

/// <summary>
/// A pattern for names: <c>*</c> is any run of characters without a slash, <c>**</c> any run at all, <c>?</c> one
/// character that is no slash; everything else is itself.
/// </summary>
/// <remarks>Immutable. Matching takes time proportional to text times pattern at worst.</remarks>
public sealed class Glob
{
    /// <summary>The longest pattern, in characters.</summary>
    public const int MaxLength = 512;

    private readonly bool _isLiteral;

    /// <exception cref="FormatException">The pattern is empty or too long.</exception>
    public Glob(string pattern)
    {
        if (pattern.Length is 0 or > MaxLength) throw new FormatException($"a pattern has 1 to {MaxLength} characters, found {pattern.Length}");
        Pattern = pattern;
        _isLiteral = pattern.AsSpan().IndexOfAny('*', '?') < 0;
    }

    public string Pattern { get; }

    /// <summary>The one text that the pattern matches; null when it has wildcards.</summary>
    public string? Literal => _isLiteral ? Pattern : null;

    /// <summary>Whether every text matches.</summary>
    public bool IsEverything => Pattern == "**";

    /// <summary>Whether the whole text matches.</summary>
    public bool IsMatch(ReadOnlySpan<char> text) => _isLiteral ? text.SequenceEqual(Pattern) : IsMatch(Pattern, text);

    /// <summary>Whether every text that <paramref name="other"/> matches is matched here; false where that is not certain.</summary>
    public bool Covers(Glob other)
    {
        if (Pattern == other.Pattern || IsEverything) return true;
        if (other.Literal is string literal) return IsMatch(literal);
        // A wildcard of the other may stand for any text, so only a pattern of the same or wider wildcards is certain to cover it.
        return Pattern == "*/*" && other.Pattern.Count(c => c == '/') == 1 && !other.Pattern.Contains("**");
    }

    public override string ToString() => Pattern;

    private static bool IsMatch(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        int p = 0;
        int t = 0;
        // Where to go on after a mismatch: behind the last wildcard, with one more character given to it.
        int star = -1;
        int starText = 0;
        int deep = -1;
        int deepText = 0;
        while (true)
        {
            if (p + 1 < pattern.Length && pattern[p] == '*' && pattern[p + 1] == '*')
            {
                p += 2;
                (deep, deepText) = (p, t);
                star = -1;
                continue;
            }

            if (p < pattern.Length && pattern[p] == '*')
            {
                p++;
                (star, starText) = (p, t);
                continue;
            }

            if (t == text.Length && p == pattern.Length) return true;
            if (t < text.Length && p < pattern.Length && (pattern[p] == '?' ? text[t] != '/' : pattern[p] == text[t]))
            {
                p++;
                t++;
                continue;
            }

            if (star >= 0 && starText < text.Length && text[starText] != '/')
            {
                starText++;
                (p, t) = (star, starText);
            }
            else if (deep >= 0 && deepText < text.Length)
            {
                deepText++;
                star = -1;
                (p, t) = (deep, deepText);
            }
            else
            {
                return false;
            }
        }
    }
}
