using Chain.Silo.Hosting.Local;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Chain.Silo.Api;

/// <summary><c>/status</c> and <c>/shutdown</c>.</summary>
internal static class StatusEndpoints
{
    private static readonly TimeSpan StorePatience = TimeSpan.FromSeconds(2);

    public static void Map(RouteGroupBuilder routes, NodeApi api)
    {
        routes.MapGet("/status", (CancellationToken cancellation) => StatusAsync(api, cancellation))
            .WithName("status").WithTags("node").WithSummary("How the node is: calls, record, policies, applications.");
        routes.MapPost("/shutdown", Accepted () =>
        {
            api.Shutdown();
            return TypedResults.Accepted((string?)null);
        }).WithName("shutdown").WithTags("node").WithSummary("Ends the node: calls under way finish first.");
    }

    private static async Task<NodeState> StatusAsync(NodeApi api, CancellationToken cancellation)
    {
        LocalNode node = api.Node;
        NodeDescription description = api.Description;
        return new NodeState(
            node.Name, description.Version, description.Pid, description.Started, description.Http, await StoreAsync(node, cancellation).ConfigureAwait(false),
            node.Calls, node.Denied, node.Dropped, node.Counters.Totals(), node.Counters.SpoolBytes, node.Counters.WaitingCalls,
            new PolicyState(node.Policies.Digest, node.Policies.Policies.Count), api.Running(), api.Cluster?.State, description.Url, NotRunning: api.NotRunning(), Decisions: node.Decisions);
    }

    // The status is asked for most when something is wrong, and must not wait for what is.
    private static async Task<StoreState> StoreAsync(LocalNode node, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(StorePatience);
        try
        {
            await using NpgsqlConnection connection = await node.Database.OpenConnectionAsync(patience.Token).ConfigureAwait(false);
            await using var ask = new NpgsqlCommand("SHOW server_version", connection);
            return new StoreState(true, (string?)await ask.ExecuteScalarAsync(patience.Token).ConfigureAwait(false), node.PostgresFolder);
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException || (away is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return new StoreState(false, null, node.PostgresFolder);
        }
    }
}
