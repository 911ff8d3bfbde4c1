using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary>
/// <c>matches</c>: RE2 syntax on .NET's engine without backtracking, so that no pattern takes more than linear time.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal static class RegularExpressions
{
    /// <summary>The longest pattern, in UTF-16 units.</summary>
    private const int MaxPattern = 1_000;

    private const int MaxCached = 256;

    private static readonly ConcurrentDictionary<string, Regex> Cache = new(StringComparer.Ordinal);

    /// <summary>Whether the pattern is found anywhere in the text; null, with the reason, where it is no pattern.</summary>
    public static bool? IsMatch(string text, string pattern, out string? error) => Compile(pattern, out error)?.IsMatch(text);

    /// <summary>The pattern's engine; null, with the reason, where it is no pattern.</summary>
    public static Regex? Compile(string pattern, out string? error)
    {
        error = null;
        if (Cache.TryGetValue(pattern, out Regex? cached)) return cached;
        if (pattern.Length > MaxPattern)
        {
            error = $"the pattern has {pattern.Length} characters, the limit is {MaxPattern}";
            return null;
        }

        try
        {
            var regex = new Regex(new Re2Translator(pattern).Translate(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            if (Cache.Count >= MaxCached) Cache.Clear();
            Cache[pattern] = regex;
            return regex;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or NotSupportedException)
        {
            error = $"not a pattern: {(e is FormatException ? e.Message : e.Message.Split('\n')[0])}";
            return null;
        }
    }
}
