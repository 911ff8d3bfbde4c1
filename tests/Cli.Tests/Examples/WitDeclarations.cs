using System.Text.RegularExpressions;

namespace Chain.Cli.Tests.Examples;

/// <summary>What WIT texts declare, without layout, comments, order and <c>use</c>: enough to compare a component with its source.</summary>
internal sealed partial class WitDeclarations
{
    private string package = "";

    /// <summary>By name: imports and exports, each such as <c>import clinic:mail/mailer</c>.</summary>
    public Dictionary<string, HashSet<string>> Worlds { get; } = [];

    /// <summary>By path, such as <c>wasi:http/types@0.2.12</c>: types and functions.</summary>
    public Dictionary<string, HashSet<string>> Interfaces { get; } = [];

    public static WitDeclarations Of(string text)
    {
        var declarations = new WitDeclarations();
        declarations.Read(text);
        return declarations;
    }

    public static WitDeclarations OfFolder(string folder)
    {
        var declarations = new WitDeclarations();
        foreach (string file in Directory.EnumerateFiles(folder, "*.wit", SearchOption.AllDirectories)) declarations.Read(File.ReadAllText(file));
        return declarations;
    }

    private void Read(string text)
    {
        foreach (string statement in Statements(Comment().Replace(text, ""))) ReadStatement(statement);
    }

    private void ReadStatement(string statement)
    {
        Match head = Head().Match(statement);
        string body = head.Groups["body"].Value;
        switch (head.Groups["kind"].Value)
        {
            case "package":
                package = head.Groups["name"].Value;
                if (body.Length > 0) Read(body[1..^1]);
                break;
            case "world":
                Worlds.Add(head.Groups["name"].Value, [.. Statements(body[1..^1])]);
                break;
            case "interface":
                int at = package.IndexOf('@');
                string path = at < 0 ? $"{package}/{head.Groups["name"].Value}" : $"{package[..at]}/{head.Groups["name"].Value}{package[at..]}";
                Interfaces.Add(path, Flattened(body[1..^1]));
                break;
            default: throw new FormatException($"no WIT statement: {statement}");
        }
    }

    // A resource's functions are declarations of their own: a component names only those that it uses.
    private static HashSet<string> Flattened(string body)
    {
        var declarations = new HashSet<string>();
        foreach (string statement in Statements(body))
        {
            if (statement.StartsWith("use ", StringComparison.Ordinal)) continue;
            if (!statement.StartsWith("resource ", StringComparison.Ordinal) || !statement.Contains('{'))
            {
                declarations.Add(statement);
                continue;
            }

            string name = statement[..statement.IndexOf('{')].Trim();
            declarations.Add(name);
            declarations.UnionWith(Statements(statement[(statement.IndexOf('{') + 1)..^1]).Select(method => $"{name}: {method}"));
        }

        return declarations;
    }

    /// <summary>Splits at semicolons and closing braces that are in no others.</summary>
    private static IEnumerable<string> Statements(string text)
    {
        int depth = 0, start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '{') depth++;
            if (text[i] == '}') depth--;
            // `use a.{b};` ends at its semicolon.
            if (depth != 0 || text[i] is not (';' or '}') || (text[i] == '}' && text[start..i].TrimStart().StartsWith("use ", StringComparison.Ordinal))) continue;
            string statement = Space().Replace(text[start..(text[i] == ';' ? i : i + 1)], " ").Trim().Replace(", }", " }");
            if (statement.Length > 0) yield return statement;
            start = i + 1;
        }
    }

    [GeneratedRegex(@"^(?<kind>\w+) (?<name>[^ {]+) ?(?<body>\{.*\})?$", RegexOptions.Singleline)]
    private static partial Regex Head();

    [GeneratedRegex("//[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
