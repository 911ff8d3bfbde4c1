using System.CommandLine;
using System.Diagnostics;
using Chain.Cli.RecordStore;
using Chain.PolicyEngine.Backtesting;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Storage;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;

namespace Chain.Cli.Bench;

/// <summary><c>chain bench backtest</c>: a changed set over a million recorded calls, whose changes are known by construction.</summary>
internal static class BacktestBench
{
    private const int Links = 200;
    private const int CallsPerTrace = 5;
    private const int BatchTraces = 10_000;

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON in place of tables." };
        var calls = new Option<int>("--calls") { Description = "How many calls are recorded and read.", HelpName = "N", DefaultValueFactory = _ => 1_000_000 };
        var rounds = new Option<int>("--rounds") { Description = "Backtests; the median counts.", HelpName = "N", DefaultValueFactory = _ => 3 };
        var command = new Command("backtest", "A changed set over recorded calls in Postgres.") { json, calls, rounds };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(calls), parsed.GetValue(rounds), parsed.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(int calls, int rounds, bool json, CancellationToken cancellation)
    {
        if (calls < CallsPerTrace || rounds < 1) throw new CommandException($"--calls: at least {CallsPerTrace}; --rounds: at least 1");
        var report = new BenchReport("backtest");
        await using TemporaryStore store = await TemporaryStore.StartAsync(cancellation);
        (int recorded, long expected) = await RecordAsync(store, calls / CallsPerTrace, cancellation);
        var rates = new List<double>();
        var ends = new List<double>();
        var reads = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            var labels = new LabelStore();
            PolicySet before = PolicyLoader.Load([new PolicyFile("before.yaml", Policies(changed: false))], labels);
            PolicySet after = PolicyLoader.Load([new PolicyFile("after.yaml", Policies(changed: true))], labels);
            // Read once, then decide: the rate is that of deciding.
            long since = Stopwatch.GetTimestamp();
            var batches = new List<StoredCallBatch>();
            await foreach (StoredCallBatch batch in History(store, labels, cancellation)) batches.Add(batch);
            reads.Add(recorded / Stopwatch.GetElapsedTime(since).TotalSeconds);
            BacktestReport decided = await new Backtest(before, after).RunAsync(batches.ToAsyncEnumerable(), cancellation);
            rates.Add(decided.Decisions / decided.Elapsed.TotalSeconds);
            Require(decided, recorded, expected);
            BacktestReport streamed = await new Backtest(before, after).RunAsync(History(store, labels, cancellation), cancellation);
            ends.Add(streamed.Calls / streamed.Elapsed.TotalSeconds);
            Require(streamed, recorded, expected);
        }

        report.Add(new BenchRow("deciding, once read", "decisions/s", BenchReport.Median(rates), Better: Better.Higher));
        report.Add(new BenchRow("reading", "calls/s", BenchReport.Median(reads), Better: Better.Higher));
        report.Add(new BenchRow("reading and deciding", "calls/s", BenchReport.Median(ends), Better: Better.Higher));
        report.Note($"{recorded:#,0} calls in traces of {CallsPerTrace}; both sets ({Links + 1} and {Links + 2} policies) decide on arguments and results; {expected:#,0} decisions change, as constructed, in every round");
        report.Print(json);
        return ExitCode.Ok;
    }

    private static IAsyncEnumerable<StoredCallBatch> History(TemporaryStore store, LabelStore labels, CancellationToken cancellation) =>
        new CallHistory(store.Database).ReadAsync(labels, CallId.Epoch, DateTimeOffset.UtcNow.AddDays(1), cancellation);

    private static void Require(BacktestReport report, int calls, long expected)
    {
        if (report.Calls != calls || report.Changed != expected) throw new CommandException($"read {report.Calls} of {calls} calls and found {report.Changed} changes, expected {expected}", ExitCode.Failed);
    }

    /// <summary>One policy for each service besides a general one; the changed set adds one about pii.</summary>
    private static string Policies(bool changed)
    {
        IEnumerable<string> policies = Enumerable.Range(0, Links).Select(i =>
            $"policy: p{i}\neffect: deny\nmatch: {{ callee: app/svc{i} }}\nwhen: data.has('never') && !chain.passed('app/filter')\n");
        string general = "policy: deep\neffect: deny\nwhen: chain.depth > 30\n";
        string added = "policy: pii-stays-inside\neffect: deny\nmatch: { callee: '*/svc7' }\nwhen: data.has('pii') && !chain.passed('anonymizer')\n";
        return string.Join("---\n", changed ? [.. policies, general, added] : policies.Append(general));
    }

    private static async Task<(int Calls, long Expected)> RecordAsync(TemporaryStore store, int traces, CancellationToken cancellation)
    {
        var labels = new LabelStore();
        var names = new CallNames();
        NodeRegistration node = await NodeRegistration.RegisterAsync(store.Database, Guid.NewGuid(), "bench", 1, cancellation);
        var writer = new StoreWriter(store.Database, new ProcessNames(labels, names), node.Id);
        CallSiteId[] services = [.. Enumerable.Range(0, Links).Select(i => Site(names, "app/web", $"app/svc{i}"))];
        CallSiteId anonymizer = Site(names, "app/web", "app/anonymizer");
        CallSiteId root = Site(names, "outside", "app/web");
        LabelId pii = labels.Intern(Label.Parse("pii"));
        LabelId other = labels.Intern(Label.Parse("phi,region=eu"));
        var random = new Random(7);
        long clock = CallId.At(DateTimeOffset.UtcNow.AddHours(-1)).StartMicroseconds;
        long expected = 0;
        var calls = new List<CallRecord>(BatchTraces * CallsPerTrace);
        for (int t = 0; t < traces; t++)
        {
            CallId first = Next();
            Add(root, first, default, LabelId.Empty);
            bool anonymized = false;
            for (int c = 1; c < CallsPerTrace; c++)
            {
                if (random.Next(10) == 0)
                {
                    Add(anonymizer, Next(), first, pii);
                    anonymized = true;
                    continue;
                }

                int service = random.Next(Links);
                LabelId data = random.Next(3) switch { 0 => pii, 1 => other, _ => LabelId.Empty };
                Add(services[service], Next(), first, data);
                if (service == 7 && data == pii && !anonymized) expected++;
            }

            if (calls.Count < BatchTraces * CallsPerTrace && t < traces - 1) continue;
            await writer.WriteAsync(new RecordBatch(calls.ToArray(), default));
            calls.Clear();

            void Add(CallSiteId site, CallId id, CallId parent, LabelId data) => calls.Add(new CallRecord
            {
                Id = id, Trace = first.Value, Parent = parent, Site = site, LabelIn = data, LabelOut = data, Duration = 2_000,
            });
        }

        return (traces * CallsPerTrace, expected);

        CallId Next() => CallId.From(clock++, node.FirstLane);
    }

    private static CallSiteId Site(CallNames names, string caller, string callee) =>
        names.Intern(new CallSite(new ComponentRef(caller), new ComponentRef(callee), new FunctionRef("app:svc/api#call")));
}
