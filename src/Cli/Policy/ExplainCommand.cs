using System.CommandLine;
using Chain.PolicyEngine.Decisions;
using Chain.Tracer.Tags;

namespace Chain.Cli.Policy;

/// <summary><c>chain policy explain PATH… --callee …</c>: which sub-expressions were true.</summary>
internal static class ExplainCommand
{
    public static Command Create()
    {
        Argument<FileSystemInfo[]> paths = PolicyInput.PathsArgument();
        var call = new CallOptions();
        var name = new Option<string?>("--policy") { Description = "Explain this policy only." };
        var all = new Option<bool>("--all") { Description = "Also explain the policies whose 'match' does not fit." };
        var command = new Command("explain", "Explain the decision about one call, down to the sub-expressions.") { paths, name, all };
        foreach (Option option in call.All) command.Add(option);
        command.SetAction(result =>
        {
            var labels = new LabelStore();
            PolicySet set = PolicyInput.Load(result.GetRequiredValue(paths), labels);
            CallFacts facts = call.Read(result, labels);
            string? only = result.GetValue(name);
            if (only is not null && !set.Policies.Any(p => p.Name == only)) throw new CommandException($"no policy is called '{only}'");
            foreach (PolicyExplanation explanation in Explanation.Of(set, facts))
            {
                bool isShown = only is null ? result.GetValue(all) || (explanation.AppliesToEvent && explanation.Match.All(m => m.Fits)) : explanation.Policy.Name == only;
                if (isShown) Print(explanation);
            }

            EvalCommand.Print(set.Decide(facts), facts, labels);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(PolicyExplanation explanation)
    {
        string outcome = !explanation.AppliesToEvent ? "is not asked at this event"
            : explanation.Outcome is null ? "does not match"
            : explanation.Outcome.Error is not null ? "fails"
            : "matches";
        Console.WriteLine($"{explanation.Policy.Name} ({EvalCommand.Lower(explanation.Policy.Effect)}) {outcome}   {explanation.Policy.Place}");
        foreach (MatchExplanation key in explanation.Match)
        {
            Console.WriteLine($"  {(key.Fits ? "yes" : "no "),-4} {key.Key}: {key.Patterns}   (is '{key.Value}')");
        }

        int width = explanation.Terms.Count == 0 ? 0 : Math.Min(explanation.Terms.Max(t => t.Text.Length + (t.Depth * 2)), 90);
        foreach (TermExplanation term in explanation.Terms)
        {
            string text = new string(' ', term.Depth * 2) + term.Text;
            Console.WriteLine($"       {text.PadRight(width)}   {term.Value}");
        }

        Console.WriteLine();
    }
}
