using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>Spells out nodes and edges of a <see cref="CallGraph"/>.</summary>
internal sealed class CallDescriber(CallGraph graph, NameCatalog names)
{
    /// <summary>Asks for the names that these nodes and flows need.</summary>
    public async Task EnsureAsync(NpgsqlConnection connection, IEnumerable<int> nodes, IEnumerable<int> flows, CancellationToken cancellation)
    {
        var (pairs, labels, keys) = (new HashSet<int>(), new HashSet<int>(), new HashSet<int>());
        int before = -1;
        foreach (int node in nodes)
        {
            // Neighbours mostly have the same.
            if (!graph[node].Known || graph[node].Labels == before) continue;
            before = graph[node].Labels;
            pairs.Add(before);
        }

        foreach (int flow in flows)
        {
            labels.Add(graph.Flow(flow).Label);
            if (graph.Flow(flow).State != 0) keys.Add(graph.Flow(flow).State);
        }

        await names.EnsurePairsAsync(connection, pairs, cancellation);
        await names.EnsureLabelsAsync(connection, labels, cancellation);
        await names.EnsureKeysAsync(connection, keys, cancellation);
    }

    public CallValue Value(int value) => new(new CallId(graph[value >> 1].Id), (ValueSide)(value & 1));

    public CallInfo Info(int node)
    {
        CallNode call = graph[node];
        (int labelIn, int labelOut) = names.Pair(call.Labels);
        var parent = new CallId(call.Parent < 0 ? 0 : graph[call.Parent].Id);
        return new CallInfo(new CallId(call.Id), call.Trace, parent, call.Duration, names.Shape(call.Shape), names.Label(labelIn), names.Label(labelOut));
    }

    public LineageEdge Edge(int from, int to, EdgeKind kind, int flow)
    {
        if (flow < 0) return new LineageEdge(Value(from), Value(to), kind, kind switch
        {
            EdgeKind.Argument => LabelOf(to),
            EdgeKind.Result => LabelOf(from),
            _ => Both(LabelOf(from), LabelOf(to)),
        }, null);
        CallFlow found = graph.Flow(flow);
        return new LineageEdge(Value(from), Value(to), kind, names.Label(found.Label), found.State == 0 ? null : names.State(found.State));
    }

    private Label LabelOf(int value)
    {
        CallNode call = graph[value >> 1];
        if (!call.Known) return Label.Empty;
        (int labelIn, int labelOut) = names.Pair(call.Labels);
        return names.Label((value & 1) == 0 ? labelIn : labelOut);
    }

    private static Label Both(Label a, Label b)
    {
        var tags = new List<Tag>();
        foreach (Tag tag in a.Tags)
        {
            if (b.Has(tag)) tags.Add(tag);
        }

        foreach (Tag tag in b.Tags)
        {
            if (a.Has(tag)) tags.Add(tag);
        }

        return Label.Of([.. tags]);
    }
}
