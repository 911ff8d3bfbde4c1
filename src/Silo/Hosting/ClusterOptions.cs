using System.Net;

namespace Chain.Silo.Hosting;

/// <summary>How a node is a silo of a cluster. All silos of a cluster have the same store, which is where they find one another.</summary>
public sealed record ClusterOptions
{
    /// <summary>Tells clusters apart that share a store. Default <c>chain</c>.</summary>
    public string ClusterId { get; init; } = "chain";

    /// <summary>The address of this machine at which other silos reach this one; loopback unless said otherwise.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port for other silos; 0 for one that is free.</summary>
    public int SiloPort { get; init; }

    /// <summary>The port for HTTP requests that other silos forward; 0 for one that is free.</summary>
    public int HttpPort { get; init; }

    /// <summary>The port for clients of the cluster that are no silos; 0 for one that is free.</summary>
    public int GatewayPort { get; init; }
}

/// <summary>A silo cannot join its cluster, or the cluster cannot do what it is asked. The message is one line.</summary>
public sealed class ClusterException(string message, Exception? inner = null) : Exception(message, inner);
