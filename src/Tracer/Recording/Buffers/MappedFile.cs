using System.IO.MemoryMappedFiles;

namespace Chain.Tracer.Recording.Buffers;

/// <summary>A new file of zeros, mapped: what is written to its memory is the system's at once, and survives the process.</summary>
/// <remarks>
/// Every byte was written once before it is mapped, so that a disk that fills up later cannot fault a write. The mapping goes when nobody refers to this
/// object any more, and not before: a thread that ends a call too late must not write to memory that is somebody else's.
/// </remarks>
internal sealed unsafe class MappedFile
{
    private const int Chunk = 1 << 20;
    private const int Page = 4096;

    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;

    private MappedFile(MemoryMappedViewAccessor view, long length)
    {
        _view = view;
        Length = length;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += view.PointerOffset;
        GC.AddMemoryPressure(length);
    }

    ~MappedFile()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        GC.RemoveMemoryPressure(Length);
    }

    public long Length { get; }

    /// <summary>Makes the file, in place of one that is there.</summary>
    /// <exception cref="IOException">There is no room for it, or its file system does not map files.</exception>
    public static MappedFile Create(string path, long length, ISpoolDisk disk)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
            byte[] zeros = new byte[Chunk];
            for (long at = 0; at < length; at += Chunk) disk.Write(file.SafeFileHandle, zeros.AsSpan(0, (int)Math.Min(Chunk, length - at)), at);
            using MemoryMappedFile map = MemoryMappedFile.CreateFromFile(file, null, length, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
            return new MappedFile(map.CreateViewAccessor(0, length), length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(path);
            throw e as IOException ?? new IOException(e.Message, e);
        }
    }

    /// <summary>The memory of the file's byte.</summary>
    public byte* At(long offset) => offset >= 0 && offset < Length ? _start + offset : throw new ArgumentOutOfRangeException(nameof(offset));

    /// <summary>Writes to every page, so that the first record there does not wait for it.</summary>
    public void Touch(long offset, long length)
    {
        for (long at = offset; at < offset + length; at += Page) *At(at) = 0;
    }

    /// <summary>Writes bytes.</summary>
    public void Write(long offset, ReadOnlySpan<byte> bytes) => bytes.CopyTo(new Span<byte>(At(offset), checked((int)Math.Min(Length - offset, int.MaxValue))));
}
