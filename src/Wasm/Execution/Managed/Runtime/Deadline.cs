namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>
/// When a store's running code has to end. One thread that all stores share sleeps until the next deadline and then raises flags, so that
/// compiled code never reads a clock: one in each instance, which loops test, and the store's stack limit, which functions test as they
/// begin and which then is above every stack. Flags go up and down under one lock: while they are up, the present deadline has passed.
/// Safe for any thread.
/// </summary>
/// <remarks>The thread is its own: guests that hold every thread of the pool must not be able to hold up what ends them.</remarks>
internal sealed unsafe class Deadline : IDisposable
{
    /// <summary>The raised flag.</summary>
    public const int Raised = int.MaxValue;

    // How long the thread waits for another deadline before it ends.
    private const int IdleMilliseconds = 10_000;

    private static readonly object Gate = new();
    private static readonly HashSet<Deadline> Watched = [];
    private static Thread? watcher;
    private static long wakesAt;

    private readonly List<ManagedInstance> instances = [];
    private NativeContext* context;
    private CancellationTokenRegistration registration;
    private long endsAt = long.MaxValue;
    private volatile bool hasPassed;

    /// <param name="context">The store's; it must live until <see cref="Dispose"/>.</param>
    public Deadline(NativeContext* context) => this.context = context;

    /// <summary>Whether the flags are up.</summary>
    public bool HasPassed => hasPassed;

    public void Add(ManagedInstance instance)
    {
        lock (Gate)
        {
            instances.Add(instance);
            if (hasPassed) Volatile.Write(ref instance.Interrupt, Raised);
        }
    }

    public void Set(TimeSpan timeout, CancellationToken cancellation)
    {
        // Outside the lock, which a callback that runs now takes too; after this none is running.
        registration.Dispose();
        lock (Gate)
        {
            bool endless = timeout == Timeout.InfiniteTimeSpan;
            bool atOnce = cancellation.IsCancellationRequested || (timeout <= TimeSpan.Zero && !endless);
            SetFlags(atOnce);
            if (endless || atOnce)
            {
                Watched.Remove(this);
            }
            else
            {
                endsAt = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
                Watched.Add(this);
                WakeBefore(endsAt);
            }
        }

        if (cancellation.CanBeCanceled) registration = cancellation.UnsafeRegister(static self => ((Deadline)self!).Raise(), this);
    }

    public void Dispose()
    {
        registration.Dispose();
        lock (Gate)
        {
            context = null;
            Watched.Remove(this);
            instances.Clear();
        }
    }

    private void Raise()
    {
        lock (Gate)
        {
            Watched.Remove(this);
            SetFlags(true);
        }
    }

    private void SetFlags(bool raised)
    {
        if (hasPassed == raised || context is null) return;
        hasPassed = raised;
        // A thread that enters a guest sets the limit and then looks at the flag, without a fence: this is the fence for both.
        if (raised) Interlocked.MemoryBarrierProcessWide();
        nuint running = context->RunningLimit;
        context->StackLimit = raised || running == 0 ? NativeContext.NoStack : running;
        foreach (ManagedInstance instance in instances) Volatile.Write(ref instance.Interrupt, raised ? Raised : 0);
    }

    private static void WakeBefore(long time)
    {
        if (watcher is null)
        {
            wakesAt = time;
            watcher = new Thread(Watch) { IsBackground = true, Name = "wasm deadlines", Priority = ThreadPriority.AboveNormal };
            watcher.Start();
        }
        else if (time < wakesAt)
        {
            wakesAt = time;
            Monitor.Pulse(Gate);
        }
    }

    private static void Watch()
    {
        lock (Gate)
        {
            while (true)
            {
                long now = Environment.TickCount64;
                wakesAt = long.MaxValue;
                foreach (Deadline watched in Watched)
                {
                    if (now < watched.endsAt)
                    {
                        wakesAt = Math.Min(wakesAt, watched.endsAt);
                        continue;
                    }

                    Watched.Remove(watched);
                    watched.SetFlags(true);
                }

                bool pulsed = Monitor.Wait(Gate, (int)Math.Min(wakesAt - now, IdleMilliseconds));
                if (pulsed || Watched.Count > 0) continue;
                watcher = null;
                return;
            }
        }
    }
}
