using System.Globalization;

namespace Chain.Cli.Wasm;

/// <summary>Bytes as lines of an offset, sixteen hexadecimal bytes and their printable ASCII.</summary>
internal static class HexDump
{
    private const int PerLine = 16;

    /// <param name="output">Where to.</param>
    /// <param name="bytes">What.</param>
    /// <param name="offset">The offset that the first line shows.</param>
    public static void Write(TextWriter output, ReadOnlySpan<byte> bytes, long offset)
    {
        for (int start = 0; start < bytes.Length; start += PerLine)
        {
            ReadOnlySpan<byte> line = bytes.Slice(start, Math.Min(PerLine, bytes.Length - start));
            output.Write((offset + start).ToString("x8", CultureInfo.InvariantCulture));
            output.Write("  ");
            for (int i = 0; i < PerLine; i++) output.Write(i < line.Length ? line[i].ToString("x2", CultureInfo.InvariantCulture) + " " : "   ");
            output.Write(' ');
            foreach (byte b in line) output.Write(b is >= 0x20 and < 0x7F ? (char)b : '.');
            output.WriteLine();
        }
    }
}
