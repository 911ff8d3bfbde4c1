using System.Runtime.CompilerServices;
using Chain.Tracer.Bundles;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>The calls of a bundled part of a time window that pass a filter, in the order of their ids. For one part at a time.</summary>
/// <remarks>
/// Bundles come in the order of their keys. A call starts at most <see cref="Slice.Skew"/> before its trace does, so what is older than that waits for nobody.
/// </remarks>
internal sealed class BundledWindow(NpgsqlConnection connection, StoreFilter filter, long[] loose)
{
    private const int Chunk = 1_000;

    private readonly BundleRows _rows = new();
    private readonly HashSet<long> _loose = [.. loose];
    private readonly List<CallRow> _ready = [];
    private List<CallRow> _waiting = [];
    private List<CallRow> _later = [];
    private long[] _ids = [];
    private int[] _order = [];

    public async IAsyncEnumerable<List<CallRow>> ReadAsync(WindowPart part, [EnumeratorCancellation] CancellationToken cancellation)
    {
        _waiting.Clear();
        if (loose.Length > 0) await AddLooseAsync(part, cancellation);
        long from = Math.Max(part.Day.First, part.From - Slice.FirstId(1)), to = Math.Min(part.Day.Next, part.To + Slice.Skew);
        const string Select = $"SELECT {BundleRows.Columns}";
        await using (NpgsqlCommand older = Command($"{Select} FROM bundle_{part.Day.Suffix} WHERE last >= $1 AND last - trace > {Slice.FirstId(1)} AND trace < $2", part.From, from))
        await using (NpgsqlDataReader row = await older.ExecuteReaderAsync(cancellation))
        {
            while (row.Read()) Take(row, part);
        }

        await using NpgsqlCommand command = Command($"{Select} FROM bundle_{part.Day.Suffix} WHERE trace >= $1 AND trace < $2 ORDER BY trace, part", from, to);
        await using NpgsqlDataReader bundle = await command.ExecuteReaderAsync(cancellation);
        int sorted = _waiting.Count;
        while (bundle.Read())
        {
            long trace = Take(bundle, part);
            // Where much waits for what is still to come, it is not to be sorted again and again.
            if (_waiting.Count - sorted < Math.Max(Chunk, sorted)) continue;
            cancellation.ThrowIfCancellationRequested();
            if (Settle(trace - Slice.Skew)) yield return _ready;
            sorted = _waiting.Count;
        }

        if (Settle(long.MaxValue)) yield return _ready;
    }

    private long Take(NpgsqlDataReader row, WindowPart part)
    {
        long trace = _rows.Decode(row, withFlows: false);
        if (_loose.Contains(trace)) return trace;
        foreach (ref readonly BundledCall call in _rows.Decoder.Calls)
        {
            if (call.Id < part.From || call.Id >= part.To || !filter.Passes(call)) continue;
            _waiting.Add(new CallRow(call.Id, trace, call.Parent, call.Shape, call.Labels, call.Duration, call.SizeIn, call.SizeOut));
        }

        return trace;
    }

    // Makes what is before an id ready, and says whether that is anything.
    private bool Settle(long before)
    {
        int count = _waiting.Count, ready = count;
        if (_ids.Length < count) (_ids, _order) = (new long[count * 2], new int[count * 2]);
        for (int i = 0; i < count; i++) (_ids[i], _order[i]) = (_waiting[i].Id, i);
        // Numbers, in place of rows that are eight times as long.
        Array.Sort(_ids, _order, 0, count);
        while (ready > 0 && _ids[ready - 1] >= before) ready--;
        _ready.Clear();
        _later.Clear();
        for (int i = 0; i < count; i++) (i < ready ? _ready : _later).Add(_waiting[_order[i]]);
        (_waiting, _later) = (_later, _waiting);
        return ready > 0;
    }

    private async Task AddLooseAsync(WindowPart part, CancellationToken cancellation)
    {
        string condition = $"FROM call_{part.Day.Suffix} c WHERE {filter.Condition}";
        foreach (string which in (string[])["c.trace = ANY ($6)", "c.id = ANY ($6) AND c.trace IS NULL"])
        {
            await using var command = new NpgsqlCommand($"SELECT {CallRows.Columns} {condition} AND {which}", connection);
            filter.AddTo(command, part.From, part.To);
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = loose });
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
            while (row.Read()) _waiting.Add(CallRows.Read(row));
        }
    }

    private NpgsqlCommand Command(string sql, long first, long second)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = first });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = second });
        return command;
    }
}
