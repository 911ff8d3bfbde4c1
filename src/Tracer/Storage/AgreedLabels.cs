using System.Collections.Concurrent;
using Chain.Tracer.Recording;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Storage;

/// <summary>
/// The numbers on which all processes of a store agree for labels, given out by Postgres and remembered here: four bytes for a label in
/// messages between nodes and beside stored values. Safe for any number of threads.
/// </summary>
/// <remarks>
/// A label never changes its number, so what is remembered is never wrong. Where Postgres is away, a label travels as text.
/// </remarks>
public sealed class AgreedLabels(NpgsqlDataSource database)
{
    // Forgotten as a whole when there are more: this only saves look-ups.
    private const int Remembered = 1 << 17;

    private readonly ConcurrentDictionary<Label, int> _ids = new() { [Label.Empty] = 0 };
    private readonly ConcurrentDictionary<int, Label> _labels = new() { [0] = Label.Empty };

    /// <summary>The number of a label, without asking; false when it is not known here yet.</summary>
    public bool TryGetId(Label label, out int id) => _ids.TryGetValue(label, out id);

    /// <summary>The label of a number, without asking; null when it is not known here yet.</summary>
    public Label? TryGetLabel(int id) => _labels.GetValueOrDefault(id);

    /// <summary>The number of a label, which is given one when it has none.</summary>
    public async ValueTask<int> IdAsync(Label label, CancellationToken cancellation = default)
    {
        if (_ids.TryGetValue(label, out int id)) return id;
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        id = new StoreNames(NoNames.Instance, 0).Label(connection, label);
        Remember(id, label);
        return id;
    }

    /// <summary>The label of a number.</summary>
    /// <exception cref="StoreException">The store knows no such number.</exception>
    public async ValueTask<Label> LabelAsync(int id, CancellationToken cancellation = default)
    {
        if (_labels.TryGetValue(id, out Label? known)) return known;
        await LoadAsync($"WHERE l.id = {id}", cancellation);
        return _labels.GetValueOrDefault(id) ?? throw new StoreException($"the store has no label {id}");
    }

    /// <summary>Remembers the labels that the store knows, the newest <paramref name="most"/> of them.</summary>
    public Task PreloadAsync(int most = 65_536, CancellationToken cancellation = default) =>
        LoadAsync($"WHERE l.id > (SELECT max(id) FROM label) - {most}", cancellation);

    private async Task LoadAsync(string where, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = database.CreateCommand($"""
            SELECT l.id, array_agg(t.kind ORDER BY t.id), array_agg(t.name ORDER BY t.id), array_agg(t.value ORDER BY t.id)
            FROM label l JOIN tag t ON t.id = ANY (l.tags) {where} GROUP BY l.id
            """);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            short[] kinds = reader.GetFieldValue<short[]>(1);
            string[] names = reader.GetFieldValue<string[]>(2), values = reader.GetFieldValue<string[]>(3);
            var tags = new Tag[kinds.Length];
            for (int i = 0; i < tags.Length; i++) tags[i] = Tag.Create(names[i], values[i], (TagKind)kinds[i]);
            Remember(reader.GetInt32(0), Label.Of(tags));
        }
    }

    private void Remember(int id, Label label)
    {
        if (_labels.Count > Remembered)
        {
            _labels.Clear();
            _ids.Clear();
        }

        _labels[id] = label;
        _ids[label] = id;
    }

    private sealed class NoNames : IRecordNames
    {
        public static NoNames Instance { get; } = new();

        public Label Find(LabelId id) => throw new NotSupportedException();

        public Calls.CallSite Find(Calls.CallSiteId id) => throw new NotSupportedException();

        public Calls.StateKey Find(Calls.StateKeyId id) => throw new NotSupportedException();
    }
}
