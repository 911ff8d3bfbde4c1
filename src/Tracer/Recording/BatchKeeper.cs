using System.Diagnostics;
using System.Text.Json;
using Chain.Tracer.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Chain.Tracer.Recording;

/// <summary>Keeps batches: in the store while it answers, else in the spool, from where they go to the store once it is back.</summary>
/// <remarks>For the keeping thread alone, except <see cref="SpoolOrLose"/>.</remarks>
internal sealed class BatchKeeper(
    NpgsqlDataSource database, IRecordNames names, NodeFile node, Spool spool, RecorderLane[] lanes, CallClock clock,
        RecorderOptions options,
    RecorderCounters counters, IRecordObserver? export)
{
    // How often the store may refuse a spooled batch for what is in it, before the batch is put aside.
    private const int MostRefusals = 3;

    // Ids are reserved this far ahead; a successor that starts within that time of a crash waits or takes other lanes.
    private const long Reservation = 3 * CallClock.Second;

    private readonly long _lostBefore = node.Lost;
    private readonly Stopwatch _tended = Stopwatch.StartNew();
    private readonly Stopwatch _sinceAttempt = Stopwatch.StartNew();
    private readonly Lock _showing = new();
    private CounterTotals? _before;
    private StoreWriter? _writer;
    private TimeSpan _pause = TimeSpan.Zero;
    private int _refusals;
    private long _summarised;
    private volatile bool _replaying;

    /// <summary>Row of <c>node</c>.</summary>
    public int Node => node.Registration!.Value.Id;

    /// <summary>Whether there is more to do than wait for batches.</summary>
    public bool IsReplaying => _replaying;

    /// <summary>Keeps a batch. Where neither the store nor the spool takes it, waits or counts it as lost, as the options say.</summary>
    /// <returns>False where nobody took it while the recorder was stopping: it is to be left in the buffers.</returns>
    public bool Keep(RecordBatch batch, Func<bool> stopping)
    {
        var patience = new Stopwatch();
        while (!TryStore(batch) && !TrySpool(batch))
        {
            if (options.Backpressure == Backpressure.Lose)
            {
                counters.Lose(batch.Calls.Length, batch.Flows.Length);
                break;
            }

            if (stopping() && patience.Elapsed > options.StoreTimeout) return false;
            if (stopping()) patience.Start();
            Tend();
            Thread.Sleep(10);
        }

        Show(batch);
        return true;
    }

    /// <summary>Keeps a batch without asking the store, for when the keeping thread is behind. For any thread.</summary>
    public void SpoolOrLose(RecordBatch batch)
    {
        if (!TrySpool(batch)) counters.Lose(batch.Calls.Length, batch.Flows.Length);
        Show(batch);
    }

    /// <summary>What has to be done from time to time: reach the store again, replay one batch, renew the reservation, report.</summary>
    public void Tend()
    {
        if (_writer is null && _sinceAttempt.Elapsed >= _pause) Reach();
        if (_writer is not null && !spool.IsEmpty) Replay();
        _replaying = _writer is not null && !spool.IsEmpty && _refusals == 0;
        if (_tended.Elapsed < TimeSpan.FromSeconds(1)) return;
        _tended.Restart();
        clock.Check();
        Reserve(Reservation);
        Report();
    }

    /// <summary>The last thing: everything was kept.</summary>
    public void Close()
    {
        Reserve(1);
        Report();
    }

    private void Show(RecordBatch batch)
    {
        if (export is null) return;
        lock (_showing) export.Observe(batch, names);
    }

    private bool TryStore(RecordBatch batch)
    {
        if (_writer is null) return false;
        try
        {
            StoredBatch stored = _writer.Write(batch);
            counters.Store(stored.Calls, stored.Flows, stored.Duplicates);
            return true;
        }
        catch (Exception e) when (IsFailure(e))
        {
            Fail();
            return false;
        }
    }

    private bool TrySpool(RecordBatch batch)
    {
        if (!spool.TryAppend(batch, names)) return false;
        counters.Spool(batch.Calls.Length, batch.Flows.Length);
        return true;
    }

    private void Replay()
    {
        (RecordBatch Batch, IRecordNames Names)? oldest = spool.Peek();
        counters.SetDamaged(spool.Damaged);
        if (oldest is not { } found) return;
        try
        {
            StoredBatch stored = new StoreWriter(database, found.Names, Node, options.StoreTimeout).Write(found.Batch);
            spool.Remove(found.Batch);
            counters.Replay(stored.Calls + stored.Flows, stored.Duplicates);
            _refusals = 0;
        }
        catch (PostgresException e) when (IsRefusal(e))
        {
            counters.CountFailure();
            if (++_refusals < MostRefusals) return;
            spool.Reject(found.Batch, e.MessageText);
            counters.Reject(found.Batch.Calls.Length + found.Batch.Flows.Length);
            _refusals = 0;
        }
        catch (Exception e) when (IsFailure(e))
        {
            Fail();
        }
    }

    private void Reach()
    {
        _sinceAttempt.Restart();
        try
        {
            // Every time anew: the database may be another one since.
            NodeRegistration registration = NodeRegistration.RegisterAsync(database, node.Identity, options.Name,
                lanes.Length).GetAwaiter().GetResult();
            if (registration != node.Registration)
            {
                node.Keep(registration);
                for (int i = 0; i < lanes.Length; i++) lanes[i].Lane = registration.FirstLane + i;
            }

            _before ??= ReadTotals();
            _writer = new StoreWriter(database, names, registration.Id, options.StoreTimeout);
            _pause = TimeSpan.Zero;
        }
        catch (Exception e) when (IsFailure(e) || e is StoreException)
        {
            Fail();
        }
    }

    private void Fail()
    {
        counters.CountFailure();
        _writer = null;
        _pause = _pause == TimeSpan.Zero ? options.RetryInterval / 20
            : TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, options.RetryInterval.Ticks));
        _sinceAttempt.Restart();
    }

    private void Reserve(long ahead)
    {
        long newest = Math.Max(clock.Now, lanes.Max(lane => lane.Newest));
        try
        {
            node.Reserve(newest + ahead, _lostBefore + counters.LostCalls + counters.LostFlows);
        }
        catch (IOException)
        {
            // The block stands on the disk already; what cannot be renewed now is renewed in a second.
        }
    }

    private void Report()
    {
        if (_writer is null || _before is null) return;
        try
        {
            using NpgsqlConnection connection = database.OpenConnection();
            using var command = new NpgsqlCommand("UPDATE node SET seen = now(), counters = $2 WHERE id = $1", connection);
            command.Parameters.AddWithValue(Node);
            command.Parameters.Add(new NpgsqlParameter { Value = JsonSerializer.Serialize(_before + counters.Totals(),
                CounterJson.Default.CounterTotals), NpgsqlDbType = NpgsqlDbType.Jsonb });
            command.ExecuteNonQuery();
            // Without this a search reads all that came in since somebody vacuumed.
            if (counters.StoredCalls != _summarised) Partitions.Summarise(connection, DateOnly.FromDateTime(DateTime.UtcNow));
            _summarised = counters.StoredCalls;
        }
        catch (Exception e) when (IsFailure(e))
        {
            Fail();
        }
    }

    private CounterTotals ReadTotals()
    {
        using NpgsqlConnection connection = database.OpenConnection();
        using var command = new NpgsqlCommand("SELECT counters::text FROM node WHERE id = $1", connection);
        command.Parameters.AddWithValue(Node);
        CounterTotals totals = JsonSerializer.Deserialize((string)command.ExecuteScalar()!, CounterJson.Default.CounterTotals)!;
        // A process that died while Postgres was away could not report what it lost; its folder knows.
        long unreported = Math.Max(0, _lostBefore - totals.LostCalls - totals.LostFlows);
        return totals with { LostCalls = totals.LostCalls + unreported };
    }

    // The batch itself is at fault (data exception, constraint, program limit), so that sending it again cannot help.
    private static bool IsRefusal(PostgresException e) => e.SqlState[..2] is "22" or "23" or "54";

    private static bool IsFailure(Exception e) =>
        e is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException or OperationCanceledException or ObjectDisposedException;
}
