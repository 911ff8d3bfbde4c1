using System.Text.RegularExpressions;
using Chain.Tests;

namespace Chain.Cli.Tests.Documentation;

/// <summary>What a newcomer reads leads somewhere, and what he types is there.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string[] Groups = ["policy", "store", "component", "wasm", "lineage", "silence", "bench"];

    private static readonly string[] Pages =
    [
        "README.md", .. Directory.GetFiles(Path.Combine(Places.Repository, "docs"), "*.md").Select(file => "docs/" + Path.GetFileName(file)),
        .. Directory.GetFiles(Path.Combine(Places.Repository, "examples"), "README.md", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Places.Repository, file)).Where(file => !file.Contains("node_modules", StringComparison.Ordinal)),
    ];

    [Fact]
    public void EveryLinkLeadsToAFile()
    {
        var broken = new List<string>();
        foreach (string page in Pages)
        {
            string path = Path.Combine(Places.Repository, page);
            foreach (Match link in Link().Matches(Code().Replace(File.ReadAllText(path), "")))
            {
                string target = link.Groups[1].Value.Split('#')[0];
                if (target.Length == 0 || target.Contains("://", StringComparison.Ordinal)) continue;
                if (!Path.Exists(Path.Combine(Path.GetDirectoryName(path)!, target))) broken.Add($"{page}: {target}");
            }
        }

        Assert.Empty(broken);
    }

    [Fact]
    public void TheReadmeLinksEveryPageOfTheDocumentation()
    {
        string readme = File.ReadAllText(Path.Combine(Places.Repository, "README.md"));
        Assert.All(Pages.Where(page => page != "README.md"), page => Assert.Contains($"({page})", readme));
    }

    [Fact]
    public void EveryCommandOfTheReadmeIsThere()
    {
        string[] lines = [.. File.ReadLines(Path.Combine(Places.Repository, "README.md")).Where(line => line.StartsWith("$ ./chain ", StringComparison.Ordinal))];
        Assert.True(lines.Length > 10, "the README shows no commands any more");
        foreach (string line in lines)
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2..];
            // The launcher's own.
            if (words[0] == "test") continue;
            string[] command = words.Length > 1 && Groups.Contains(words[0]) && char.IsAsciiLetterLower(words[1][0]) ? words[..2] : words[..1];
            CapturedRun run = CapturedRun.Of([.. command, "--help"]);
            Assert.True(Regex.IsMatch(run.Output, $@"Usage:\s+\S+ {string.Join(' ', command)}\s"), $"README.md: {line}");
        }
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^```.*?^```|`[^`\n]*`", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Code();
}
