using Orleans;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>What a silo says of itself: all of <see cref="SiloStatus"/> that the others do not know from the cluster's members.</summary>
/// <param name="State">How it stands to the cluster.</param>
/// <param name="Labels">What kind of place it is.</param>
/// <param name="Started">When.</param>
/// <param name="Api">Its API; empty while nobody has said it.</param>
/// <param name="Http">Where it serves applications' HTTP.</param>
/// <param name="Calls">Calls that ended on it since it started.</param>
/// <param name="Components">Instances of each component, by <c>application/component</c>.</param>
[GenerateSerializer, Immutable, Alias("chain.SiloReport")]
internal sealed record SiloReport(
    [property: Id(0)] SiloState State,
    [property: Id(1)] IReadOnlyDictionary<string, string> Labels,
    [property: Id(2)] DateTimeOffset Started,
    [property: Id(3)] string Api,
    [property: Id(4)] string Http,
    [property: Id(5)] long Calls,
    [property: Id(6)] IReadOnlyDictionary<string, long> Components);
