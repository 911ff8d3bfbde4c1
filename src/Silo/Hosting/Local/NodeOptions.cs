using System.Net;
using Chain.Tracer.Storage;

namespace Chain.Silo.Hosting.Local;

/// <summary>How a node runs.</summary>
public sealed record NodeOptions
{
    /// <summary>The folder with everything that the node keeps: the private Postgres, the spool, compiled code.</summary>
    public required string Folder { get; init; }

    /// <summary>The store, where it is the user's own; <see langword="null"/> for the private one.</summary>
    public string? Postgres { get; init; }

    /// <summary>Where the private store is, where other nodes have it too; <see langword="null"/> for one of its own in <see cref="Folder"/>.</summary>
    public string? SharedPostgres { get; init; }

    /// <summary>What the record calls the node. Default the machine's name.</summary>
    public string Name { get; init; } = Environment.MachineName;

    /// <summary>What kind of place it is, such as <c>region</c>: <c>eu</c>. In a cluster, components that ask for a place run where the labels are.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Where applications' HTTP is served; loopback unless said otherwise.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port of applications' HTTP; 0 for one that is free.</summary>
    public int Port { get; init; }

    /// <summary>Guests that run at a time. Default four for each processor, 16 at least.</summary>
    public int Concurrency { get; init; } = Math.Max(16, 4 * Environment.ProcessorCount);

    /// <summary>Calls from outside that wait beyond those; more are refused. Default 20,000.</summary>
    public int Queue { get; init; } = 20_000;

    /// <summary>Calls from other silos that run or wait at a time; each has a thread while it runs. Default 1,000.</summary>
    public int RemoteConcurrency { get; init; } = 1_000;

    /// <summary>Calls inside one another in a chain, at most: each may take the stack of one more guest. Default 32.</summary>
    public int Depth { get; init; } = 32;

    /// <summary>How long a stop waits for calls that are under way. Default 10 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long days of the record are kept. Default 30 days.</summary>
    public UpkeepOptions Upkeep { get; init; } = new();

    /// <summary>Where spans go, an OTLP endpoint; <see langword="null"/> for nowhere.</summary>
    public Uri? Otlp { get; init; }

    /// <summary>How it is a silo of a cluster; <see langword="null"/> for a node by itself.</summary>
    public ClusterOptions? Cluster { get; init; }
}
