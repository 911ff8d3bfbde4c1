using System.Collections.Concurrent;
using Chain.Silo.Calls;
using Chain.Tracer.Tags;

namespace Chain.Silo.Hosting.Local;

/// <summary>Where a deployed component's instances are had, and how many there are. Safe for any thread.</summary>
internal interface IInstances : ICallTarget, IDisposable
{
    int Alive { get; }
}

/// <summary>The instances of a stateful component where the node is all there is: one, or one for each key. Safe for any thread.</summary>
/// <param name="name"><c>application/component</c>.</param>
/// <param name="maker">Makes instances.</param>
/// <param name="labels">The process's labels.</param>
internal sealed class StatefulInstances(string name, GuestMaker maker, LabelStore labels) : IInstances
{
    /// <summary>Keys whose instances are there at a time; past that those that answer nobody go, with what they have in memory.</summary>
    private const int MostKeys = 1_000;

    private readonly ConcurrentDictionary<string, StatefulSlot> slots = new(StringComparer.Ordinal);
    private readonly Lock evicting = new();

    public int Alive => maker.Alive;

    public Guest Take(ChainState chain, string key, CancellationToken cancellation)
    {
        while (true)
        {
            StatefulSlot slot = slots.GetOrAdd(key, static (key, both) => new StatefulSlot(key.Length == 0 ? both.name : $"{both.name}/{key}", both.labels), (name, labels));
            slot.Enter(chain, cancellation);
            if (slots.GetValueOrDefault(key) != slot)
            {
                // It was put out while this waited.
                slot.Leave();
                continue;
            }

            if (slots.Count > MostKeys) Evict();
            return slot.Take(maker, chain);
        }
    }

    public void Dispose()
    {
        foreach (StatefulSlot slot in slots.Values) slot.Dispose();
    }

    private void Evict()
    {
        lock (evicting)
        {
            foreach ((string key, StatefulSlot slot) in slots)
            {
                if (slots.Count <= MostKeys * 9 / 10) return;
                if (slot.IsIdle && slots.TryRemove(new KeyValuePair<string, StatefulSlot>(key, slot))) slot.Dispose();
            }
        }
    }
}
