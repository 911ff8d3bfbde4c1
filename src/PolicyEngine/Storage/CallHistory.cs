using System.Runtime.CompilerServices;
using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Backtesting;
using Chain.PolicyEngine.Decisions;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Npgsql;
using NpgsqlTypes;

namespace Chain.PolicyEngine.Storage;

/// <summary>Reads recorded calls, trace by trace.</summary>
/// <param name="database">The store, migrated.</param>
public sealed class CallHistory(NpgsqlDataSource database)
{
    /// <summary>A batch is passed on when it has this many calls and its last trace is complete.</summary>
    private const int BatchSize = 16_384;

    /// <summary>Streams the calls that began in a span of time, by one snapshot of the store.</summary>
    /// <param name="labels">Where their labels are interned.</param>
    /// <param name="from">The first moment.</param>
    /// <param name="to">The moment after the last.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <remarks>A trace that began before <paramref name="from"/> is read from there on, without its beginning.</remarks>
    public async IAsyncEnumerable<StoredCallBatch> ReadAsync(
        LabelStore labels, DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellation);
        Dictionary<int, (CallLink Link, CallOutcome Outcome)> shapes = await ShapesAsync(connection, cancellation);
        Dictionary<int, (LabelId In, LabelId Out)> pairs = await LabelsAsync(connection, labels, cancellation);
        (long low, long high) = (CallId.At(from).Value, CallId.At(to).Value);
        await using NpgsqlBinaryExporter rows = await connection.BeginBinaryExportAsync(
            $"COPY (SELECT coalesce(trace, id), id, coalesce(parent, 0), shape, labels, duration FROM call WHERE id >= {low} AND id < {high} ORDER BY 1, 2) TO STDOUT (FORMAT binary)",
            cancellation);
        var batch = new List<StoredCall>(BatchSize + 64);
        while (await rows.StartRowAsync(cancellation) >= 0)
        {
            long trace = rows.Read<long>(NpgsqlDbType.Bigint);
            long id = rows.Read<long>(NpgsqlDbType.Bigint);
            long parent = rows.Read<long>(NpgsqlDbType.Bigint);
            (CallLink link, CallOutcome outcome) = shapes[rows.Read<int>(NpgsqlDbType.Integer)];
            (LabelId labelIn, LabelId labelOut) = pairs[rows.Read<int>(NpgsqlDbType.Integer)];
            float duration = rows.Read<float>(NpgsqlDbType.Real);
            if (batch.Count >= BatchSize && batch[^1].Trace != trace)
            {
                yield return new StoredCallBatch([.. batch]);
                batch.Clear();
            }

            batch.Add(new StoredCall(new CallId(id), trace, new CallId(parent), link, labelIn, labelOut, outcome, duration));
        }

        if (batch.Count > 0) yield return new StoredCallBatch([.. batch]);
    }

    private static async Task<Dictionary<int, (CallLink, CallOutcome)>> ShapesAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var parties = new Dictionary<int, CallParty>();
        await using (var command = new NpgsqlCommand("SELECT id, name, version, labels::text FROM component", connection))
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                parties[reader.GetInt32(0)] = new CallParty(
                    new ComponentRef(reader.GetString(1), reader.GetString(2)), AlertJson.Read<Dictionary<string, string>>(reader.GetString(3)));
            }
        }

        // Shapes that differ only in node, host, attempt or outcome are one link, which a set then has to plan for once.
        var links = new Dictionary<(int, int, int), CallLink>();
        var shapes = new Dictionary<int, (CallLink, CallOutcome)>();
        await using var query = new NpgsqlCommand("SELECT s.id, s.caller, s.callee, s.function, f.name, s.outcome FROM shape s JOIN function f ON f.id = s.function", connection);
        await using NpgsqlDataReader rows = await query.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            (int, int, int) key = (rows.GetInt32(1), rows.GetInt32(2), rows.GetInt32(3));
            if (!links.TryGetValue(key, out CallLink? link))
            {
                links.Add(key, link = new CallLink(parties[key.Item1], parties[key.Item2], new FunctionRef(rows.GetString(4))));
            }

            shapes[rows.GetInt32(0)] = (link, (CallOutcome)rows.GetInt16(5));
        }

        return shapes;
    }

    private static async Task<Dictionary<int, (LabelId, LabelId)>> LabelsAsync(NpgsqlConnection connection, LabelStore labels, CancellationToken cancellation)
    {
        var tags = new Dictionary<int, Tag>();
        await using (var command = new NpgsqlCommand("SELECT id, kind, name, value FROM tag", connection))
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation)) tags[reader.GetInt32(0)] = Tag.Create(reader.GetString(2), reader.GetString(3), (TagKind)reader.GetInt16(1));
        }

        var ids = new Dictionary<int, LabelId>();
        await using (var command = new NpgsqlCommand("SELECT id, tags FROM label", connection))
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                ids[reader.GetInt32(0)] = labels.Intern(Label.Of([.. reader.GetFieldValue<int[]>(1).Select(t => tags[t])]));
            }
        }

        var pairs = new Dictionary<int, (LabelId, LabelId)>();
        await using var query = new NpgsqlCommand("SELECT id, label_in, label_out FROM labels", connection);
        await using NpgsqlDataReader rows = await query.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation)) pairs[rows.GetInt32(0)] = (ids[rows.GetInt32(1)], ids[rows.GetInt32(2)]);
        return pairs;
    }
}
