using Orleans;
using Orleans.Runtime;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>
/// Keeps a silo that leaves listening for a moment after its grains have gone. Requests that others sent before they knew are on their way still, or on
/// their way on from here: with the connection they would be lost, without having begun.
/// </summary>
internal sealed class LastRequests : ILifecycleParticipant<ISiloLifecycle>
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(500);

    // Grains end far above, messages far below.
    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(LastRequests), ServiceLifecycleStage.ApplicationServices, static _ => Task.CompletedTask, static cancellation => Task.Delay(Moment, cancellation));
}
