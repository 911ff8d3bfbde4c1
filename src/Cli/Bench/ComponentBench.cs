using System.CommandLine;

namespace Chain.Cli.Bench;

/// <summary>
/// <c>chain bench component</c>: what making an instance and calling it cost, beside the same component transpiled by jco and run by Node's V8.
/// </summary>
internal static class ComponentBench
{
    // Both sides' optimising compilers are done by then.
    private const double WarmUpNanoseconds = 1e9;

    // Long enough for a clock that counts microseconds.
    private const double BatchNanoseconds = 20e6;

    private static readonly Case[] Cases =
    [
        new("instantiate", "instantiate, fresh", "us"),
        new("reset", "instantiate, pooled (reset after a call)", "us", PeerName: "instantiate"),
        new("empty", "call without arguments", "ns"),
        new("add", "call with three ints", "ns"),
        new("measure", "call with a 1 KB string", "ns"),
        new("echo", "call with a 1 KB string, there and back", "ns"),
        new("total", "call with a record with 100 records", "us"),
        new("discount", "call with a record with 100 records, there and back", "us"),
    ];

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON in place of tables." };
        var rounds = new Option<int>("--rounds") { Description = "Batches of each case on each side; the median counts.", HelpName = "N", DefaultValueFactory = _ => 15 };
        rounds.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out int n) && n is < 1 or > 1000) result.AddError($"--rounds {n}: expected 1 to 1000");
        });
        var command = new Command("component", "Instantiation and calls of a component, beside the same one transpiled by jco (npm @bytecodealliance/jco-transpile).")
        {
            json, rounds,
        };
        command.SetAction(parsed => Run(parsed.GetValue(rounds), parsed.GetValue(json)));
        return command;
    }

    private static int Run(int rounds, bool json)
    {
        string folder = BenchFolder.Find("component");
        string path = Path.Combine(folder, "calls.wasm");
        var report = new BenchReport("component");
        using JcoBoundary? theirs = JcoBoundary.TryStart(folder, path, report);
        using var ours = new ChainBoundary(path);
        foreach (Case one in Cases) report.Add(Measure(one, rounds, ours, theirs));
        report.Note($"medians of {rounds} batches of about {BatchNanoseconds / 1e6:0} ms on each side, taken in turn, after {WarmUpNanoseconds / 1e9:0} s of warm-up on each; processor time");
        report.Note("ours calls through delegates of CLR types; both sides give the same results, which are compared");
        report.Note("fresh: a store and an instance in it, of a component that is compiled and linked, and the store's end; theirs: instantiate() with compiled core modules");
        report.Note("pooled: one call with a 1 KB string, so that there is something to put back, and the reset; jco has none, so that its figure is that of a fresh instance");
        report.Print(json);
        return ExitCode.Ok;
    }

    private static BenchRow Measure(Case one, int rounds, ChainBoundary ours, JcoBoundary? theirs)
    {
        int ourCount = WarmUp(count => ours.Time(one.Name, count));
        int theirCount = theirs is null ? 0 : WarmUp(count => theirs.Time(one.PeerName ?? one.Name, count));
        var ourTimes = new List<double>(rounds);
        var theirTimes = new List<double>(rounds);
        for (int round = 0; round < rounds; round++)
        {
            ourTimes.Add(ours.Time(one.Name, ourCount).Nanoseconds / ourCount);
            if (theirs is not null) theirTimes.Add(theirs.Time(one.PeerName ?? one.Name, theirCount).Nanoseconds / theirCount);
        }

        if (theirs is not null && one.PeerName is null) RequireSameResult(one, ours, theirs);
        double unit = one.Unit == "us" ? 1_000 : 1;
        return new BenchRow(
            one.Title, one.Unit, BenchReport.Median(ourTimes) / unit, theirs is null ? null : BenchReport.Median(theirTimes) / unit, theirs?.Name,
            InGeomean: one.PeerName is null);
    }

    /// <summary>Calls until the side is warm.</summary>
    /// <returns>How many calls make a batch.</returns>
    private static int WarmUp(Func<int, Batch> time)
    {
        int count = 1;
        double spent = 0;
        while (true)
        {
            double took = time(count).Nanoseconds;
            spent += took;
            if (spent >= WarmUpNanoseconds && took >= BatchNanoseconds / 4) return Math.Max(1, (int)(count * BatchNanoseconds / took));
            if (took < BatchNanoseconds) count = Math.Max(count + 1, (int)Math.Min(count * 2L, count * BatchNanoseconds / Math.Max(took, 1)));
        }
    }

    private static void RequireSameResult(Case one, ChainBoundary ours, JcoBoundary theirs)
    {
        string our = ours.Time(one.Name, 3).Value;
        string their = theirs.Time(one.PeerName ?? one.Name, 3).Value;
        if (our != their) throw new CommandException($"{one.Title}: the results differ: '{our}' here, '{their}' in {theirs.Name}", ExitCode.Failed);
    }

    private sealed record Case(string Name, string Title, string Unit, string? PeerName = null);
}

/// <summary>A batch of calls of one case.</summary>
/// <param name="Nanoseconds">What all of them took.</param>
/// <param name="Value">What the last one gave.</param>
internal readonly record struct Batch(double Nanoseconds, string Value);
