using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Chain.PolicyEngine.Decisions;

namespace Chain.Cli.Bench;

/// <summary><c>chain bench policy</c>: decisions of 1, 100 and 10,000 policies beside Cedar in Node.</summary>
internal static class PolicyBench
{
    private const int OurDecisions = 200_000;
    private const int CheckedCalls = 500;

    // A question to the peer must be answered within two minutes, and on a busy machine one of its decisions can take a second.
    private const int PeerChunk = 25;
    private static readonly TimeSpan PeerRound = TimeSpan.FromSeconds(1);
    private static readonly int[] Sizes = [1, 100, 10_000];

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON in place of tables." };
        var rounds = new Option<int>("--rounds") { Description = "Rounds on each side; the median counts.", HelpName = "N", DefaultValueFactory = _ => 5 };
        rounds.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out int n) && n is < 1 or > 100) result.AddError($"--rounds {n}: expected 1 to 100");
        });
        var command = new Command("policy", "Decisions of 1, 100 and 10,000 policies, beside Cedar (npm @cedar-policy/cedar-wasm).") { json, rounds };
        command.SetAction(parsed => Run(parsed.GetValue(rounds), parsed.GetValue(json)));
        return command;
    }

    private static int Run(int rounds, bool json)
    {
        var report = new BenchReport("policy");
        using PeerProcess? peer = TryStartPeer(report);
        string? peerName = peer?.Ask<PeerName>(new { op = "name" }).Name;
        foreach (int size in Sizes) Measure(size, rounds, peer, peerName, report);
        report.Note($"ours: {OurDecisions:#,0} decisions a round, each timed alone (reading the clock, about {ClockCost():0} ns, is in the figure), over links and labels that were seen before");
        report.Note("first call of a link: the link's object is new, so the policies that can match are looked up");
        report.Note("the peer decides with preparsed policies and no entities; both sides gave the same verdict for every call compared");
        report.Print(json);
        return ExitCode.Ok;
    }

    private static void Measure(int size, int rounds, PeerProcess? peer, string? peerName, BenchReport report)
    {
        var workload = new PolicyWorkload(size);
        peer?.Ask<Loaded>(new { op = "load", policies = workload.Cedar, given = workload.Given });
        if (peer is not null) RequireSameVerdicts(workload, peer);
        var ours = new List<Quantiles>();
        var cold = new List<Quantiles>();
        var theirs = new List<Quantiles>();
        RunOurs(workload, fresh: false);
        long peerCalls = peer is null ? 0 : PeerCallsARound(peer);
        for (int round = 0; round < rounds; round++)
        {
            ours.Add(RunOurs(workload, fresh: false));
            cold.Add(RunOurs(workload, fresh: true));
            if (peer is not null) theirs.Add(RunPeer(peer, round * 997, peerCalls));
        }

        string name = $"{size.ToString("#,0", CultureInfo.InvariantCulture)} {(size == 1 ? "policy" : "policies")}";
        report.Add(new BenchRow($"{name}, p50", "us", Median(ours, q => q.P50), peer is null ? null : Median(theirs, q => q.P50), peerName));
        report.Add(new BenchRow($"{name}, p99", "us", Median(ours, q => q.P99), peer is null ? null : Median(theirs, q => q.P99), peerName));
        report.Add(new BenchRow($"{name}, allocated a decision", "bytes", AllocatedPerDecision(workload), InGeomean: false));
        report.Add(new BenchRow($"{name}, first call of a link, p50", "us", Median(cold, q => q.P50), InGeomean: false));
        report.Add(new BenchRow($"{name}, first call of a link, p99", "us", Median(cold, q => q.P99), InGeomean: false));
        int denied = workload.Calls.Count(c => workload.Set.Decide(c).Verdict == Verdict.Deny);
        report.Note($"{name}: {denied * 100.0 / workload.Calls.Length:0.0} % of the calls are denied");
    }

    private static double Median(List<Quantiles> rounds, Func<Quantiles, double> part) => BenchReport.Median([.. rounds.Select(part)]) / 1_000;

    private static Quantiles RunOurs(PolicyWorkload workload, bool fresh)
    {
        int count = fresh ? OurDecisions / 40 : OurDecisions;
        var nanoseconds = new double[count];
        CallFacts[] calls = fresh ? [.. workload.Calls.Take(count).Select(Fresh)] : workload.Calls;
        for (int i = 0; i < count; i++)
        {
            ref readonly CallFacts call = ref calls[i % calls.Length];
            // A second turn of the same call would find its link known.
            if (fresh && i > 0 && i % calls.Length == 0) calls = [.. workload.Calls.Select(Fresh)];
            long since = Stopwatch.GetTimestamp();
            workload.Set.Decide(call);
            nanoseconds[i] = (Stopwatch.GetTimestamp() - since) * (1e9 / Stopwatch.Frequency);
        }

        return Quantiles.Of(nanoseconds);
    }

    private static CallFacts Fresh(CallFacts call) => new()
    {
        Link = new CallLink(call.Link.Caller, call.Link.Callee, call.Link.FunctionRef), Data = call.Data, Depth = call.Depth, Passed = call.Passed,
    };

    private static double AllocatedPerDecision(PolicyWorkload workload)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < OurDecisions; i++) workload.Set.Decide(workload.Calls[i % workload.Calls.Length]);
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)OurDecisions;
    }

    private static void RequireSameVerdicts(PolicyWorkload workload, PeerProcess peer)
    {
        // The peer takes some 50 ms a decision with 10,000 policies.
        int count = workload.Set.Policies.Count > 1_000 ? CheckedCalls / 5 : CheckedCalls;
        var theirs = new List<bool>();
        while (theirs.Count < count) theirs.AddRange(peer.Ask<Verdicts>(new { op = "verdicts", from = theirs.Count, count = PeerChunk }).AllowedCalls);
        for (int i = 0; i < theirs.Count; i++)
        {
            Decision ours = workload.Set.Decide(workload.Calls[i]);
            if (ours.Verdict == Verdict.Allow != theirs[i]) throw new CommandException($"call {i} ({workload.Calls[i].Link}): ours says {ours}, the peer {(theirs[i] ? "allow" : "deny")}", ExitCode.Failed);
        }
    }

    /// <summary>As many calls as the peer makes in a round's time, so that 10,000 policies do not take minutes.</summary>
    private static long PeerCallsARound(PeerProcess peer)
    {
        double mean = peer.Ask<Timings>(new { op = "run", from = 0, count = PeerChunk }).Nanoseconds.Average();
        return (long)Math.Clamp(PeerRound.TotalNanoseconds / mean, 50, 20_000);
    }

    private static Quantiles RunPeer(PeerProcess peer, int from, long count)
    {
        var nanoseconds = new List<double>();
        while (nanoseconds.Count < count)
        {
            // Longer questions where decisions are quick, so that asking does not cool the peer down between few of them.
            long next = Math.Min(count - nanoseconds.Count, count > 1_000 ? count : PeerChunk);
            nanoseconds.AddRange(peer.Ask<Timings>(new { op = "run", from = from + nanoseconds.Count, count = next }).Nanoseconds);
        }

        return Quantiles.Of([.. nanoseconds]);
    }

    private static double ClockCost()
    {
        long since = Stopwatch.GetTimestamp();
        const int Times = 100_000;
        for (int i = 0; i < Times; i++) Stopwatch.GetTimestamp();
        return Stopwatch.GetElapsedTime(since).TotalNanoseconds / Times;
    }

    /// <summary>Starts the peer; its package is installed by npm when it is not there yet.</summary>
    private static PeerProcess? TryStartPeer(BenchReport report)
    {
        string folder = BenchFolder.Find("policy");
        if (!NodePackages.TryInstall(folder, "@cedar-policy/cedar-wasm", report)) return null;
        // Node 20.20 dies in the deoptimizer ("unreachable code") when it inlines calls from JavaScript into this module.
        return PeerProcess.TryStart(Path.Combine(folder, "peer.mjs"), report, "--no-turbo-inline-js-wasm-calls");
    }

    private sealed record PeerName(string Name);

    private sealed record Loaded(int Count);

    private sealed record Verdicts([property: System.Text.Json.Serialization.JsonPropertyName("verdicts")] bool[] AllowedCalls);

    private sealed record Timings(double[] Nanoseconds);

    private readonly record struct Quantiles(double P50, double P99)
    {
        public static Quantiles Of(double[] values)
        {
            Array.Sort(values);
            return new Quantiles(values[values.Length / 2], values[Math.Min(values.Length - 1, values.Length * 99 / 100)]);
        }
    }
}
