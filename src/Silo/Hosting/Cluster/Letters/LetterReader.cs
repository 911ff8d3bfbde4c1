using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;

namespace Chain.Silo.Hosting.Cluster.Letters;

/// <summary>Reads what <see cref="LetterWriter"/> wrote. One thread at a time.</summary>
/// <param name="bytes">What was written; byte strings that are read stay part of it.</param>
internal sealed class LetterReader(ReadOnlyMemory<byte> bytes)
{
    private const int LongestKnown = 256;
    private const int MostKnown = 10_000;

    // Names, functions and labels come again and again: one is made a string once.
    private static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> KnownBySpan = Known.GetAlternateLookup<ReadOnlySpan<char>>();

    private int position;

    public bool IsAtEnd => position == bytes.Length;

    public byte Byte() => Take(1)[0];

    /// <exception cref="FormatException">There is none, or none of 64 bits.</exception>
    public ulong Number()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Byte();
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) return value;
        }

        throw new FormatException("a number is longer than 64 bits");
    }

    /// <exception cref="FormatException">It is larger than such numbers are.</exception>
    public int Int() => Number() is <= int.MaxValue and var value ? (int)value : throw new FormatException("a number is longer than 31 bits");

    public ulong Whole() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public string? Text()
    {
        ulong size = Number();
        if (size == 0) return null;
        ReadOnlySpan<byte> text = Take(size - 1);
        if (text.Length == 0) return "";
        if (text.Length > LongestKnown) return Encoding.UTF8.GetString(text);
        Span<char> characters = stackalloc char[LongestKnown];
        characters = characters[..Encoding.UTF8.GetChars(text, characters)];
        if (KnownBySpan.TryGetValue(characters, out string? known)) return known;
        string made = new(characters);
        return Known.Count < MostKnown ? Known.GetOrAdd(made, made) : made;
    }

    /// <summary>A text that is there.</summary>
    public string Word() => Text() ?? throw new FormatException("a text is missing");

    public ReadOnlyMemory<byte> Bytes()
    {
        int size = Take(Number()).Length;
        return bytes.Slice(position - size, size);
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(bytes.Length - position)) throw new FormatException($"it ends after {bytes.Length} bytes, expected {count} more at {position}");
        position += (int)count;
        return bytes.Span.Slice(position - (int)count, (int)count);
    }
}
