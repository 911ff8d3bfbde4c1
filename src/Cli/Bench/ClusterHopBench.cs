#if ORLEANS
using System.Diagnostics;
using System.Globalization;
using Chain.Cli.RecordStore;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Cluster;
using Chain.Silo.Hosting.Local;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Chain.Tracer.Telemetry;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;

namespace Chain.Cli.Bench;

/// <summary>
/// <c>chain bench hop --cluster</c>: what a call in a cluster costs beside a plain grain call that runs the same function: in one silo, and from one to
/// another; with tags, the record, policies.
/// </summary>
internal static class ClusterHopBench
{
    private const string Interface = "chain:hop/step", Function = "step";

    /// <summary>Calls under way at a time, and grains of a kind.</summary>
    private const int AtATime = 64;

    private static readonly (string Name, PipelineStages Stages)[] Stages =
    [
        ("nothing", PipelineStages.None),
        ("tags", PipelineStages.Label),
        ("tags and record", PipelineStages.Label | PipelineStages.Record),
        ("tags, record and policies", PipelineStages.All),
    ];

    /// <param name="rounds">Rounds of each case.</param>
    /// <param name="calls">Calls of a case in a round; those that work are fewer.</param>
    /// <param name="json">Whether to print JSON.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task RunAsync(int rounds, int calls, bool json, CancellationToken cancellation)
    {
        await using TemporaryStore store = await TemporaryStore.StartAsync(cancellation);
        ApplicationPlan plan = await WriteAsync(Path.Combine(store.Folder, "application"));
        await using BenchSilo us = await BenchSilo.StartAsync(store, "us", plan, cancellation), eu = await BenchSilo.StartAsync(store, "eu", plan, cancellation);
        var report = new BenchReport("hop --cluster");
        int work = await CalibrateAsync(eu, 100);
        var load = new ClusterLoad(report, [us, eu], new PostgresProcesses(store.ServerProcessId), rounds, cancellation);
        foreach ((int guest, string words, int many) in ((int, string, int)[])[(0, "no work", calls), (work, "100 us of work", calls / 10)])
        {
            await load.CompareAsync($"one silo, {words}", eu, eu, guest, many);
            await load.CompareAsync($"across silos, {words}", us, eu, guest, many);
        }

        await load.WaitAsync("across silos, one at a time", us, eu);
        string average = File.Exists("/proc/loadavg") ? string.Join(' ', (await File.ReadAllTextAsync("/proc/loadavg", cancellation)).Split(' ')[..3]) : "unknown";
        report.Note($"two silos, their load and Postgres in {Environment.ProcessorCount} cores; {AtATime} calls at a time; {rounds} rounds, the cases in turn; load average at the end {average}");
        report.Note("the peer is a plain grain that runs the same function on Orleans' threads, without limits or a store of its own for each call; the time until every record is in Postgres counts for ours; the ratio is to be ≥ 0.9");
        report.Note("calls of a stateless component in one silo need no grain and are made without; from one silo to another they are requests to its stateless workers; those of a stateful one (64 keys) go through theirs");
        report.Print(json);
    }

    /// <summary>Cases between the silos, beside the same of plain grains.</summary>
    private sealed class ClusterLoad(BenchReport report, BenchSilo[] silos, PostgresProcesses postgres, int rounds, CancellationToken cancellation)
    {
        public async Task CompareAsync(string title, BenchSilo from, BenchSilo to, int work, int calls)
        {
            BareCalls bare = await BareCalls.BetweenAsync(from.Cluster, to.Cluster, $"bench/there#{Interface}#{Function}", AtATime);
            var theirs = new List<Measured>();
            List<Measured>[] ours = [.. Enumerable.Range(0, Stages.Length + 1).Select(static _ => new List<Measured>())];
            List<double>[] ratios = [.. ours.Select(static _ => new List<double>())];
            // The first rounds are for the JIT.
            for (int round = -2; round < rounds; round++)
            {
                Measured plain = await RunAsync(calls, one => bare.CallAsync(one, (uint)one, (uint)work).AsTask());
                if (round >= 0) theirs.Add(plain);
                for (int i = 0; i < ours.Length; i++)
                {
                    string component = i < Stages.Length ? "there" : "kept";
                    foreach (BenchSilo silo in silos) await silo.UseAsync(i < Stages.Length ? Stages[i].Stages : PipelineStages.All, cancellation);
                    Measured ran = await RunAsync(calls, one => from.CallAsync(component, one, work));
                    if (round < 0) continue;
                    ours[i].Add(ran);
                    ratios[i].Add(ran.CallsPerSecond / plain.CallsPerSecond);
                }
            }

            for (int i = 0; i < ours.Length; i++)
            {
                string name = i < Stages.Length ? $"{title}, {Stages[i].Name}" : $"{title}, a stateful component, everything";
                report.Add(new BenchRow(
                    name, "calls/s", Median(ours[i], static one => one.CallsPerSecond), Median(theirs, static one => one.CallsPerSecond), "a plain grain call", Better.Higher, InGeomean: false));
                report.Add(new BenchRow(
                    $"{name}, processor time", "us a call", Median(ours[i], static one => one.Processor), Median(theirs, static one => one.Processor), "a plain grain call", InGeomean: false));
                report.Add(new BenchRow(
                    $"{name}, memory", "bytes a call", Median(ours[i], static one => one.Bytes), Median(theirs, static one => one.Bytes), "a plain grain call", InGeomean: false));
            }

            report.Note(string.Create(
                CultureInfo.InvariantCulture,
                $"{title}: medians of the ratios of neighbouring rounds {string.Join(", ", ratios.Select(static one => BenchReport.Median(one).ToString("0.000", CultureInfo.InvariantCulture)))}"));
        }

        /// <summary>How long a call takes when no other is under way.</summary>
        public async Task WaitAsync(string title, BenchSilo from, BenchSilo to)
        {
            BareCalls bare = await BareCalls.BetweenAsync(from.Cluster, to.Cluster, $"bench/there#{Interface}#{Function}", AtATime);
            var (ours, theirs) = (new List<double>(), new List<double>());
            foreach (BenchSilo silo in silos) await silo.UseAsync(PipelineStages.All, cancellation);
            for (int round = -1; round < rounds; round++)
            {
                double plain = await TypicalAsync(() => bare.CallAsync(0, 0, 0).AsTask()), ran = await TypicalAsync(() => from.CallAsync("there", 0, 0));
                if (round < 0) continue;
                theirs.Add(plain);
                ours.Add(ran);
            }

            report.Add(new BenchRow($"{title}, tags, record and policies", "us", BenchReport.Median(ours), BenchReport.Median(theirs), "a plain grain call", InGeomean: false));
        }

        private async Task<double> TypicalAsync(Func<Task> call)
        {
            var times = new double[2_000];
            for (int i = 0; i < times.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                long start = Stopwatch.GetTimestamp();
                await call();
                times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            }

            return BenchReport.Median(times);
        }

        /// <summary>Makes calls, <see cref="AtATime"/> under way, until all that they leave is in Postgres.</summary>
        private async Task<Measured> RunAsync(int calls, Func<int, Task> call)
        {
            int left = calls;
            TimeSpan before = Processor;
            long bytes = GC.GetTotalAllocatedBytes(), start = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, AtATime).Select(one => Task.Run(
                async () =>
                {
                    while (Interlocked.Decrement(ref left) >= 0)
                    {
                        cancellation.ThrowIfCancellationRequested();
                        await call(one);
                    }
                }, cancellation)));
            foreach (BenchSilo silo in silos) await silo.Node.FlushAsync(cancellation);
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            return new Measured(
                calls / elapsed.TotalSeconds, (Processor - before).TotalMicroseconds / calls, (double)(GC.GetTotalAllocatedBytes() - bytes) / calls);
        }

        private TimeSpan Processor => Environment.CpuUsage.TotalTime + postgres.ProcessorTime;

        private static double Median(List<Measured> all, Func<Measured, double> of) => BenchReport.Median([.. all.Select(of)]);
    }

    /// <summary>One round.</summary>
    /// <param name="CallsPerSecond">Calls by the clock.</param>
    /// <param name="Processor">Microseconds of processor time a call, of both silos and their Postgres.</param>
    /// <param name="Bytes">Allocated for a call.</param>
    private sealed record Measured(double CallsPerSecond, double Processor, double Bytes);

    private static async Task<int> CalibrateAsync(BenchSilo silo, double microseconds)
    {
        const int Rounds = 1_000_000;
        var times = new List<double>();
        for (int i = 0; i < 30; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await silo.CallAsync("there", 0, Rounds);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        return (int)(Rounds * microseconds / times.Min());
    }

    private static async Task<ApplicationPlan> WriteAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(BenchFolder.Find("hop"), "leaf.wasm"), Path.Combine(folder, "leaf.wasm"), overwrite: true);
        await File.WriteAllTextAsync(Path.Combine(folder, ApplicationCheck.DefaultFile), """
            application: bench
            components:
              there: { path: leaf.wasm, labels: { region: eu }, replicas: 64, limits: { memory: 1MiB } }
              kept: { path: leaf.wasm, labels: { region: eu }, instances: stateful, key: depth, limits: { memory: 1MiB } }
            sources:
              - { component: there, function: "chain:hop/step#step", argument: depth, tags: [pii, user=alice] }
              - { component: kept, function: "chain:hop/step#step", argument: depth, tags: [pii, user=alice] }
            policies: [policies.yaml]
            """);
        await File.WriteAllTextAsync(Path.Combine(folder, "policies.yaml"), """
            policy: personal-data-stay-in-the-region
            match: { tags: pii }
            when: callee.region != '' && callee.region != 'eu'
            effect: deny
            ---
            policy: nothing-of-bob
            match: { callee: "*/there" }
            when: data.has('user') && data.value('user') == 'bob'
            effect: deny
            """);
        return (await ApplicationCheck.RunAsync(folder)).Require();
    }

    /// <summary>One of the two silos.</summary>
    private sealed class BenchSilo : IAsyncDisposable
    {
        private readonly Incoming incoming;

        private BenchSilo(LocalNode node, ICluster cluster)
        {
            Node = node;
            Cluster = cluster;
            incoming = new Incoming(default, node.Policies.Labels.Intern(Label.Parse("tenant=7")), null);
        }

        public LocalNode Node { get; }

        public ICluster Cluster { get; }

        public static async Task<BenchSilo> StartAsync(TemporaryStore store, string region, ApplicationPlan plan, CancellationToken cancellation)
        {
            var options = new NodeOptions
            {
                Folder = Path.Combine(store.Folder, region),
                Postgres = store.ConnectionString,
                Name = region,
                Labels = new Dictionary<string, string> { ["region"] = region },
                Cluster = new ClusterOptions(),
            };
            LocalNode node = await LocalNode.StartAsync(options, static _ => { }, cancellation);
            ICluster cluster = await ClusterSupport.StartAsync(node, options, static _ => { }, cancellation);
            await node.DeployAsync(plan, 1, "bench", cancellation);
            return new BenchSilo(node, cluster);
        }

        public async Task UseAsync(PipelineStages stages, CancellationToken cancellation)
        {
            await Node.FlushAsync(cancellation);
            Node.Stages = stages;
        }

        public async Task CallAsync(string component, int first, int second)
        {
            GatewayResult result = await Node.CallAsync(
                "bench", component, Interface, Function, [new IntegerValue(PrimitiveKind.U32, first), new IntegerValue(PrimitiveKind.U32, second)], incoming);
            if (result.Outcome != CallOutcome.Returned) throw new CommandException($"a call ended with {result.Outcome}: {result.Error}", ExitCode.Failed);
        }

        public async ValueTask DisposeAsync()
        {
            await Cluster.DisposeAsync();
            await Node.DisposeAsync();
        }
    }
}
#endif
