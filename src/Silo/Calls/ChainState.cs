using Chain.PolicyEngine.Decisions;
using Chain.Tracer.Tags;

namespace Chain.Silo.Calls;

/// <summary>
/// What all calls of one chain on this node share: the components it passed, and until when it may run. A chain runs on one thread at a time.
/// </summary>
/// <param name="deadline">When it must be over.</param>
/// <param name="cancellation">Cancelled at the deadline, and when the client gives up.</param>
public sealed class ChainState(DateTimeOffset deadline, CancellationToken cancellation)
{
    /// <summary>Steps that are kept; of a longer chain policies see the first ones.</summary>
    public const int MostSteps = 100_000;

    // Only ever grows at its end: decisions under way look at what is before.
    private ChainStep[] steps = new ChainStep[8];
    private int count;


    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>Whether its time is over; one that was cancelled before was given up by its client.</summary>
    public bool IsLate => DateTimeOffset.UtcNow >= deadline;

    public ReadOnlyMemory<ChainStep> Passed => steps.AsMemory(0, count);

    public void Add(CallParty component, LabelId label)
    {
        if (count == MostSteps) return;
        if (count == steps.Length) Array.Resize(ref steps, count * 2);
        steps[count++] = new ChainStep(component, label);
    }
}
