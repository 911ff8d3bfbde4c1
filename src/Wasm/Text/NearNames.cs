namespace Chain.Wasm.Text;

/// <summary>Finds what a mistyped name may have meant.</summary>
public static class NearNames
{
    private const int Shown = 3;

    // The distance is quadratic in the length and the names are a stranger's.
    private const int LongestCompared = 100;

    private const int LongestShown = 80;

    /// <summary><c>; near: 'total', 'totals'</c>, or the first few names there are where none is near, or nothing where there are none.</summary>
    public static string Hint(string wanted, IReadOnlyCollection<string> names)
    {
        if (names.Count == 0) return "";
        string[] near = [.. names
            .Where(name => name.Length <= LongestCompared && wanted.Length <= LongestCompared)
            .Select(name => (Name: name, Distance: Distance(wanted, name)))
            .Where(candidate => candidate.Distance <= Math.Max(1, wanted.Length / 3))
            .OrderBy(candidate => candidate.Distance)
            .Select(candidate => candidate.Name)
            .Distinct()
            .Take(Shown)];
        if (near.Length > 0) return $"; near: {Join(near)}";
        string[] some = [.. names.Distinct().Take(Shown)];
        return $"; there {(names.Count == 1 ? "is" : "are")} {Join(some)}{(names.Count > some.Length ? $" and {names.Count - some.Length} more" : "")}";
    }

    private static string Join(string[] names) => string.Join(", ", names.Select(name =>
        $"'{TextLiteral.OneLine(name.Length <= LongestShown ? name : name[..LongestShown] + "…")}'"));

    /// <summary>The edits (insert, delete, replace; letter case is free) between two names.</summary>
    internal static int Distance(string left, string right)
    {
        var previous = new int[right.Length + 1];
        var current = new int[right.Length + 1];
        for (int j = 0; j <= right.Length; j++) previous[j] = j;
        for (int i = 1; i <= left.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int replace = char.ToLowerInvariant(left[i - 1]) == char.ToLowerInvariant(right[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(previous[j] + 1, current[j - 1] + 1), previous[j - 1] + replace);
            }

            (previous, current) = (current, previous);
        }

        return previous[right.Length];
    }
}
