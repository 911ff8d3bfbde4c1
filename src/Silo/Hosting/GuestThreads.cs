using System.Collections.Concurrent;

namespace Chain.Silo.Hosting;

/// <summary>
/// Threads for guests, with a stack of known size: guests block where they wait, which no thread of the pool may. They are made as work comes, up to a
/// limit; more work waits in a queue, up to another. Safe for any thread.
/// </summary>
public sealed class GuestThreads : IDisposable
{
    // Host functions, adapters and the JIT need some stack besides the guest.
    private const int OwnStackBytes = 4 * 1024 * 1024;

    private readonly BlockingCollection<Action> work = [];
    private readonly int threads;
    private readonly int queue;
    private readonly int stackBytes;
    private int load;
    private int idle;
    private int started;

    /// <param name="threads">The most guests that run at a time.</param>
    /// <param name="queue">The most that wait beyond those.</param>
    /// <param name="guestStackBytes">What one guest's calls may use (<see cref="Wasm.Execution.StoreLimits.StackBytes"/>), in bytes.</param>
    public GuestThreads(int threads, int queue, int guestStackBytes = 1 << 20)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(queue);
        this.threads = threads;
        this.queue = queue;
        stackBytes = guestStackBytes + OwnStackBytes;
    }

    /// <summary>Has work done by one of the threads.</summary>
    /// <param name="action">It must not throw.</param>
    /// <returns>False when all threads are taken and the queue is full, or this was disposed of: nothing was taken.</returns>
    public bool TryRun(Action action)
    {
        if (Interlocked.Increment(ref load) > threads + queue || !TryAdd(action))
        {
            Interlocked.Decrement(ref load);
            return false;
        }

        if (Volatile.Read(ref idle) < work.Count) StartOne();
        return true;
    }

    /// <summary>Takes no more work; what was taken is done before the threads end.</summary>
    public void Dispose() => work.CompleteAdding();

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

    private bool TryAdd(Action action)
    {
        try
        {
            return work.TryAdd(action);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private void StartOne()
    {
        int number = Interlocked.Increment(ref started);
        if (number <= threads) new Thread(Work, stackBytes) { IsBackground = true, Name = $"guest {number}" }.Start();
        else Interlocked.Decrement(ref started);
    }

    private void Work()
    {
        while (true)
        {
            Interlocked.Increment(ref idle);
            bool isTaken = work.TryTake(out Action? action, Timeout.Infinite);
            Interlocked.Decrement(ref idle);
            if (!isTaken) return;
            action!();
            Interlocked.Decrement(ref load);
        }
    }
}
