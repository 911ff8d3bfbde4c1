using System.Collections.Concurrent;
using Chain.Silo.Calls.Remote;
using Chain.Silo.Hosting.Cluster.Letters;
using Chain.Silo.Hosting.Local;
using Orleans;
using Orleans.Runtime;
using MemberStatus = Orleans.Runtime.SiloStatus;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>Carries calls as requests to grains, and says of each failure whether the call can have run. Safe for any thread.</summary>
/// <param name="grains">The silo's own way to grains.</param>
/// <param name="node">This silo's node: it knows what components ask of a silo.</param>
/// <param name="membership">The silos of the cluster.</param>
internal sealed class GrainTransport(IGrainFactory grains, LocalNode node, IClusterMembershipService membership) : IRemoteTransport
{
    private static readonly GrainType Stateless = GrainType.Create(StatelessComponentGrain.TypeName);
    private static readonly GrainType Stateful = GrainType.Create(StatefulComponentGrain.TypeName);

    // To make a reference costs more than to send a call by it. Keys are guests' own words: there may be any number.
    private const int MostKnown = 10_000;

    private readonly ConcurrentDictionary<GrainId, IComponentGrain> known = new();
    private volatile Seen last = new(null, false);

    public async Task<RemoteReply> SendAsync(RemoteTarget target, RemoteRequest request, CancellationToken cancellation)
    {
        var id = GrainId.Create(target.IsStateful ? Stateful : Stateless, ComponentKey.Of(target));
        if (target.IsStateful && IsAnyLeaving) await ComeFromLeavingAsync(target, id, cancellation).ConfigureAwait(false);
        IComponentGrain grain = known.TryGetValue(id, out IComponentGrain? one) ? one : Know(id);
        try
        {
            // Whoever gives up does not wait until the other silo has heard of it.
            Letter reply = await grain.CallAsync(CallFormat.LetterOf(request), cancellation).AsTask().WaitAsync(cancellation).ConfigureAwait(false);
            return CallFormat.ReplyOf(reply);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw Judged(target, failure);
        }
    }

    private IComponentGrain Know(GrainId id)
    {
        if (known.Count >= MostKnown) known.Clear();
        return known[id] = grains.GetGrain<IComponentGrain>(id);
    }

    /// <summary>Whether a silo is on its way out. Asked for each call: only another snapshot is gone through.</summary>
    private bool IsAnyLeaving
    {
        get
        {
            ClusterMembershipSnapshot now = membership.CurrentSnapshot;
            Seen seen = last;
            if (seen.Snapshot == now) return seen.IsAnyLeaving;
            bool isAny = now.Members.Values.Any(static one => one.Status is MemberStatus.ShuttingDown or MemberStatus.Stopping);
            last = new Seen(now, isAny);
            return isAny;
        }
    }

    /// <summary>
    /// Goes on where an instance is on a silo that stays. What is sent to one that leaves may go down with its connection, and nobody could say whether it
    /// had begun; to ask where the instance is does no harm.
    /// </summary>
    /// <exception cref="NotStartedException">It is on its way to another silo.</exception>
    private async Task ComeFromLeavingAsync(RemoteTarget target, GrainId id, CancellationToken cancellation)
    {
        SiloAddress silo;
        try
        {
            silo = await grains.GetGrain<IPlacedGrain>(id).WhereAsync().AsTask().WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw new NotStartedException(NobodyFor(target) ?? $"{target.Name}: no silo takes it: {failure.Message}", failure);
        }

        if (membership.CurrentSnapshot.GetSiloStatus(silo) != MemberStatus.Active) throw new NotStartedException($"{target.Name}: its silo leaves the cluster");
    }

    // The grains put what goes wrong inside into their reply: what comes as an exception is of the way there or back.
    private Exception Judged(RemoteTarget target, Exception failure) => failure switch
    {
        // Its message is the same whether the request was outstanding, on the wire or not sent at all.
        SiloUnavailableException => new CallLostException($"{target.Name}: its silo went away while the call may have been running", failure),
        OrleansMessageRejectionException or GatewayTooBusyException or LimitExceededException =>
            new NotStartedException($"{target.Name}: its silo did not take the call: {failure.Message}", failure),

        // Placement found nobody. Storage fails with the same type, but only while an activation is made.
        OrleansException => new NotStartedException(NobodyFor(target) ?? $"{target.Name}: no silo takes it: {failure.Message}", failure),
        FormatException => new NotStartedException($"{target.Name}: {failure.Message}", failure),
        TimeoutException => new CallLostException($"{target.Name}: no answer came", failure),
        _ => new NotStartedException($"{target.Name}: it could not be activated: {failure.Message}", failure),
    };

    private string? NobodyFor(RemoteTarget target)
    {
        IReadOnlyDictionary<string, string> wanted = node.PlacementOf(target.Application, target.Component);
        return wanted.Count == 0 ? null
            : $"no silo of the cluster has {string.Join(", ", wanted.Select(static one => $"{one.Key}={one.Value}"))}, which {target.Application}/{target.Component} asks for";
    }

    private sealed record Seen(ClusterMembershipSnapshot? Snapshot, bool IsAnyLeaving);
}
