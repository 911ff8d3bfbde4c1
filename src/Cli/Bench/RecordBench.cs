using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Chain.Cli.RecordStore;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Chain.Tracer.Telemetry;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;
using OpenTelemetry.Trace;
using CallSite = Chain.Tracer.Calls.CallSite;

namespace Chain.Cli.Bench;

/// <summary>
/// <c>chain bench record</c>: what it costs to record a call, beside an OpenTelemetry span with three attributes and a batch processor.
/// </summary>
internal static class RecordBench
{
    private const string PeerName = "OpenTelemetry SDK 1.20";

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON in place of the table." };
        var rounds = new Option<int>("--rounds") { Description = "Rounds of each side.", DefaultValueFactory = _ => 101 };
        var calls = new Option<int>("--calls") { Description = "Calls in a round.", DefaultValueFactory = _ => 20_000 };
        var command = new Command("record", "Nanoseconds and bytes allocated for recording a call, beside an OpenTelemetry span.") { rounds,
            calls, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            await RunAsync(parsed.GetValue(rounds), parsed.GetValue(calls), parsed.GetValue(json), cancellation);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task RunAsync(int rounds, int calls, bool json, CancellationToken cancellation)
    {
        if (rounds < 1 || calls < 1000)
            throw new CommandException($"--rounds is at least 1 and --calls at least 1000, found {rounds} and {calls}");
        await using TemporaryStore store = await TemporaryStore.StartAsync(cancellation);
        var labels = new LabelStore();
        var names = new CallNames();
        // Buffers that hold several rounds, so that the store works between the rounds: what is measured is what the caller pays.
        await using CallRecorder recorder = await CallRecorder.OpenAsync(store.Database, labels, names,
            new RecorderOptions { Folder = Path.Combine(store.Folder, "spool"), BufferSize = calls * 16,
                FlushInterval = TimeSpan.FromSeconds(1) }, cancellation: cancellation);
        var ours = new Ours(recorder, labels, names);
        using var peer = new Peer();

        Case[] cases =
        [
            new("call", ours.Calls, peer.Calls),
            new("hop with propagation in process", ours.HopsInProcess, null),
            new("hop with propagation by headers", ours.HopsByHeaders, peer.HopsByHeaders),
        ];
        foreach (Case c in cases)
        {
            // Until the JIT has seen it often enough.
            for (int i = 0; i < 5; i++)
            {
                c.Ours(calls);
                c.Peer?.Invoke(calls / 4);
                await Task.Delay(50, cancellation);
            }
        }

        var report = new BenchReport("record");
        foreach (Case c in cases)
        {
            var (mine, theirs, myBytes, theirBytes) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
            for (int round = 0; round < rounds; round++)
            {
                await recorder.FlushAsync();
                Measure(c.Ours, calls, mine, myBytes);
                await recorder.FlushAsync();
                if (c.Peer is not null) Measure(c.Peer, calls / 4, theirs, theirBytes);
            }

            string? peerName = c.Peer is null ? null : PeerName;
            report.Add(new BenchRow(c.Name, "ns", BenchReport.Median(mine), theirs.Count == 0 ? null : BenchReport.Median(theirs),
                peerName));
            report.Add(new BenchRow(c.Name, "bytes allocated", BenchReport.Median(myBytes), theirBytes.Count == 0 ? null
                : BenchReport.Median(theirBytes), peerName, InGeomean: false));
        }

        RecorderCounters counters = recorder.Counters;
        if (counters.Blocked > 0) report.Note(string.Create(CultureInfo.InvariantCulture, $"buffers were full {counters.Blocked} times"));
        report.Note("a call has a label in and out, sizes and an outcome");
        report.Note("the peer's span has three attributes, a batch processor, and an exporter that discards");
        report.Note("one thread; medians of rounds, ours and the peer alternately; the records were stored in Postgres between the rounds");
        report.Print(json);
    }

    private static void Measure(Action<int> run, int calls, List<double> nanoseconds, List<double> bytes)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        run(calls);
        nanoseconds.Add(Stopwatch.GetElapsedTime(start).TotalNanoseconds / calls);
        bytes.Add((double)(GC.GetAllocatedBytesForCurrentThread() - before) / calls);
    }

    private sealed record Case(string Name, Action<int> Ours, Action<int>? Peer);

    private sealed class Ours(CallRecorder recorder, LabelStore labels, CallNames names)
    {
        private readonly CallSiteId _site = names.Intern(new CallSite(new ComponentRef("clinic/front"), new ComponentRef("clinic/records"),
            new FunctionRef("get")));
        private readonly LabelId _in = labels.Intern(Label.Parse("pii"));
        private readonly LabelId _out = labels.Intern(Label.Parse("pii,medical"));
        private readonly Propagator _propagator = new(labels);

        [MethodImpl(MethodImplOptions.NoInlining)]
        public void Calls(int count)
        {
            for (int i = 0; i < count; i++)
            {
                ActiveCall call = recorder.Start(default, _site, _in);
                recorder.End(call, new CallEnd { LabelOut = _out, SizeIn = 100, SizeOut = 200, Copies = 2 });
            }
        }

        // One hop inside a process: the child gets the parent's context by value, and the label of what it read joins the label of its
        // arguments.
        [MethodImpl(MethodImplOptions.NoInlining)]
        public void HopsInProcess(int count)
        {
            ActiveCall parent = recorder.Start(default, _site, _in);
            for (int i = 0; i < count; i++)
            {
                ActiveCall call = recorder.Start(parent.Context, _site, labels.Union(_in, _out));
                recorder.End(call, new CallEnd { LabelOut = _out, LabelRead = _in, SizeIn = 100, SizeOut = 200, Copies = 2 });
            }

            recorder.End(parent, default);
        }

        // One hop between processes: written to headers, read from them, recorded.
        [MethodImpl(MethodImplOptions.NoInlining)]
        public void HopsByHeaders(int count)
        {
            ActiveCall parent = recorder.Start(default, _site, _in);
            Span<char> traceparent = stackalloc char[TraceParent.Length];
            for (int i = 0; i < count; i++)
            {
                TraceParent.Write(parent.Context, traceparent);
                string? baggage = _propagator.Baggage(_out);
                Incoming incoming = _propagator.Extract(traceparent, default, baggage);
                ActiveCall call = recorder.Start(incoming.Context, _site, incoming.Label);
                recorder.End(call, new CallEnd { LabelOut = _out, SizeIn = 100, SizeOut = 200, Copies = 2 });
            }

            recorder.End(parent, default);
        }
    }

    private sealed class Peer : IDisposable
    {
        private readonly ActivitySource _source = new("chain.bench");
        private readonly TracerProvider _provider;
        private readonly CompositeTextMapPropagator _propagator = new([new TraceContextPropagator(), new BaggagePropagator()]);

        public Peer() =>
            _provider = Sdk.CreateTracerProviderBuilder().AddSource("chain.bench").AddProcessor(new BatchActivityExportProcessor(new Discard())).Build();

        [MethodImpl(MethodImplOptions.NoInlining)]
        public void Calls(int count)
        {
            for (int i = 0; i < count; i++)
            {
                using Activity? span = _source.StartActivity("get", ActivityKind.Server);
                Fill(span);
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public void HopsByHeaders(int count)
        {
            using Activity? parent = _source.StartActivity("parent");
            var headers = new Dictionary<string, string>();
            for (int i = 0; i < count; i++)
            {
                headers.Clear();
                Baggage baggage = Baggage.Create(new Dictionary<string, string> { ["chain.label"] = "medical,pii" });
                _propagator.Inject(new PropagationContext(parent!.Context, baggage), headers, static (carrier, key, value) =>
                    carrier[key] = value);
                PropagationContext incoming = _propagator.Extract(default, headers, static (carrier, key) =>
                    carrier.TryGetValue(key, out string? value) ? [value] : []);
                using Activity? span = _source.StartActivity("get", ActivityKind.Server, incoming.ActivityContext);
                Fill(span);
            }
        }

        public void Dispose()
        {
            _provider.Dispose();
            _source.Dispose();
        }

        private static void Fill(Activity? span)
        {
            span?.SetTag("chain.label.in", "pii");
            span?.SetTag("chain.label.out", "medical,pii");
            span?.SetTag("chain.size", 300);
        }

        private sealed class Discard : BaseExporter<Activity>
        {
            public override ExportResult Export(in Batch<Activity> batch)
            {
                foreach (Activity span in batch) _ = span;
                return ExportResult.Success;
            }
        }
    }
}
