using System.Data;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Chain.Tracer.Storage;
using Npgsql;

namespace Chain.Tracer.Bundles;

/// <summary>Makes bundles of the traces that are loose and have come to rest. For one process at a time, on one connection.</summary>
/// <remarks>
/// Each step is one transaction with one snapshot: it takes away marks, reads the traces they stand for, and puts the new bundles in the place of the old. What a
/// writer commits after the snapshot was taken has a mark that the snapshot does not show, so that mark stays. A step that fails leaves all as it was, and doing one
/// twice changes nothing.
/// </remarks>
internal sealed class Bundler(NpgsqlConnection connection, TimeProvider time, TimeSpan rest)
{
    /// <summary>Calls in a row of <c>bundle</c> at most.</summary>
    public const int PartCalls = 4096;

    private const int SlicesAtOnce = 360;
    private const int TracesAtOnce = 500;

    // So many calls are to be in memory at a time, about 100 bytes each. A single trace of more is read nevertheless.
    private const int FewCalls = 50_000;
    private const int ManyCalls = 250_000;

    private readonly LooseCalls _loose = new(connection);
    private readonly BundleEncoder _encoder = new();
    private readonly CopyBuffer _copy = new();
    private readonly List<BundledCall> _calls = [];
    private long _step = Slice.FirstId(1) / 60;
    private long _made;

    /// <summary>Bundles all that is due; returns how many traces that were.</summary>
    public async Task<long> RunAsync(CancellationToken cancellation)
    {
        _made = 0;
        List<int> slices = await DueSlicesAsync(cancellation);
        for (int i = 0, next; i < slices.Count; i = next)
        {
            for (next = i + 1; next < slices.Count && next - i < SlicesAtOnce && slices[next] == slices[next - 1] + 1 && slices[next] % Slice.PerDay != 0;) next++;
            await InTransactionAsync(days => BundleSlicesAsync(days, slices[i], slices[next - 1] + 1, cancellation), cancellation);
        }

        foreach (long[] calls in (await DueCallsAsync(cancellation)).Chunk(TracesAtOnce))
        {
            await InTransactionAsync(days => BundleTracesAsync(days, calls, cancellation), cancellation);
        }

        // Every question reads the whole of it.
        if (_made > 0) await RunAsync("VACUUM loose", cancellation);
        return _made;
    }

    private async Task<List<int>> DueSlicesAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT DISTINCT slice FROM loose WHERE call IS NULL AND slice < $1 ORDER BY slice", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Slice.Of(CallId.At(time.GetUtcNow() - rest).Value) });
        var slices = new List<int>();
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation)) slices.Add(row.GetInt32(0));
        return slices;
    }

    // A long trace that grows all the time is left alone: it would be bundled anew each time.
    private async Task<List<long>> DueCallsAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT call FROM loose WHERE call IS NOT NULL GROUP BY call HAVING max(at) <= now() - $1 ORDER BY call", connection);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = rest });
        var calls = new List<long>();
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation)) calls.Add(row.GetInt64(0));
        return calls;
    }

    private async Task InTransactionAsync(Func<CallDayRange[], Task> step, CancellationToken cancellation)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
        // Statistics of an open day are never right.
        await RunAsync("SET LOCAL enable_seqscan = off", cancellation);
        await step(await new CallDays().GetAsync(connection, cancellation));
        await transaction.CommitAsync(cancellation);
    }

    private async Task BundleSlicesAsync(CallDayRange[] days, int first, int end, CancellationToken cancellation)
    {
        await RunAsync("DELETE FROM loose WHERE slice >= $1 AND slice < $2 AND call IS NULL", cancellation, first, end);
        CallDayRange? day = CallDays.Find(days, Slice.FirstId(first));
        if (day is not null) await BundleRangeAsync(days, day, Slice.FirstId(first), Slice.FirstId(end), cancellation);
    }

    private async Task BundleRangeAsync(CallDayRange[] days, CallDayRange day, long from, long end, CancellationToken cancellation)
    {
        for (long to; from < end; from = to)
        {
            to = Math.Min(from + _step, end);
            await _loose.ReadAsync(days, from, to, cancellation);
            await RunAsync($"DELETE FROM bundle_{day.Suffix} WHERE trace >= $1 AND trace < $2", cancellation, from, to);
            await StoreAsync(day, cancellation);
            if (_loose.Count < FewCalls) _step = Math.Min(_step * 2, Slice.FirstId(Slice.PerDay));
            if (_loose.Count > ManyCalls) _step = Math.Max(_step / 2, 1L << CallId.LaneBits);
        }
    }

    private async Task BundleTracesAsync(CallDayRange[] days, long[] calls, CancellationToken cancellation)
    {
        await RunAsync("DELETE FROM loose WHERE call = ANY ($1)", cancellation, calls);
        // A mark names a trace by its key or by a call.
        var keys = new HashSet<long>(calls.Where(call => call > 0));
        foreach (CallDayRange day in days)
        {
            await using var command = new NpgsqlCommand($"SELECT trace FROM call_{day.Suffix} WHERE id = ANY ($1) AND trace > 0", connection);
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. calls.Where(day.Holds)] });
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation)) keys.Add(row.GetInt64(0));
        }

        foreach (IGrouping<CallDayRange?, long> day in keys.Order().GroupBy(key => CallDays.Find(days, key)).ToList())
        {
            // Without a day there is no place for a bundle, and nobody will find one.
            if (day.Key is null) continue;
            var single = new List<long>();
            foreach (IGrouping<int, long> slice in day.GroupBy(Slice.Of))
            {
                // Each takes a search through the summaries of the day; of many the whole minute is cheaper.
                if (slice.Count() > LooseMarks.Few) await BundleRangeAsync(days, day.Key, Slice.FirstId(slice.Key), Slice.FirstId(slice.Key + 1), cancellation);
                else single.AddRange(slice);
            }

            if (single.Count == 0) continue;
            await _loose.ReadAsync(days, [.. single], cancellation);
            await RunAsync($"DELETE FROM bundle_{day.Key.Suffix} WHERE trace = ANY ($1)", cancellation, single.ToArray());
            await StoreAsync(day.Key, cancellation);
        }
    }

    private async Task StoreAsync(CallDayRange day, CancellationToken cancellation)
    {
        const int Large = 4 << 20;
        _copy.Begin();
        int flow = 0, end;
        long before = 0;
        short part = 0;
        for (int start = 0; start < _loose.Count; start = end)
        {
            long trace = _loose.Calls[start].Trace;
            part = trace == before ? checked((short)(part + 1)) : (short)0;
            before = trace;
            end = EndOfPart(start);
            Add(trace, part, start, end, ref flow);
            if (part == 0) _made++;
            if (_copy.Written.Length > Large) await SendAsync(day, cancellation);
        }

        await SendAsync(day, cancellation);
    }

    private int EndOfPart(int start)
    {
        ReadOnlySpan<LooseCall> calls = _loose.Calls;
        int end = start + 1;
        while (end < calls.Length && end - start < PartCalls && calls[end].Trace == calls[start].Trace) end++;
        return end;
    }

    private void Add(long trace, short part, int start, int end, ref int flow)
    {
        _calls.Clear();
        for (int i = start; i < end; i++) _calls.Add(_loose.Calls[i].Call);
        int firstFlow = flow;
        while (flow < _loose.Flows.Count && _loose.Flows[flow].Call < end) flow++;
        ReadOnlySpan<BundledFlow> flows = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_loose.Flows)[firstFlow..flow];
        ReadOnlySpan<byte> data = _encoder.Encode(trace, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_calls), flows, start);
        long[] sources = Sources(trace, flows);
        _copy.Row(6, 100 + data.Length + (sources.Length * 12));
        _copy.Long(trace);
        _copy.Long(_calls[^1].Id);
        _copy.Int(_calls.Count);
        _copy.Short(part);
        _copy.Bytes(data);
        if (sources.Length == 0) _copy.Null();
        else _copy.Longs(sources);
    }

    private static long[] Sources(long trace, ReadOnlySpan<BundledFlow> flows)
    {
        if (flows.IsEmpty) return [];
        var sources = new HashSet<long>();
        foreach (ref readonly BundledFlow flow in flows)
        {
            if (flow.SourceTrace > 0 && flow.SourceTrace != trace) sources.Add(flow.SourceTrace);
        }

        return [.. sources];
    }

    private async Task SendAsync(CallDayRange day, CancellationToken cancellation)
    {
        _copy.End();
        await using (NpgsqlRawCopyStream stream = await connection.BeginRawBinaryCopyAsync($"COPY bundle_{day.Suffix} (trace, last, calls, part, data, sources) FROM STDIN (FORMAT binary)", cancellation))
        {
            await stream.WriteAsync(_copy.Written, cancellation);
        }

        _copy.Begin();
    }

    private async Task RunAsync(string sql, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        foreach (object parameter in parameters) command.Parameters.AddWithValue(parameter);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
