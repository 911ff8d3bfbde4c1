using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Chain.Silo.Calls;
using Chain.Tracer.Calls;

namespace Chain.Cli.Tests.Cluster;

/// <summary>Compares what callers were told with what the components counted and with what is in the record.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed partial class Books
{
    // Both numbers are read and written.
    private const int Uses = 4;

    private readonly string application;
    private readonly IReadOnlyList<Effort> efforts;
    private readonly IReadOnlyDictionary<(string Component, string Key), uint> numbers;
    private readonly ClusterCall[] calls;
    private readonly ILookup<long, ClusterCall> traces;

    private Books(string application, IReadOnlyList<Effort> efforts, IReadOnlyDictionary<(string Component, string Key), uint> numbers, ClusterCall[] calls)
    {
        this.application = application;
        this.efforts = efforts;
        this.numbers = numbers;
        this.calls = calls;
        traces = calls.ToLookup(static call => call.Trace);
    }

    /// <summary>Reads everything, once the record has every call that was answered or does not get it any more.</summary>
    public static async Task<Books> ReadAsync(LiveCluster cluster, string application, IReadOnlyList<Effort> efforts)
    {
        ClusterCall[] calls = await cluster.RecordAsync(application, calls => !Unrecorded(efforts, calls.ToLookup(static call => call.Trace), application).Any());
        return new Books(application, efforts, await cluster.NumbersAsync(application), calls);
    }

    /// <summary>Calls that were answered and are not in the record with all that is certain of them.</summary>
    public string[] Unrecorded() => [.. Unrecorded(efforts, traces, application)];

    /// <summary>No effect is there twice, unless its function may run twice; and every one that a caller was told of is there.</summary>
    public string[] WrongEffects() => [.. efforts.Select(effort =>
    {
        (_, string book, _, bool isIdempotent) = LoadApplication.Ways[effort.Way];
        uint effects = numbers.GetValueOrDefault((book, effort.Id));
        int begun = effort.Answer is null ? 1 : traces[effort.Trace].Count(call => call.Callee == $"{application}/{book}" && call.Outcome is not ((short)CallOutcome.NotStarted or (short)CallOutcome.Denied));
        uint most = isIdempotent ? (uint)(effort.Answer is null ? 30 : Math.Max(1, begun)) : 1;
        uint least = effort.IsAcknowledged ? 1u : 0;
        if (effort.Outcome == "unreached") most = 0;
        return effects >= least && effects <= most ? "" : $"{book} {effort.Id}: {effort.Outcome}, and {effects} effects in place of {least} to {most}; {Path(effort)}";
    }).Where(static wrong => wrong.Length > 0)];

    /// <summary>No count is lost, and each account was counted by one instance at a time: the numbers go up as the calls came and went.</summary>
    public string[] WrongCounts()
    {
        var wrong = new List<string>();
        foreach (IGrouping<(string Book, string Account), Effort> account in efforts.Where(static one => LoadApplication.Ways[one.Way].IsStateful)
            .GroupBy(static one => (LoadApplication.Ways[one.Way].Book, one.Account)))
        {
            Effort[] told = [.. account.Where(static one => one.IsAcknowledged).OrderBy(static one => one.Number)];
            uint number = numbers.GetValueOrDefault(account.Key);
            long effects = account.Sum(one => numbers.GetValueOrDefault((account.Key.Book, one.Id)));
            if (number < told.Length || number > effects) wrong.Add($"{account.Key}: {number} after {told.Length} acknowledged calls and {effects} effects");
            long latest = 0;
            for (int i = 0; i < told.Length; i++)
            {
                if (i > 0 && told[i].Number == told[i - 1].Number) wrong.Add($"{account.Key}: number {told[i].Number} twice, for {told[i - 1].Id} by {Path(told[i - 1])} and {told[i].Id} by {Path(told[i])}");
                if (told[i].Ended < latest) wrong.Add($"{account.Key}: number {told[i].Number} was given after a higher one");
                latest = Math.Max(latest, told[i].Started);
            }
        }

        return [.. wrong];
    }

    /// <summary>Calls that ran where their component may not be.</summary>
    public string[] Misplaced() => [.. calls
        .Where(call => call.Host == "s3" && call.Outcome is not ((short)CallOutcome.NotStarted or (short)CallOutcome.Lost or (short)CallOutcome.Denied or (short)CallOutcome.Cancelled or (short)CallOutcome.TimedOut)
            && call.Callee[(application.Length + 1)..] is "tally" or "eu-book" or "sure-book")
        .Select(static call => $"{call.Callee} on {call.Host}")];

    /// <summary>How many calls there were of each outcome, with what was said.</summary>
    public string Summary()
    {
        IEnumerable<string> kinds = efforts.Where(static one => !one.IsAcknowledged)
            .GroupBy(static one => $"{one.Outcome}: {Names().Replace(one.Error, "…")}").OrderByDescending(static one => one.Count()).Select(static one => $"  {one.Count()} × {one.Key}");
        string attempts = string.Join(", ", calls.GroupBy(static one => (one.Outcome, Again: one.Attempt > 1)).OrderBy(static one => one.Key)
            .Select(static one => $"{one.Count()} {OutcomeNames.Of((CallOutcome)one.Key.Outcome)}{(one.Key.Again ? " (again)" : "")}"));
        return $"{efforts.Count} calls, {efforts.Count(static one => one.IsAcknowledged)} acknowledged\n{string.Join('\n', kinds)}\n  record: {attempts}";
    }

    private static IEnumerable<string> Unrecorded(IReadOnlyList<Effort> efforts, ILookup<long, ClusterCall> traces, string application)
    {
        foreach (Effort effort in efforts)
        {
            if (effort.Answer is null) continue;
            (string entry, string book, _, _) = LoadApplication.Ways[effort.Way];
            ClusterCall[] chain = [.. traces[effort.Trace]];
            ClusterCall[] roots = [.. chain.Where(static call => call.Parent is null)];
            string what = $"{effort.Id} by {entry} at {effort.Silo}, {effort.Outcome}";
            if (roots.Length == 0 || OutcomeNames.Of((CallOutcome)roots[^1].Outcome) != effort.Outcome || roots.Any(call => call.Callee != $"{application}/{entry}"))
                yield return $"{what}: its root is not in the record; {PathOf(chain)}";
            else if (entry != book && effort.IsAcknowledged && !chain.Any(call => call.Callee == $"{application}/{book}" && call.Outcome == 0 && call.Parent == roots[^1].Id))
                yield return $"{what}: the call of {book} is not in the record; {PathOf(chain)}";
            else if (effort.IsAcknowledged && chain.Count(call => call.Callee == $"{application}/keyvalue:ledger" && call.Outcome == 0) < Uses)
                yield return $"{what}: uses of its bucket are not in the record; {PathOf(chain)}";
            else if (!effort.IsAcknowledged && entry != book && !chain.Any(call => call.Callee == $"{application}/{book}" && call.Outcome != 0))
                yield return $"{what}: what failed is not in the record; {PathOf(chain)}";
        }
    }

    private string Path(Effort effort) => effort.Answer is null ? effort.Error : PathOf(traces[effort.Trace]);

    private static string PathOf(IEnumerable<ClusterCall> chain) =>
        string.Join(", ", chain.Select(static call => $"{call.Callee} on {call.Host} {OutcomeNames.Of((CallOutcome)call.Outcome)} attempt {call.Attempt} by {call.Node}"));

    [GeneratedRegex(@"[a-z]\d*-\d+(-id-\d+)?(-only)?|127\.0\.0\.1:\d+|\bS?[0-9.:@]{9,}\b")]
    private static partial Regex Names();
}
