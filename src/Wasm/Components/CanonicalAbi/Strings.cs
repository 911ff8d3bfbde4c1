using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Components.CanonicalAbi;

/// <summary>Strings into and out of guests' memories (Canonical ABI, "load_string" and "store_string").</summary>
internal static class Strings
{
    /// <summary>What marks a length in <c>latin1+utf16</c> as one of UTF-16.</summary>
    public const uint Utf16Tag = 1u << 31;

    /// <summary>Lifts a string into one of the CLR.</summary>
    public static string Lift(AbiContext context, uint pointer, uint taggedLength)
    {
        ReadOnlySpan<byte> bytes = Source(context, pointer, taggedLength, out StringEncoding encoding);
        context.Charge(32 + (encoding == StringEncoding.Utf16 ? bytes.Length : 2L * bytes.Length));
        return encoding switch
        {
            StringEncoding.Utf8 => FromUtf8(bytes),
            StringEncoding.Utf16 => new string(ValidUtf16(bytes)),
            _ => Encoding.Latin1.GetString(bytes),
        };
    }

    /// <summary>Lowers a string of the CLR; half a surrogate pair becomes U+FFFD. Answers the address.</summary>
    public static uint Lower(AbiContext context, string value, out uint taggedLength)
    {
        switch (context.Encoding)
        {
            case StringEncoding.Utf8:
                uint bytes = CheckLength((ulong)Encoding.UTF8.GetByteCount(value));
                uint pointer = context.Allocate(1, bytes);
                Encoding.UTF8.GetBytes(value, context.Memory.Slice(pointer, bytes));
                taggedLength = bytes;
                return pointer;
            case StringEncoding.Latin1Utf16 when !value.AsSpan().ContainsAnyExceptInRange('\0', '\xFF'):
                uint length = CheckLength((ulong)value.Length);
                pointer = context.Allocate(2, length);
                Encoding.Latin1.GetBytes(value, context.Memory.Slice(pointer, length));
                taggedLength = length;
                return pointer;
            default:
                uint units = CheckLength((ulong)value.Length * 2) / 2;
                pointer = context.Allocate(2, units * 2);
                Span<char> target = MemoryMarshal.Cast<byte, char>(context.Memory.Slice(pointer, units * 2));
                value.CopyTo(target);
                ReplaceLoneSurrogates(target);
                taggedLength = context.Encoding == StringEncoding.Utf16 ? units : units | Utf16Tag;
                return pointer;
        }
    }

    /// <summary>Moves a string from one guest to another. Answers the address in the second.</summary>
    public static uint Transfer(AbiContext from, AbiContext to, uint pointer, uint taggedLength, out uint newLength)
    {
        ReadOnlySpan<byte> source = Source(from, pointer, taggedLength, out StringEncoding encoding);
        return (to.Encoding, encoding) switch
        {
            (StringEncoding.Utf8, StringEncoding.Utf8) => CopyUtf8(to, source, out newLength),
            (StringEncoding.Utf8, _) => ToUtf8(to, source, encoding, out newLength),
            (StringEncoding.Utf16, StringEncoding.Utf8) => Utf8ToUtf16(to, source, out newLength),
            (StringEncoding.Utf16, StringEncoding.Utf16) => CopyUtf16(to, source, out newLength),
            (StringEncoding.Utf16, _) => Latin1ToUtf16(to, source, out newLength),
            (_, StringEncoding.Latin1Utf16) => CopyLatin1(to, source, out newLength),
            (_, StringEncoding.Utf16) when from.Encoding == StringEncoding.Latin1Utf16 => ProbablyUtf16(to, source, out newLength),
            _ => ToLatin1OrUtf16(to, source, encoding, out newLength),
        };
    }

    /// <summary>The bytes of a guest's string; <see cref="StringEncoding.Latin1Utf16"/> means Latin-1 in <paramref name="encoding"/>.</summary>
    private static ReadOnlySpan<byte> Source(AbiContext context, uint pointer, uint taggedLength, out StringEncoding encoding)
    {
        encoding = context.Encoding;
        ulong bytes = taggedLength;
        if (encoding == StringEncoding.Latin1Utf16 && (taggedLength & Utf16Tag) != 0)
        {
            encoding = StringEncoding.Utf16;
            bytes = taggedLength ^ Utf16Tag;
        }

        if (encoding == StringEncoding.Utf16) bytes *= 2;
        CheckLength(bytes);
        return context.At(pointer, (uint)bytes, context.Encoding == StringEncoding.Utf8 ? 1 : 2);
    }

    private static uint CheckLength(ulong bytes) => bytes <= AbiContext.MaxByteLength
        ? (uint)bytes
        : throw new ComponentTrapException($"string of {bytes} bytes is too long, expected at most {AbiContext.MaxByteLength}");

    private static uint CopyUtf8(AbiContext to, ReadOnlySpan<byte> source, out uint length)
    {
        if (!Utf8.IsValid(source)) throw InvalidUtf8();
        length = (uint)source.Length;
        uint pointer = to.Allocate(1, length);
        source.CopyTo(to.Memory.Slice(pointer, length));
        return pointer;
    }

    private static uint CopyUtf16(AbiContext to, ReadOnlySpan<byte> source, out uint length)
    {
        ValidUtf16(source);
        length = (uint)source.Length / 2;
        uint pointer = to.Allocate(2, (uint)source.Length);
        source.CopyTo(to.At(pointer, (uint)source.Length, 2));
        return pointer;
    }

    private static uint CopyLatin1(AbiContext to, ReadOnlySpan<byte> source, out uint length)
    {
        length = (uint)source.Length;
        uint pointer = to.Allocate(2, length);
        source.CopyTo(to.Memory.Slice(pointer, length));
        return pointer;
    }

    private static uint Latin1ToUtf16(AbiContext to, ReadOnlySpan<byte> source, out uint length)
    {
        length = (uint)source.Length;
        uint pointer = to.Allocate(2, length * 2);
        Encoding.Latin1.GetChars(source, MemoryMarshal.Cast<byte, char>(to.Memory.Slice(pointer, length * 2)));
        return pointer;
    }

    // "store_string_to_utf8": guesses ASCII, and makes room for the worst where that is wrong.
    private static uint ToUtf8(AbiContext to, ReadOnlySpan<byte> source, StringEncoding encoding, out uint length)
    {
        bool isUtf16 = encoding == StringEncoding.Utf16;
        ReadOnlySpan<char> units = isUtf16 ? ValidUtf16(source) : default;
        var count = (uint)(isUtf16 ? units.Length : source.Length);
        uint pointer = to.Allocate(1, count);
        Span<byte> target = to.Memory.Slice(pointer, count);
        OperationStatus status = isUtf16
            ? Ascii.FromUtf16(units, target, out int written)
            : CopyAscii(source, target, out written);
        length = count;
        if (status == OperationStatus.Done) return pointer;
        uint worst = count * (isUtf16 ? 3u : 2u);
        pointer = to.Reallocate(pointer, count, 1, worst);
        target = to.Memory.Slice(pointer, worst)[written..];
        length = (uint)written + (isUtf16 ? (uint)Encoding.UTF8.GetBytes(units[written..], target) : Latin1ToUtf8(source[written..], target));
        if (worst > length) pointer = to.Reallocate(pointer, worst, 1, length);
        return pointer;
    }

    private static OperationStatus CopyAscii(ReadOnlySpan<byte> source, Span<byte> target, out int written)
    {
        int other = source.IndexOfAnyInRange((byte)0x80, (byte)0xFF);
        written = other < 0 ? source.Length : other;
        source[..written].CopyTo(target);
        return other < 0 ? OperationStatus.Done : OperationStatus.InvalidData;
    }

    private static uint Latin1ToUtf8(ReadOnlySpan<byte> source, Span<byte> target)
    {
        uint written = 0;
        foreach (byte one in source)
        {
            if (one < 0x80)
            {
                target[(int)written++] = one;
                continue;
            }

            target[(int)written++] = (byte)(0xC0 | (one >> 6));
            target[(int)written++] = (byte)(0x80 | (one & 0x3F));
        }

        return written;
    }

    private static uint Utf8ToUtf16(AbiContext to, ReadOnlySpan<byte> source, out uint length)
    {
        if (!Utf8.IsValid(source)) throw InvalidUtf8();
        uint worst = (uint)source.Length * 2;
        uint pointer = to.Allocate(2, worst);
        length = (uint)Encoding.UTF8.GetChars(source, MemoryMarshal.Cast<byte, char>(to.Memory.Slice(pointer, worst)));
        if (length * 2 < worst) pointer = to.Reallocate(pointer, worst, 2, length * 2);
        return pointer;
    }

    // "store_string_to_latin1_or_utf16": begins as Latin-1 and turns to UTF-16 at the first character that needs it.
    private static uint ToLatin1OrUtf16(AbiContext to, ReadOnlySpan<byte> source, StringEncoding encoding, out uint taggedLength)
    {
        if (encoding == StringEncoding.Utf8 && !Utf8.IsValid(source)) throw InvalidUtf8();
        ReadOnlySpan<char> units = encoding == StringEncoding.Utf16 ? ValidUtf16(source) : Encoding.UTF8.GetString(source);
        var count = (uint)(encoding == StringEncoding.Utf16 ? units.Length : source.Length);
        uint pointer = to.Allocate(2, count);
        if (!units.ContainsAnyExceptInRange('\0', '\xFF'))
        {
            Encoding.Latin1.GetBytes(units, to.Memory.Slice(pointer, count));
            taggedLength = (uint)units.Length;
            if (taggedLength < count) pointer = to.Reallocate(pointer, count, 2, taggedLength);
            return pointer;
        }

        uint worst = count * 2;
        pointer = to.Reallocate(pointer, count, 2, worst);
        var bytes = (uint)units.Length * 2;
        MemoryMarshal.AsBytes(units).CopyTo(to.Memory.Slice(pointer, worst));
        if (worst > bytes) pointer = to.Reallocate(pointer, worst, 2, bytes);
        taggedLength = (uint)units.Length | Utf16Tag;
        return pointer;
    }

    // "store_probably_utf16_to_latin1_or_utf16": shrinks to Latin-1 where it can after all.
    private static uint ProbablyUtf16(AbiContext to, ReadOnlySpan<byte> source, out uint taggedLength)
    {
        ReadOnlySpan<char> units = ValidUtf16(source);
        var bytes = (uint)source.Length;
        uint pointer = to.Allocate(2, bytes);
        if (units.ContainsAnyExceptInRange('\0', '\xFF'))
        {
            source.CopyTo(to.Memory.Slice(pointer, bytes));
            taggedLength = (uint)units.Length | Utf16Tag;
            return pointer;
        }

        taggedLength = (uint)units.Length;
        Encoding.Latin1.GetBytes(units, to.Memory.Slice(pointer, bytes));
        return to.Reallocate(pointer, bytes, 1, taggedLength);
    }

    private static string FromUtf8(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw InvalidUtf8();

    private static ReadOnlySpan<char> ValidUtf16(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<char> units = MemoryMarshal.Cast<byte, char>(bytes);
        if (NextLoneSurrogate(units) >= 0) throw new ComponentTrapException("invalid utf16: unpaired surrogate");
        return units;
    }

    private static void ReplaceLoneSurrogates(Span<char> units)
    {
        for (int at; (at = NextLoneSurrogate(units)) >= 0; units = units[(at + 1)..]) units[at] = '\uFFFD';
    }

    private static int NextLoneSurrogate(ReadOnlySpan<char> units)
    {
        int from = 0;
        while (units[from..].IndexOfAnyInRange('\uD800', '\uDFFF') is var next and >= 0)
        {
            int at = from + next;
            bool isPair = char.IsHighSurrogate(units[at]) && at + 1 < units.Length && char.IsLowSurrogate(units[at + 1]);
            if (!isPair) return at;
            from = at + 2;
        }

        return -1;
    }

    private static ComponentTrapException InvalidUtf8() => new("invalid utf8 in a string");
}
