using System.Collections.Concurrent;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Wasm;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;

namespace Chain.Silo.Hosting.Local;

/// <summary>The instances of one component on this node. Safe for any thread.</summary>
/// <remarks>
/// Whether a chain may start is decided where it enters; a call inside a chain never waits for an instance of a stateless component, so that chains
/// cannot wait for one another.
/// </remarks>
public sealed class GuestPool : ICallTarget, IDisposable
{
    private readonly ConcurrentStack<Guest> waiting = new();
    private readonly SemaphoreSlim only = new(1, 1);
    private readonly PreparedComponent component;
    private readonly GuestGrants grants;
    private readonly CallPipeline pipeline;
    private readonly InstanceMode mode;
    private readonly int replicas;
    private ChainState? holder;
    private int count;
    private int alive;
    private volatile bool isDisposed;

    /// <param name="component">What to make instances of.</param>
    /// <param name="grants">What they may do and use.</param>
    /// <param name="pipeline">What their calls pass.</param>
    /// <param name="mode">How they are used again.</param>
    /// <param name="replicas">How many are kept while nobody calls.</param>
    public GuestPool(PreparedComponent component, GuestGrants grants, CallPipeline pipeline, InstanceMode mode, int replicas)
    {
        this.component = component;
        this.grants = grants;
        this.pipeline = pipeline;
        this.mode = mode;
        this.replicas = mode == InstanceMode.Stateful ? 1 : replicas;
    }

    /// <summary>The instances there are, answering or not.</summary>
    public int Alive => Volatile.Read(ref alive);

    public Guest Take(ChainState chain, CancellationToken cancellation)
    {
        if (mode == InstanceMode.Stateful)
        {
            if (ReferenceEquals(Volatile.Read(ref holder), chain))
                throw new ComponentTrapException($"{component.Component.DisplayName} is stateful and already answers a call of this chain: a cycle");
            only.Wait(cancellation);
            Volatile.Write(ref holder, chain);
        }

        try
        {
            if (waiting.TryPop(out Guest? guest))
            {
                Interlocked.Decrement(ref count);
                return guest;
            }

            guest = new Guest(this, component, grants, pipeline, chain);
            Interlocked.Increment(ref alive);
            return guest;
        }
        catch
        {
            Release();
            throw;
        }
    }

    public void Return(Guest guest, bool isSound)
    {
        try
        {
            if (!isSound || isDisposed || !TryMakeReady(guest))
            {
                Discard(guest);
            }
            else if (Interlocked.Increment(ref count) > replicas)
            {
                Interlocked.Decrement(ref count);
                Discard(guest);
            }
            else
            {
                waiting.Push(guest);
                if (isDisposed) Dispose();
            }
        }
        finally
        {
            Release();
        }
    }

    public void Dispose()
    {
        isDisposed = true;
        while (waiting.TryPop(out Guest? guest)) Discard(guest);
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

    private void Discard(Guest guest)
    {
        guest.Dispose();
        Interlocked.Decrement(ref alive);
    }

    private void Release()
    {
        if (mode != InstanceMode.Stateful) return;
        Volatile.Write(ref holder, null);
        only.Release();
    }
}
