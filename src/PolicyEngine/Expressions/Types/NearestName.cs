namespace Chain.PolicyEngine.Expressions.Types;

/// <summary>Finds what somebody probably meant.</summary>
public static class NearestName
{
    /// <summary>The known name within two edits (one for names up to four letters), or null.</summary>
    public static string? Of(string name, IEnumerable<string> known)
    {
        string? best = null;
        int bestDistance = name.Length <= 4 ? 2 : 3;
        foreach (string candidate in known.Order(StringComparer.Ordinal))
        {
            if (Math.Abs(candidate.Length - name.Length) > bestDistance) continue;
            int distance = Distance(name, candidate);
            // Letters are dropped more often than added, so of two equally near names the longer one is meant.
            if (distance < bestDistance || (distance == bestDistance && best?.Length < candidate.Length)) (best, bestDistance) = (candidate, distance);
        }

        return best;
    }

    /// <summary>Edits (insert, delete, replace) from one to the other; names are short.</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                int change = diagonal + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1);
                row[j] = Math.Min(change, Math.Min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
