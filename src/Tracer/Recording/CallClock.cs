using Chain.Tracer.Calls;

namespace Chain.Tracer.Recording;

/// <summary>
/// Microseconds since <see cref="CallId.Epoch"/>, from the monotonic clock: set once from the wall clock, and never set back.
/// </summary>
/// <remarks>
/// When the wall clock is stepped back, calls go on in the time they were in and <see cref="Skew"/> says how far that is from the wall.
/// When it
/// is stepped forward (a machine that slept) and stays there, the clock follows.
/// </remarks>
internal sealed class CallClock
{
    /// <summary>A difference smaller than this is drift, not a step.</summary>
    public const long Step = Second;

    /// <summary>One second in the unit of this clock.</summary>
    public const long Second = 1_000_000;

    private const int Readings = 16;

    private readonly Func<long> _wall;
    private long _offset;
    private int _ahead;
    private long _jumps;
    private long _skew;

    /// <summary>A clock that starts at the wall's time, but not before <paramref name="notBefore"/>.</summary>
    public CallClock(long notBefore = 0, Func<long>? wall = null)
    {
        _wall = wall ?? WallNow;
        (long now, long at) = ReadBoth();
        _offset = Math.Max(now, notBefore) - (at / 1000);
        _skew = Math.Max(0, notBefore - now);
        if (_skew > Step) _jumps++;
    }

    /// <summary>How often the wall clock was seen to step.</summary>
    public long Jumps => Interlocked.Read(ref _jumps);

    /// <summary>This clock minus the wall clock at the last check, in microseconds.</summary>
    public long Skew => Interlocked.Read(ref _skew);

    /// <summary>Now.</summary>
    public long Now => At(MonotonicClock.Now);

    /// <summary>The wall clock, in the same unit.</summary>
    public static long WallNow() => (DateTime.UtcNow.Ticks - CallId.Epoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;

    /// <summary>The time of a reading of <see cref="MonotonicClock"/>.</summary>
    public long At(long nanoseconds) => (nanoseconds / 1000) + Volatile.Read(ref _offset);

    /// <summary>Compares with the wall clock; to be called every second or so, by one thread.</summary>
    public void Check()
    {
        long skew = Now - _wall();
        if (Math.Abs(skew - _skew) > Step) Interlocked.Increment(ref _jumps);
        Interlocked.Exchange(ref _skew, skew);
        _ahead = skew < -Step ? _ahead + 1 : 0;
        // A wall clock that was wrong for a moment must not carry the ids into the future, from where there is no way back.
        if (_ahead < 10) return;
        Interlocked.Add(ref _offset, -skew);
        Interlocked.Exchange(ref _skew, 0);
        _ahead = 0;
    }

    /// <summary>
    /// The wall clock, and the monotonic one at the same moment. A thread that lost its processor between the two readings would set this process apart
    /// from others of the machine for good, so that calls there would seem to begin before their callers'.
    /// </summary>
    private (long Wall, long Monotonic) ReadBoth()
    {
        (long wall, long monotonic, long least) = (0, 0, long.MaxValue);
        for (int reading = 0; reading < Readings; reading++)
        {
            long before = MonotonicClock.Now;
            long now = _wall();
            long took = MonotonicClock.Now - before;
            if (took < least) (wall, monotonic, least) = (now, before + (took / 2), took);
        }

        return (wall, monotonic);
    }
}
