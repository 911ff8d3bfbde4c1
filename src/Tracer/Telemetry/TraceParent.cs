using System.Buffers.Binary;
using Chain.Tracer.Calls;

namespace Chain.Tracer.Telemetry;

/// <summary>The header <c>traceparent</c> (W3C Trace Context, section 3.2). No allocation.</summary>
public static class TraceParent
{
    /// <summary>Characters of version 00.</summary>
    public const int Length = 55;

    // The value of a lower-case hexadecimal digit; 0xFF for every other ASCII character.
    private static ReadOnlySpan<byte> Digits =>
    [
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 10, 11, 12, 13, 14, 15, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    ];

    /// <summary>
    /// Reads the header; false when it is malformed, so that the trace begins anew (section 3.2.2.1: only lower-case digits).
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> header, out TraceId trace, out CallId parent, out bool sampled)
    {
        trace = default;
        parent = default;
        sampled = false;
        if (header.Length < Length || header[2] != '-' || header[35] != '-' || header[52] != '-') return false;
        if (!TryHex(header[..2], out ulong version) || version == 0xFF) return false;
        // A later version may say more, after another dash.
        if (header.Length > Length && (version == 0 || header[Length] != '-')) return false;
        if (!TryHex(header.Slice(3, 16), out ulong high) || !TryHex(header.Slice(19, 16), out ulong low) || (high | low) == 0) return false;
        if (!TryHex(header.Slice(36, 16), out ulong span) || span == 0) return false;
        if (!TryHex(header.Slice(53, 2), out ulong flags)) return false;
        trace = new TraceId(high, low);
        parent = new CallId((long)span);
        sampled = (flags & 1) != 0;
        return true;
    }

    /// <summary>
    /// Writes the header for calls made from inside <paramref name="context"/>; <paramref name="into"/> has room for <see cref="Length"/>.
    /// </summary>
    public static void Write(in CallContext context, Span<char> into)
    {
        into[0] = into[1] = '0';
        into[2] = into[35] = into[52] = '-';
        Span<byte> bytes = stackalloc byte[24];
        Span<char> digits = stackalloc char[48];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, context.Trace.High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], context.Trace.Low);
        BinaryPrimitives.WriteInt64BigEndian(bytes[16..], context.Call.Value);
        Convert.TryToHexStringLower(bytes, digits, out _);
        digits[..32].CopyTo(into[3..]);
        digits[32..].CopyTo(into[36..]);
        into[53] = '0';
        into[54] = context.Sampled ? '1' : '0';
    }

    /// <summary>As <see cref="Write"/>, as a string.</summary>
    public static string ToString(in CallContext context)
    {
        Span<char> header = stackalloc char[Length];
        Write(context, header);
        return header.ToString();
    }

    // No branch a digit: what is none leaves its mark above the low four bits.
    private static bool TryHex(ReadOnlySpan<char> digits, out ulong value)
    {
        value = 0;
        uint marks = 0;
        foreach (char c in digits)
        {
            uint digit = Digits[c & 0x7F] | (uint)(c & 0xFF80);
            marks |= digit;
            value = (value << 4) | (digit & 0xF);
        }

        return marks <= 0xF;
    }
}
