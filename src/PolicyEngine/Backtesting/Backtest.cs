using System.Diagnostics;
using System.Threading.Channels;
using Chain.PolicyEngine.Decisions;
using Chain.Tracer.Calls;

namespace Chain.PolicyEngine.Backtesting;

/// <summary>Runs a changed set over recorded calls, beside the set before it, on all cores, while the calls are being read.</summary>
/// <param name="before">The set to compare with; null to compare with what the record says happened.</param>
/// <param name="after">The changed set. Both sets intern labels in one store.</param>
/// <param name="workers">How many threads decide; 0 for one a core.</param>
public sealed class Backtest(PolicySet? before, PolicySet after, int workers = 0)
{
    private const int WaitingBatches = 8;

    private readonly int _workers = workers > 0 ? workers : Environment.ProcessorCount;

    /// <summary>Reads to the end and reports.</summary>
    public async Task<BacktestReport> RunAsync(IAsyncEnumerable<StoredCallBatch> calls, CancellationToken cancellation = default)
    {
        var clock = Stopwatch.StartNew();
        Channel<StoredCallBatch> batches = Channel.CreateBounded<StoredCallBatch>(new BoundedChannelOptions(WaitingBatches) { SingleWriter = true });
        BacktestWorker[] running = [.. Enumerable.Range(0, _workers).Select(_ => new BacktestWorker(before, after))];
        Task[] deciding = [.. running.Select(w => Task.Run(() => DecideAsync(w, batches.Reader, cancellation), cancellation))];
        try
        {
            await foreach (StoredCallBatch batch in calls.WithCancellation(cancellation)) await batches.Writer.WriteAsync(batch, cancellation);
            batches.Writer.Complete();
        }
        catch (Exception e)
        {
            batches.Writer.Complete(e);
            throw;
        }

        await Task.WhenAll(deciding);
        return BacktestWorker.Report(running, clock.Elapsed);
    }

    private static async Task DecideAsync(BacktestWorker worker, ChannelReader<StoredCallBatch> batches, CancellationToken cancellation)
    {
        await foreach (StoredCallBatch batch in batches.ReadAllAsync(cancellation)) worker.Decide(batch);
    }
}

/// <summary>One thread's share of a backtest.</summary>
internal sealed class BacktestWorker(PolicySet? before, PolicySet after)
{
    /// <summary>More groups than a person reads, few enough to hold.</summary>
    private const int MaxGroups = 10_000;

    private readonly Dictionary<(Decision?, Decision, bool), Change?> _changes = [];
    private readonly Dictionary<GroupKey, Group> _groups = [];
    private readonly Dictionary<long, int> _depths = [];
    private ChainStep[] _steps = new ChainStep[64];
    private long _calls;
    private long _decisions;
    private long _changed;
    private long _ungrouped;
    private TimeSpan _time;

    public void Decide(StoredCallBatch batch)
    {
        long since = Stopwatch.GetTimestamp();
        StoredCall[] calls = batch.Calls;
        for (int start = 0; start < calls.Length;)
        {
            int end = start + 1;
            while (end < calls.Length && calls[end].Trace == calls[start].Trace) end++;
            DecideTrace(calls.AsSpan(start, end - start));
            start = end;
        }

        _calls += calls.Length;
        _time += Stopwatch.GetElapsedTime(since);
    }

    public static BacktestReport Report(IReadOnlyList<BacktestWorker> workers, TimeSpan elapsed)
    {
        var groups = new Dictionary<GroupKey, Group>();
        foreach ((GroupKey key, Group group) in workers.SelectMany(w => w._groups))
        {
            if (!groups.TryGetValue(key, out Group? known)) groups.Add(key, group);
            else known.Add(group);
        }

        BacktestGroup[] sorted =
        [
            .. groups.OrderByDescending(g => g.Value.Count).ThenBy(g => g.Value.Example.Call.Id).Select(g => new BacktestGroup(
                g.Key.Change.Before, g.Key.Change.After, g.Key.Change.VerdictChanges, g.Key.Link, g.Key.Event, g.Value.Count, g.Value.Example, g.Value.After, g.Value.Before)),
        ];
        return new BacktestReport(
            workers.Sum(w => w._calls), workers.Sum(w => w._decisions), workers.Sum(w => w._changed), sorted, workers.Sum(w => w._ungrouped),
            workers.Aggregate(TimeSpan.Zero, (sum, w) => sum + w._time) / workers.Count, elapsed);
    }

    private void DecideTrace(ReadOnlySpan<StoredCall> trace)
    {
        // A new array when the old one is too small: examples keep the part that they need.
        if (_steps.Length < trace.Length) _steps = new ChainStep[trace.Length * 2];
        _depths.Clear();
        for (int i = 0; i < trace.Length; i++) _steps[i] = new ChainStep(trace[i].Link.Callee, trace[i].LabelIn);
        for (int i = 0; i < trace.Length; i++)
        {
            ref readonly StoredCall call = ref trace[i];
            int depth = !call.Parent.IsNone && _depths.TryGetValue(call.Parent.Value, out int around) ? around + 1 : 0;
            if (trace.Length > 1) _depths[call.Id.Value] = depth;
            Compare(call, Facts(call, PolicyEvent.Call, depth, i));
            if (before is not null && HasResult(call.Outcome)) Compare(call, Facts(call, PolicyEvent.Result, depth, BegunBy(trace, i)));
        }
    }

    // One that was refused had none to decide on; nor had one that never arrived, or whose answer did not.
    private static bool HasResult(CallOutcome outcome) => outcome is not (CallOutcome.Denied or CallOutcome.NotStarted or CallOutcome.Lost);

    /// <summary>How many calls of the trace had begun when a call ended.</summary>
    private static int BegunBy(ReadOnlySpan<StoredCall> trace, int index)
    {
        double end = trace[index].Id.StartMicroseconds + trace[index].Duration;
        int count = index + 1;
        while (count < trace.Length && trace[count].Id.StartMicroseconds <= end) count++;
        return count;
    }

    private CallFacts Facts(in StoredCall call, PolicyEvent on, int depth, int passed) => new()
    {
        Link = call.Link,
        Event = on,
        Data = on == PolicyEvent.Call ? call.LabelIn : call.LabelOut,
        Call = call.Id,
        Depth = depth,
        Outcome = on == PolicyEvent.Result ? call.Outcome : null,
        Passed = _steps.AsMemory(0, passed),
    };

    private void Compare(in StoredCall call, in CallFacts facts)
    {
        Decision now = after.Decide(facts);
        Decision? then = before?.Decide(facts);
        _decisions += then is null ? 1 : 2;
        bool wasDenied = call.Outcome == CallOutcome.Denied;
        if (then is not null && then.Outcomes.Count == 0 && now.Outcomes.Count == 0 && then.Verdict == now.Verdict) return;
        if (ChangeOf(then, now, wasDenied) is not Change change) return;
        _changed++;
        var key = new GroupKey(change, call.Link, facts.Event);
        if (_groups.TryGetValue(key, out Group? group))
        {
            group.Count++;
            // Calls come trace by trace and not in the order of their ids.
            if (call.Id.CompareTo(group.Example.Call.Id) < 0) group.Example = Example(call, facts);
        }
        else if (_groups.Count < MaxGroups)
        {
            _groups.Add(key, new Group(Example(call, facts), now, then));
        }
        else
        {
            _ungrouped++;
        }
    }

    private static BacktestExample Example(in StoredCall call, in CallFacts facts) => new(call, new CallFacts
    {
        Link = facts.Link, Event = facts.Event, Data = facts.Data, Call = facts.Call, Depth = facts.Depth, Outcome = facts.Outcome,
        Passed = facts.Passed.ToArray(),
    });

    /// <summary>What differs between two decisions; null where nothing does. Decisions repeat, so it is worked out once for each pair.</summary>
    private Change? ChangeOf(Decision? then, Decision now, bool wasDenied)
    {
        if (_changes.TryGetValue((then, now, wasDenied), out Change? known)) return known;
        Verdict old = then?.Verdict ?? (wasDenied ? Verdict.Deny : Verdict.Allow);
        string beforeText = then?.ToString() ?? $"{old.ToString().ToLowerInvariant()} (recorded)";
        bool differs = old != now.Verdict || (then is not null && beforeText != now.ToString());
        Change? change = differs ? new Change(beforeText, now.ToString(), old != now.Verdict) : null;
        if (_changes.Count < 100_000) _changes[(then, now, wasDenied)] = change;
        return change;
    }

    private sealed record Change(string Before, string After, bool VerdictChanges);

    private readonly record struct GroupKey(Change Change, CallLink Link, PolicyEvent Event);

    private sealed class Group(BacktestExample example, Decision after, Decision? before)
    {
        public long Count { get; set; } = 1;

        public BacktestExample Example { get; set; } = example;

        public Decision After { get; } = after;

        public Decision? Before { get; } = before;

        public void Add(Group other)
        {
            Count += other.Count;
            if (other.Example.Call.Id.CompareTo(Example.Call.Id) < 0) Example = other.Example;
        }
    }
}
