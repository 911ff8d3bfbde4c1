using Chain.Tracer.Bundles;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Npgsql;

namespace Chain.Tracer.Storage;

/// <summary>What became of a batch.</summary>
/// <param name="Calls">Calls that are new in the store.</param>
/// <param name="Flows">Flows that are new in the store.</param>
/// <param name="Duplicates">Calls and flows that were there already, and were left as they are.</param>
public readonly record struct StoredBatch(int Calls, int Flows, int Duplicates);

/// <summary>Stores batches of the records of one process. For one batch at a time.</summary>
/// <remarks>
/// A batch goes in by binary COPY straight into the partitions of its days, in one transaction. Only when that meets a call that is there
/// already is the batch sent again by way of a temporary table, which keeps the new rows and counts the others.
/// </remarks>
public sealed class StoreWriter
{
    private const string CallColumns = "id, trace, parent, shape, labels, duration, size_in, size_out";
    // What was not summarised yet is read as a whole by every search for a trace.
    private const int SummariseAfter = 200_000;

    private const string FlowColumns = "dst, src, label, n, part, state";

    private readonly NpgsqlDataSource _database;
    private readonly int _timeout;
    private readonly StoreNames _names;
    private readonly HashSet<long> _days = [];
    private readonly CopyBuffer _copy = new();
    private readonly LooseMarks _marks = new();
    private int _unsummarised;
    private long[] _keys = [];
    private int[] _order = [];

    /// <summary>A writer for the records of one process.</summary>
    /// <param name="database">The store, migrated.</param>
    /// <param name="names">What the ids in the records stand for.</param>
    /// <param name="node">Row of <c>node</c> (see <see cref="NodeRegistration"/>).</param>
    /// <param name="timeout">Longest time for one statement. Default 30 s.</param>
    public StoreWriter(NpgsqlDataSource database, IRecordNames names, int node, TimeSpan? timeout = null)
    {
        _database = database;
        _timeout = (int)Math.Ceiling((timeout ?? TimeSpan.FromSeconds(30)).TotalSeconds);
        _names = new StoreNames(names, node);
    }

    /// <summary>Stores a batch: when this returns, all of it is committed. Blocks its thread, and needs none of the pool's.</summary>
    /// <exception cref="NpgsqlException">Postgres is away or refuses; nothing of the batch was stored, or all of it and the answer was
    /// lost.</exception>
    public StoredBatch Write(RecordBatch batch)
    {
        using NpgsqlConnection connection = _database.OpenConnection();
        _names.Resolve(connection, batch);
        MakePartitions(connection, batch);
        try
        {
            return Copy(connection, batch);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return Merge(connection, batch);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            // Retention dropped a day since we looked.
            _days.Clear();
            MakePartitions(connection, batch);
            return Merge(connection, batch);
        }
    }

    /// <summary>As <see cref="Write"/>, on a thread of the pool.</summary>
    public Task<StoredBatch> WriteAsync(RecordBatch batch) => Task.Run(() => Write(batch));

    private StoredBatch Copy(NpgsqlConnection connection, RecordBatch batch)
    {
        using NpgsqlTransaction transaction = connection.BeginTransaction();
        int end;
        SortCalls(batch.Calls.Span);
        _marks.Collect(batch, _keys.AsSpan(0, batch.Calls.Length));
        for (int start = 0; start < batch.Calls.Length; start = end)
        {
            end = EndOfDay(start, batch.Calls.Length);
            Encode(batch.Calls.Span, start, end);
            Send(connection, $"COPY call_{Suffix(_keys[start])} ({CallColumns}) FROM STDIN (FORMAT binary)");
        }

        SortFlows(batch.Flows.Span);
        for (int start = 0; start < batch.Flows.Length; start = end)
        {
            end = EndOfDay(start, batch.Flows.Length);
            Encode(batch.Flows.Span, start, end);
            Send(connection, $"COPY flow_{Suffix(_keys[start])} ({FlowColumns}) FROM STDIN (FORMAT binary)");
        }

        WriteMarks(connection);
        WriteSizes(connection, batch);
        WriteTraces(connection, batch);
        transaction.Commit();
        if ((_unsummarised += batch.Calls.Length) >= SummariseAfter) SummariseDays(connection, batch);
        return new StoredBatch(batch.Calls.Length, batch.Flows.Length, 0);
    }

    private void SummariseDays(NpgsqlConnection connection, RecordBatch batch)
    {
        _unsummarised = 0;
        var days = new HashSet<long>();
        foreach (ref readonly CallRecord call in batch.Calls.Span) days.Add(CallDay.Of(call.Id.Value));
        foreach (long day in days) Partitions.Summarise(connection, CallDay.Date(day));
    }

    private StoredBatch Merge(NpgsqlConnection connection, RecordBatch batch)
    {
        using NpgsqlTransaction transaction = connection.BeginTransaction();
        Run(connection, "CREATE TEMP TABLE incoming_call (LIKE call) ON COMMIT DROP");
        Run(connection, "CREATE TEMP TABLE incoming_flow (LIKE flow) ON COMMIT DROP");
        SortCalls(batch.Calls.Span);
        _marks.Collect(batch, _keys.AsSpan(0, batch.Calls.Length));
        Encode(batch.Calls.Span, 0, batch.Calls.Length);
        Send(connection, $"COPY incoming_call ({CallColumns}) FROM STDIN (FORMAT binary)");
        SortFlows(batch.Flows.Span);
        Encode(batch.Flows.Span, 0, batch.Flows.Length);
        Send(connection, $"COPY incoming_flow ({FlowColumns}) FROM STDIN (FORMAT binary)");
        int calls = Run(connection, "INSERT INTO call SELECT * FROM incoming_call ON CONFLICT DO NOTHING");
        int flows = Run(connection, "INSERT INTO flow SELECT * FROM incoming_flow ON CONFLICT DO NOTHING");
        WriteMarks(connection);
        WriteSizes(connection, batch);
        WriteTraces(connection, batch);
        transaction.Commit();
        return new StoredBatch(calls, flows, batch.Calls.Length + batch.Flows.Length - calls - flows);
    }

    private void MakePartitions(NpgsqlConnection connection, RecordBatch batch)
    {
        List<long>? missing = null;
        foreach (ref readonly CallRecord call in batch.Calls.Span)
        {
            if (_days.Add(CallDay.Of(call.Id.Value))) (missing ??= []).Add(CallDay.Of(call.Id.Value));
        }

        foreach (ref readonly FlowRecord flow in batch.Flows.Span)
        {
            if (_days.Add(CallDay.Of(flow.Destination.Value))) (missing ??= []).Add(CallDay.Of(flow.Destination.Value));
        }

        if (missing is null) return;
        try
        {
            foreach (long day in missing) Partitions.Make(connection, CallDay.Date(day));
        }
        catch
        {
            foreach (long day in missing) _days.Remove(day);
            throw;
        }
    }

    private void SortCalls(ReadOnlySpan<CallRecord> calls)
    {
        Room(calls.Length);
        for (int i = 0; i < calls.Length; i++)
        {
            _keys[i] = calls[i].Id.Value;
            _order[i] = i;
        }

        // In the order of their ids, so that the indexes grow at their ends.
        Array.Sort(_keys, _order, 0, calls.Length);
    }

    private void SortFlows(ReadOnlySpan<FlowRecord> flows)
    {
        Room(flows.Length);
        for (int i = 0; i < flows.Length; i++)
        {
            _keys[i] = flows[i].Destination.Value;
            _order[i] = i;
        }

        Array.Sort(_keys, _order, 0, flows.Length);
    }

    private void Room(int length)
    {
        if (_keys.Length >= length) return;
        _keys = new long[length];
        _order = new int[length];
    }

    private int EndOfDay(int start, int length)
    {
        long next = CallDay.FirstId(CallDay.Of(_keys[start]) + 1);
        int found = Array.BinarySearch(_keys, start, length - start, next - 1);
        int end = found < 0 ? ~found : found + 1;
        while (end < length && _keys[end] < next) end++;
        return end;
    }

    private static string Suffix(long id) => CallDay.Suffix(CallDay.Of(id));

    private void Encode(ReadOnlySpan<CallRecord> calls, int start, int end)
    {
        _copy.Begin();
        for (int i = start; i < end; i++)
        {
            ref readonly CallRecord call = ref calls[_order[i]];
            _copy.Row(8, 80);
            _copy.Long(call.Id.Value);
            if (call.Trace == call.Id.Value) _copy.Null();
            else _copy.Long(call.Trace);
            if (call.Parent.IsNone) _copy.Null();
            else _copy.Long(call.Parent.Value);
            _copy.Int(_names.Shape(call));
            _copy.Int(_names.Labels(call));
            _copy.Real(call.Duration / 1000f);
            _copy.Short(Small(call.SizeIn));
            _copy.Short(Small(call.SizeOut));
        }

        _copy.End();
    }

    private void Encode(ReadOnlySpan<FlowRecord> flows, int start, int end)
    {
        _copy.Begin();
        for (int i = start; i < end; i++)
        {
            ref readonly FlowRecord flow = ref flows[_order[i]];
            _copy.Row(6, 56);
            _copy.Long(flow.Destination.Value);
            _copy.Long(flow.Source.Value);
            _copy.Int(_names.Label(flow.Label));
            _copy.Short(flow.Ordinal);
            _copy.Short((short)flow.Into);
            if (flow.State.Value == 0) _copy.Null();
            else _copy.Int(_names.StateKey(flow.State));
        }

        _copy.End();
    }

    private void WriteMarks(NpgsqlConnection connection)
    {
        _copy.Begin();
        foreach (int slice in _marks.Slices)
        {
            _copy.Row(2, 24);
            _copy.Int(slice);
            _copy.Null();
        }

        foreach (long call in _marks.Calls)
        {
            _copy.Row(2, 24);
            _copy.Int(Slice.Of(call));
            _copy.Long(call);
        }

        _copy.End();
        Send(connection, "COPY loose (slice, call) FROM STDIN (FORMAT binary)");
        if (_marks.Strays.Count == 0) return;
        using var command = new NpgsqlCommand("INSERT INTO stray SELECT unnest($1) ON CONFLICT DO NOTHING", connection);
        command.Parameters.AddWithValue(_marks.Strays.ToArray());
        command.ExecuteNonQuery();
    }

    private static short Small(long size) => size is >= 0 and <= short.MaxValue ? (short)size : (short)-1;

    private static void WriteSizes(NpgsqlConnection connection, RecordBatch batch)
    {
        var (ids, ins, outs) = LargeSizes(batch.Calls.Span);
        if (ids.Count == 0) return;
        using var command = new NpgsqlCommand("INSERT INTO call_size SELECT * FROM unnest($1, $2, $3) ON CONFLICT DO NOTHING", connection);
        command.Parameters.AddWithValue(ids);
        command.Parameters.AddWithValue(ins);
        command.Parameters.AddWithValue(outs);
        command.ExecuteNonQuery();
    }

    private static (List<long> Ids, List<long> Ins, List<long> Outs) LargeSizes(ReadOnlySpan<CallRecord> calls)
    {
        var (ids, ins, outs) = (new List<long>(), new List<long>(), new List<long>());
        foreach (ref readonly CallRecord call in calls)
        {
            if (Small(call.SizeIn) >= 0 && Small(call.SizeOut) >= 0) continue;
            ids.Add(call.Id.Value);
            ins.Add(call.SizeIn);
            outs.Add(call.SizeOut);
        }

        return (ids, ins, outs);
    }

    private static void WriteTraces(NpgsqlConnection connection, RecordBatch batch)
    {
        if (batch.Traces.IsEmpty) return;
        var (keys, ids, states) = (new List<long>(), new List<Guid>(), new List<string?>());
        foreach (ForeignTrace trace in batch.Traces.ToArray())
        {
            keys.Add(trace.Id.Key);
            ids.Add(Guid.ParseExact(trace.Id.ToString(), "N"));
            states.Add(trace.State);
        }

        using var command = new NpgsqlCommand("INSERT INTO trace (key, trace_id, state) SELECT * FROM unnest($1, $2, $3) ON CONFLICT DO NOTHING", connection);
        command.Parameters.AddWithValue(keys);
        command.Parameters.AddWithValue(ids);
        command.Parameters.AddWithValue(states);
        command.ExecuteNonQuery();
    }

    private void Send(NpgsqlConnection connection, string copy)
    {
        using NpgsqlRawCopyStream stream = connection.BeginRawBinaryCopy(copy);
        stream.WriteTimeout = stream.ReadTimeout = _timeout * 1000;
        stream.Write(_copy.Written.Span);
    }

    private static int Run(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        return command.ExecuteNonQuery();
    }
}
