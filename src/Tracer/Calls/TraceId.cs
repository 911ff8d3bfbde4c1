using System.Globalization;

namespace Chain.Tracer.Calls;

/// <summary>A W3C trace id: 128 bits, never all zero in a real trace.</summary>
/// <remarks>
/// A *native* trace id is made from the id of the trace's root call: the left half is that id, the right half a fixed scramble of it (so
/// that
/// samplers that look at either half see well-spread bits). Its root, and hence its key in the store, follows from the id alone.
/// </remarks>
public readonly record struct TraceId(ulong High, ulong Low)
{
    /// <summary>Whether this is no trace at all.</summary>
    public bool IsNone => (High | Low) == 0;

    /// <summary>Whether the id was made by <see cref="Of"/>.</summary>
    public bool IsNative => (long)High > 0 && Low == Scramble(High);

    /// <summary>
    /// The trace's key in the store: the root call's id of a native trace; else a negative number made of the low 63 bits, and the whole id
    /// is
    /// in the table <c>trace</c>.
    /// </summary>
    public long Key => IsNative ? (long)High : (long)(Low | 0x8000_0000_0000_0000);

    /// <summary>The native trace whose root is this call.</summary>
    public static TraceId Of(CallId root) => new((ulong)root.Value, Scramble((ulong)root.Value));

    /// <summary>Reads 32 hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TraceId id)
    {
        id = default;
        if (text.Length != 32 ||
            !ulong.TryParse(text[..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong high) ||
            !ulong.TryParse(text[16..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong low)) return false;
        id = new TraceId(high, low);
        return true;
    }

    /// <summary>32 lower-case hexadecimal digits, as in <c>traceparent</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{High:x16}{Low:x16}");

    // The finaliser of SplitMix64: a bijection, so 0 (not a legal half) is the image of one value only, which no root id has.
    private static ulong Scramble(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
