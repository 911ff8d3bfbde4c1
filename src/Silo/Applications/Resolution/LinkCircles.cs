namespace Chain.Silo.Applications.Resolution;

/// <summary>Finds components that call one another in a circle.</summary>
internal static class LinkCircles
{
    /// <summary>One circle through each component that is on one and not on another that was found: names in the order of calls, the first again at the end.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Find(IEnumerable<ApplicationLink> links)
    {
        Dictionary<string, string[]> callees = links.GroupBy(static link => link.From)
            .ToDictionary(static from => from.Key, static from => from.Select(static link => link.To).Distinct().Order(StringComparer.Ordinal).ToArray());
        var circles = new List<IReadOnlyList<string>>();
        var covered = new HashSet<string>();
        foreach (string start in callees.Keys.Order(StringComparer.Ordinal))
        {
            if (covered.Contains(start) || WayBack(start, callees) is not { } circle) continue;
            covered.UnionWith(circle);
            circles.Add(circle);
        }

        return circles;
    }

    /// <summary>The shortest way from a component to itself.</summary>
    private static List<string>? WayBack(string start, Dictionary<string, string[]> callees)
    {
        var from = new Dictionary<string, string>();
        var next = new Queue<string>([start]);
        while (next.TryDequeue(out string? at))
        {
            foreach (string callee in callees.GetValueOrDefault(at) ?? [])
            {
                if (callee == start)
                {
                    List<string> way = [start];
                    for (string step = at; step != start; step = from[step]) way.Add(step);
                    way.Add(start);
                    way.Reverse();
                    return way;
                }

                if (from.TryAdd(callee, at)) next.Enqueue(callee);
            }
        }

        return null;
    }
}
