using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Chain.Silo.Api;

/// <summary><c>/silos</c>.</summary>
internal static class SiloEndpoints
{
    public static void Map(RouteGroupBuilder routes, NodeApi api)
    {
        routes.MapGet("/silos", (CancellationToken cancellation) => SilosAsync(api, cancellation))
            .WithName("silos").WithTags("cluster").WithSummary("The silos of the cluster, with what runs on each; of a node by itself only that.");
        routes.MapPost("/silos/{silo}/drain", async Task<NoContent> (string silo, CancellationToken cancellation) =>
            {
                ICluster cluster = api.Cluster ?? throw new ProblemException(Problem.NoCluster(api.Node.Name));
                await cluster.DrainAsync(silo, cancellation).ConfigureAwait(false);
                return TypedResults.NoContent();
            })
            .WithName("drain").WithTags("cluster")
            .WithSummary("Has a silo leave: its calls finish, its instances go to other silos. Answers when it has left; its process stays.")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IReadOnlyList<SiloStatus>> SilosAsync(NodeApi api, CancellationToken cancellation) =>
        api.Cluster is { } cluster ? await cluster.SilosAsync(cancellation).ConfigureAwait(false) : [Alone(api)];

    private static SiloStatus Alone(NodeApi api)
    {
        LocalNode node = api.Node;
        NodeDescription description = api.Description;
        var components = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach ((Applications.ApplicationPlan plan, _, IReadOnlyDictionary<string, int> instances) in node.Applications)
        {
            foreach ((string component, int count) in instances) components[$"{plan.Name}/{component}"] = count;
        }

        return new SiloStatus(
            node.Name, SiloState.Active, "", node.Labels, description.Started, description.Url, description.Http, node.Calls, components.Values.Sum(), components);
    }
}
