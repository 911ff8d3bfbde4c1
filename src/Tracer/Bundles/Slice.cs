using Chain.Tracer.Calls;

namespace Chain.Tracer.Bundles;

/// <summary>Minutes since <see cref="CallId.Epoch"/>: the unit in which it is remembered which traces are not in a bundle yet.</summary>
internal static class Slice
{
    public const long Microseconds = 60_000_000;

    public const int PerDay = 1440;

    /// <summary>The minute in which a call started, or in which a native trace began.</summary>
    public static int Of(long id) => (int)((id >> CallId.LaneBits) / Microseconds);

    /// <summary>The first id of a minute.</summary>
    public static long FirstId(int slice) => (slice * Microseconds) << CallId.LaneBits;

    public static DateTimeOffset Start(int slice) => CallId.Epoch.AddMinutes(slice);

    /// <summary>By how much the key of a call's trace may be larger than the call's id, for clocks of several machines differ: a second.</summary>
    public const long Skew = 1_000_000L << CallId.LaneBits;

    /// <summary>
    /// Whether a search by time that looks for traces which began on the same day, and not a second later, would miss the call. Such minutes are in the table
    /// <c>stray</c>.
    /// </summary>
    public static bool IsStray(long trace, long call) => trace - call > Skew || Of(trace) / PerDay != Of(call) / PerDay;
}
