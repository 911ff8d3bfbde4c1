using System.Globalization;

namespace Chain.Tracer.Calls;

/// <summary>A call's identity: the W3C span id. 0 means none.</summary>
/// <remarks>
/// In an id made by Chain the top bit is 0, the next 50 bits are the start in microseconds since 2025-01-01 UTC, and the low 13 bits are
/// the lane that issued it, so ids are unique without coordination and sort by start. A stranger's span id may be any 64 bits.
/// </remarks>
public readonly record struct CallId(long Value) : IComparable<CallId>
{
    /// <summary>Low bits that hold the lane.</summary>
    public const int LaneBits = 13;

    /// <summary>How many lanes there are.</summary>
    public const int Lanes = 1 << LaneBits;

    /// <summary>Time zero of the ids.</summary>
    public static DateTimeOffset Epoch { get; } = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Whether there is no call.</summary>
    public bool IsNone => Value == 0;

    /// <summary>The start of the call in microseconds since <see cref="Epoch"/>; meaningless for a stranger's id.</summary>
    public long StartMicroseconds => Value >> LaneBits;

    /// <summary>The start of the call; meaningless for a stranger's id.</summary>
    public DateTimeOffset Start => Epoch.AddMicroseconds(StartMicroseconds);

    /// <summary>The lane that issued the id.</summary>
    public int Lane => (int)(Value & (Lanes - 1));

    /// <summary>An id from its parts.</summary>
    public static CallId From(long microseconds, int lane) => new((microseconds << LaneBits) | (uint)lane);

    /// <summary>The smallest id of a call that starts at <paramref name="time"/> or later.</summary>
    public static CallId At(DateTimeOffset time) => new(((time.UtcTicks - Epoch.UtcTicks) / TimeSpan.TicksPerMicrosecond) << LaneBits);

    /// <summary>Reads 16 hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out CallId id)
    {
        bool ok = ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value) && text.Length == 16;
        id = new CallId(ok ? (long)value : 0);
        return ok;
    }

    /// <inheritdoc/>
    public int CompareTo(CallId other) => Value.CompareTo(other.Value);

    /// <summary>16 lower-case hexadecimal digits, as in <c>traceparent</c>.</summary>
    public override string ToString() => ((ulong)Value).ToString("x16", CultureInfo.InvariantCulture);
}
