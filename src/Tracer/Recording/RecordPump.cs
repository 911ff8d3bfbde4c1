using System.Collections.Concurrent;
using System.Diagnostics;
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
    private readonly ForeignTraces _foreign;
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

    public RecordPump(
        NpgsqlDataSource database, IRecordNames names, NodeFile node, Spool spool, RecorderLane[] lanes, ForeignTraces foreign,
            CallClock clock,
        RecorderOptions options, IRecordObserver? export)
    {
        _lanes = lanes;
        _foreign = foreign;
        _options = options;
        _node = node;
        _spool = spool;
        WakeMask = (lanes[0].Calls.Capacity / 4) - 1;
        Counters = new RecorderCounters(() => (lanes.Sum(lane => lane.Calls.Put), lanes.Sum(lane => lane.Flows.Put)), spool, clock);
        _keeper = new BatchKeeper(database, names, node, spool, lanes, clock, options, Counters, export);
        for (int i = 0; i < 4; i++) _free.Add(new Batch(options.BatchSize));
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
        _spool.Dispose();
        _node.Dispose();
        _wake.Dispose();
        _ready.Dispose();
    }

    private void Drain()
    {
        Batch? batch = null;
        var age = new Stopwatch();
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
                    age.Restart();
                }

                more = batch.Fill(_lanes, _foreign);
                bool due = more || flushing.Count > 0 || stopping || age.Elapsed >= _options.FlushInterval;
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

            foreach (TaskCompletionSource waiter in flushing) _deliveries.Wait(_number, waiter);
            flushing.Clear();
            if (stopping) break;
        }

        _ready.CompleteAdding();
    }

    private Batch Rent()
    {
        // The keeper gives one back for each it takes: there are more than the queue holds.
        Batch? batch;
        while (!_free.TryTake(out batch)) Thread.Sleep(1);
        batch.Clear();
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
                _keeper.Keep(batch.Records, () => _stopping);
                Return(batch);
            }

            _keeper.Tend();
        }

        _keeper.Close();
    }

    private void Return(Batch batch)
    {
        long number = batch.Number;
        _free.Add(batch);
        _deliveries.Done(number);
    }

    /// <summary>Room for the records of one batch, used again and again.</summary>
    private sealed class Batch(int size)
    {
        private readonly CallRecord[] _calls = new CallRecord[size];
        private readonly FlowRecord[] _flows = new FlowRecord[size];
        private int _callCount;
        private int _flowCount;
        private int _first;
        private ForeignTrace[] _traces = [];

        public long Number { get; set; }

        public bool IsEmpty => _callCount == 0 && _flowCount == 0 && _traces.Length == 0;

        public RecordBatch Records => new(_calls.AsMemory(0, _callCount), _flows.AsMemory(0, _flowCount), _traces);

        public void Clear()
        {
            _callCount = _flowCount = 0;
            _traces = [];
        }

        /// <summary>Takes what is there; true when the batch is full and there may be more.</summary>
        public bool Fill(RecorderLane[] lanes, ForeignTraces foreign)
        {
            // First the same share of every lane, so that batches follow each other in time and the indexes grow at their ends.
            _first = (_first + 1) % lanes.Length;
            int calls = (_calls.Length - _callCount) / lanes.Length, flows = (_flows.Length - _flowCount) / lanes.Length;
            foreach (RecorderLane lane in lanes)
            {
                _callCount += lane.Calls.Take(_calls.AsSpan(_callCount, calls));
                _flowCount += lane.Flows.Take(_flows.AsSpan(_flowCount, flows));
            }

            for (int i = 0; i < lanes.Length; i++)
            {
                RecorderLane lane = lanes[(_first + i) % lanes.Length];
                _callCount += lane.Calls.Take(_calls.AsSpan(_callCount));
                _flowCount += lane.Flows.Take(_flows.AsSpan(_flowCount));
            }

            ForeignTrace[] met = foreign.TakeAll();
            if (met.Length > 0) _traces = [.. _traces, .. met];
            return _callCount == _calls.Length || _flowCount == _flows.Length;
        }
    }
}
