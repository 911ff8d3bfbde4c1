using System.Collections.Concurrent;
using System.Diagnostics;
using Chain.Tracer.Recording.Buffers;
using Chain.Tracer.Storage;
using Npgsql;

namespace Chain.Tracer.Recording;

/// <summary>
/// Takes records out of the rings on one thread and keeps them (store, or else spool) on another; see <see cref="BatchKeeper"/> for that.
/// </summary>
/// <remarks>Threads of its own, because the pool's may all be waiting for room in a ring.</remarks>
internal sealed class RecordPump : IAsyncDisposable
{
    private readonly RecorderLane[] _lanes;
    private readonly RecordBuffers _buffers;
    private readonly RecorderOptions _options;
    private readonly BatchKeeper _keeper;
    private readonly NodeFile _node;
    private readonly Spool _spool;
    private readonly Thread _drain;
    private readonly Thread _keep;
    private readonly AutoResetEvent _wake = new(false);
    private readonly BlockingCollection<Batch> _ready = new(2);
    private readonly ConcurrentBag<Batch> _free = [];
    private readonly ConcurrentQueue<TaskCompletionSource> _flushes = new();
    private readonly Deliveries _deliveries = new();
    private int _woken;
    private long _number;
    private volatile bool _stopping;
    private volatile bool _stopped;
    private volatile bool _leaving;

    public RecordPump(
        NpgsqlDataSource database, IRecordNames names, NodeFile node, Spool spool, RecorderLane[] lanes, RecordBuffers buffers,
            CallClock clock,
        RecorderOptions options, IRecordObserver? export)
    {
        _lanes = lanes;
        _buffers = buffers;
        _options = options;
        _node = node;
        _spool = spool;
        WakeMask = (lanes[0].Calls.Capacity / 4) - 1;
        Counters = new RecorderCounters(() => (lanes.Sum(lane => lane.Calls.Put), lanes.Sum(lane => lane.Flows.Put)), spool, clock);
        _keeper = new BatchKeeper(database, names, node, spool, lanes, clock, options, Counters, export);
        foreach ((RecordStage<CallRecord> calls, RecordStage<FlowRecord> flows, RecordStage<TraceSlot> traces) in buffers.Stages) _free.Add(new Batch(calls, flows, traces));
        _drain = new Thread(Drain) { IsBackground = true, Name = "chain drain" };
        _keep = new Thread(Keep) { IsBackground = true, Name = "chain store" };
        _drain.Start();
        _keep.Start();
    }

    public RecorderCounters Counters { get; }

    public int Node => _keeper.Node;

    /// <summary>A ring calls <see cref="Wake"/> at positions that have none of these bits.</summary>
    public long WakeMask { get; }

    public bool IsStopped => _stopped;

    /// <summary>There is something to take. Cheap when somebody said so already.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _woken, 1) == 0) _wake.Set();
    }

    public Task FlushAsync()
    {
        if (_stopped) return Task.CompletedTask;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _flushes.Enqueue(done);
        Wake();
        return done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopping) return;
        _stopping = true;
        Wake();
        await Task.Run(() =>
        {
            _drain.Join();
            _keep.Join();
        });
        _stopped = true;
        while (_flushes.TryDequeue(out TaskCompletionSource? waiter)) waiter.TrySetResult();
        _buffers.Close(nothingLeft: !_leaving);
        _spool.Dispose();
        _node.Dispose();
        _wake.Dispose();
        _ready.Dispose();
    }

    private void Drain()
    {
        Batch? batch = null;
        var age = new Stopwatch();
        var gathering = new Gathering(_options);
        var flushing = new List<TaskCompletionSource>();
        while (true)
        {
            bool stopping = _stopping;
            // The clock is read once: a second look may find nothing left of the interval.
            TimeSpan left = _options.FlushInterval - age.Elapsed;
            _wake.WaitOne(batch is null || left <= TimeSpan.Zero ? _options.FlushInterval : left);
            Volatile.Write(ref _woken, 0);
            while (_flushes.TryDequeue(out TaskCompletionSource? waiter)) flushing.Add(waiter);

            bool more;
            do
            {
                if (batch is null)
                {
                    batch = Rent();
                    if (batch is null) break;
                    age.Restart();
                    gathering.Begin();
                }

                more = batch.Fill(_lanes, _buffers.ForeignTraces);
                bool due = more || flushing.Count > 0 || stopping || gathering.IsOver(batch.Count, age.Elapsed);
                if (batch.IsEmpty)
                {
                    _free.Add(batch);
                    batch = null;
                }
                else if (due)
                {
                    HandOver(batch);
                    batch = null;
                }
            }
            while (more);

            foreach (RecorderLane lane in _lanes)
            {
                lane.Calls.Warm();
                lane.Flows.Warm();
            }

            foreach (TaskCompletionSource waiter in flushing) _deliveries.Wait(_number, waiter);
            flushing.Clear();
            if (stopping || _leaving) break;
        }

        _ready.CompleteAdding();
    }

    // Null when what is here is left to a successor.
    private Batch? Rent()
    {
        // The keeper gives one back for each it takes: there are more than the queue holds.
        Batch? batch;
        while (!_free.TryTake(out batch))
        {
            if (_leaving) return null;
            Thread.Sleep(1);
        }

        return batch;
    }

    private void HandOver(Batch batch)
    {
        batch.Number = ++_number;
        Counters.CountBatch();
        if (_options.Backpressure == Backpressure.Block)
        {
            _ready.Add(batch);
        }
        else if (!_ready.TryAdd(batch))
        {
            _keeper.SpoolOrLose(batch.Records);
            Return(batch);
        }
    }

    private void Keep()
    {
        _keeper.Tend();
        while (!_ready.IsCompleted)
        {
            if (_ready.TryTake(out Batch? batch, _keeper.IsReplaying ? TimeSpan.Zero : TimeSpan.FromMilliseconds(100)))
            {
                if (!_leaving && _keeper.Keep(batch.Records, () => _stopping)) Return(batch);
                else Leave(batch);
            }

            if (!_leaving) _keeper.Tend();
        }

        _keeper.Close();
    }

    private void Return(Batch batch)
    {
        long number = batch.Number;
        batch.Release();
        _free.Add(batch);
        _deliveries.Done(number);
    }

    // The process ends and nobody takes the batch: it stays in the buffers, and all that comes after it.
    private void Leave(Batch batch)
    {
        _leaving = true;
        _deliveries.Done(batch.Number);
    }

    /// <summary>Room for the records of one batch, used again and again.</summary>
    private sealed class Batch(RecordStage<CallRecord> calls, RecordStage<FlowRecord> flows, RecordStage<TraceSlot> traces)
    {
        private int _first;

        public long Number { get; set; }

        public int Count => calls.Count + flows.Count + traces.Count;

        public bool IsEmpty => Count == 0;

        public RecordBatch Records => new(calls.Records, flows.Records, Traces());

        /// <summary>The records were kept, or counted as lost.</summary>
        public void Release()
        {
            calls.Release();
            flows.Release();
            traces.Release();
        }

        /// <summary>Takes what is there; true when the batch is full and there may be more.</summary>
        public bool Fill(RecorderLane[] lanes, RecordRing<TraceSlot> foreign)
        {
            RecorderLane.MoveOldest(lanes, calls);
            _first = (_first + 1) % lanes.Length;
            int share = flows.Room / lanes.Length;
            foreach (RecorderLane lane in lanes) lane.Flows.MoveTo(flows, share);
            for (int i = 0; i < lanes.Length; i++) lanes[(_first + i) % lanes.Length].Flows.MoveTo(flows);
            foreign.MoveTo(traces);
            return calls.Room == 0 || flows.Room == 0 || traces.Room == 0;
        }

        private ForeignTrace[] Traces()
        {
            if (traces.Count == 0) return [];
            var all = new ForeignTrace[traces.Count];
            for (int i = 0; i < all.Length; i++) all[i] = traces.Records.Span[i].Value;
            return all;
        }
    }
}
