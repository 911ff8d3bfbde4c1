using System.CommandLine;
using System.Globalization;
using Chain.Cli.RecordStore;
using Chain.PolicyEngine.Backtesting;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Storage;
using Chain.Tracer.Tags;

namespace Chain.Cli.Policy;

/// <summary><c>chain policy backtest PATH…</c>: what a changed set would have done to the recorded calls.</summary>
internal static class BacktestCommand
{
    private const int ShownGroups = 50;

    public static Command Create()
    {
        Argument<FileSystemInfo[]> paths = PolicyInput.PathsArgument();
        var against = new Option<FileSystemInfo[]>("--against") { Description = "The set to compare with; without it the active set of the store, or what was recorded.", AllowMultipleArgumentsPerToken = true, HelpName = "PATH" };
        var recorded = new Option<bool>("--recorded") { Description = "Compare with what the record says: denied, or not." };
        var from = new Option<DateTimeOffset?>("--from") { Description = "The first moment of the calls.", HelpName = "TIME" };
        var to = new Option<DateTimeOffset?>("--to") { Description = "The moment after the last.", HelpName = "TIME" };
        Command command = new Command("backtest", "Run changed policies over recorded calls; exit code 1 says that a decision changes.") { paths, against, recorded, from, to }.WithStore();
        command.SetAction(async (parsed, cancellation) =>
        {
            var labels = new LabelStore();
            PolicySet after = PolicyInput.Load(parsed.GetRequiredValue(paths), labels);
            await using StoreConnection store = await StoreConnection.OpenAsync(parsed, cancellation);
            PolicySet? before = parsed.GetValue(recorded) ? null
                : parsed.GetValue(against) is { Length: > 0 } others ? PolicyInput.Load(others, labels)
                : await new PolicyHistory(store.Database).ActiveAsync(labels, cancellation);
            Console.Out.WriteLine(before is null ? "comparing with what was recorded" : $"comparing with the set {before.Digest[..19]} of {before.Policies.Count} policies");
            DateTimeOffset last = parsed.GetValue(to) ?? DateTimeOffset.UtcNow.AddDays(1);
            IAsyncEnumerable<StoredCallBatch> calls = new CallHistory(store.Database).ReadAsync(labels, parsed.GetValue(from) ?? Chain.Tracer.Calls.CallId.Epoch, last, cancellation);
            BacktestReport report = await new Backtest(before, after).RunAsync(calls, cancellation);
            Print(report, labels);
            return report.Changed == 0 ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static void Print(BacktestReport report, LabelStore labels)
    {
        foreach (BacktestGroup group in report.Groups.Take(ShownGroups)) Print(group, labels);
        if (report.Groups.Count > ShownGroups) Console.Out.WriteLine($"… and {report.Groups.Count - ShownGroups} more groups");
        double rate = report.Decisions / Math.Max(report.Deciding.TotalSeconds, 1e-6);
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Calls:#,0} calls, {report.Decisions:#,0} decisions in {report.Elapsed.TotalSeconds:0.0} s with reading ({rate:#,0} decisions/s once read)"));
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Changed:#,0} decisions change, in {report.Groups.Count} groups"));
    }

    private static void Print(BacktestGroup group, LabelStore labels)
    {
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{group.Count:#,0} × {group.Before}  =>  {group.After}"));
        Console.Out.WriteLine($"    {group.Link} ({EvalCommand.Lower(group.Event)})");
        CallFacts facts = group.Example.Facts;
        Console.Out.WriteLine($"    example: call {group.Example.Call.Id} of {group.Example.Call.Id.Start.UtcDateTime:yyyy-MM-dd HH:mm:ss.ffffff}Z, trace key {group.Example.Call.Trace}, data [{labels[facts.Data]}]");
        string[] path = [.. facts.Passed.ToArray().Select(s => $"{s.Component.Name}[{labels[s.Label]}]")];
        string shown = path.Length <= 12 ? string.Join(" > ", path) : string.Join(" > ", path[..6]) + $" > … {path.Length - 12} more … > " + string.Join(" > ", path[^6..]);
        Console.Out.WriteLine($"    path: {(path.Length == 0 ? "(the chain's first call)" : shown)}");
        foreach (PolicyOutcome outcome in Responsible(group))
        {
            PolicyExplanation explanation = Explanation.Of(outcome.Policy, facts, labels);
            string match = string.Join(", ", explanation.Match.Select(m => $"{m.Key} {m.Value} fits {m.Patterns}"));
            Console.Out.WriteLine($"    {(group.AfterDecision.Outcomes.Contains(outcome) ? "now" : "no longer")} {outcome.Policy.Name}{(match.Length == 0 ? "" : $": {match}")}");
            foreach (TermExplanation term in explanation.Terms) Console.Out.WriteLine($"      {new string(' ', term.Depth * 2)}{term.Text} = {term.Value}");
        }
    }

    /// <summary>The policies that matched in only one of the two decisions, or in another version.</summary>
    private static IEnumerable<PolicyOutcome> Responsible(BacktestGroup group)
    {
        IReadOnlyList<PolicyOutcome> old = group.BeforeDecision?.Outcomes ?? [];
        IReadOnlyList<PolicyOutcome> now = group.AfterDecision.Outcomes;
        return now.Where(n => !old.Any(o => o.Policy.Name == n.Policy.Name && o.Policy.Digest == n.Policy.Digest))
            .Concat(old.Where(o => !now.Any(n => n.Policy.Name == o.Policy.Name)));
    }
}
