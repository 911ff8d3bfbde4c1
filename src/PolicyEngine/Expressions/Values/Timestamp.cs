using System.Globalization;

namespace Chain.PolicyEngine.Expressions.Values;

/// <summary>
/// A point in time, from year 1 to 9999 in nanoseconds: finer than <see cref="DateTime"/>, whose tick is 100 ns.
/// </summary>
/// <param name="Seconds">Seconds since 1970-01-01T00:00:00Z; negative before.</param>
/// <param name="Nanos">Nanoseconds after that second, 0 to 999,999,999.</param>
public readonly record struct Timestamp(long Seconds, int Nanos) : IComparable<Timestamp>
{
    /// <summary>0001-01-01T00:00:00Z.</summary>
    public const long MinSeconds = -62135596800;

    /// <summary>9999-12-31T23:59:59Z.</summary>
    public const long MaxSeconds = 253402300799;

    private const long NanosPerSecond = 1_000_000_000;

    /// <summary>Whether the point is in CEL's range.</summary>
    public bool IsInRange => Seconds is >= MinSeconds and <= MaxSeconds;

    public static Timestamp FromDateTime(DateTimeOffset time)
    {
        long ticks = time.UtcTicks - DateTime.UnixEpoch.Ticks;
        long seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out long rest);
        if (rest < 0) (seconds, rest) = (seconds - 1, rest + TimeSpan.TicksPerSecond);
        return new Timestamp(seconds, (int)rest * 100);
    }

    /// <summary>The point <paramref name="nanoseconds"/> later; it may be out of range, never wrong.</summary>
    public Timestamp Add(long nanoseconds)
    {
        Int128 total = ((Int128)Seconds * NanosPerSecond) + Nanos + nanoseconds;
        Int128 seconds = total / NanosPerSecond;
        Int128 rest = total % NanosPerSecond;
        if (rest < 0) (seconds, rest) = (seconds - 1, rest + NanosPerSecond);
        return new Timestamp((long)seconds, (int)rest);
    }

    /// <summary>Nanoseconds from <paramref name="other"/> to this; false where 64 bits cannot hold them.</summary>
    public bool TrySubtract(Timestamp other, out long nanoseconds)
    {
        Int128 total = ((Int128)(Seconds - other.Seconds) * NanosPerSecond) + Nanos - other.Nanos;
        bool fits = total >= long.MinValue && total <= long.MaxValue;
        nanoseconds = fits ? (long)total : 0;
        return fits;
    }

    public int CompareTo(Timestamp other) => Seconds != other.Seconds ? Seconds.CompareTo(other.Seconds) : Nanos.CompareTo(other.Nanos);

    public static bool operator <(Timestamp left, Timestamp right) => left.CompareTo(right) < 0;

    public static bool operator >(Timestamp left, Timestamp right) => left.CompareTo(right) > 0;

    public static bool operator <=(Timestamp left, Timestamp right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Timestamp left, Timestamp right) => left.CompareTo(right) >= 0;

    /// <summary>The date and the time of day to the second, in UTC.</summary>
    public DateTime ToUtcSeconds() => DateTime.UnixEpoch.AddTicks(Seconds * TimeSpan.TicksPerSecond);

    /// <summary>Reads RFC 3339: <c>2009-02-13T23:31:30.5Z</c>, <c>…+01:00</c>.</summary>
    public static bool TryParse(string text, out Timestamp value)
    {
        value = default;
        ReadOnlySpan<char> rest = text;
        if (rest.Length < 20 || rest[10] is not ('T' or 't') ||
            !DateTime.TryParseExact(
                rest[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTime date) ||
            rest[13] != ':' || rest[16] != ':' ||
            !Two(rest[11..13], 23, out int hour) || !Two(rest[14..16], 59, out int minute) || !Two(rest[17..19], 59, out int second))
        {
            return false;
        }

        rest = rest[19..];
        int nanos = 0;
        if (rest[0] == '.')
        {
            int digits = 1;
            while (digits < rest.Length && char.IsAsciiDigit(rest[digits])) digits++;
            if (digits is 1 or > 10) return false;
            nanos = int.Parse(rest[1..digits], NumberStyles.None, CultureInfo.InvariantCulture) * (int)Math.Pow(10, 10 - digits);
            rest = rest[digits..];
        }

        int offsetMinutes = 0;
        if (rest is "Z" or "z") offsetMinutes = 0;
        else if (rest.Length == 6 && rest[0] is '+' or '-' && rest[3] == ':' && Two(rest[1..3], 23, out int h) && Two(rest[4..6], 59, out int m)) offsetMinutes = ((h * 60) + m) * (rest[0] == '-' ? -1 : 1);
        else return false;

        long seconds = ((date.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond) + (hour * 3600) + (minute * 60) + second - (offsetMinutes * 60L);
        value = new Timestamp(seconds, nanos);
        return value.IsInRange;
    }

    /// <summary>RFC 3339 in UTC, the fraction without trailing zeros.</summary>
    public override string ToString()
    {
        string seconds = ToUtcSeconds().ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        return Nanos == 0 ? seconds + "Z" : $"{seconds}.{Nanos.ToString("D9", CultureInfo.InvariantCulture).TrimEnd('0')}Z";
    }

    private static bool Two(ReadOnlySpan<char> digits, int max, out int value) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= max;
}
