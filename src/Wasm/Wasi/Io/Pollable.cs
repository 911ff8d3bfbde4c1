namespace Chain.Wasm.Wasi.Io;

/// <summary>
/// The resource <c>pollable</c> of <c>wasi:io/poll</c>: something that is ready, or will be. The guest that has it waits for it, one thread at a time;
/// <see cref="Signal"/> may come from any thread.
/// </summary>
public abstract class Pollable
{
    private PollWaiter? waiter;

    /// <summary>One that is always ready.</summary>
    public static Pollable Always { get; } = new AlwaysReady();

    /// <summary>Whether it is ready now; never blocks.</summary>
    public abstract bool IsReady { get; }

    /// <summary>Blocks until it is ready.</summary>
    /// <exception cref="Execution.WasmTrapException">Cancelled.</exception>
    public void Block(CancellationToken cancellation = default)
    {
        if (!IsReady) PollWaiter.Wait([this], cancellation);
    }

    /// <summary>Tells whoever waits that it may have become ready. Call it after the change that makes <see cref="IsReady"/> true.</summary>
    protected internal void Signal()
    {
        // The change must be seen by a waiter that came after this look: Watch has the other fence.
        Interlocked.MemoryBarrier();
        Volatile.Read(ref waiter)?.Wake();
    }

    /// <summary>From here on <paramref name="by"/> is to be woken when this may be ready; it looks at <see cref="IsReady"/> afterwards.</summary>
    internal virtual void Watch(PollWaiter by) => Interlocked.Exchange(ref waiter, by);

    /// <summary>The end of what <see cref="Watch"/> began.</summary>
    internal virtual void Unwatch() => Volatile.Write(ref waiter, null);

    private sealed class AlwaysReady : Pollable
    {
        public override bool IsReady => true;

        internal override void Watch(PollWaiter by)
        {
        }

        internal override void Unwatch()
        {
        }
    }
}

/// <summary>Ready when a task has ended, however it did.</summary>
public sealed class TaskPollable(Task task) : Pollable
{
    private bool isContinued;

    public override bool IsReady => task.IsCompleted;

    internal override void Watch(PollWaiter by)
    {
        base.Watch(by);
        if (isContinued) return;
        isContinued = true;
        task.ContinueWith(
            static (_, self) => ((TaskPollable)self!).Signal(),
            this,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }
}
