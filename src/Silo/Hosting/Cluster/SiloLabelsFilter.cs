using Chain.Silo.Hosting.Local;
using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>Has a component's grain placed only where a silo has the labels that the component asks for.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SiloLabelsFilterAttribute() : PlacementFilterAttribute(new SiloLabelsFilterStrategy());

/// <inheritdoc cref="SiloLabelsFilterAttribute"/>
[Serializable, GenerateSerializer, Immutable, SuppressReferenceTracking]
internal sealed class SiloLabelsFilterStrategy : PlacementFilterStrategy
{
    public SiloLabelsFilterStrategy()
        : base(0)
    {
    }
}

/// <summary>Asks the deployed application for the labels of the component that a grain's key names. Safe for any thread.</summary>
internal sealed class SiloLabelsFilterDirector(LocalNode node, ISiloMetadataCache silos) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> candidates)
    {
        (string application, string component, _) = ComponentKey.Read(target.GrainIdentity.Key.ToString()!);
        IReadOnlyDictionary<string, string> wanted = node.PlacementOf(application, component);
        return wanted.Count == 0 ? candidates : candidates.Where(silo => Has(silos.GetSiloMetadata(silo).Metadata, wanted));
    }

    /// <summary>Whether a silo has all labels that a component asks for.</summary>
    public static bool Has(IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> wanted) =>
        wanted.All(one => labels.TryGetValue(one.Key, out string? value) && value == one.Value);
}
