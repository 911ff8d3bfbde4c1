using Chain.PolicyEngine.Policies;

namespace Chain.PolicyEngine.Decisions;

/// <summary>
/// Finds the policies that can match on a link without looking at all of them: each is filed under one exact name that
/// its <c>match</c> asks for, and only those without any are looked at every time.
/// </summary>
internal sealed class PolicyIndex
{
    private readonly Dictionary<(Dimension Dimension, string Name), List<int>> _filed = [];
    private readonly List<int> _rest = [];
    private readonly Policy[] _policies;

    private enum Dimension
    {
        CalleeName,
        CallerName,
        CalleeComponent,
        CallerComponent,
        Function,
        Interface,
        CalleeApplication,
        CallerApplication,
        Region,
    }

    public PolicyIndex(Policy[] policies)
    {
        _policies = policies;
        for (int i = 0; i < policies.Length; i++)
        {
            if (KeysOf(policies[i].Match) is not { } keys)
            {
                _rest.Add(i);
                continue;
            }

            foreach ((Dimension, string) key in keys.Distinct())
            {
                if (!_filed.TryGetValue(key, out List<int>? list)) _filed.Add(key, list = []);
                list.Add(i);
            }
        }
    }

    /// <summary>The policies whose names and patterns fit the link, in the order of the set.</summary>
    public List<Policy> Find(CallLink link)
    {
        var found = new List<int>(_rest);
        Add(found, Dimension.CalleeName, link.Callee.Name);
        Add(found, Dimension.CallerName, link.Caller.Name);
        Add(found, Dimension.CalleeComponent, link.Callee.ComponentName);
        Add(found, Dimension.CallerComponent, link.Caller.ComponentName);
        Add(found, Dimension.Function, link.Function);
        Add(found, Dimension.Interface, link.Interface);
        Add(found, Dimension.CalleeApplication, link.Callee.Application);
        Add(found, Dimension.CallerApplication, link.Caller.Application);
        Add(found, Dimension.Region, link.Callee.Region);
        found.Sort();
        var policies = new List<Policy>(found.Count);
        foreach (int i in found)
        {
            if (_policies[i].Match.FitsLink(link)) policies.Add(_policies[i]);
        }

        return policies;
    }

    private void Add(List<int> found, Dimension dimension, string name)
    {
        if (_filed.TryGetValue((dimension, name), out List<int>? list)) found.AddRange(list);
    }

    /// <summary>The exact names of the most telling key of a match: each of its patterns must have one. Null where no key has.</summary>
    private static List<(Dimension, string)>? KeysOf(PolicyMatch match) =>
        Keys(match.Callee, Dimension.CalleeName, static p => p is { OnlyApplication: string a, OnlyComponent: string c } ? $"{a}/{c}" : null) ??
        Keys(match.Caller, Dimension.CallerName, static p => p is { OnlyApplication: string a, OnlyComponent: string c } ? $"{a}/{c}" : null) ??
        Keys(match.Callee, Dimension.CalleeComponent, static p => p.OnlyComponent) ??
        Keys(match.Caller, Dimension.CallerComponent, static p => p.OnlyComponent) ??
        Keys(match.Function, Dimension.Function, static g => g.Literal) ??
        Keys(match.Interface, Dimension.Interface, static g => g.Literal) ??
        Keys(match.Callee, Dimension.CalleeApplication, static p => p.OnlyApplication) ??
        Keys(match.Caller, Dimension.CallerApplication, static p => p.OnlyApplication) ??
        Keys(match.Region, Dimension.Region, static g => g.Literal);

    private static List<(Dimension, string)>? Keys<T>(IReadOnlyList<T> patterns, Dimension dimension, Func<T, string?> name)
    {
        if (patterns.Count == 0) return null;
        var keys = new List<(Dimension, string)>(patterns.Count);
        foreach (T pattern in patterns)
        {
            if (name(pattern) is not string exact) return null;
            keys.Add((dimension, exact));
        }

        return keys;
    }
}
