using System.CommandLine;
using Chain.Cli.Alerts;
using Chain.Cli.RecordStore;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Storage;
using Chain.Tracer.Tags;

namespace Chain.Cli.Policy;

/// <summary><c>chain policy history</c> and <c>chain policy activate</c>: which set decided when.</summary>
internal static class HistoryCommand
{
    public static Command Create()
    {
        var name = new Option<string?>("--policy") { Description = "Only the changes of this policy." };
        var limit = new Option<int>("--limit") { Description = "At most this many activations.", HelpName = "N", DefaultValueFactory = _ => 100 };
        Command command = new Command("history", "Show which set of policies was active from when, and what changed.") { name, limit }.WithStore();
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(limit) is < 1 or > 100_000) throw new CommandException("--limit: expected 1 to 100000");
            await using StoreConnection store = await StoreConnection.OpenAsync(parsed, cancellation);
            // One more than is shown, so that the oldest shown has something to be compared with.
            IReadOnlyList<PolicyActivation> activations = await new PolicyHistory(store.Database).ActivationsAsync(parsed.GetValue(limit) + 1, cancellation);
            for (int i = 0; i < Math.Min(activations.Count, parsed.GetValue(limit)); i++)
            {
                Print(activations[i], i + 1 < activations.Count ? activations[i + 1] : null, parsed.GetValue(name));
            }

            if (activations.Count == 0) Console.Out.WriteLine("no set of policies was ever active");
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Activate()
    {
        Argument<FileSystemInfo[]> paths = PolicyInput.PathsArgument();
        var author = new Option<string>("--author") { Description = "Who does it.", DefaultValueFactory = _ => Environment.UserName };
        Command command = new Command("activate", "Make a set the active one of the store; every silo that watches the store takes it at once.") { paths, author }.WithStore();
        command.SetAction(async (parsed, cancellation) =>
        {
            PolicySet set = PolicyInput.Load(parsed.GetRequiredValue(paths), new LabelStore());
            await using StoreConnection store = await StoreConnection.OpenAsync(parsed, migrate: true, create: true, cancellation);
            bool changed = await new PolicyHistory(store.Database).ActivateAsync(set, parsed.GetValue(author)!, DateTimeOffset.UtcNow, cancellation);
            Console.Out.WriteLine($"{(changed ? "active" : "active already")}: {set.Policies.Count} policies, version {set.Digest}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(PolicyActivation now, PolicyActivation? before, string? only)
    {
        var lines = new List<string>();
        IReadOnlyDictionary<string, string> old = before?.Policies ?? new Dictionary<string, string>();
        foreach ((string name, string digest) in now.Policies.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            if (!old.TryGetValue(name, out string? was)) lines.Add($"+ {name} {digest[..19]}");
            else if (was != digest) lines.Add($"~ {name} {was[..19]} -> {digest[..19]}");
        }

        lines.AddRange(old.Keys.Where(n => !now.Policies.ContainsKey(n)).Order(StringComparer.Ordinal).Select(n => $"- {n}"));
        if (before is not null && before.Default != now.Default) lines.Add($"default {EvalCommand.Lower(before.Default)} -> {EvalCommand.Lower(now.Default)}");
        if (only is not null) lines.RemoveAll(l => l.Split(' ')[1] != only);
        if (only is not null && lines.Count == 0) return;
        Console.Out.WriteLine($"{AlertsCommand.Time(now.At)} {now.Set[..19]} by {now.Author}: {now.Policies.Count} policies, default {EvalCommand.Lower(now.Default)}");
        foreach (string line in lines) Console.Out.WriteLine($"  {line}");
    }
}
