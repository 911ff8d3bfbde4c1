using System.Collections.Concurrent;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>What the small numbers in the store's rows stand for, asked once and remembered: such rows never change. Safe for any number of threads.</summary>
internal sealed class NameCatalog
{
    private readonly ConcurrentDictionary<int, CallShape> _shapes = new();
    private readonly ConcurrentDictionary<int, (int In, int Out)> _pairs = new();
    private readonly ConcurrentDictionary<int, Label> _labels = new() { [0] = Tags.Label.Empty };
    private readonly ConcurrentDictionary<int, StateKey> _keys = new();

    public CallShape Shape(int id) => _shapes[id];

    public Label Label(int id) => _labels[id];

    public (int In, int Out) Pair(int id) => _pairs[id];

    public StateKey State(int id) => _keys[id];

    public bool HasShape(int id) => _shapes.ContainsKey(id);

    public bool HasPair(int id) => _pairs.ContainsKey(id);

    public async Task EnsureShapesAsync(NpgsqlConnection connection, IEnumerable<int> ids, CancellationToken cancellation)
    {
        int[] missing = Missing(ids, _shapes.ContainsKey);
        if (missing.Length == 0) return;
        const string Sql = """
            SELECT s.id, a.name, a.version, b.name, b.version, f.name, n.name, s.outcome, s.copies, s.exact, s.host, s.attempt
            FROM shape s JOIN component a ON a.id = s.caller JOIN component b ON b.id = s.callee JOIN function f ON f.id = s.function JOIN node n ON n.id = s.node
            WHERE s.id = ANY ($1)
            """;
        await foreach (NpgsqlDataReader row in RowsAsync(connection, Sql, missing, cancellation))
        {
            _shapes[row.GetInt32(0)] = new CallShape(
                new ComponentRef(row.GetString(1), row.GetString(2)), new ComponentRef(row.GetString(3), row.GetString(4)), new FunctionRef(row.GetString(5)),
                row.GetString(6), (CallOutcome)row.GetInt16(7), row.GetInt16(8), row.GetBoolean(9),
                row.GetString(10), row.GetInt16(11));
        }
    }

    /// <summary>Pairs of labels, and the labels in them.</summary>
    public async Task EnsurePairsAsync(NpgsqlConnection connection, IEnumerable<int> ids, CancellationToken cancellation)
    {
        int[] missing = Missing(ids, _pairs.ContainsKey);
        if (missing.Length == 0) return;
        var found = new List<(int Id, int In, int Out)>();
        await foreach (NpgsqlDataReader row in RowsAsync(connection, "SELECT id, label_in, label_out FROM labels WHERE id = ANY ($1)", missing, cancellation))
        {
            found.Add((row.GetInt32(0), row.GetInt32(1), row.GetInt32(2)));
        }

        await EnsureLabelsAsync(connection, found.SelectMany(pair => (int[])[pair.In, pair.Out]), cancellation);
        foreach ((int id, int label, int result) in found) _pairs[id] = (label, result);
    }

    public async Task EnsureLabelsAsync(NpgsqlConnection connection, IEnumerable<int> ids, CancellationToken cancellation)
    {
        int[] missing = Missing(ids, _labels.ContainsKey);
        if (missing.Length == 0) return;
        var tags = missing.ToDictionary(id => id, _ => new List<Tag>());
        const string Sql = "SELECT l.id, t.kind, t.name, t.value FROM label l JOIN tag t ON t.id = ANY (l.tags) WHERE l.id = ANY ($1)";
        await foreach (NpgsqlDataReader row in RowsAsync(connection, Sql, missing, cancellation))
        {
            tags[row.GetInt32(0)].Add(Tag.Create(row.GetString(2), row.GetString(3), (TagKind)row.GetInt16(1)));
        }

        foreach ((int id, List<Tag> found) in tags) _labels[id] = Tags.Label.Of([.. found]);
    }

    public async Task EnsureKeysAsync(NpgsqlConnection connection, IEnumerable<int> ids, CancellationToken cancellation)
    {
        int[] missing = Missing(ids, _keys.ContainsKey);
        if (missing.Length == 0) return;
        await foreach (NpgsqlDataReader row in RowsAsync(connection, "SELECT id, component, store, key FROM state_key WHERE id = ANY ($1)", missing, cancellation))
        {
            _keys[row.GetInt32(0)] = new StateKey(row.GetString(1), row.GetString(2), row.GetString(3));
        }
    }

    private static int[] Missing(IEnumerable<int> ids, Predicate<int> known)
    {
        HashSet<int>? missing = null;
        foreach (int id in ids)
        {
            if (!known(id)) (missing ??= []).Add(id);
        }

        return missing is null ? [] : [.. missing];
    }

    private static async IAsyncEnumerable<NpgsqlDataReader> RowsAsync(
        NpgsqlConnection connection, string sql, int[] ids, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = ids });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) yield return reader;
    }
}
