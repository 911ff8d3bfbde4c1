using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Chain.Cli.RecordStore;
using Chain.Silo.Calls;
using Chain.Silo.Hosting.Local;
using Chain.Tracer.Tags;
using Chain.Tracer.Telemetry;

namespace Chain.Cli.Bench;

/// <summary><c>chain bench hop</c>: what a call from component to component costs on a node, and what tags, the record and policies add to it.</summary>
internal static class HopBench
{
    // Work of a guest in a call, for the throughput.
    private const double WorkMicroseconds = 100;

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON in place of the table." };
        var rounds = new Option<int>("--rounds") { Description = "Rounds of each stage.", DefaultValueFactory = _ => 41 };
        var chains = new Option<int>("--chains") { Description = "Chains of ten calls in a round.", DefaultValueFactory = _ => 1000 };
        var cluster = new Option<bool>("--cluster") { Description = "Calls between two silos of a cluster, and in one, beside plain grain calls. --rounds is 9 there unless given." };
        var calls = new Option<int>("--calls") { Description = "With --cluster: calls of a case in a round; a tenth of them where the guest works.", DefaultValueFactory = _ => 20_000 };
        var command = new Command("hop", "Microseconds of a call from component to component: bare, with tags, the record, policies; throughput with all and with none.")
        {
            rounds, chains, cluster, calls, json,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            (int many, int size) = (parsed.GetValue(rounds), parsed.GetValue(chains));
            if (many is < 1 or > 10_000 || size is < 100 or > 1_000_000)
                throw new CommandException($"--rounds is 1 to 10000 and --chains 100 to 1000000; found {many} and {size}");
            if (parsed.GetValue(cluster))
            {
                int count = parsed.GetValue(calls);
                if (count is < 1_000 or > 10_000_000) throw new CommandException($"--calls is 1000 to 10000000; found {count}");
#if ORLEANS
                await ClusterHopBench.RunAsync(parsed.GetResult(rounds) is { Implicit: false } ? many : 9, count, parsed.GetValue(json), cancellation);
                return ExitCode.Ok;
#else
                throw new CommandException(Chain.Silo.Hosting.ClusterSupport.Missing, ExitCode.Unavailable);
#endif
            }

            await RunAsync(many, size, parsed.GetValue(json), cancellation);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task RunAsync(int rounds, int chains, bool json, CancellationToken cancellation)
    {
        await using TemporaryStore store = await TemporaryStore.StartAsync(cancellation);
        var options = new NodeOptions { Folder = Path.Combine(store.Folder, "node"), Postgres = store.ConnectionString };
        await using LocalNode node = await LocalNode.StartAsync(options, static _ => { }, cancellation);
        await node.DeployAsync(await HopApplication.WriteAsync(Path.Combine(store.Folder, "application"), hasRules: true), 1, "bench", cancellation);
        var load = new HopLoad(node, new PostgresProcesses(store.ServerProcessId), chains, cancellation);
        var report = new BenchReport("hop");
        await CostAsync(report, load, rounds);
        await ThroughputAsync(report, load, rounds);
        if (node.Dropped > 0) report.Note($"{node.Dropped} decisions or violations were not kept");
        string average = File.Exists("/proc/loadavg") ? string.Join(' ', (await File.ReadAllTextAsync("/proc/loadavg", cancellation)).Split(' ')[..3]) : "unknown";
        report.Note($"{Environment.ProcessorCount} cores, load average at the end {average}");
        report.Print(json);
    }

    private static async Task CostAsync(BenchReport report, HopLoad load, int rounds)
    {
        (string Name, PipelineStages Stages)[] stages =
        [
            ("bare", PipelineStages.None),
            ("with tags", PipelineStages.Label),
            ("with tags and record", PipelineStages.Label | PipelineStages.Record),
            ("with tags, record and policies", PipelineStages.All),
        ];
        List<double>[] costs = [.. stages.Select(static _ => new List<double>())];
        List<double>[] bytes = [.. stages.Select(static _ => new List<double>())];
        // The first rounds are until the JIT has seen all of it often enough.
        for (int round = -5; round < rounds; round++)
        {
            for (int i = 0; i < stages.Length; i++)
            {
                await load.UseAsync(stages[i].Stages);
                (double cost, double allocated) = await load.HopAsync();
                if (round < 0) continue;
                costs[i].Add(cost);
                bytes[i].Add(allocated);
            }
        }

        for (int i = 0; i < stages.Length; i++)
        {
            report.Add(new BenchRow($"a hop, {stages[i].Name}{(i == stages.Length - 1 ? ", to be ≤ 10" : "")}", "us", BenchReport.Median(costs[i]), InGeomean: false));
            report.Add(new BenchRow($"a hop, {stages[i].Name}", "bytes allocated", BenchReport.Median(bytes[i]), InGeomean: false));
        }

        report.Note("a hop: of chains one at a time, the median of those ten calls long less the median of those of one call, by nine; medians of rounds, the stages in turn; the record and decisions go to Postgres between the rounds");
    }

    private static async Task ThroughputAsync(BenchReport report, HopLoad load, int rounds)
    {
        await load.UseAsync(PipelineStages.None);
        int work = await load.CalibrateAsync(WorkMicroseconds);
        var (on, off, ratios) = (new List<Throughput>(), new List<Throughput>(), new List<double>());
        // As above: what empties the buffers and talks to Postgres has run seldom until now.
        for (int round = -3; round < rounds; round++)
        {
            await load.UseAsync(PipelineStages.None);
            Throughput without = await load.ThroughputAsync(work);
            await load.UseAsync(PipelineStages.All);
            Throughput with = await load.ThroughputAsync(work);
            if (round < 0) continue;
            on.Add(with);
            off.Add(without);
            ratios.Add(with.CallsPerSecond / without.CallsPerSecond);
        }

        report.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"throughput: ratios of neighbouring rounds {string.Join(' ', ratios.Select(static one => one.ToString("0.000", CultureInfo.InvariantCulture)))}; median {BenchReport.Median(ratios):0.000}"));
        if (Threads(on, off) is { Length: > 0 } threads) report.Note($"processor time by thread, us a call, all on and all off: {threads}");

        double Median(List<Throughput> all, Func<Throughput, double> of) => BenchReport.Median([.. all.Select(of)]);
        report.Add(new BenchRow(
            $"throughput, {WorkMicroseconds:0} us of work a call, ratio to be ≥ 0.97", "calls/s",
            Median(on, static one => one.CallsPerSecond), Median(off, static one => one.CallsPerSecond), "all off", Better.Higher, InGeomean: false));
        report.Add(new BenchRow(
            "the same, processor time of the node", "us a call", Median(on, static one => one.Node), Median(off, static one => one.Node), "all off", InGeomean: false));
        report.Add(new BenchRow(
            "the same, with that of its Postgres", "us a call", Median(on, static one => one.Node + one.Store), Median(off, static one => one.Node + one.Store), "all off", InGeomean: false));
        report.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"throughput: {load.Concurrency} chains of ten calls at a time, every call recorded, the time until all is in Postgres counts; {work} rounds of the guest's loop take {WorkMicroseconds:0} us"));
    }

    // The most expensive first; what takes less than 20 ns a call is left out.
    private static string Threads(List<Throughput> on, List<Throughput> off)
    {
        double Of(List<Throughput> rounds, string name) => BenchReport.Median([.. rounds.Select(one => one.Threads.GetValueOrDefault(name))]);
        return string.Join(", ", on.SelectMany(static one => one.Threads.Keys).Distinct().Select(name => (name, on: Of(on, name), off: Of(off, name)))
            .Where(static one => Math.Max(one.on, one.off) >= 0.02).OrderByDescending(static one => one.on)
            .Select(static one => string.Create(CultureInfo.InvariantCulture, $"{one.name} {one.on:0.00}/{one.off:0.00}")));
    }
}

/// <summary>Chains from outside, one at a time or many.</summary>
internal sealed class HopLoad(LocalNode node, PostgresProcesses postgres, int chains, CancellationToken cancellation)
{
    // Long enough that the last batch on its way to Postgres is a small part of it.
    private const int LongRound = 5;

    private readonly Incoming incoming = new(default, node.Policies.Labels.Intern(Label.Parse("tenant=7")), null);

    /// <summary>Enough for each core to have one whenever another waits.</summary>
    public int Concurrency { get; } = 4 * Environment.ProcessorCount;

    /// <summary>Does those stages from now on; what was recorded before is stored first.</summary>
    public async Task UseAsync(PipelineStages stages)
    {
        await node.FlushAsync(cancellation);
        node.Stages = stages;
    }

    /// <summary>Microseconds and bytes of one hop.</summary>
    public async Task<(double Microseconds, double Bytes)> HopAsync()
    {
        (double shortest, double fewest) = await TypicalAsync(0, 0);
        (double longest, double most) = await TypicalAsync(HopApplication.Length - 1, 0);
        return ((longest - shortest) / (HopApplication.Length - 1), (most - fewest) / (HopApplication.Length - 1));
    }

    /// <summary>How many rounds of the guest's loop take so long.</summary>
    public async Task<int> CalibrateAsync(double microseconds)
    {
        const int Rounds = 1_000_000;
        (double nothing, _) = await TypicalAsync(0, 0);
        // The shortest: the guest's loop takes as long each time, but other work on the same cores may come between.
        var times = new List<double>();
        for (int i = 0; i < 50; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await HopApplication.CallAsync(node, 0, Rounds, incoming);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        return (int)(Rounds * microseconds / (times.Min() - nothing));
    }

    /// <summary>Runs whole chains, <see cref="Concurrency"/> at a time, until all is stored.</summary>
    public async Task<Throughput> ThroughputAsync(int work)
    {
        int left = chains * LongRound, calls = left * HopApplication.Length;
        IReadOnlyDictionary<string, (string Name, double Microseconds)> threadsBefore = ThreadTimes.Read();
        TimeSpan storeBefore = postgres.ProcessorTime, nodeBefore = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Concurrency).Select(_ => Task.Run(RunAsync, cancellation)));
        await node.FlushAsync(cancellation);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        return new Throughput(
            calls / elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - nodeBefore).TotalMicroseconds / calls, (postgres.ProcessorTime - storeBefore).TotalMicroseconds / calls,
            ThreadTimes.Between(threadsBefore, ThreadTimes.Read()).ToDictionary(static one => one.Name, one => one.Microseconds / calls));

        async Task RunAsync()
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                cancellation.ThrowIfCancellationRequested();
                await HopApplication.CallAsync(node, HopApplication.Length - 1, work, incoming);
            }
        }
    }

    // The median: other work on the same cores then counts for less.
    private async Task<(double Microseconds, double Bytes)> TypicalAsync(int depth, int work)
    {
        var times = new double[chains];
        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < times.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            await HopApplication.CallAsync(node, depth, work, incoming);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        double allocated = (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / times.Length;
        return (BenchReport.Median(times), allocated);
    }
}

/// <summary>One round of chains.</summary>
/// <param name="CallsPerSecond">Calls by the clock.</param>
/// <param name="Node">Microseconds of processor time a call, of this process.</param>
/// <param name="Store">The same of Postgres.</param>
/// <param name="Threads">The same of this process's threads, by name.</param>
internal sealed record Throughput(double CallsPerSecond, double Node, double Store, IReadOnlyDictionary<string, double> Threads);
