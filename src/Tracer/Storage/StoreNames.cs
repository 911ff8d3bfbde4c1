using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Tags;
using Npgsql;
using NpgsqlTypes;

namespace Chain.Tracer.Storage;

/// <summary>The store's ids for the names of one recording process, asked for once and remembered. For one thread at a time.</summary>
internal sealed class StoreNames(IRecordNames names, int node)
{
    private const int Remembered = 1 << 20;
    // Calls with names that are not known yet, from which on their labels are asked for together: tags such as user=… are new all the time.
    private const int Many = 16;

    private readonly Dictionary<long, int> _shapes = [];
    private readonly Dictionary<long, int> _pairs = new() { [0] = 0 };
    private readonly Dictionary<int, int> _labels = new() { [0] = 0 };
    private readonly Dictionary<int, int> _keys = [];
    private readonly Dictionary<Tag, int> _tags = [];
    private readonly Dictionary<ComponentRef, int> _components = [];
    private readonly Dictionary<FunctionRef, int> _functions = [];

    /// <summary>Row of <c>shape</c>; only after <see cref="Resolve"/> of a batch with this record.</summary>
    public int Shape(in CallRecord call) => _shapes[ShapeKey(call)];

    /// <summary>Row of <c>labels</c>; only after <see cref="Resolve"/>.</summary>
    public int Labels(in CallRecord call) => _pairs[PairKey(call)];

    /// <summary>Row of <c>label</c>; only after <see cref="Resolve"/>.</summary>
    public int Label(LabelId id) => _labels[id.Value];

    /// <summary>Row of <c>state_key</c>; only after <see cref="Resolve"/>.</summary>
    public int StateKey(StateKeyId id) => _keys[id.Value];

    /// <summary>
    /// Asks the store for every id that the batch needs and that is not known yet. Committed at once: names outlive batches.
    /// </summary>
    public void Resolve(NpgsqlConnection connection, RecordBatch batch)
    {
        if (_shapes.Count > Remembered) _shapes.Clear();
        if (_pairs.Count > Remembered) _pairs.Clear();
        if (_keys.Count > Remembered) _keys.Clear();
        List<CallRecord> missing = Missing(batch.Calls.Span);
        if (missing.Count >= Many) ResolveLabels(connection, missing);
        foreach (CallRecord call in missing)
        {
            if (!_shapes.ContainsKey(ShapeKey(call))) _shapes[ShapeKey(call)] = Shape(connection, call);
            if (!_pairs.ContainsKey(PairKey(call))) _pairs[PairKey(call)] = Pair(connection, call);
        }

        foreach (FlowRecord flow in MissingFlows(batch.Flows.Span))
        {
            Label(connection, flow.Label);
            if (flow.State.Value != 0 && !_keys.ContainsKey(flow.State.Value)) _keys[flow.State.Value] = StateKey(connection,
                names.Find(flow.State));
        }
    }

    /// <summary>Row of <c>label</c> for any label.</summary>
    public int Label(NpgsqlConnection connection, Label label)
    {
        int[] tags = new int[label.Tags.Length];
        for (int i = 0; i < tags.Length; i++) tags[i] = Tag(connection, label.Tags[i]);
        Array.Sort(tags);
        return FindOrAdd(connection, "SELECT id FROM label WHERE tags = $1",
            "INSERT INTO label (tags) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id",
            new NpgsqlParameter { Value = tags, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer });
    }

    /// <summary>Row of <c>state_key</c>.</summary>
    public static int StateKey(NpgsqlConnection connection, StateKey key) => FindOrAdd(connection,
        "SELECT id FROM state_key WHERE component = $1 AND store = $2 AND key = $3",
        "INSERT INTO state_key (component, store, key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id",
        new NpgsqlParameter { Value = key.Component }, new NpgsqlParameter { Value = key.Store }, new NpgsqlParameter { Value = key.Key });

    private static long ShapeKey(in CallRecord call) =>
        ((long)call.Site.Value << 24) | ((long)call.Outcome << 16) | ((long)call.Copies << 8) | (call.Exact ? 1L : 0L);

    private static long PairKey(in CallRecord call) => ((long)call.LabelIn.Value << 32) | (uint)call.LabelOut.Value;

    private List<CallRecord> Missing(ReadOnlySpan<CallRecord> calls)
    {
        var missing = new List<CallRecord>();
        foreach (ref readonly CallRecord call in calls)
        {
            if (!_shapes.ContainsKey(ShapeKey(call)) || !_pairs.ContainsKey(PairKey(call))) missing.Add(call);
        }

        return missing;
    }

    private void ResolveLabels(NpgsqlConnection connection, List<CallRecord> calls)
    {
        var labels = new Dictionary<int, Label>();
        var pairs = new Dictionary<long, CallRecord>();
        foreach (CallRecord call in calls)
        {
            if (!_labels.ContainsKey(call.LabelIn.Value)) labels[call.LabelIn.Value] = names.Find(call.LabelIn);
            if (!_labels.ContainsKey(call.LabelOut.Value)) labels[call.LabelOut.Value] = names.Find(call.LabelOut);
            if (!_pairs.ContainsKey(PairKey(call))) pairs[PairKey(call)] = call;
        }

        Tag[] tags = [.. labels.Values.SelectMany(static label => label.Tags).Where(tag => !_tags.ContainsKey(tag)).Distinct()];
        if (tags.Length > 0)
        {
            foreach ((Tag tag, int id) in LabelsInBulk.Tags(connection, tags)) _tags[tag] = id;
        }

        if (labels.Count > 0)
        {
            Dictionary<int, string> keys = labels.ToDictionary(static label => label.Key, label => LabelsInBulk.KeyOf(label.Value.Tags.Select(tag => _tags[tag])));
            Dictionary<string, int> found = LabelsInBulk.Labels(connection, [.. keys.Values.Distinct()]);
            foreach ((int label, string key) in keys) _labels[label] = found[key];
        }

        if (pairs.Count > 0)
        {
            (int, int) StorePair(CallRecord call) => (_labels[call.LabelIn.Value], _labels[call.LabelOut.Value]);
            Dictionary<(int, int), int> found = LabelsInBulk.Pairs(connection, [.. pairs.Values.Select(StorePair).Distinct()]);
            foreach ((long key, CallRecord call) in pairs) _pairs[key] = found[StorePair(call)];
        }
    }

    private List<FlowRecord> MissingFlows(ReadOnlySpan<FlowRecord> flows)
    {
        var missing = new List<FlowRecord>();
        foreach (ref readonly FlowRecord flow in flows)
        {
            if (!_labels.ContainsKey(flow.Label.Value)
                || (flow.State.Value != 0 && !_keys.ContainsKey(flow.State.Value))) missing.Add(flow);
        }

        return missing;
    }

    private int Shape(NpgsqlConnection connection, CallRecord call)
    {
        CallSite site = names.Find(call.Site);
        return FindOrAdd(connection,
            "SELECT id FROM shape WHERE caller = $1 AND callee = $2 AND function = $3 AND node = $4 AND outcome = $5 AND copies = $6 AND exact = $7 AND host = $8 AND attempt = $9",
            """
            INSERT INTO shape (caller, callee, function, node, outcome, copies, exact, host, attempt) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT DO NOTHING RETURNING id
            """,
            new NpgsqlParameter { Value = Component(connection, site.Caller) },
            new NpgsqlParameter { Value = Component(connection, site.Callee) },
            new NpgsqlParameter { Value = Function(connection, site.Function) },
            new NpgsqlParameter { Value = node },
            new NpgsqlParameter { Value = (short)call.Outcome },
            new NpgsqlParameter { Value = (short)call.Copies },
            new NpgsqlParameter { Value = call.Exact },
            new NpgsqlParameter { Value = site.Host ?? "" },
            new NpgsqlParameter { Value = (short)site.Attempt });
    }

    private int Pair(NpgsqlConnection connection, CallRecord call) => FindOrAdd(connection,
        "SELECT id FROM labels WHERE label_in = $1 AND label_out = $2",
        "INSERT INTO labels (label_in, label_out) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id",
        new NpgsqlParameter { Value = Label(connection, call.LabelIn) },
        new NpgsqlParameter { Value = Label(connection, call.LabelOut) });

    private int Label(NpgsqlConnection connection, LabelId label)
    {
        if (!_labels.TryGetValue(label.Value, out int id))
        {
            id = Label(connection, names.Find(label));
            _labels[label.Value] = id;
        }

        return id;
    }

    private int Tag(NpgsqlConnection connection, Tag tag)
    {
        if (!_tags.TryGetValue(tag, out int id))
        {
            id = FindOrAdd(connection, "SELECT id FROM tag WHERE kind = $1 AND name = $2 AND value = $3",
                "INSERT INTO tag (kind, name, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id",
                new NpgsqlParameter { Value = (short)tag.Kind }, new NpgsqlParameter { Value = tag.Name },
                    new NpgsqlParameter { Value = tag.Value });
            _tags[tag] = id;
        }

        return id;
    }

    private int Component(NpgsqlConnection connection, ComponentRef component)
    {
        if (!_components.TryGetValue(component, out int id))
        {
            id = FindOrAdd(connection, "SELECT id FROM component WHERE name = $1 AND version = $2",
                "INSERT INTO component (name, version) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id",
                new NpgsqlParameter { Value = component.Name ?? "" }, new NpgsqlParameter { Value = component.Version ?? "" });
            _components[component] = id;
        }

        return id;
    }

    private int Function(NpgsqlConnection connection, FunctionRef function)
    {
        if (!_functions.TryGetValue(function, out int id))
        {
            id = FindOrAdd(connection, "SELECT id FROM function WHERE name = $1",
                "INSERT INTO function (name) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id",
                    new NpgsqlParameter { Value = function.Name ?? "" });
            _functions[function] = id;
        }

        return id;
    }

    private static int FindOrAdd(
        NpgsqlConnection connection, string find, string add, params NpgsqlParameter[] parameters)
    {
        while (true)
        {
            if (Id(connection, find, parameters) is { } found) return found;
            if (Id(connection, add, parameters) is { } added) return added;
            // Another process added the same row between the two; the next look finds it.
        }
    }

    private static int? Id(NpgsqlConnection connection, string sql, NpgsqlParameter[] parameters)
    {
        using var command = new NpgsqlCommand(sql, connection);
        foreach (NpgsqlParameter parameter in parameters) command.Parameters.Add(parameter.Clone());
        return (int?)command.ExecuteScalar();
    }
}
