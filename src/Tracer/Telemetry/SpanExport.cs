using System.Diagnostics;
using System.Threading.Channels;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Chain.Tracer.Telemetry;

/// <summary>Sends recorded calls to an OpenTelemetry collector as spans with the same ids, parents, links and status.</summary>
/// <remarks>
/// Works on a thread of its own behind a bounded queue: a slow or absent collector costs spans, which <see cref="Dropped"/> counts, and
/// never a
/// record. Flows from other calls' results become links.
/// </remarks>
public sealed class SpanExport : IRecordObserver, IAsyncDisposable
{
    private const string SourceName = "Chain.Tracer";

    // The processor drops when its queue is full; it is flushed before that can happen.
    private const int Queue = 16_384;

    private const int MostWaitingLinks = 100_000;

    private readonly ActivitySource _source = new(SourceName);
    private readonly TracerProvider _provider;
    private readonly Channel<Work> _work;
    private readonly Task _worker;
    private readonly ulong _below;
    private readonly Dictionary<long, List<FlowRecord>> _links = [];
    private Dictionary<long, ForeignTrace> _foreign = [];
    private Dictionary<long, ForeignTrace> _foreignBefore = [];
    private long _exported;
    private long _dropped;
    private int _unflushed;

    /// <summary>Starts to export what it is shown.</summary>
    public SpanExport(SpanExportOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Ratio, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Ratio, 1, nameof(options));
        _below = options.Ratio >= 1 ? ulong.MaxValue : (ulong)(options.Ratio * ulong.MaxValue);
        var exporter = new OtlpTraceExporter(new OtlpExporterOptions { Endpoint = options.Endpoint, Protocol = options.Protocol });
        _provider = Sdk.CreateTracerProviderBuilder()
            .AddSource(SourceName)
            .SetSampler(new AlwaysOnSampler())
            .ConfigureResource(resource => resource.AddService(options.ServiceName))
            .AddProcessor(new BatchActivityExportProcessor(exporter, maxQueueSize: Queue, scheduledDelayMilliseconds: 1000,
                maxExportBatchSize: 512))
            .Build();
        _work = Channel.CreateBounded<Work>(new BoundedChannelOptions(options.WaitingBatches) { SingleReader = true });
        _worker = Task.Factory.StartNew(Export, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Spans handed to the SDK.</summary>
    public long Exported => Interlocked.Read(ref _exported);

    /// <summary>Spans left out because the collector was behind, or because the whole id of their trace is not known any more.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <inheritdoc/>
    public void Observe(RecordBatch batch, IRecordNames names)
    {
        // Foreign traces and flows may belong to calls of later batches, so they go on even when no call of this one does.
        CallRecord[] calls = Chosen(batch.Calls.Span);
        if (calls.Length == 0 && batch.Traces.IsEmpty && batch.Flows.IsEmpty) return;
        if (!_work.Writer.TryWrite(new Work(calls, batch.Flows.ToArray(), batch.Traces.ToArray(), names))) Interlocked.Add(ref _dropped,
            calls.Length);
    }

    /// <summary>Waits until what was shown so far has been sent, or the time is over.</summary>
    public async Task FlushAsync(TimeSpan timeout)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var limit = new CancellationTokenSource(timeout);
        await _work.Writer.WriteAsync(new Work([], [], [], null, done), limit.Token);
        await done.Task.WaitAsync(limit.Token);
    }

    /// <summary>Sends what is there, for up to ten seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        _work.Writer.TryComplete();
        await _worker.WaitAsync(TimeSpan.FromSeconds(10)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _provider.ForceFlush(5000);
        _provider.Dispose();
        _source.Dispose();
    }

    private CallRecord[] Chosen(ReadOnlySpan<CallRecord> calls)
    {
        int count = 0;
        foreach (ref readonly CallRecord call in calls) count += IsChosen(call) ? 1 : 0;
        var chosen = new CallRecord[count];
        int at = 0;
        foreach (ref readonly CallRecord call in calls)
        {
            if (IsChosen(call)) chosen[at++] = call;
        }

        return chosen;
    }

    // By the trace alone, so that every node decides alike. The key's bits are spread first: those of a native trace are a clock.
    private bool IsChosen(in CallRecord call) => call.Sampled && (ulong)call.Trace * 0x9E3779B97F4A7C15 <= _below;

    private void Export()
    {
        while (_work.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_work.Reader.TryRead(out Work? work))
            {
                foreach (ForeignTrace trace in work.Traces) Remember(trace);
                foreach (FlowRecord flow in work.Flows) Keep(flow);
                foreach (CallRecord call in work.Calls) Export(call, work.Names!);
                if (work.Done is null) continue;
                Flush();
                work.Done.TrySetResult();
            }
        }
    }

    private void Export(in CallRecord call, IRecordNames names)
    {
        if (!TryTraceId(call.Trace, out TraceId id, out string? state))
        {
            Interlocked.Increment(ref _dropped);
            return;
        }

        CallSite site = names.Find(call.Site);
        string trace = id.ToString();
        bool remote = site.Caller == ComponentRef.Outside;
        Activity.Current = null;
        ActivityContext parent = call.Parent.IsNone
            ? default
            : new ActivityContext(ActivityTraceId.CreateFromString(trace), ActivitySpanId.CreateFromString(call.Parent.ToString()),
                ActivityTraceFlags.Recorded, state, remote);
        using Activity? span = _source.CreateActivity(site.Function.Name, remote ? ActivityKind.Server : ActivityKind.Internal, parent,
            Attributes(call, site, names), Links(call, names));
        if (span is null) return;
        if (call.Parent.IsNone) ActivityIdentity.SetTrace(span, trace);
        span.SetStartTime(call.Id.Start.UtcDateTime);
        span.Start();
        ActivityIdentity.SetSpan(span, call.Id.ToString());
        if (call.Outcome != CallOutcome.Returned) span.SetStatus(ActivityStatusCode.Error, OutcomeText(call.Outcome));
        span.SetEndTime(call.Id.Start.UtcDateTime.AddTicks(Math.Max(call.Duration / 100, 1)));
        span.Stop();
        Interlocked.Increment(ref _exported);
        if (++_unflushed >= Queue / 2) Flush();
    }

    private static IEnumerable<KeyValuePair<string, object?>> Attributes(CallRecord call, CallSite site, IRecordNames names)
    {
        yield return new("chain.caller", site.Caller.Name);
        yield return new("chain.callee", site.Callee.Name);
        if (!string.IsNullOrEmpty(site.Callee.Version)) yield return new("chain.callee.version", site.Callee.Version);
        yield return new("chain.function", site.Function.Name);
        yield return new("chain.outcome", OutcomeText(call.Outcome));
        yield return new("chain.label.in", names.Find(call.LabelIn).ToString());
        yield return new("chain.label.out", names.Find(call.LabelOut).ToString());
        yield return new("chain.size.in", call.SizeIn);
        yield return new("chain.size.out", call.SizeOut);
        yield return new("chain.copies", (long)call.Copies);
        if (!string.IsNullOrEmpty(site.Host)) yield return new("chain.silo", site.Host);
        if (site.Attempt > 1) yield return new("chain.attempt", (long)site.Attempt);
    }

    private List<ActivityLink>? Links(in CallRecord call, IRecordNames names)
    {
        if (!_links.Remove(call.Id.Value, out List<FlowRecord>? flows)) return null;
        var links = new List<ActivityLink>(flows.Count);
        foreach (FlowRecord flow in flows)
        {
            if (!TryTraceId(flow.SourceTrace == 0 ? call.Trace : flow.SourceTrace, out TraceId trace, out _)) continue;
            var tags = new ActivityTagsCollection { ["chain.label"] = names.Find(flow.Label).ToString() };
            if (flow.State.Value != 0) tags["chain.state"] = $"{names.Find(flow.State).Store}/{names.Find(flow.State).Key}";
            links.Add(new ActivityLink(
                new ActivityContext(ActivityTraceId.CreateFromString(trace.ToString()),
                    ActivitySpanId.CreateFromString(flow.Source.ToString()), ActivityTraceFlags.Recorded), tags));
        }

        return links;
    }

    // A flow is recorded before its call ends, but a call that is not exported never comes to fetch its own.
    private void Keep(in FlowRecord flow)
    {
        if (_links.Count >= MostWaitingLinks) _links.Clear();
        if (!_links.TryGetValue(flow.Destination.Value, out List<FlowRecord>? flows)) _links[flow.Destination.Value] = flows = [];
        flows.Add(flow);
    }

    private void Remember(in ForeignTrace trace)
    {
        if (_foreign.Count >= MostWaitingLinks) (_foreignBefore, _foreign) = (_foreign, []);
        _foreign[trace.Id.Key] = trace;
    }

    private bool TryTraceId(long key, out TraceId id, out string? state)
    {
        (id, state) = (TraceId.Of(new CallId(key)), null);
        if (key > 0) return true;
        if (!_foreign.TryGetValue(key, out ForeignTrace trace))
        {
            if (!_foreignBefore.TryGetValue(key, out trace)) return false;
            Remember(trace);
        }

        (id, state) = (trace.Id, trace.State);
        return true;
    }

    private void Flush()
    {
        _provider.ForceFlush(10_000);
        _unflushed = 0;
    }

    private static string OutcomeText(CallOutcome outcome) => outcome switch
    {
        CallOutcome.Returned => "returned",
        CallOutcome.ErrorResult => "error-result",
        CallOutcome.Trapped => "trapped",
        CallOutcome.TimedOut => "timed-out",
        CallOutcome.Cancelled => "cancelled",
        CallOutcome.Denied => "denied",
        CallOutcome.NotStarted => "not-started",
        CallOutcome.Lost => "lost",
        _ => "unknown",
    };

    private sealed record Work(CallRecord[] Calls, FlowRecord[] Flows, ForeignTrace[] Traces, IRecordNames? Names,
        TaskCompletionSource? Done = null);
}
