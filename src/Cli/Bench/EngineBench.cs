using System.CommandLine;
using System.CommandLine.Parsing;

namespace Chain.Cli.Bench;

/// <summary>
/// <c>chain bench engine</c>: the managed engine beside Node's V8, kernel by kernel, and what a module costs before it runs.
/// </summary>
internal static class EngineBench
{
    private static readonly WarmUp WarmUp = new(Calls: 8, Milliseconds: 1000);

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON in place of tables." };
        var kernel = new Option<string[]>("--kernel")
        {
            Description = "Only this kernel, and no compile times; may be repeated.",
            HelpName = "NAME",
        };
        var modules = new Option<bool>("--modules") { Description = "Only the compile times and first calls, and no kernel." };
        var rounds = new Option<int>("--rounds")
        {
            Description = "Timed calls of each kernel on each side; the median counts.",
            HelpName = "N",
            DefaultValueFactory = _ => 11,
        };
        rounds.Validators.Add(RoundsAreSane);
        var command = new Command("engine", "The managed engine beside Node's V8: kernels, compile times, first calls.")
        {
            json, kernel, modules, rounds,
        };
        command.SetAction(parsed =>
        {
            string[] only = parsed.GetValue(kernel) ?? [];
            bool modulesOnly = parsed.GetValue(modules);
            if (modulesOnly && only.Length > 0) throw new CommandException("--modules and --kernel exclude each other");
            return Run(only, modulesOnly, parsed.GetValue(rounds), parsed.GetValue(json));
        });
        return command;
    }

    private static void RoundsAreSane(OptionResult result)
    {
        if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out int n) && n is < 1 or > 1000)
        {
            result.AddError($"--rounds {n}: expected 1 to 1000");
        }
    }

    private static int Run(string[] only, bool modulesOnly, int rounds, bool json)
    {
        string folder = BenchFolder.Find("engine");
        IReadOnlyList<Kernel> kernels = modulesOnly ? [] : Kernel.Load(folder, only);
        var report = new BenchReport("engine");
        using PeerProcess? peer = PeerProcess.TryStart(Path.Combine(folder, "peer.mjs"), report);
        // Before the kernels, so that the first figures are those of a process that has just started.
        if (only.Length == 0) ModuleTimings.Measure(folder, peer, report);
        var theirs = peer is null ? null : new V8KernelRunner(peer);
        using var ours = new ManagedKernelRunner();
        foreach (Kernel kernel in kernels) report.Add(Measure(kernel, rounds, ours, theirs, peer?.Name));
        if (kernels.Count > 0)
        {
            report.Note(
                $"kernels: processor time, median of {rounds} calls on each side, taken in turn, after {WarmUp.Milliseconds} ms of warm-up on each");
        }

        report.Print(json);
        return ExitCode.Ok;
    }

    private static BenchRow Measure(Kernel kernel, int rounds, IKernelRunner ours, IKernelRunner? theirs, string? peerName)
    {
        ours.Prepare(kernel, WarmUp);
        theirs?.Prepare(kernel, WarmUp);
        var ourTimes = new List<double>(rounds);
        var theirTimes = new List<double>(rounds);
        for (int round = 0; round < rounds; round++)
        {
            KernelRun our = ours.Run(kernel);
            ourTimes.Add(our.Nanoseconds / 1e6);
            if (theirs is null) continue;
            KernelRun their = theirs.Run(kernel);
            theirTimes.Add(their.Nanoseconds / 1e6);
            if (our.Checksum != their.Checksum)
            {
                throw new CommandException(
                    $"kernel {kernel.Name}, run({kernel.N}): the checksums differ: {our.Checksum} here, {their.Checksum} in {peerName}",
                    ExitCode.Failed);
            }
        }

        double? peerMedian = theirs is null ? null : BenchReport.Median(theirTimes);
        return new BenchRow(kernel.Name, "ms", BenchReport.Median(ourTimes), peerMedian, theirs is null ? null : peerName);
    }
}
