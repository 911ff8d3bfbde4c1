using System.Diagnostics;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Wasi.Io;

/// <summary>How a guest's thread sleeps until one of several pollables is ready.</summary>
internal sealed class PollWaiter
{
    [ThreadStatic]
    private static PollWaiter? ofThread;

    private readonly ManualResetEventSlim woken = new(false, 0);
    private long due = long.MaxValue;

    /// <summary>Waits until at least one is ready.</summary>
    /// <returns>The indices of those that are ready, ascending.</returns>
    /// <exception cref="WasmTrapException">Cancelled.</exception>
    public static uint[] Wait(ReadOnlySpan<Pollable> pollables, CancellationToken cancellation)
    {
        uint[] ready = Ready(pollables);
        if (ready.Length > 0) return ready;

        // A signal that comes after its wait is over wakes the thread's next one, which looks and sleeps on.
        PollWaiter waiter = ofThread ??= new PollWaiter();
        waiter.due = long.MaxValue;
        try
        {
            foreach (Pollable pollable in pollables) pollable.Watch(waiter);
            while (true)
            {
                waiter.woken.Reset();
                ready = Ready(pollables);
                if (ready.Length > 0) return ready;
                waiter.woken.Wait(waiter.MillisecondsLeft, cancellation);
            }
        }
        catch (OperationCanceledException cancelled)
        {
            throw new WasmTrapException(TrapKind.Deadline, cancelled);
        }
        finally
        {
            foreach (Pollable pollable in pollables) pollable.Unwatch();
        }
    }

    /// <summary>For loops that wait again when what was ready proves not to be.</summary>
    /// <exception cref="WasmTrapException">Cancelled.</exception>
    public static void ThrowIfCancelled(CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested) throw new WasmTrapException(TrapKind.Deadline);
    }

    /// <summary>Ends the sleep, so that the thread looks again. From any thread.</summary>
    public void Wake() => woken.Set();

    /// <summary>Ends the sleep no later than at a time of <see cref="Stopwatch"/>.</summary>
    public void WakeAt(long timestamp) => due = Math.Min(due, timestamp);

    private int MillisecondsLeft
    {
        get
        {
            if (due == long.MaxValue) return Timeout.Infinite;
            double milliseconds = Math.Ceiling((due - Stopwatch.GetTimestamp()) * 1000.0 / Stopwatch.Frequency);
            return (int)Math.Clamp(milliseconds, 0, int.MaxValue);
        }
    }

    private static uint[] Ready(ReadOnlySpan<Pollable> pollables)
    {
        int first = 0;
        while (first < pollables.Length && !pollables[first].IsReady) first++;
        if (first == pollables.Length) return [];
        var ready = new List<uint> { (uint)first };
        for (int i = first + 1; i < pollables.Length; i++)
        {
            if (pollables[i].IsReady) ready.Add((uint)i);
        }

        return [.. ready];
    }
}
