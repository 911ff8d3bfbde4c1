using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Chain.Tracer.Recording;

/// <summary>Nanoseconds of the clock behind <see cref="Stopwatch"/>, read in fewer of them where the system allows.</summary>
internal static unsafe partial class MonotonicClock
{
    private const int Monotonic = 1;

    /// <summary>Now; only differences mean something.</summary>
    public static long Now
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            // Two readings are most of what recording a call costs. The call takes no lock and never waits, so the runtime need not be told
            // of it.
            if (OperatingSystem.IsLinux() && sizeof(nint) == 8)
            {
                TimeSpec time;
                ClockGetTime(Monotonic, &time);
                return (time.Seconds * 1_000_000_000) + time.Nanoseconds;
            }

            return Stopwatch.Frequency == 1_000_000_000 ? Stopwatch.GetTimestamp()
                : (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));
        }
    }

    [SuppressGCTransition]
    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, TimeSpec* time);

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
