using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>Where data came from, where it went, and how. Safe for any number of threads.</summary>
public sealed class LineageQuery(StoreReader store)
{
    /// <summary>Everything that a value came from, or went to.</summary>
    /// <param name="call">The call.</param>
    /// <param name="side">Which of its values; null for both.</param>
    /// <param name="direction">Where from, or where to.</param>
    /// <param name="tag">Follow only data with this tag; null for all.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="LineageException">The call is not in the store.</exception>
    public async Task<LineageResult> ReachAsync(CallId call, ValueSide? side, LineageDirection direction, Tag? tag = null, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await store.OpenAsync(cancellation);
        TagFilter? filter = tag is null ? null : await TagFilter.OpenAsync(connection, tag.Value, cancellation);
        var graph = new CallGraph();
        // Without a tag nearly all that flowed into the call's trace is part of the answer, so that the first query may bring its sources.
        bool ancestors = direction == LineageDirection.Ancestors;
        GraphLoader loader = await LoaderAsync(connection, graph, ancestors, cancellation, followAtOnce: ancestors && filter is null);
        int start = await RequireAsync(graph, loader, call, filter, cancellation);
        var walk = new ValueWalk(graph, direction, filter);
        foreach (int value in Values(start, side)) walk.Start(value);

        var waiting = new List<int>();
        for (int next = 0; !loader.IsFull;)
        {
            for (; next < walk.Met.Count; next++)
            {
                if (walk.MustAsk(walk.Met[next])) waiting.Add(walk.Met[next]);
                else walk.Expand(walk.Met[next]);
            }

            if (waiting.Count == 0) break;
            await AskAsync(graph, loader, walk, waiting, filter, cancellation);
            foreach (int value in waiting) walk.Expand(value);
            waiting.Clear();
        }

        return await LineageResult.CreateAsync(connection, store.Names, graph, walk, start, direction, loader.IsFull, cancellation);
    }

    /// <summary>A shortest way for data from one call to another; null when there is none.</summary>
    /// <exception cref="LineageException">A call is not in the store, or the answer is beyond the limits.</exception>
    public async Task<LineagePath?> PathAsync(
        CallId from, ValueSide? fromSide, CallId to, ValueSide? toSide, Tag? tag = null, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await store.OpenAsync(cancellation);
        TagFilter? filter = tag is null ? null : await TagFilter.OpenAsync(connection, tag.Value, cancellation);
        var graph = new CallGraph();
        GraphLoader loader = await LoaderAsync(connection, graph, true, cancellation);
        int sink = await RequireAsync(graph, loader, to, filter, cancellation);
        int source = await RequireAsync(graph, loader, from, filter, cancellation);
        var back = new ValueWalk(graph, LineageDirection.Ancestors, filter);
        var forth = new ValueWalk(graph, LineageDirection.Descendants, filter);
        foreach (int value in Values(sink, toSide)) back.Start(value);
        foreach (int value in Values(source, fromSide)) forth.Start(value);
        int meeting = await PathSearch.MeetAsync(back, forth, (walk, values) => AskAsync(graph, loader, walk, values, filter, cancellation), () => RequireRoom(loader));
        return meeting < 0 ? null : await LineagePath.CreateAsync(connection, store.Names, graph, PathSearch.Join(back, forth, meeting), filter, cancellation);
    }

    /// <summary>How a tag came to a call: a shortest way from the nearest place where it was put on; null when the call never had it.</summary>
    /// <exception cref="LineageException">The call is not in the store, or the answer is beyond the limits.</exception>
    public async Task<LineagePath?> WhyAsync(Tag tag, CallId at, ValueSide? side = null, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await store.OpenAsync(cancellation);
        TagFilter filter = await TagFilter.OpenAsync(connection, tag, cancellation);
        var graph = new CallGraph();
        GraphLoader loader = await LoaderAsync(connection, graph, true, cancellation);
        int sink = await RequireAsync(graph, loader, at, filter, cancellation);
        var back = new ValueWalk(graph, LineageDirection.Ancestors, filter);
        // What it received explains what it gave; the other way round says less.
        int[] values = [.. Values(sink, side).Where(back.Carries)];
        if (values.Length == 0) return null;
        back.Start(values[0]);
        int source = await PathSearch.SourceAsync(back, (walk, values) => AskAsync(graph, loader, walk, values, filter, cancellation), () => RequireRoom(loader));
        return await LineagePath.CreateAsync(connection, store.Names, graph, PathSearch.FromStart(back, source), filter, cancellation);
    }

    private static IEnumerable<int> Values(int node, ValueSide? side) => side is { } one ? [(node * 2) + (int)one] : [node * 2, (node * 2) + 1];

    private static async Task AskAsync(CallGraph graph, GraphLoader loader, ValueWalk walk, List<int> values, TagFilter? filter, CancellationToken cancellation)
    {
        await LoadAsync([.. values.Select(value => value >> 1)]);
        if (walk.Direction == LineageDirection.Descendants)
        {
            List<int> outs = [.. values.Where(value => (value & 1) == 1 && !graph[value >> 1].AskedOut).Select(value => value >> 1)];
            if (outs.Count > 0) await loader.LoadFlowsFromAsync(outs, cancellation);
        }

        var others = new List<int>();
        foreach (int value in values) walk.Unknown(value, others);
        await LoadAsync(others);

        async Task LoadAsync(List<int> nodes)
        {
            nodes.RemoveAll(node => graph[node].Asked);
            if (nodes.Count > 0) await loader.LoadAsync([.. nodes.Distinct()], filter?.Labels, cancellation);
        }
    }

    private static async Task<int> RequireAsync(CallGraph graph, GraphLoader loader, CallId call, TagFilter? filter, CancellationToken cancellation)
    {
        int node = graph.At(call.Value);
        if (!graph[node].Known) await loader.LoadAsync([node], filter?.Labels, cancellation);
        return graph[node].Known ? node : throw new LineageException($"there is no call {call} in the store");
    }

    private void RequireRoom(GraphLoader loader)
    {
        if (loader.IsFull) throw new LineageException($"no way was found among the first {store.Limits.Calls:N0} calls that were read; a higher limit may find one");
    }

    private async Task<GraphLoader> LoaderAsync(
        NpgsqlConnection connection, CallGraph graph, bool withFlows, CancellationToken cancellation, bool followAtOnce = false) =>
        new(connection, graph, store.Names, await store.Days.GetAsync(connection, cancellation), store.Limits, withFlows, followAtOnce);
}
