using System.CommandLine;
using System.Text.Json;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;

namespace Chain.Cli.Policy;

/// <summary><c>chain policy eval PATH… --callee …</c>: the decision about one call.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        Argument<FileSystemInfo[]> paths = PolicyInput.PathsArgument();
        var call = new CallOptions();
        var json = new Option<bool>("--json") { Description = "Print the decision as JSON." };
        var command = new Command("eval", "Decide about one call; exit code 1 says that it is denied.") { paths, json };
        foreach (Option option in call.All) command.Add(option);
        command.SetAction(result =>
        {
            var labels = new LabelStore();
            PolicySet set = PolicyInput.Load(result.GetRequiredValue(paths), labels);
            CallFacts facts = call.Read(result, labels);
            Decision decision = set.Decide(facts);
            if (result.GetValue(json)) PrintJson(decision, facts, labels);
            else Print(decision, facts, labels);
            return decision.Verdict == Verdict.Deny ? ExitCode.Failed : ExitCode.Ok;
        });
        return command;
    }

    public static void Print(Decision decision, in CallFacts facts, LabelStore labels)
    {
        string by = decision.DecidedBy is Chain.PolicyEngine.Policies.Policy policy ? $" by {policy.Name}" : " by default";
        Console.WriteLine($"{Lower(decision.Verdict)}{by}");
        if (decision.ShadowVerdict != decision.Verdict) Console.WriteLine($"  with the policies in shadow mode: {Lower(decision.ShadowVerdict)}");
        foreach (PolicyOutcome outcome in decision.Outcomes)
        {
            string shadow = outcome.Policy.Mode == PolicyMode.Shadow ? ", shadow" : "";
            Console.WriteLine($"  {Lower(outcome.Policy.Effect),-6} {outcome.Policy.Name} ({Lower(outcome.Policy.Severity)}{shadow}) {outcome.Policy.Digest[..19]}");
            if (outcome.Error is not null) Console.WriteLine($"         the condition failed ({outcome.Error}) and counts as {(outcome.Applies ? "a match" : "no match")}: fail {Lower(outcome.Policy.Fail)}");
            string message = outcome.Policy.MessageFor(facts, labels);
            if (message.Length > 0) Console.WriteLine($"         {message}");
        }
    }

    private static void PrintJson(Decision decision, in CallFacts facts, LabelStore labels)
    {
        CallFacts call = facts;
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            verdict = Lower(decision.Verdict),
            shadowVerdict = Lower(decision.ShadowVerdict),
            decidedBy = decision.DecidedBy?.Name,
            set = decision.Set.Digest,
            outcomes = decision.Outcomes.Select(o => new
            {
                policy = o.Policy.Name,
                version = o.Policy.Digest,
                effect = Lower(o.Policy.Effect),
                severity = Lower(o.Policy.Severity),
                mode = Lower(o.Policy.Mode),
                applies = o.Applies,
                error = o.Error,
                message = o.Policy.MessageFor(call, labels),
            }),
        }, new JsonSerializerOptions { WriteIndented = true }));
    }

    public static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
