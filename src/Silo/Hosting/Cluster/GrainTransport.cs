using Chain.Silo.Calls.Remote;
using Chain.Silo.Hosting.Local;
using Orleans;
using Orleans.Runtime;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>Carries calls as requests to grains, and says of each failure whether the call can have run. Safe for any thread.</summary>
/// <param name="grains">The silo's own way to grains.</param>
/// <param name="node">This silo's node: it knows what components ask of a silo.</param>
internal sealed class GrainTransport(IGrainFactory grains, LocalNode node) : IRemoteTransport
{
    private static readonly GrainType Stateless = GrainType.Create(StatelessComponentGrain.TypeName);
    private static readonly GrainType Stateful = GrainType.Create(StatefulComponentGrain.TypeName);

    public async Task<RemoteReply> SendAsync(RemoteTarget target, RemoteRequest request, CancellationToken cancellation)
    {
        IComponentGrain grain = grains.GetGrain<IComponentGrain>(GrainId.Create(target.IsStateful ? Stateful : Stateless, ComponentKey.Of(target)));
        try
        {
            return (await grain.CallAsync(CallMessage.Of(request), cancellation).ConfigureAwait(false)).ToReply();
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw Judged(target, failure);
        }
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
        TimeoutException => new CallLostException($"{target.Name}: no answer came", failure),
        _ => new NotStartedException($"{target.Name}: it could not be activated: {failure.Message}", failure),
    };

    private string? NobodyFor(RemoteTarget target)
    {
        IReadOnlyDictionary<string, string> wanted = node.PlacementOf(target.Application, target.Component);
        return wanted.Count == 0 ? null
            : $"no silo of the cluster has {string.Join(", ", wanted.Select(static one => $"{one.Key}={one.Value}"))}, which {target.Application}/{target.Component} asks for";
    }
}
