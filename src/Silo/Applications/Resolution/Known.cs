using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Policies;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;

namespace Chain.Silo.Applications.Resolution;

/// <summary>What could have been meant, for the end of an error.</summary>
internal static class Known
{
    private const int MostShown = 8;

    /// <summary><c>; expected one of a, b (did you mean 'a'?)</c>.</summary>
    /// <param name="found">What is written.</param>
    /// <param name="names">What may be.</param>
    /// <param name="none">What is said where nothing may be.</param>
    public static string Hint(string found, IEnumerable<string> names, string none)
    {
        string[] all = [.. names.Distinct().Order(StringComparer.Ordinal)];
        if (all.Length == 0) return $"; {none}";
        string expected = all.Length == 1 ? $"expected {all[0]}" : $"expected one of {List(all)}";
        return NearestName.Of(found, all) is { } near ? $"; {expected} (did you mean '{near}'?)" : $"; {expected}";
    }

    /// <summary>Names with commas; the first ones of many.</summary>
    public static string List(IReadOnlyCollection<string> names) =>
        string.Join(", ", names.Take(MostShown)) + (names.Count > MostShown ? $" and {names.Count - MostShown} more" : "");
}

/// <summary>Imports or exports of a component by the names that people write.</summary>
internal static class ExternNames
{
    /// <summary>
    /// Those that a name means: the one of exactly that name; else, where it has a version, the latest of the compatible ones; else, where it has
    /// none, those of any version.
    /// </summary>
    public static IReadOnlyList<NamedExtern> Find(IReadOnlyList<NamedExtern> externs, string name)
    {
        if (externs.FirstOrDefault(one => one.Name == name) is { } exact) return [exact];
        if (!name.Contains('@')) return [.. externs.Where(one => InterfaceVersions.WithoutVersion(one.Name) == name)];
        return InterfaceVersions.Find(externs.ToDictionary(static one => one.Name), name) is { } compatible ? [compatible] : [];
    }

    /// <summary>The names as somebody writes them who wrote this one: with versions or without.</summary>
    public static IEnumerable<string> Written(IReadOnlyList<NamedExtern> externs, string like) =>
        externs.Select(one => like.Contains('@') ? one.Name : InterfaceVersions.WithoutVersion(one.Name));
}

/// <summary>Where errors and warnings of an application go.</summary>
internal sealed class IssueList(List<PolicyIssue> issues)
{
    public void Error(PolicyPlace place, string message) => issues.Add(new PolicyIssue(IssueLevel.Error, place, message));

    public void Warning(PolicyPlace place, string message) => issues.Add(new PolicyIssue(IssueLevel.Warning, place, message));
}
