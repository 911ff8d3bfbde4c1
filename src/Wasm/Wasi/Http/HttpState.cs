namespace Chain.Wasm.Wasi.Http;

/// <summary>What functions of <c>wasi:http</c> keep in a store: the client that it may use, and how many of its requests are under way.</summary>
/// <param name="outgoing">Not the store's own; <see langword="null"/> where a guest may make no request.</param>
public sealed class HttpState(OutgoingHttp? outgoing)
{
    private int underWay;

    public OutgoingHttp? Outgoing { get; } = outgoing;

    internal bool TryBegin()
    {
        if (Interlocked.Increment(ref underWay) <= Outgoing!.Limits.Requests) return true;
        End();
        return false;
    }

    internal void End() => Interlocked.Decrement(ref underWay);
}
