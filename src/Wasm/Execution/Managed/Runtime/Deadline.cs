namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>
/// When a store's running code has to end. A ticker that all stores share looks every few milliseconds and raises a flag in the store's
/// instances, so that compiled code never reads a clock. The flag goes up and down under one lock: while it is up, the present deadline has
/// passed. Safe for any thread.
/// </summary>
internal sealed class Deadline : IDisposable
{
    /// <summary>The raised flag.</summary>
    public const int Raised = int.MaxValue;

    private const int TickMilliseconds = 5;

    private static readonly Lock Gate = new();
    private static readonly HashSet<Deadline> Watched = [];
    private static Timer? ticker;

    private readonly List<ManagedInstance> instances = [];
    private CancellationTokenRegistration registration;
    private long endsAt = long.MaxValue;

    /// <summary>Whether the flag is up.</summary>
    public bool HasPassed { get; private set; }

    public void Add(ManagedInstance instance)
    {
        lock (Gate)
        {
            instances.Add(instance);
            if (HasPassed) Volatile.Write(ref instance.Interrupt, Raised);
        }
    }

    public void Set(TimeSpan timeout, CancellationToken cancellation)
    {
        // Outside the lock, which a callback that runs now takes too; after this none is running.
        registration.Dispose();
        lock (Gate)
        {
            bool endless = timeout == Timeout.InfiniteTimeSpan;
            endsAt = endless ? long.MaxValue : Environment.TickCount64 + Math.Max(0, (long)timeout.TotalMilliseconds);
            SetFlag(cancellation.IsCancellationRequested || (timeout <= TimeSpan.Zero && !endless));
            if (endless) Watched.Remove(this);
            else Watched.Add(this);
            StartOrStopTicker();
        }

        if (cancellation.CanBeCanceled) registration = cancellation.UnsafeRegister(static self => ((Deadline)self!).Raise(), this);
    }

    public void Dispose()
    {
        registration.Dispose();
        lock (Gate)
        {
            Watched.Remove(this);
            instances.Clear();
            StartOrStopTicker();
        }
    }

    private void Raise()
    {
        lock (Gate) SetFlag(true);
    }

    private void SetFlag(bool raised)
    {
        if (HasPassed == raised) return;
        HasPassed = raised;
        foreach (ManagedInstance instance in instances) Volatile.Write(ref instance.Interrupt, raised ? Raised : 0);
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
                if (now < watched.endsAt) continue;
                watched.SetFlag(true);
                Watched.Remove(watched);
            }

            StartOrStopTicker();
        }
    }
}
