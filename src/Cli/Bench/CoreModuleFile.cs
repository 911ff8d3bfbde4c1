using System.IO.Compression;
using Chain.Wasm.Binary;

namespace Chain.Cli.Bench;

/// <summary>Reads a core module for a benchmark: a file with one, or the first one in a component's file; either may be gzipped.</summary>
internal static class CoreModuleFile
{
    // Component Model, "Binary Format": a section of a component that is a core module.
    private const byte CoreModuleSection = 1;

    /// <summary>The module's bytes.</summary>
    /// <exception cref="CommandException">The file is a component without a core module at its top level.</exception>
    public static byte[] Read(string path)
    {
        byte[] bytes = ReadUnpacked(path);
        if (!ModuleReader.IsComponent(bytes)) return bytes;
        for (int at = 8; at < bytes.Length;)
        {
            byte id = bytes[at++];
            int size = ReadSize(bytes, ref at);
            if (size < 0 || size > bytes.Length - at) break;
            if (id == CoreModuleSection) return bytes[at..(at + size)];
            at += size;
        }

        throw new CommandException($"{path}: expected a component with a core module at its top level, found none");
    }

    private static byte[] ReadUnpacked(string path)
    {
        if (!path.EndsWith(".gz", StringComparison.Ordinal)) return File.ReadAllBytes(path);
        using var unpacked = new MemoryStream();
        using (var packed = new GZipStream(File.OpenRead(path), CompressionMode.Decompress)) packed.CopyTo(unpacked);
        return unpacked.ToArray();
    }

    /// <summary>An unsigned LEB128 number; -1 where it is cut off or too large.</summary>
    private static int ReadSize(byte[] bytes, ref int at)
    {
        long result = 0;
        for (int shift = 0; at < bytes.Length && shift < 35; shift += 7)
        {
            byte next = bytes[at++];
            result |= (long)(next & 0x7f) << shift;
            if ((next & 0x80) == 0) return result > int.MaxValue ? -1 : (int)result;
        }

        return -1;
    }
}
