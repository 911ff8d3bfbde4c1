using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;

namespace Chain.Silo.Hosting;

/// <summary>How a silo stands to its cluster.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SiloState>))]
public enum SiloState
{
    /// <summary>It is on its way in, and answers no calls yet.</summary>
    [JsonStringEnumMemberName("joining")]
    Joining,

    /// <summary>It answers calls.</summary>
    [JsonStringEnumMemberName("active")]
    Active,

    /// <summary>It is on its way out: calls under way finish, its stateful instances go to other silos.</summary>
    [JsonStringEnumMemberName("draining")]
    Draining,

    /// <summary>It has left, and its process is there still. Only the silo itself says so: the others do not list it any more.</summary>
    [JsonStringEnumMemberName("drained")]
    Drained,

    /// <summary>It is in the cluster and does not answer: soon it is asked again, or held for dead.</summary>
    [JsonStringEnumMemberName("unreachable")]
    Unreachable,
}

/// <summary>A silo of a cluster.</summary>
/// <param name="Name">What the record calls it.</param>
/// <param name="State">How it stands to the cluster.</param>
/// <param name="Address">Where other silos reach it: address and port.</param>
/// <param name="Labels">What kind of place it is, such as <c>region</c>: <c>eu</c>.</param>
/// <param name="Started">When.</param>
/// <param name="Api">Its API, without <c>/api/v1</c>; empty where it is not known (yet).</param>
/// <param name="Http">Where it serves applications' HTTP; empty where it is not known (yet).</param>
/// <param name="Calls">Calls that ended on it since it started.</param>
/// <param name="Activations">Instances that are on it.</param>
/// <param name="Components">Those of each component, by <c>application/component</c>.</param>
public sealed record SiloStatus(
    string Name, SiloState State, string Address, IReadOnlyDictionary<string, string> Labels, DateTimeOffset Started, string Api, string Http, long Calls,
    long Activations, IReadOnlyDictionary<string, long> Components);

/// <summary>The cluster that a node is a silo of. Safe for any thread. Disposing of it has this silo leave, as <see cref="DrainAsync"/> does.</summary>
public interface ICluster : IAsyncDisposable
{
    /// <summary>How this silo stands to it.</summary>
    SiloState State { get; }

    /// <summary>Tells the other silos where this one's API is.</summary>
    /// <param name="api">Without <c>/api/v1</c>.</param>
    void Announce(string api);

    /// <summary>
    /// The silos that are in the cluster, by name, whatever their state; after this one has left, only itself. One that does not answer within a second
    /// or two is <see cref="SiloState.Unreachable"/>, and what only it knows is empty.
    /// </summary>
    Task<IReadOnlyList<SiloStatus>> SilosAsync(CancellationToken cancellation);

    /// <summary>
    /// Has a silo leave the cluster, this one or another: it takes no more calls from outside (<see cref="Local.LocalNode.StopTakingAsync"/>), those under
    /// way finish, its stateful instances go to other silos, and then it is out. Its process and its API stay. Ends when it has left.
    /// </summary>
    /// <param name="silo">Its name.</param>
    /// <param name="cancellation">Stops waiting; the silo goes on leaving.</param>
    /// <exception cref="KeyNotFoundException">There is no such silo; the message has near names.</exception>
    /// <exception cref="ClusterException">It cannot be reached.</exception>
    Task DrainAsync(string silo, CancellationToken cancellation);

    /// <summary>Serves Orleans' dashboard. Whoever comes there has shown the token.</summary>
    /// <param name="web">The server of the API, before it starts; it has routing already.</param>
    /// <param name="path">Where, such as <c>/dashboard</c>.</param>
    void MapDashboard(WebApplication web, string path);
}
