using System.CommandLine;
using System.Globalization;
using Chain.Cli.Output;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;

namespace Chain.Cli.Policy;

/// <summary><c>chain policy list PATH…</c>: the policies of a set.</summary>
internal static class ListCommand
{
    public static Command Create()
    {
        Argument<FileSystemInfo[]> paths = PolicyInput.PathsArgument();
        var command = new Command("list", "List policies: effect, severity, mode, tests, version.") { paths };
        command.SetAction(result =>
        {
            PolicySet set = PolicyInput.Load(result.GetRequiredValue(paths), new LabelStore());
            var listing = new Listing("policies", "policy", "effect", "severity", "on", "mode", "fail", "tests#", "version");
            foreach (Chain.PolicyEngine.Policies.Policy policy in set.Policies)
            {
                listing.Add(
                    policy.Name, EvalCommand.Lower(policy.Effect), EvalCommand.Lower(policy.Severity), policy.Events.ToString().ToLowerInvariant(),
                    EvalCommand.Lower(policy.Mode), EvalCommand.Lower(policy.Fail), policy.Tests.Count.ToString(CultureInfo.InvariantCulture), policy.Digest[..19]);
            }

            listing.Write();
            Console.Out.WriteLine($"{set.Policies.Count} policies, default {EvalCommand.Lower(set.Default)}, version {set.Digest}");
            return ExitCode.Ok;
        });
        return command;
    }
}
