using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Chain.Wasm.Components.Hosting;
using Microsoft.Win32.SafeHandles;

namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>Reads a directory of Linux piece by piece, however long it is (<c>struct linux_dirent64</c>).</summary>
internal sealed class LinuxDirectoryReader(SafeFileHandle directory) : DirectoryReader
{
    private const int BufferBytes = 8192;
    private const int LengthAt = 16;
    private const int TypeAt = 18;
    private const int NameAt = 19;

    private byte[]? buffer;
    private int position;
    private int end;

    public override Result<DirectoryEntry?, ErrorCode> Next()
    {
        while (true)
        {
            if (position == end)
            {
                buffer ??= ArrayPool<byte>.Shared.Rent(BufferBytes);
                int read = LinuxCalls.GetEntries(directory, buffer);
                if (read < 0) return LinuxCalls.LastError();
                if (read == 0) return Result<DirectoryEntry?, ErrorCode>.FromValue(null);
                (position, end) = (0, read);
            }

            ReadOnlySpan<byte> entry = buffer.AsSpan(position, end - position);
            entry = entry[..BinaryPrimitives.ReadUInt16LittleEndian(entry[LengthAt..])];
            position += entry.Length;
            ReadOnlySpan<byte> bytes = entry[NameAt..];
            bytes = bytes[..bytes.IndexOf((byte)0)];
            if (bytes.SequenceEqual("."u8) || bytes.SequenceEqual(".."u8)) continue;
            try
            {
                string name = Descriptor.StrictUtf8.GetString(bytes);
                return new DirectoryEntry(TypeOf(entry[TypeAt], name), name);
            }
            catch (DecoderFallbackException)
            {
                // The next call goes on behind it.
                return ErrorCode.IllegalByteSequence;
            }
        }
    }

    public override void Close()
    {
        directory.Dispose();
        if (buffer is not null) ArrayPool<byte>.Shared.Return(buffer);
        (buffer, position, end) = (null, 0, 0);
    }

    // The constants DT_… are the bits of the mode; a file system that has none to give says 0.
    private DescriptorType TypeOf(byte type, string name)
    {
        if (type != 0) return LinuxNode.TypeOf((uint)type << 12);
        Result<SafeFileHandle, ErrorCode> found = LinuxPaths.Best.Open(directory, name, LinuxCalls.PathOnly, follow: false);
        if (found.IsError) return DescriptorType.Unknown;
        using (found.Value)
        {
            Result<NodeStat, ErrorCode> stat = LinuxNode.StatOf(found.Value);
            return stat.IsError ? DescriptorType.Unknown : stat.Value.Type;
        }
    }
}
