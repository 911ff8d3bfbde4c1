using System.Collections.Concurrent;
using Chain.Wasm;

namespace Chain.Silo.Hosting.Http;

/// <summary>Instances that wait for a request, each fresh or reset. Safe for any thread.</summary>
/// <param name="create">Makes one, on the thread of a guest.</param>
/// <param name="most">How many wait at most; with 0 each request gets a new one.</param>
public sealed class HttpGuestPool(Func<CancellationToken, IHttpGuest> create, int most) : IDisposable
{
    // The last one back is the one whose memory the processor still knows.
    private readonly ConcurrentStack<IHttpGuest> waiting = new();
    private int count;
    private volatile bool isDisposed;

    /// <param name="cancellation">Ends making a new one.</param>
    /// <exception cref="WasmException">A new one could not be made.</exception>
    public IHttpGuest Take(CancellationToken cancellation)
    {
        if (!waiting.TryPop(out IHttpGuest? guest)) return create(cancellation);
        Interlocked.Decrement(ref count);
        return guest;
    }

    /// <summary>Resets a guest that answered and keeps it; one that cannot be reset is given up.</summary>
    public void Return(IHttpGuest guest)
    {
        if (isDisposed || Interlocked.Increment(ref count) > most)
        {
            Interlocked.Decrement(ref count);
            guest.Dispose();
            return;
        }

        try
        {
            guest.Reset();
        }
        catch (WasmException)
        {
            Interlocked.Decrement(ref count);
            guest.Dispose();
            return;
        }

        waiting.Push(guest);
        if (isDisposed) Dispose();
    }

    public void Dispose()
    {
        isDisposed = true;
        while (waiting.TryPop(out IHttpGuest? guest)) guest.Dispose();
    }
}
