using Chain.Silo.Calls.Remote;
using Chain.Silo.Hosting;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Chain.Wasm;
using Chain.Wasm.Components.Hosting;

namespace Chain.Silo.Calls;

/// <summary>
/// The one instance of a stateful component, or the one for a key: it answers one call at a time, and its label is the join of all calls so far, for
/// good, also when an instance takes the place of one that trapped. Safe for any thread.
/// </summary>
/// <param name="name">What cycles are told by: <c>application/component</c>, and the key.</param>
/// <param name="labels">The process's labels.</param>
public sealed class StatefulSlot(string name, LabelStore labels) : IGuestOwner, IDisposable
{
    private readonly SemaphoreSlim turn = new(1, 1);
    private ChainState? holder;
    private GuestMaker? madeBy;
    private Guest? guest;
    private readonly SemaphoreSlim storing = new(1, 1);
    private volatile bool isDisposed;
    private LabelId stored;

    public string Name => name;

    /// <summary>The label of all calls so far.</summary>
    public LabelId Residual { get; private set; }

    /// <summary>The last call that added to it.</summary>
    public CallContext Remembered { get; private set; }

    /// <summary>Whether nobody has it or waits for it.</summary>
    public bool IsIdle => turn.CurrentCount == 1;

    /// <summary>
    /// Stores its label, as a text that other silos can read, and the last call that added to it, where they must outlast this silo; <see langword="null"/>
    /// where they end with the node. Set before the first call.
    /// </summary>
    public Func<string, CallContext, Task>? Store { get; set; }

    /// <summary>Goes on where another silo's instance ended.</summary>
    /// <exception cref="FormatException">The text is no label.</exception>
    public void Remember(string label, in CallContext call)
    {
        (Residual, Remembered) = (label.Length == 0 ? LabelId.Empty : labels.Intern(Label.Parse(label)), call);
        stored = Residual;
    }

    /// <summary>Ends when <see cref="Residual"/> is stored: before anybody has an answer that it may depend on.</summary>
    /// <exception cref="Exception">What <see cref="Store"/> throws.</exception>
    public Task KeepAsync() => KeepAsync(Residual, Remembered);

    /// <summary>Waits for its turn.</summary>
    /// <exception cref="Wasm.Components.Hosting.ComponentTrapException">The chain has it already.</exception>
    /// <exception cref="OperationCanceledException">Cancelled while waiting.</exception>
    public async Task EnterAsync(ChainState chain, CancellationToken cancellation)
    {
        Refuse(chain);
        await turn.WaitAsync(cancellation).ConfigureAwait(false);
        Hold(chain);
    }

    /// <inheritdoc cref="EnterAsync"/>
    public void Enter(ChainState chain, CancellationToken cancellation)
    {
        Refuse(chain);
        if (!turn.Wait(0, cancellation))
        {
            using (GuestThreads.Waiting()) turn.Wait(cancellation);
        }

        Hold(chain);
    }

    /// <summary>The instance, for whoever has entered. If there can be none it has left.</summary>
    /// <param name="maker">Makes it; where another version of the component made the one there is, that one ends.</param>
    /// <param name="chain">The chain that entered.</param>
    /// <exception cref="Chain.Wasm.WasmException">It could not be made.</exception>
    public Guest Take(GuestMaker maker, ChainState chain)
    {
        try
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (guest is not null && madeBy != maker) Discard();
            if (guest is not null) return guest;
            guest = maker.Make(this, chain);
            guest.Remember(Residual, Remembered);
            madeBy = maker;
            return guest;
        }
        catch
        {
            Leave();
            throw;
        }
    }

    public void Disclosing(Guest telling)
    {
        try
        {
            // Guests have threads of their own to wait on.
            using (GuestThreads.Waiting()) KeepAsync(telling.Frame.Label, telling.Frame.Call.Context).GetAwaiter().GetResult();
        }
        catch (Exception failure) when (failure is not WasmException)
        {
            throw new ComponentTrapException($"{name}: its label could not be stored: {failure.Message}");
        }
    }

    public void Return(Guest returned, bool isSound)
    {
        if (isSound)
        {
            returned.Keep();
            Residual = labels.Union(Residual, returned.Residual);
            Remembered = returned.Remembered;
        }
        else
        {
            Discard();
        }

        if (isDisposed) Discard();
        Leave();
    }

    /// <summary>Gives a turn back without a call.</summary>
    public void Leave()
    {
        holder?.Release(name);
        holder = null;
        turn.Release();
    }

    /// <summary>Ends the instance: whoever waits for it gets none any more, and the call that it answers goes on to its end.</summary>
    /// <param name="cancellation">Does not wait for that end any longer.</param>
    /// <returns>False when a call is still under way.</returns>
    public async Task<bool> CloseAsync(CancellationToken cancellation)
    {
        isDisposed = true;
        try
        {
            await turn.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }

        Discard();
        turn.Release();
        return true;
    }

    /// <summary>Ends the instance, after the call that it answers.</summary>
    public void Dispose()
    {
        isDisposed = true;
        if (!turn.Wait(0)) return;
        Discard();
        turn.Release();
    }

    private async Task KeepAsync(LabelId label, CallContext last)
    {
        if (Store is not { } store || labels.Union(stored, label) == stored) return;
        await storing.WaitAsync().ConfigureAwait(false);
        try
        {
            LabelId all = labels.Union(stored, label);
            if (all == stored) return;
            await store(labels[all].ToString(), last).ConfigureAwait(false);
            stored = all;
        }
        finally
        {
            storing.Release();
        }
    }

    private void Refuse(ChainState chain)
    {
        if (chain.Holds(name)) throw RemoteCaller.Cycle(name);
    }

    private void Hold(ChainState chain)
    {
        chain.Hold(name);
        holder = chain;
    }

    private void Discard()
    {
        if (guest is not null) madeBy!.Discard(guest);
        guest = null;
    }
}
