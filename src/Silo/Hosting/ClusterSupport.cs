using Chain.Silo.Hosting.Local;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Hosting;

/// <summary>Whether several silos can be one cluster: that needs Orleans, which a build may have been made without.</summary>
public static class ClusterSupport
{
    /// <summary>What a build without Orleans says when it is asked for a cluster.</summary>
    public const string Missing = "this build was made without Orleans and has no clusters; to try again: CHAIN_ORLEANS=retry ./chain";

    /// <summary>Whether Orleans is in this build (the MSBuild property <c>UseOrleans</c>).</summary>
    public static bool IsBuiltIn =>
#if ORLEANS
        true;
#else
        false;
#endif

    /// <summary>Makes a node a silo of the cluster of its store; it answers calls of other silos when this is done.</summary>
    /// <param name="node">The node; it has no applications yet. Its <see cref="LocalNode.ConnectionString"/> leads to the store.</param>
    /// <param name="options">How the node runs; it has <see cref="NodeOptions.Cluster"/>.</param>
    /// <param name="logging">Where the cluster's own lines go.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ClusterException">It cannot join, or the build was made without Orleans.</exception>
    public static Task<ICluster> StartAsync(
        LocalNode node, NodeOptions options, Action<ILoggingBuilder> logging, CancellationToken cancellation = default) =>
#if ORLEANS
        Cluster.ClusterSilo.StartAsync(node, options, logging, cancellation);
#else
        throw new ClusterException(Missing);
#endif
}
