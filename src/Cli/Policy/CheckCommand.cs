using System.CommandLine;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Policies.Checks;
using Chain.Tracer.Tags;

namespace Chain.Cli.Policy;

/// <summary><c>chain policy check PATH…</c>: types, names, conditions that are never true, policies without effect, missing tests.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        Argument<FileSystemInfo[]> paths = PolicyInput.PathsArgument();
        var manifest = new Option<FileInfo?>("--manifest") { Description = "An application manifest: components and tags that policies name must be in it." };
        var strict = new Option<bool>("--strict") { Description = "Warnings fail the check too." };
        var command = new Command("check", "Check policies without running anything.") { paths, manifest, strict };
        command.SetAction(result => Run(result.GetRequiredValue(paths), result.GetValue(manifest), result.GetValue(strict)));
        return command;
    }

    private static int Run(FileSystemInfo[] paths, FileInfo? manifest, bool strict)
    {
        KnownNames? names = manifest is null ? null : Names(manifest);
        PolicySet? set = PolicyLoader.TryLoad(PolicyInput.Read(paths), new LabelStore(), out IReadOnlyList<PolicyIssue> issues);
        if (set is not null) issues = StaticChecks.Run(set, names);
        foreach (PolicyIssue issue in issues) Console.WriteLine(issue);
        int errors = issues.Count(i => i.Level == IssueLevel.Error);
        int warnings = issues.Count - errors;
        string summary = $"{errors} {Plural(errors, "error")}, {warnings} {Plural(warnings, "warning")}";
        Console.WriteLine(set is null ? $"refused: {summary}" : $"{set.Policies.Count} {(set.Policies.Count == 1 ? "policy" : "policies")}, {summary}, version {set.Digest}");
        return errors > 0 || (strict && warnings > 0) ? ExitCode.Failed : ExitCode.Ok;
    }

    private static KnownNames Names(FileInfo manifest)
    {
        try
        {
            return KnownNames.FromManifest(PolicyInput.ReadFile(manifest.ToString()));
        }
        catch (PolicySetException e)
        {
            throw new CommandException(e.Message);
        }
    }

    private static string Plural(int count, string word) => count == 1 ? word : word + "s";
}
