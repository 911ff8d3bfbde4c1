using Chain.PolicyEngine.Decisions;
using Chain.Tracer.Tags;

namespace Chain.Silo.Calls;

/// <summary>
/// What all calls of one chain on this node share: the components it passed, and what ends it. A chain runs on one thread at a time.
/// </summary>
/// <param name="client">Cancelled when the client gives up.</param>
/// <param name="cancellation">Cancelled then, and at the deadline.</param>
/// <param name="time">The time until that deadline.</param>
public sealed class ChainState(CancellationToken client, CancellationToken cancellation, TimeSpan time)
{
    private readonly long end = Environment.TickCount64 + (long)time.TotalMilliseconds;

    /// <summary>Steps that are kept; of a longer chain policies see the first ones.</summary>
    public const int MostSteps = 100_000;

    // Only ever grows at its end: decisions under way look at what is before.
    private ChainStep[] steps = new ChainStep[4];
    private readonly List<string> held = [];
    private int count;

    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>What is left until its deadline; not below zero.</summary>
    public TimeSpan Left => TimeSpan.FromMilliseconds(Math.Max(0, end - Environment.TickCount64));

    /// <summary>Whether its client has given it up; else it was its deadline that ended it.</summary>
    public bool IsGivenUp => client.IsCancellationRequested;

    public ReadOnlyMemory<ChainStep> Passed => steps.AsMemory(0, count);

    /// <summary>Takes back what was added since it had so many: a call did not come to pass.</summary>
    public void Forget(int since) => count = Math.Min(count, since);

    /// <summary>The stateful instances that calls of the chain hold now, on whichever silo.</summary>
    public IReadOnlyList<string> Held => held;

    /// <summary>Whether a call of the chain holds a stateful instance: another one would wait for itself.</summary>
    public bool Holds(string instance) => held.Contains(instance);

    public void Hold(string instance) => held.Add(instance);

    public void Release(string instance) => held.Remove(instance);

    public void Add(CallParty component, LabelId label)
    {
        if (count == MostSteps) return;
        if (count == steps.Length) Array.Resize(ref steps, count * 2);
        steps[count++] = new ChainStep(component, label);
    }
}
