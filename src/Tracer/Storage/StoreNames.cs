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

    private readonly Dictionary<long, int> _shapes = [];
    private readonly Dictionary<long, int> _pairs = new() { [0] = 0 };
    private readonly Dictionary<int, int> _labels = new() { [0] = 0 };
    private readonly Dictionary<int, int> _keys = [];
    private readonly Dictionary<Tag, int> _tags = [];
    private readonly Dictionary<ComponentRef, int> _components = [];
    private readonly Dictionary<FunctionRef, int> _functions = [];

    /// <summary>Row of <c>shape</c>; only after <see cref="ResolveAsync"/> of a batch with this record.</summary>
    public int Shape(in CallRecord call) => _shapes[ShapeKey(call)];

    /// <summary>Row of <c>labels</c>; only after <see cref="ResolveAsync"/>.</summary>
    public int Labels(in CallRecord call) => _pairs[PairKey(call)];

    /// <summary>Row of <c>label</c>; only after <see cref="ResolveAsync"/>.</summary>
    public int Label(LabelId id) => _labels[id.Value];

    /// <summary>Row of <c>state_key</c>; only after <see cref="ResolveAsync"/>.</summary>
    public int StateKey(StateKeyId id) => _keys[id.Value];

    /// <summary>Asks the store for every id that the batch needs and that is not known yet. Committed at once: names outlive batches.</summary>
    public async Task ResolveAsync(NpgsqlConnection connection, RecordBatch batch, CancellationToken cancellation)
    {
        if (_shapes.Count > Remembered) _shapes.Clear();
        if (_pairs.Count > Remembered) _pairs.Clear();
        if (_keys.Count > Remembered) _keys.Clear();
        foreach (CallRecord call in Missing(batch.Calls.Span))
        {
            if (!_shapes.ContainsKey(ShapeKey(call))) _shapes[ShapeKey(call)] = await ShapeAsync(connection, call, cancellation);
            if (!_pairs.ContainsKey(PairKey(call))) _pairs[PairKey(call)] = await PairAsync(connection, call, cancellation);
        }

        foreach (FlowRecord flow in MissingFlows(batch.Flows.Span))
        {
            await LabelAsync(connection, flow.Label, cancellation);
            if (flow.State.Value != 0 && !_keys.ContainsKey(flow.State.Value)) _keys[flow.State.Value] = await StateKeyAsync(connection, names.Find(flow.State), cancellation);
        }
    }

    /// <summary>Row of <c>label</c> for any label.</summary>
    public async Task<int> LabelAsync(NpgsqlConnection connection, Label label, CancellationToken cancellation)
    {
        int[] tags = new int[label.Tags.Length];
        for (int i = 0; i < tags.Length; i++) tags[i] = await TagAsync(connection, label.Tags[i], cancellation);
        Array.Sort(tags);
        return await FindOrAddAsync(connection, "SELECT id FROM label WHERE tags = $1", "INSERT INTO label (tags) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id", cancellation,
            new NpgsqlParameter { Value = tags, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer });
    }

    /// <summary>Row of <c>state_key</c>.</summary>
    public static Task<int> StateKeyAsync(NpgsqlConnection connection, StateKey key, CancellationToken cancellation) => FindOrAddAsync(connection,
        "SELECT id FROM state_key WHERE component = $1 AND store = $2 AND key = $3",
        "INSERT INTO state_key (component, store, key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id", cancellation,
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

    private List<FlowRecord> MissingFlows(ReadOnlySpan<FlowRecord> flows)
    {
        var missing = new List<FlowRecord>();
        foreach (ref readonly FlowRecord flow in flows)
        {
            if (!_labels.ContainsKey(flow.Label.Value) || (flow.State.Value != 0 && !_keys.ContainsKey(flow.State.Value))) missing.Add(flow);
        }

        return missing;
    }

    private async Task<int> ShapeAsync(NpgsqlConnection connection, CallRecord call, CancellationToken cancellation)
    {
        CallSite site = names.Find(call.Site);
        return await FindOrAddAsync(connection,
            "SELECT id FROM shape WHERE caller = $1 AND callee = $2 AND function = $3 AND node = $4 AND outcome = $5 AND copies = $6 AND exact = $7",
            """
            INSERT INTO shape (caller, callee, function, node, outcome, copies, exact) VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT DO NOTHING RETURNING id
            """, cancellation,
            new NpgsqlParameter { Value = await ComponentAsync(connection, site.Caller, cancellation) },
            new NpgsqlParameter { Value = await ComponentAsync(connection, site.Callee, cancellation) },
            new NpgsqlParameter { Value = await FunctionAsync(connection, site.Function, cancellation) },
            new NpgsqlParameter { Value = node },
            new NpgsqlParameter { Value = (short)call.Outcome },
            new NpgsqlParameter { Value = (short)call.Copies },
            new NpgsqlParameter { Value = call.Exact });
    }

    private async Task<int> PairAsync(NpgsqlConnection connection, CallRecord call, CancellationToken cancellation) => await FindOrAddAsync(connection,
        "SELECT id FROM labels WHERE label_in = $1 AND label_out = $2",
        "INSERT INTO labels (label_in, label_out) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id", cancellation,
        new NpgsqlParameter { Value = await LabelAsync(connection, call.LabelIn, cancellation) },
        new NpgsqlParameter { Value = await LabelAsync(connection, call.LabelOut, cancellation) });

    private async Task<int> LabelAsync(NpgsqlConnection connection, LabelId label, CancellationToken cancellation)
    {
        if (!_labels.TryGetValue(label.Value, out int id))
        {
            id = await LabelAsync(connection, names.Find(label), cancellation);
            _labels[label.Value] = id;
        }

        return id;
    }

    private async Task<int> TagAsync(NpgsqlConnection connection, Tag tag, CancellationToken cancellation)
    {
        if (!_tags.TryGetValue(tag, out int id))
        {
            id = await FindOrAddAsync(connection, "SELECT id FROM tag WHERE kind = $1 AND name = $2 AND value = $3",
                "INSERT INTO tag (kind, name, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id", cancellation,
                new NpgsqlParameter { Value = (short)tag.Kind }, new NpgsqlParameter { Value = tag.Name }, new NpgsqlParameter { Value = tag.Value });
            _tags[tag] = id;
        }

        return id;
    }

    private async Task<int> ComponentAsync(NpgsqlConnection connection, ComponentRef component, CancellationToken cancellation)
    {
        if (!_components.TryGetValue(component, out int id))
        {
            id = await FindOrAddAsync(connection, "SELECT id FROM component WHERE name = $1 AND version = $2",
                "INSERT INTO component (name, version) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id", cancellation,
                new NpgsqlParameter { Value = component.Name ?? "" }, new NpgsqlParameter { Value = component.Version ?? "" });
            _components[component] = id;
        }

        return id;
    }

    private async Task<int> FunctionAsync(NpgsqlConnection connection, FunctionRef function, CancellationToken cancellation)
    {
        if (!_functions.TryGetValue(function, out int id))
        {
            id = await FindOrAddAsync(connection, "SELECT id FROM function WHERE name = $1",
                "INSERT INTO function (name) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id", cancellation, new NpgsqlParameter { Value = function.Name ?? "" });
            _functions[function] = id;
        }

        return id;
    }

    private static async Task<int> FindOrAddAsync(
        NpgsqlConnection connection, string find, string add, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        while (true)
        {
            if (await IdAsync(connection, find, parameters, cancellation) is { } found) return found;
            if (await IdAsync(connection, add, parameters, cancellation) is { } added) return added;
            // Another process added the same row between the two; the next look finds it.
        }
    }

    private static async Task<int?> IdAsync(NpgsqlConnection connection, string sql, NpgsqlParameter[] parameters, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (NpgsqlParameter parameter in parameters) command.Parameters.Add(parameter.Clone());
        return (int?)await command.ExecuteScalarAsync(cancellation);
    }
}
