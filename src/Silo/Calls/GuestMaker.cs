using Chain.Wasm.Components.Runtime;

namespace Chain.Silo.Calls;

/// <summary>Makes instances of one component, and counts them. Safe for any thread.</summary>
/// <param name="component">What to make instances of.</param>
/// <param name="grants">What they may do and use.</param>
/// <param name="pipeline">What their calls pass.</param>
public sealed class GuestMaker(PreparedComponent component, GuestGrants grants, CallPipeline pipeline)
{
    private int alive;

    /// <summary>The instances there are, answering or not.</summary>
    public int Alive => Volatile.Read(ref alive);

    /// <summary>Makes one; its start functions run on the calling thread.</summary>
    /// <param name="owner">To whom it goes back after each call.</param>
    /// <param name="chain">Until when its start functions may run.</param>
    /// <exception cref="Chain.Wasm.WasmException">It could not be made.</exception>
    public Guest Make(IGuestOwner owner, ChainState chain)
    {
        var guest = new Guest(owner, component, grants, pipeline, chain);
        Interlocked.Increment(ref alive);
        return guest;
    }

    public void Discard(Guest guest)
    {
        guest.Dispose();
        Interlocked.Decrement(ref alive);
    }
}
