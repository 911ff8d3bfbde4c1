using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary>Unicode's general categories as ranges of code points, for <c>\p{Lu}</c> and <c>\p{L}</c>.</summary>
/// <remarks>Scripts (<c>\p{Greek}</c>) are not known: .NET has no table of them. Thread-safe.</remarks>
internal static class UnicodeClass
{
    private static readonly ConcurrentDictionary<string, List<(int, int)>> Known = new();

    private static readonly Dictionary<string, UnicodeCategory> Categories = new()
    {
        ["Lu"] = UnicodeCategory.UppercaseLetter,
        ["Ll"] = UnicodeCategory.LowercaseLetter,
        ["Lt"] = UnicodeCategory.TitlecaseLetter,
        ["Lm"] = UnicodeCategory.ModifierLetter,
        ["Lo"] = UnicodeCategory.OtherLetter,
        ["Mn"] = UnicodeCategory.NonSpacingMark,
        ["Mc"] = UnicodeCategory.SpacingCombiningMark,
        ["Me"] = UnicodeCategory.EnclosingMark,
        ["Nd"] = UnicodeCategory.DecimalDigitNumber,
        ["Nl"] = UnicodeCategory.LetterNumber,
        ["No"] = UnicodeCategory.OtherNumber,
        ["Zs"] = UnicodeCategory.SpaceSeparator,
        ["Zl"] = UnicodeCategory.LineSeparator,
        ["Zp"] = UnicodeCategory.ParagraphSeparator,
        ["Cc"] = UnicodeCategory.Control,
        ["Cf"] = UnicodeCategory.Format,
        ["Co"] = UnicodeCategory.PrivateUse,
        ["Pc"] = UnicodeCategory.ConnectorPunctuation,
        ["Pd"] = UnicodeCategory.DashPunctuation,
        ["Ps"] = UnicodeCategory.OpenPunctuation,
        ["Pe"] = UnicodeCategory.ClosePunctuation,
        ["Pi"] = UnicodeCategory.InitialQuotePunctuation,
        ["Pf"] = UnicodeCategory.FinalQuotePunctuation,
        ["Po"] = UnicodeCategory.OtherPunctuation,
        ["Sm"] = UnicodeCategory.MathSymbol,
        ["Sc"] = UnicodeCategory.CurrencySymbol,
        ["Sk"] = UnicodeCategory.ModifierSymbol,
        ["So"] = UnicodeCategory.OtherSymbol,
    };

    /// <summary>The code points of a category, or of all whose name begins with the letter; null for any other name.</summary>
    public static List<(int Low, int High)>? Ranges(string name)
    {
        if (name == "Any") return [(0, 0x10FFFF)];
        UnicodeCategory[] wanted = [.. Categories.Where(c => name.Length > 0 && c.Key.StartsWith(name, StringComparison.Ordinal)).Select(c => c.Value)];
        return wanted.Length == 0 ? null : [.. Known.GetOrAdd(name, _ => Collect(wanted))];
    }

    private static List<(int, int)> Collect(UnicodeCategory[] wanted)
    {
        var ranges = new List<(int, int)>();
        int start = -1;
        for (int code = 0; code <= 0x110000; code++)
        {
            bool isIn = code <= 0x10FFFF && Rune.IsValid(code) && wanted.Contains(Rune.GetUnicodeCategory(new Rune(code)));
            if (isIn && start < 0) start = code;
            if (isIn || start < 0) continue;
            ranges.Add((start, code - 1));
            start = -1;
        }

        return ranges;
    }
}
