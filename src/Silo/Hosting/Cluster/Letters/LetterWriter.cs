using System.Buffers.Binary;
using System.Text;

namespace Chain.Silo.Hosting.Cluster.Letters;

/// <summary>Writes what silos send one another: numbers of variable length (LEB128), texts and bytes with their length before them. One thread at a time.</summary>
internal sealed class LetterWriter
{
    // A buffer that one long call needed is not kept.
    private const int MostKept = 4 << 20;

    [ThreadStatic]
    private static LetterWriter? own;

    private byte[] buffer = new byte[1024];
    private int length;

    private LetterWriter()
    {
    }

    /// <summary>The calling thread's own, with nothing in it: one letter after the other.</summary>
    public static LetterWriter Empty()
    {
        LetterWriter output = own ??= new LetterWriter();
        if (output.buffer.Length > MostKept) output.buffer = new byte[1024];
        output.length = 0;
        return output;
    }

    public byte[] ToArray() => buffer.AsSpan(0, length).ToArray();

    public void Byte(byte value)
    {
        Room(1);
        buffer[length++] = value;
    }

    public void Number(ulong value)
    {
        Room(10);
        while (value >= 0x80)
        {
            buffer[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        buffer[length++] = (byte)value;
    }

    public void Number(int value) => Number((ulong)(uint)value);

    /// <summary>Eight bytes, for numbers that are seldom small.</summary>
    public void Whole(ulong value)
    {
        Room(8);
        BinaryPrimitives.WriteUInt64LittleEndian(buffer.AsSpan(length), value);
        length += 8;
    }

    /// <param name="text">UTF-16; <see langword="null"/> is told from empty.</param>
    public void Text(string? text)
    {
        if (text is null)
        {
            Byte(0);
            return;
        }

        int size = Encoding.UTF8.GetByteCount(text);
        Number((ulong)size + 1);
        Room(size);
        length += Encoding.UTF8.GetBytes(text, buffer.AsSpan(length));
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        Number(bytes.Length);
        Room(bytes.Length);
        bytes.CopyTo(buffer.AsSpan(length));
        length += bytes.Length;
    }

    private void Room(int more)
    {
        if (buffer.Length - length < more) Array.Resize(ref buffer, (int)Math.Min(Array.MaxLength, Math.Max((uint)length + (uint)more, 2u * (uint)buffer.Length)));
    }
}
