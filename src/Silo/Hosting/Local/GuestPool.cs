using System.Collections.Concurrent;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Wasm;

namespace Chain.Silo.Hosting.Local;

/// <summary>The instances of one stateless component on this node. Safe for any thread.</summary>
/// <remarks>
/// Whether a chain may start is decided where it enters; a call inside a chain never waits for an instance of a stateless component, so that chains
/// cannot wait for one another.
/// </remarks>
internal sealed class GuestPool : IInstances, IGuestOwner
{
    private readonly ConcurrentStack<Guest> waiting = new();
    private readonly GuestMaker maker;
    private readonly InstanceMode mode;
    private readonly int replicas;
    private int count;
    private volatile bool isDisposed;

    /// <param name="maker">Makes instances.</param>
    /// <param name="mode">How they are used again: reset, or kept warm.</param>
    /// <param name="replicas">How many are kept while nobody calls.</param>
    public GuestPool(GuestMaker maker, InstanceMode mode, int replicas)
    {
        this.maker = maker;
        this.mode = mode;
        this.replicas = replicas;
    }

    public int Alive => maker.Alive;

    public Guest Take(ChainState chain, string key, CancellationToken cancellation)
    {
        if (!waiting.TryPop(out Guest? guest)) return maker.Make(this, chain);
        Interlocked.Decrement(ref count);
        return guest;
    }

    public void Return(Guest guest, bool isSound)
    {
        if (!isSound || isDisposed || !TryMakeReady(guest))
        {
            maker.Discard(guest);
        }
        else if (Interlocked.Increment(ref count) > replicas)
        {
            Interlocked.Decrement(ref count);
            maker.Discard(guest);
        }
        else
        {
            waiting.Push(guest);
            if (isDisposed) Dispose();
        }
    }

    public void Dispose()
    {
        isDisposed = true;
        while (waiting.TryPop(out Guest? guest)) maker.Discard(guest);
    }

    private bool TryMakeReady(Guest guest)
    {
        if (mode != InstanceMode.Reset)
        {
            guest.Keep();
            return true;
        }

        try
        {
            guest.Reset();
            return true;
        }
        catch (WasmException)
        {
            return false;
        }
    }
}
