using Chain.Tracer.Recording;
using Microsoft.Win32.SafeHandles;

namespace Chain.Tracer.Tests.Recording;

/// <summary>A disk with so many bytes left for frames, of which a refused write still takes some; and with room for buffers, or without.</summary>
internal sealed class FullDisk : ISpoolDisk
{
    private readonly SpoolDisk _real = new();

    public long Free { get; set; }

    /// <summary>What is left for buffers.</summary>
    public long FreeForBuffers { get; set; } = long.MaxValue;

    public int Refusals { get; private set; }

    public void Append(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        if (bytes.Length > Free)
        {
            Refusals++;
            _real.Append(file, bytes[..(bytes.Length / 2)], offset);
            throw new IOException("No space left on device");
        }

        Free -= bytes.Length;
        _real.Append(file, bytes, offset);
    }

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        if (bytes.Length > FreeForBuffers)
        {
            Refusals++;
            throw new IOException("No space left on device");
        }

        FreeForBuffers -= bytes.Length;
        _real.Write(file, bytes, offset);
    }
}
