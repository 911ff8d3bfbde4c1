namespace Chain.Wasm.Components.Hosting;

/// <summary>
/// Tells functions of the host that wait when a call is to end. A timer runs only where somebody has asked for the token. Safe for any thread.
/// </summary>
internal sealed class CallCancellation : IDisposable
{
    private readonly Lock guard = new();
    private CancellationTokenSource? source;
    private CancellationTokenRegistration registration;
    private CancellationToken outer;
    private long end = long.MaxValue;

    public CancellationToken Token
    {
        get
        {
            lock (guard)
            {
                if (source is not null) return source.Token;
                // Nobody can cancel what has no end.
                if (end == long.MaxValue && !outer.CanBeCanceled) return default;
                source = new CancellationTokenSource();
                Arm(source);
                return source.Token;
            }
        }
    }

    /// <summary>Sets the end: after a time from now, or when the token is cancelled.</summary>
    public void Set(TimeSpan timeout, CancellationToken cancellation)
    {
        lock (guard)
        {
            outer = cancellation;
            end = timeout == Timeout.InfiniteTimeSpan ? long.MaxValue : Environment.TickCount64 + (long)Math.Ceiling(timeout.TotalMilliseconds);
            registration.Unregister();
            if (source is null) return;
            // What was told to end stays so; the next call must not.
            if (source.IsCancellationRequested) source = null;
            else Arm(source);
        }
    }

    public void Dispose()
    {
        lock (guard)
        {
            registration.Unregister();
            // Not disposed of: while it is being cancelled on another thread, those who were to be told next would not be.
            source?.CancelAfter(Timeout.Infinite);
            source = null;
            outer = default;
            end = long.MaxValue;
        }
    }

    private void Arm(CancellationTokenSource armed)
    {
        armed.CancelAfter(end == long.MaxValue ? Timeout.Infinite : (int)Math.Clamp(end - Environment.TickCount64, 0, int.MaxValue));
        registration = outer.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), armed);
    }
}
