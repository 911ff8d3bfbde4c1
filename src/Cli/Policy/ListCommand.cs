using System.CommandLine;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;
using Spectre.Console;

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
            // A pipe has no width of its own, and a name cut in two is of no use to the next program.
            if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = 250;
            var table = new Table { Border = TableBorder.Simple };
            table.AddColumns("policy", "effect", "severity", "on", "mode", "fail", "tests", "version");
            foreach (Chain.PolicyEngine.Policies.Policy policy in set.Policies)
            {
                table.AddRow(
                    Markup.Escape(policy.Name), EvalCommand.Lower(policy.Effect), EvalCommand.Lower(policy.Severity),
                    policy.Events.ToString().ToLowerInvariant(), EvalCommand.Lower(policy.Mode), EvalCommand.Lower(policy.Fail),
                    policy.Tests.Count.ToString(System.Globalization.CultureInfo.InvariantCulture), policy.Digest[7..19]);
            }

            AnsiConsole.Write(table);
            Console.WriteLine($"{set.Policies.Count} policies, default {EvalCommand.Lower(set.Default)}, version {set.Digest}");
            return ExitCode.Ok;
        });
        return command;
    }
}
