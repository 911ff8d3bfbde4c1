using System.Collections.Concurrent;
using Chain.Silo.Calls.Remote;
using Chain.Silo.Hosting.Local;
using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>A stateful component whose place is asked for, because what is to be done there is no call of the grain.</summary>
[Alias("chain.IPlacedGrain")]
internal interface IPlacedGrain : IGrainWithStringKey
{
    /// <summary>The silo that it is on.</summary>
    [Alias("where")]
    ValueTask<SiloAddress> WhereAsync();
}

/// <summary><see cref="RequestPlace"/> as Orleans carries it.</summary>
[GenerateSerializer, Immutable, Alias("chain.requests")]
internal sealed record RequestPlaceMessage([property: Id(0)] string Silo, [property: Id(1)] string Url, [property: Id(2)] string Secret);

/// <summary>
/// Finds the silo that answers a request: any that has the labels, or the one where the instance of a stateful component is. Where silos take requests, and
/// what shows there that one comes from a silo, they tell one another once. Safe for any thread.
/// </summary>
/// <param name="grains">The silo's own way to grains.</param>
/// <param name="silos">The way to other silos.</param>
/// <param name="members">The silos of the cluster.</param>
/// <param name="metadata">Their labels.</param>
internal sealed class GrainRequestRouter(IGrainFactory grains, SiloServices silos, IClusterMembershipService members, ISiloMetadataCache metadata) : IRequestRouter
{
    private static readonly GrainType Stateful = GrainType.Create(StatefulComponentGrain.TypeName);

    // The address of a silo that starts again is another one.
    private readonly ConcurrentDictionary<SiloAddress, RequestPlace> places = new();

    public async Task<RequestPlace> FindAsync(RemoteTarget target, IReadOnlyDictionary<string, string> labels, CancellationToken cancellation)
    {
        if (!target.IsStateful) return await AnyAsync(target, labels, cancellation).ConfigureAwait(false);
        try
        {
            IPlacedGrain grain = grains.GetGrain<IPlacedGrain>(GrainId.Create(Stateful, ComponentKey.Of(target)));
            return await PlaceAsync(await grain.WhereAsync().AsTask().WaitAsync(cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw new NotStartedException(HasAny(labels) ? $"{target.Name}: no silo takes it: {failure.Message}" : Nobody(target, labels), failure);
        }
    }

    private async Task<RequestPlace> AnyAsync(RemoteTarget target, IReadOnlyDictionary<string, string> labels, CancellationToken cancellation)
    {
        SiloAddress[] candidates = [.. Active().Where(one => Has(one, labels))];
        Random.Shared.Shuffle(candidates);
        Exception? last = null;
        foreach (SiloAddress candidate in candidates)
        {
            try
            {
                return await PlaceAsync(candidate, cancellation).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                last = failure;
            }
        }

        throw new NotStartedException(last is null ? Nobody(target, labels) : $"{target.Name}: no silo takes it: {last.Message}", last);
    }

    private async ValueTask<RequestPlace> PlaceAsync(SiloAddress silo, CancellationToken cancellation)
    {
        if (places.TryGetValue(silo, out RequestPlace? known)) return known;
        RequestPlaceMessage told = await silos.Of(silo).RequestsAsync().WaitAsync(cancellation).ConfigureAwait(false);
        foreach (SiloAddress gone in places.Keys.Except(members.CurrentSnapshot.Members.Keys)) places.TryRemove(gone, out _);
        return places[silo] = new RequestPlace(told.Silo, told.Url, told.Secret);
    }

    private IEnumerable<SiloAddress> Active() =>
        members.CurrentSnapshot.Members.Values.Where(static one => one.Status == global::Orleans.Runtime.SiloStatus.Active).Select(static one => one.SiloAddress);

    private bool HasAny(IReadOnlyDictionary<string, string> labels) => Active().Any(one => Has(one, labels));

    private bool Has(SiloAddress silo, IReadOnlyDictionary<string, string> labels) =>
        labels.Count == 0 || SiloLabelsFilterDirector.Has(metadata.GetSiloMetadata(silo).Metadata, labels);

    private static string Nobody(RemoteTarget target, IReadOnlyDictionary<string, string> labels) =>
        $"no silo of the cluster has {string.Join(", ", labels.Select(static one => $"{one.Key}={one.Value}"))}, which {target.Name} asks for";
}
