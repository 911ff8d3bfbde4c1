using System.Reflection.Emit;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>
/// What is known of a function's locals at the place that is being compiled, so that a bounds check that cannot fail is left out: the part
/// of a memory behind a local's value that an access has reached, and a limit of the value itself.
/// </summary>
/// <remarks>
/// It holds along all ways to that place because a memory never shrinks while its code runs, and because where ways join only what was
/// known before they parted is kept, without the locals that were written since.
/// </remarks>
internal sealed class KnownValues
{
    // Past this many writes between an opening and its end nothing is kept rather than each one looked at.
    private const int MostWrites = 4_096;

    // A function may have 50,000 locals and a million blocks: what is known is looked through at every write and copied at every block.
    private const int MostKnown = 64, DeepestBlock = 1_000;

    private readonly List<uint> writes = [];
    private Dictionary<(LocalBuilder Memory, uint Local), ulong> reached = [];
    private Dictionary<uint, ulong> limits = [];

    /// <summary>What was known at a place.</summary>
    public sealed record Snapshot(
        IReadOnlyDictionary<(LocalBuilder Memory, uint Local), ulong> Reached, IReadOnlyDictionary<uint, ulong> Limits, int Writes);

    /// <summary>Below what the local is, as an unsigned i32; 0 where that is not known.</summary>
    public ulong LimitOf(uint local) => limits.GetValueOrDefault(local);

    /// <summary>Whether the bytes from the local's value on, this many, are inside the memory.</summary>
    public bool HasReached(LocalBuilder memory, uint local, ulong reach) =>
        reached.TryGetValue((memory, local), out ulong known) && known >= reach;

    /// <summary>An access has been made or will have trapped.</summary>
    public void Reached(LocalBuilder memory, uint local, ulong reach)
    {
        if (reached.Count < MostKnown) reached[(memory, local)] = reach;
    }

    /// <summary>A local gets a value.</summary>
    /// <param name="local">The local.</param>
    /// <param name="source">The local that it is a copy of, if it is one.</param>
    /// <param name="limit">The value's limit, or 0.</param>
    public void Assign(uint local, uint? source, ulong limit)
    {
        writes.Add(local);
        Forget(local);
        if (limit != 0 && limits.Count < MostKnown) limits[local] = limit;
        if (source is not { } from || reached.Count == 0) return;
        foreach (((LocalBuilder memory, uint other), ulong reach) in reached.ToArray())
        {
            if (other == from) Reached(memory, local, reach);
        }
    }

    /// <summary>A local may have another value from here on.</summary>
    public void Forget(uint local)
    {
        limits.Remove(local);
        if (reached.Count == 0) return;
        foreach ((LocalBuilder memory, uint other) in reached.Keys.ToArray())
        {
            if (other == local) reached.Remove((memory, other));
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        reached.Clear();
        limits.Clear();
    }

    /// <summary>Keeps what is known where a block opens inside that many others.</summary>
    public Snapshot Save(int depth) => new(
        depth > DeepestBlock || reached.Count == 0 ? Empty.Reached : new Dictionary<(LocalBuilder, uint), ulong>(reached),
        depth > DeepestBlock || limits.Count == 0 ? Empty.Limits : new Dictionary<uint, ulong>(limits),
        writes.Count);

    /// <summary>Goes back to a place: what was written since has not happened on this way.</summary>
    public void Restore(Snapshot snapshot)
    {
        reached = new Dictionary<(LocalBuilder, uint), ulong>(snapshot.Reached);
        limits = new Dictionary<uint, ulong>(snapshot.Limits);
    }

    /// <summary>All ways that parted since a place come together.</summary>
    public void Join(Snapshot snapshot)
    {
        if (writes.Count - snapshot.Writes > MostWrites)
        {
            Clear();
            return;
        }

        Restore(snapshot);
        for (int i = snapshot.Writes; i < writes.Count; i++) Forget(writes[i]);
    }

    private static class Empty
    {
        public static readonly Dictionary<(LocalBuilder, uint), ulong> Reached = [];
        public static readonly Dictionary<uint, ulong> Limits = [];
    }
}
