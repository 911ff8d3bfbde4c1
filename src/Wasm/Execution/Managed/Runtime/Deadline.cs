namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>
/// When a store's running code has to end. A ticker that all stores share looks every few milliseconds and raises the interrupt flag,
/// so that compiled code never reads a clock.
/// </summary>
internal sealed unsafe class Deadline : IDisposable
{
    private const int TickMilliseconds = 5;

    private static readonly Lock Gate = new();
    private static readonly HashSet<Deadline> Watched = [];
    private static Timer? ticker;

    private readonly NativeContext* context;
    private CancellationToken token;
    private CancellationTokenRegistration registration;
    private long endsAt = long.MaxValue;
    private bool disposed;

    public Deadline(NativeContext* context) => this.context = context;

    public void Set(TimeSpan timeout, CancellationToken cancellation)
    {
        // Outside the lock: a callback that runs now takes it too.
        registration.Dispose();
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            token = cancellation;
            bool endless = timeout == Timeout.InfiniteTimeSpan;
            endsAt = endless ? long.MaxValue : Environment.TickCount64 + Math.Max(0, (long)timeout.TotalMilliseconds);
            Volatile.Write(ref context->Interrupt, cancellation.IsCancellationRequested || timeout <= TimeSpan.Zero && !endless ? 1 : 0);
            if (endless) Watched.Remove(this);
            else Watched.Add(this);
            StartOrStopTicker();
        }

        registration = cancellation.CanBeCanceled ? cancellation.UnsafeRegister(static self => ((Deadline)self!).Raise(), this) : default;
    }

    /// <summary>Whether it is over; lowers the flag where it is not.</summary>
    public bool HasPassed()
    {
        if (token.IsCancellationRequested || Environment.TickCount64 >= Volatile.Read(ref endsAt)) return true;
        Volatile.Write(ref context->Interrupt, 0);
        // A cancellation between the look and the lowering would be lost without a second look.
        return token.IsCancellationRequested;
    }

    public void Dispose()
    {
        registration.Dispose();
        lock (Gate)
        {
            disposed = true;
            Watched.Remove(this);
            StartOrStopTicker();
        }
    }

    private void Raise()
    {
        lock (Gate)
        {
            if (!disposed) Volatile.Write(ref context->Interrupt, 1);
        }
    }

    private static void StartOrStopTicker()
    {
        if (Watched.Count == 0)
        {
            ticker?.Dispose();
            ticker = null;
        }
        else
        {
            ticker ??= new Timer(static _ => Tick(), null, TickMilliseconds, TickMilliseconds);
        }
    }

    private static void Tick()
    {
        lock (Gate)
        {
            long now = Environment.TickCount64;
            foreach (Deadline watched in Watched)
            {
                if (now >= watched.endsAt) Volatile.Write(ref watched.context->Interrupt, 1);
            }
        }
    }
}
