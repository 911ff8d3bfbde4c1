using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Lineage;

/// <summary>A way that data took.</summary>
/// <param name="Values">The values on it, from the source to the sink.</param>
/// <param name="Edges">How the data went from each value to the next: one fewer than the values.</param>
/// <param name="Calls">The calls of the values; a call that is not in the store is missing here.</param>
public sealed record LineagePath(IReadOnlyList<CallValue> Values, IReadOnlyList<LineageEdge> Edges, IReadOnlyDictionary<CallId, CallInfo> Calls)
{
    internal static async Task<LineagePath> CreateAsync(
        NpgsqlConnection connection, NameCatalog names, CallGraph graph, List<PathStep> steps, TagFilter? filter, CancellationToken cancellation)
    {
        var describer = new CallDescriber(graph, names);
        await describer.EnsureAsync(connection, steps.Select(step => step.Value >> 1), steps.Where(step => step.Flow >= 0).Select(step => step.Flow), cancellation);
        var (values, edges, calls) = (new List<CallValue>(), new List<LineageEdge>(), new Dictionary<CallId, CallInfo>());
        for (int i = 0; i < steps.Count; i++)
        {
            CallValue value = describer.Value(steps[i].Value);
            if (i > 0)
            {
                LineageEdge edge = describer.Edge(steps[i - 1].Value, steps[i].Value, steps[i].Kind, steps[i].Flow);
                // Both ends carry what was asked for, perhaps with different values, or one is not in the store: then the tags in common do not say it.
                bool says = filter is null || edge.Label.Tags.Any(tag => TagFilter.Matches(filter.Tag, tag));
                edges.Add(says ? edge : edge with { Label = Label.Of([.. edge.Label.Tags, filter!.Tag]) });
            }

            values.Add(value);
            if (graph[steps[i].Value >> 1].Known) calls.TryAdd(value.Call, describer.Info(steps[i].Value >> 1));
        }

        return new LineagePath(values, edges, calls);
    }
}
