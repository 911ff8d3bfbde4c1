using System.Numerics;
using System.Runtime.CompilerServices;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording.Buffers;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Recording;

/// <summary>
/// Records calls: <see cref="Start"/> when one begins, <see cref="End"/> when it is over, <see cref="Flow"/> for what flowed otherwise than
/// between
/// parent and child. Safe for any number of threads; takes no lock and allocates nothing.
/// </summary>
/// <remarks>
/// A call is *acknowledged* when <see cref="End"/> has returned: its record is then in a mapped file, and when the process is killed the next one that opens the
/// folder finds it there. <see cref="FlushAsync"/> waits until it is in the store or synced to the spool, hence survives the machine. A call that has not ended is
/// lost with the process.
/// </remarks>
public sealed class CallRecorder : IAsyncDisposable
{
    private readonly LabelStore _labels;
    private readonly RecorderLane[] _lanes;
    private readonly int _mask;
    private readonly CallClock _clock;
    private readonly RecordPump _pump;
    private readonly NameJournal _names;
    private readonly RecordRing<TraceSlot> _traces;
    private readonly ForeignTraces _foreign = new();
    private readonly bool _block;

    private CallRecorder(LabelStore labels, RecorderLane[] lanes, CallClock clock, RecordPump pump, RecordBuffers buffers, RecorderOptions options)
    {
        _labels = labels;
        _lanes = lanes;
        _mask = lanes.Length - 1;
        _clock = clock;
        _pump = pump;
        _names = buffers.Names;
        _traces = buffers.ForeignTraces;
        _block = options.Backpressure == Backpressure.Block;
    }

    /// <summary>What was recorded, stored, spooled and lost so far.</summary>
    public RecorderCounters Counters => _pump.Counters;

    /// <summary>Row of <c>node</c> in the store.</summary>
    public int Node => _pump.Node;

    /// <summary>Opens the spool, learns who this node is, takes over what a process that was killed left in the folder, and starts to record.</summary>
    /// <param name="database">The store, migrated. It may be away, except when this node has never met it.</param>
    /// <param name="labels">Where the labels of the calls are interned.</param>
    /// <param name="names">Where their call sites and state keys are interned.</param>
    /// <param name="options">Where the spool is, and what to do under load.</param>
    /// <param name="export">Gets every batch after it was kept; null for nobody.</param>
    /// <param name="cancellation">Stops waiting for the store.</param>
    /// <exception cref="StoreException">
    /// Another process has the spool, its disk has no room for the buffers or does not map files, or a node that is new cannot reach the store.
    /// </exception>
    public static Task<CallRecorder> OpenAsync(
        NpgsqlDataSource database, LabelStore labels, CallNames names, RecorderOptions options, IRecordObserver? export = null,
            CancellationToken cancellation = default) =>
        OpenAsync(database, labels, names, options, export, null, null, cancellation);

    internal static async Task<CallRecorder> OpenAsync(
        NpgsqlDataSource database, LabelStore labels, CallNames names, RecorderOptions options, IRecordObserver? export, ISpoolDisk? disk,
            Func<long>? wall,
        CancellationToken cancellation = default)
    {
        int count = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, 64));
        NodeFile node = NodeFile.Open(options.Folder);
        Spool? spool = null;
        try
        {
            long ahead = node.IssuedBefore - (wall ?? CallClock.WallNow)();
            // A process that died a moment ago may have issued ids for up to now and a little beyond. A timer counts whole milliseconds.
            if (ahead is > 0 and < 5 * CallClock.Second) await Task.Delay(TimeSpan.FromMilliseconds((ahead / 1000) + 1), cancellation);
            else if (ahead >= 5 * CallClock.Second && await CanReachAsync(database, cancellation)) node.Reset();

            NodeRegistration registration = await RegisterAsync(database, node, options, count, cancellation);
            spool = new Spool(Path.Combine(options.Folder, "segments"), options.SpoolLimit, options.SegmentSize, disk);
            string folder = Path.Combine(options.Folder, "buffers");
            Recovered recovered = BufferRecovery.Run(folder, spool, options.BatchSize);
            RecordBuffers buffers = RecordBuffers.Create(folder, count, options, labels, names, disk ?? new SpoolDisk());
            RecorderLane[] lanes = [.. buffers.Lanes.Select((rings, i) => new RecorderLane(registration.FirstLane + i, rings.Calls, rings.Flows))];
            var clock = new CallClock(node.IssuedBefore, wall);
            var pump = new RecordPump(database, new ProcessNames(labels, names), node, spool, lanes, buffers, clock, options, export);
            pump.Counters.Recover(recovered.Calls + recovered.Flows, recovered.Damaged);
            return new CallRecorder(labels, lanes, clock, pump, buffers, options);
        }
        catch
        {
            spool?.Dispose();
            node.Dispose();
            throw;
        }
    }

    /// <summary>A call begins now.</summary>
    /// <param name="parent">The caller's context; <c>default</c> for the root of a new trace.</param>
    /// <param name="site">Who calls what.</param>
    /// <param name="labelIn">The label of the arguments.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ActiveCall Start(in CallContext parent, CallSiteId site, LabelId labelIn)
    {
        long started = MonotonicClock.Now;
        CallId id = _lanes[Thread.GetCurrentProcessorId() & _mask].Issue(_clock.At(started));
        if (parent.IsNone) return new ActiveCall(new CallContext(TraceId.Of(id), id, parent.Sampled | parent.Call.IsNone), id.Value,
            default, site, labelIn, started);
        long trace = parent.Trace.Key;
        if (trace < 0 && !_foreign.Knows(parent.Trace)) Meet(parent);
        return new ActiveCall(parent with { Call = id }, trace, parent.Call, site, labelIn, started);
    }

    /// <summary>A call is over. To be called exactly once for each <see cref="Start"/>, however the call went.</summary>
    /// <remarks>Waits when the buffers are full and the options say <see cref="Backpressure.Block"/>.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void End(in ActiveCall call, in CallEnd end)
    {
        long elapsed = MonotonicClock.Now - call.Started;
        // Whatever can throw comes before the claim: a position that is never published would hold back all behind it.
        LabelId labelIn = end.LabelRead is { } read ? _labels.Union(call.LabelIn, read) : call.LabelIn;
        (CallId id, long trace, CallId parent, bool sampled) = (call.Id, call.TraceKey, call.Parent, call.Context.Sampled);
        (CallSiteId site, LabelId labelOut, long sizeIn, long sizeOut) = (end.Site ?? call.Site, end.LabelOut, end.SizeIn, end.SizeOut);
        (CallOutcome outcome, byte copies, bool exact) = (end.Outcome, (byte)Math.Clamp(end.Copies, 0, 255), end.Exact);
        if (!_names.Covers(site, labelIn, labelOut)) _names.Add(site, labelIn, labelOut);
        RecordRing<CallRecord> ring = _lanes[Thread.GetCurrentProcessorId() & _mask].Calls;
        if (!ring.TryClaim(out long position) && !TryClaimSlowly(ring, out position)) return;
        ref CallRecord record = ref ring.At(position);
        record.Id = id;
        record.Trace = trace;
        record.Parent = parent;
        record.Duration = elapsed;
        record.SizeIn = sizeIn;
        record.SizeOut = sizeOut;
        record.Site = site;
        record.LabelIn = labelIn;
        record.LabelOut = labelOut;
        record.Outcome = outcome;
        record.Copies = copies;
        record.Exact = exact;
        record.Sampled = sampled;
        ring.Publish(position, CallRecord.CheckOf(
            id.Value, trace, parent.Value, elapsed, sizeIn, sizeOut, site.Value, labelIn.Value, labelOut.Value, outcome, copies, exact, sampled));
        // A quarter more is there to be taken.
        if ((position & _pump.WakeMask) == 0) _pump.Wake();
    }

    /// <summary>
    /// Data went into a call otherwise than as its parent's arguments or its children's results. To be called before the call's end.
    /// </summary>
    /// <param name="destination">The call that received it.</param>
    /// <param name="ordinal">0, 1, …: which flow into that call this is.</param>
    /// <param name="source">Where it came from; its trace may be another one.</param>
    /// <param name="label">What travelled.</param>
    /// <param name="into">Where it went.</param>
    /// <param name="state">Through which state key; none by default.</param>
    public void Flow(in ActiveCall destination, short ordinal, in CallContext source, LabelId label, FlowInto into = FlowInto.Input,
        StateKeyId state = default)
    {
        if (!_names.Covers(state, label)) _names.Add(state, label);
        RecordRing<FlowRecord> ring = _lanes[Thread.GetCurrentProcessorId() & _mask].Flows;
        if (!ring.TryClaim(out long position) && !TryClaimSlowly(ring, out position)) return;
        ref FlowRecord record = ref ring.At(position);
        record.Destination = destination.Id;
        record.Source = source.Call;
        record.SourceTrace = source.IsNone ? 0 : source.Trace.Key;
        record.Label = label;
        record.State = state;
        record.Ordinal = ordinal;
        record.Into = into;
        ring.Publish(position, Check(record));
        if ((position & _pump.WakeMask) == 0) _pump.Wake();
    }

    /// <summary>Waits until everything recorded before is in the store or synced to the spool (or counted as lost).</summary>
    public Task FlushAsync() => _pump.FlushAsync();

    /// <summary>Waits until the spool is empty, hence everything is in the store.</summary>
    public async Task DrainAsync(CancellationToken cancellation = default)
    {
        await FlushAsync();
        while (Counters.SpoolBytes > 0)
        {
            _pump.Wake();
            await Task.Delay(10, cancellation);
        }
    }

    /// <summary>Keeps what is there, in the store or the spool, and stops. Nobody may record any more.</summary>
    public ValueTask DisposeAsync() => _pump.DisposeAsync();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Meet(in CallContext parent)
    {
        if (!_traces.TryClaim(out long position) && !TryClaimSlowly(_traces, out position)) return;
        ref TraceSlot slot = ref _traces.At(position);
        slot.Value = new ForeignTrace(parent.Trace, parent.State);
        _traces.Publish(position, Check(slot));
        _foreign.Remember(parent.Trace);
    }

    private static uint Check<T>(in T record)
        where T : IRingRecord => record.Check();

    // False when the record is lost, which is counted.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryClaimSlowly<T>(RecordRing<T> ring, out long position)
        where T : unmanaged, IRingRecord
    {
        _pump.Wake();
        if (!_block)
        {
            // The pump was woken three quarters of a ring ago: this came faster than the spool's disk.
            if (ring.TryClaim(out position)) return true;
            _pump.Counters.LoseInMemory(typeof(T) == typeof(CallRecord));
            return false;
        }

        _pump.Counters.CountBlocked();
        var wait = new SpinWait();
        while (!ring.TryClaim(out position))
        {
            _pump.Wake();
            if (_pump.IsStopped) throw new ObjectDisposedException(nameof(CallRecorder));
            wait.SpinOnce();
        }

        return true;
    }

    private static async Task<bool> CanReachAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        try
        {
            await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            return false;
        }
    }

    private static async Task<NodeRegistration> RegisterAsync(NpgsqlDataSource database, NodeFile node, RecorderOptions options, int lanes,
        CancellationToken cancellation)
    {
        try
        {
            NodeRegistration registration = await NodeRegistration.RegisterAsync(database, node.Identity, options.Name, lanes,
                cancellation);
            if (registration.Lanes < lanes)
            {
                // A machine that got more cores.
                node.Reset();
                registration = await NodeRegistration.RegisterAsync(database, node.Identity, options.Name, lanes, cancellation);
            }

            if (registration != node.Registration) node.Keep(registration);
            return registration;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            if (node.Registration is { } known && known.Lanes >= lanes) return known;
            throw new StoreException($"Postgres cannot be reached ({e.Message}), and a node must have met it once before it can record without it", e);
        }
    }
}
