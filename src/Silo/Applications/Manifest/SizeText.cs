using System.Globalization;

namespace Chain.Silo.Applications.Manifest;

/// <summary>Sizes in bytes as people write them: <c>64MiB</c>, <c>30MB</c>, <c>4096</c>.</summary>
internal static class SizeText
{
    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1), ("", 1),
    ];

    /// <summary>The bytes; <see langword="null"/> where it is no size or does not fit 64 bits.</summary>
    public static long? Parse(string text)
    {
        foreach ((string unit, long bytes) in Units)
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal)) continue;
            string digits = text[..^unit.Length].TrimEnd(' ');
            if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number)) return null;
            return number <= long.MaxValue / bytes ? number * bytes : null;
        }

        return null;
    }
}
