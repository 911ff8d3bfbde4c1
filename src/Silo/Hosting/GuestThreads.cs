namespace Chain.Silo.Hosting;

/// <summary>
/// Threads for guests, with a stack of known size: guests block where they wait, which no thread of the pool may. They are made as work comes, up to a
/// limit; more work waits in a queue, up to another. Safe for any thread.
/// </summary>
/// <remarks>
/// A thread that is done takes the next work itself, and the one that rested last is woken first: as long as guests do not block, few threads do all of
/// it. Where there may be more threads than <c>usual</c>, they are made when a guest says that it waits (<see cref="Waiting"/>), or when the queue stands
/// still, because all that run have blocked without a word.
/// </remarks>
public sealed class GuestThreads : IDisposable
{
    // Host functions, adapters and the JIT need some stack besides the guest.
    private const int OwnStackBytes = 4 * 1024 * 1024;

    private static readonly TimeSpan StandstillCheck = TimeSpan.FromMilliseconds(5);

    [ThreadStatic]
    private static Worker? current;

    private readonly Lock gate = new();
    private readonly Queue<Action> work = new();
    private readonly Stack<Worker> resting = new();
    private readonly Timer? standstill;
    private readonly int threads;
    private readonly int usual;
    private readonly int queue;
    private readonly int stackBytes;
    private int load;
    private int running;
    private int allowed;
    private int started;
    private long taken;
    private long takenBefore;
    private bool isWatched;
    private bool isDisposed;

    /// <param name="threads">The most guests that run at a time.</param>
    /// <param name="queue">The most that wait beyond those.</param>
    /// <param name="guestStackBytes">What one guest's calls may use (<see cref="Wasm.Execution.StoreLimits.StackBytes"/>), in bytes.</param>
    /// <param name="usual">The threads that run while guests do not block; all where it is absent.</param>
    public GuestThreads(int threads, int queue, int guestStackBytes = 1 << 20, int? usual = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(queue);
        this.threads = threads;
        this.queue = queue;
        this.usual = allowed = Math.Clamp(usual ?? threads, 1, threads);
        stackBytes = guestStackBytes + OwnStackBytes;
        if (this.usual < threads) standstill = new Timer(static self => ((GuestThreads)self!).Watch(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>Has work done by one of the threads.</summary>
    /// <param name="action">It must not throw.</param>
    /// <returns>False when all threads are taken and the queue is full, or this was disposed of: nothing was taken.</returns>
    public bool TryRun(Action action)
    {
        Worker? woken;
        lock (gate)
        {
            if (isDisposed || load >= threads + queue) return false;
            load++;
            if (running >= allowed)
            {
                work.Enqueue(action);
                WatchOn();
                return true;
            }

            woken = Next(action);
        }

        Begin(woken);
        return true;
    }

    /// <summary>
    /// Says that the calling guest waits for something that may take long, until the result is disposed of: another one may run meanwhile. Of no effect
    /// elsewhere than on these threads.
    /// </summary>
    public static Wait Waiting() => new(current);

    /// <summary>Takes no more work; what was taken is done before the threads end.</summary>
    public void Dispose()
    {
        Worker[] ended;
        lock (gate)
        {
            isDisposed = true;
            if (load > 0) return;
            ended = [.. resting];
            resting.Clear();
        }

        standstill?.Dispose();
        foreach (Worker worker in ended) worker.Wake();
    }

    /// <summary>Takes no more work, and waits for what was taken.</summary>
    /// <returns>False when it was not done within the time.</returns>
    public async Task<bool> DrainAsync(TimeSpan time)
    {
        Dispose();
        long end = Environment.TickCount64 + (long)time.TotalMilliseconds;
        while (Volatile.Read(ref load) > 0)
        {
            if (Environment.TickCount64 > end) return false;
            await Task.Delay(10).ConfigureAwait(false);
        }

        return true;
    }

    private void Pause()
    {
        Worker? woken = null;
        lock (gate)
        {
            running--;
            if (running < allowed && work.TryDequeue(out Action? next)) woken = Next(next);
        }

        if (woken is not null) Begin(woken);
    }

    private void Resume()
    {
        lock (gate) running++;
    }

    // Under the lock.
    private Worker Next(Action action)
    {
        running++;
        taken++;
        if (!resting.TryPop(out Worker? worker)) worker = new Worker(this);
        worker.Work = action;
        return worker;
    }

    private void Begin(Worker worker)
    {
        if (worker.IsStarted)
        {
            worker.Wake();
            return;
        }

        worker.IsStarted = true;
        new Thread(worker.Run, stackBytes) { IsBackground = true, Name = $"guest {Interlocked.Increment(ref started)}" }.Start();
    }

    /// <summary>What a thread does next; <see langword="null"/> when it is to rest, and then it is woken, or when it is to end.</summary>
    private Action? After(Worker worker, out bool isEnd)
    {
        lock (gate)
        {
            load--;
            if (running <= allowed && work.TryDequeue(out Action? next))
            {
                taken++;
                isEnd = false;
                return next;
            }

            running--;
            isEnd = isDisposed && load == 0;
            if (!isEnd) resting.Push(worker);
        }

        // The last one lets those go that rest.
        if (isEnd) Dispose();
        return null;
    }

    // Under the lock.
    private void WatchOn()
    {
        if (isWatched || standstill is null) return;
        isWatched = true;
        takenBefore = taken;
        standstill.Change(StandstillCheck, Timeout.InfiniteTimeSpan);
    }

    private void Watch()
    {
        var begun = new List<Worker>();
        lock (gate)
        {
            isWatched = false;
            if (work.Count == 0)
            {
                // They block no more, or not as many.
                if (running < allowed) allowed = Math.Max(usual, (running + allowed) / 2);
                return;
            }

            if (taken == takenBefore)
            {
                allowed = Math.Min(threads, allowed + Math.Max(1, work.Count / 2));
                while (running < allowed && work.TryDequeue(out Action? action)) begun.Add(Next(action));
            }

            WatchOn();
        }

        foreach (Worker worker in begun) Begin(worker);
    }

    /// <summary>A guest's wait.</summary>
    public readonly struct Wait : IDisposable
    {
        private readonly GuestThreads? owner;

        internal Wait(Worker? worker)
        {
            // Where all may run anyway nobody waits for those that wait.
            owner = worker?.Owner is { standstill: not null } limited ? limited : null;
            owner?.Pause();
        }

        public void Dispose() => owner?.Resume();
    }

    /// <summary>One thread.</summary>
    internal sealed class Worker(GuestThreads owner)
    {
        // Neither a semaphore of .NET's, which spins before it waits, nor a monitor, where who is woken waits once more for the lock.
        private readonly AutoResetEvent bell = new(false);

        public GuestThreads Owner => owner;

        public Action? Work { get; set; }

        public bool IsStarted { get; set; }

        public void Wake() => bell.Set();

        public void Run()
        {
            current = this;
            while (true)
            {
                Action? action = Work;
                Work = null;
                while (action is not null)
                {
                    action();
                    action = owner.After(this, out bool isEnd);
                    if (isEnd) return;
                }

                bell.WaitOne();
                if (Work is null) return;
            }
        }
    }
}
