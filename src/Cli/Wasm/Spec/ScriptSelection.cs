using System.IO.Enumeration;
using System.Text.Json;
using Chain.Wasm.Text;

namespace Chain.Cli.Wasm.Spec;

/// <summary>Chooses scripts by name or by group.</summary>
internal static class ScriptSelection
{
    private const string GroupsFile = "core-groups.json";

    /// <summary>The scripts whose name or path matches a pattern of <c>*</c> and <c>?</c>.</summary>
    /// <exception cref="CommandException">None does.</exception>
    public static IReadOnlyList<ScriptFolder> ByPattern(IReadOnlyList<ScriptFolder> scripts, string pattern)
    {
        ScriptFolder[] chosen = [.. scripts.Where(script =>
            FileSystemName.MatchesSimpleExpression(pattern, script.Name) || FileSystemName.MatchesSimpleExpression(pattern, script.Path))];
        if (chosen.Length > 0) return chosen;
        throw new CommandException($"no script matches '{pattern}'{NearNames.Hint(pattern, [.. scripts.Select(script => script.Name)])}");
    }

    /// <summary>The scripts of a group of <c>core-groups.json</c>, which stands in or beside the suite.</summary>
    /// <exception cref="CommandException">The file is absent or has no such group.</exception>
    public static IReadOnlyList<ScriptFolder> ByGroup(IReadOnlyList<ScriptFolder> scripts, string suite, string group)
    {
        string beside = Path.GetDirectoryName(Path.GetFullPath(suite)) ?? "";
        string file = Path.Combine(suite, GroupsFile);
        if (!File.Exists(file)) file = Path.Combine(beside, GroupsFile);
        if (!File.Exists(file)) throw new CommandException($"--group needs {GroupsFile} beside {suite}; there is none");
        Dictionary<string, string[]> groups;
        try
        {
            groups = JsonSerializer.Deserialize<Dictionary<string, string[]>>(File.ReadAllBytes(file)) ?? [];
        }
        catch (JsonException e)
        {
            throw new CommandException($"{file} is not a map of group to names, at line {e.LineNumber + 1}: {e.Message}");
        }

        if (!groups.TryGetValue(group, out string[]? names))
            throw new CommandException($"{file} has no group '{group}'; it has {string.Join(", ", groups.Keys)}");
        var wanted = names.ToHashSet();
        return [.. scripts.Where(script => wanted.Contains(script.Name))];
    }
}
