using System.Buffers.Binary;
using System.IO.Compression;

namespace Chain.Wasm.Binary;

/// <summary>Reads WebAssembly files, plain or packed with gzip, into memory.</summary>
public static class PackedFile
{
    /// <summary>The largest unpacked file, in bytes: a small packed file may unpack to anything.</summary>
    public const long Largest = 512L * 1024 * 1024;

    /// <summary>The whole unpacked content.</summary>
    /// <exception cref="IOException">It is absent, no file, unreadable, too large, or a damaged gzip file; the message names it.</exception>
    public static byte[] ReadBytes(string path)
    {
        if (Directory.Exists(path)) throw new IOException($"{path} is a folder; expected a WebAssembly module (.wasm or .wasm.gz)");
        if (!File.Exists(path)) throw new IOException($"no such file: {path}");
        try
        {
            using FileStream file = File.OpenRead(path);
            if (!IsPacked(file)) return ReadAll(file);
            uint declared = PackedSize(file);
            using var content = new GZipStream(file, CompressionMode.Decompress);
            byte[] bytes = ReadAll(content);
            // The stream ends quietly where the file was cut.
            if ((uint)bytes.Length != declared)
                throw new InvalidDataException($"a damaged or truncated gzip file: {declared} bytes declared, {bytes.Length} found");
            return bytes;
        }
        catch (Exception e) when (e is InvalidDataException or UnauthorizedAccessException or IOException)
        {
            throw new IOException($"cannot read {path}: {e.Message}", e);
        }
    }

    // By content, not by name: the ending of a name promises nothing.
    private static bool IsPacked(FileStream file)
    {
        if (!file.CanSeek) return false;
        bool packed = file.Length >= 18 && file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
        file.Position = 0;
        return packed;
    }

    // RFC 1952, 2.3.1: the last four bytes are the unpacked size.
    private static uint PackedSize(FileStream file)
    {
        Span<byte> trailer = stackalloc byte[4];
        file.Seek(-4, SeekOrigin.End);
        file.ReadExactly(trailer);
        file.Position = 0;
        return BinaryPrimitives.ReadUInt32LittleEndian(trailer);
    }

    private static byte[] ReadAll(Stream content)
    {
        var all = new MemoryStream();
        var buffer = new byte[128 * 1024];
        for (int read; (read = content.Read(buffer)) > 0;)
        {
            if (all.Length + read > Largest) throw new InvalidDataException($"it is larger than {Largest / (1024 * 1024)} MiB");
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }
}
