using System.Diagnostics;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi.Clocks;

/// <summary>The monotonic clock of a store: nanoseconds since it was made or reset.</summary>
internal sealed class MonotonicTime(TimeProvider time)
{
    private const ulong NanosecondsPerSecond = 1_000_000_000;

    private readonly long origin = time.GetTimestamp();
    private readonly ulong frequency = (ulong)time.TimestampFrequency;

    public ulong Now
    {
        get
        {
            ulong elapsed = (ulong)Math.Max(0, time.GetTimestamp() - origin);
            return frequency == NanosecondsPerSecond ? elapsed : (ulong)((UInt128)elapsed * NanosecondsPerSecond / frequency);
        }
    }

    public ulong Resolution => Math.Max(1, NanosecondsPerSecond / frequency);

    /// <summary>Ready from an instant of this clock on.</summary>
    public TimerPollable At(ulong instant)
    {
        UInt128 ticks = (((UInt128)instant * frequency) + NanosecondsPerSecond - 1) / NanosecondsPerSecond;
        return new TimerPollable(time, (long)UInt128.Min((UInt128)origin + ticks, long.MaxValue));
    }

    /// <summary>Ready when so many nanoseconds have passed from now.</summary>
    public TimerPollable After(ulong nanoseconds)
    {
        ulong now = Now;
        return At(nanoseconds > ulong.MaxValue - now ? ulong.MaxValue : now + nanoseconds);
    }
}

/// <summary>Ready from a time on.</summary>
/// <param name="due">A timestamp of <paramref name="time"/>; the greatest never comes.</param>
internal sealed class TimerPollable(TimeProvider time, long due) : Pollable
{
    private ITimer? timer;

    public override bool IsReady => time.GetTimestamp() >= due;

    internal override void Watch(PollWaiter by)
    {
        // The system's clock needs no timer: the thread just sleeps no longer.
        if (time == TimeProvider.System)
        {
            by.WakeAt(due);
            return;
        }

        base.Watch(by);
        TimeSpan left = due == long.MaxValue ? Timeout.InfiniteTimeSpan : time.GetElapsedTime(time.GetTimestamp(), due);
        if (left < TimeSpan.Zero) left = left == Timeout.InfiniteTimeSpan ? left : TimeSpan.Zero;
        if (left.TotalMilliseconds > uint.MaxValue - 1) left = Timeout.InfiniteTimeSpan;
        timer = time.CreateTimer(static self => ((TimerPollable)self!).Signal(), this, left, Timeout.InfiniteTimeSpan);
    }

    internal override void Unwatch()
    {
        base.Unwatch();
        timer?.Dispose();
        timer = null;
    }
}
