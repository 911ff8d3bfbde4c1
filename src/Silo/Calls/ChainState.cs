using Chain.PolicyEngine.Decisions;
using Chain.Tracer.Tags;

namespace Chain.Silo.Calls;

/// <summary>
/// What all calls of one chain on this node share: the components it passed, and what ends it. A chain runs on one thread at a time.
/// </summary>
/// <param name="client">Cancelled when the client gives up.</param>
/// <param name="cancellation">Cancelled then, and at the deadline.</param>
public sealed class ChainState(CancellationToken client, CancellationToken cancellation)
{
    /// <summary>Steps that are kept; of a longer chain policies see the first ones.</summary>
    public const int MostSteps = 100_000;

    // Only ever grows at its end: decisions under way look at what is before.
    private ChainStep[] steps = new ChainStep[8];
    private int count;

    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>Whether its client has given it up; else it was its deadline that ended it.</summary>
    public bool IsGivenUp => client.IsCancellationRequested;

    public ReadOnlyMemory<ChainStep> Passed => steps.AsMemory(0, count);

    public void Add(CallParty component, LabelId label)
    {
        if (count == MostSteps) return;
        if (count == steps.Length) Array.Resize(ref steps, count * 2);
        steps[count++] = new ChainStep(component, label);
    }
}
