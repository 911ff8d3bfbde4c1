using System.Buffers;
using System.Text;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>
/// The resource <c>descriptor</c> of <c>wasi:filesystem/types</c>: a file or directory beneath a preopened one, and what the guest may do with it.
/// All decisions about permission are made here; <see cref="HostNode"/> sees to it that no path leads out.
/// </summary>
public sealed partial class Descriptor : IDisposable
{
    /// <summary>A path that takes this many bytes of UTF-8, or more, is <see cref="ErrorCode.NameTooLong"/>.</summary>
    public const int MaxPath = 4096;

    /// <summary>The most bytes that one <c>read</c> gives, whatever the guest asks for.</summary>
    public const int MaxRead = 1 << 20;

    internal static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly OpenFiles files;
    private readonly Preopen preopen;
    private readonly HostNode node;
    private readonly DescriptorFlags flags;
    private readonly bool isDirectory;
    private bool isDropped;

    /// <param name="files">Where what is opened through it is counted.</param>
    /// <param name="preopen">The directory that all began with; it holds the permissions.</param>
    /// <param name="node">The file or directory; this descriptor lets it go.</param>
    /// <param name="flags">As opened.</param>
    private Descriptor(OpenFiles files, Preopen preopen, HostNode node, bool isDirectory, DescriptorFlags flags)
    {
        (this.files, this.preopen, this.node, this.isDirectory) = (files, preopen, node, isDirectory);
        if (isDirectory)
        {
            // As in other hosts, a directory has the permissions of the one that it was opened through, whatever was asked for: C programs open
            // directories only to read, and then create files in them.
            flags = DescriptorFlags.None;
            if (preopen.Directories.HasFlag(DirectoryPermissions.Read)) flags |= DescriptorFlags.Read;
            if (preopen.Directories.HasFlag(DirectoryPermissions.Mutate)) flags |= DescriptorFlags.MutateDirectory;
        }

        this.flags = flags;
    }

    private bool MayMutate => preopen.Directories.HasFlag(DirectoryPermissions.Mutate);

    /// <summary>A preopened directory itself, as <c>get-directories</c> gives it.</summary>
    internal static Descriptor Of(Preopen preopen, OpenFiles files) => new(files, preopen, preopen.Root, true, default);

    public Result<DescriptorFlags, ErrorCode> GetFlags() => flags;

    public Result<DescriptorType, ErrorCode> GetDescriptorType() => isDirectory ? DescriptorType.Directory : DescriptorType.RegularFile;

    public Result<DescriptorStat, ErrorCode> Stat() => Show(node.Stat());

    public Result<MetadataHashValue, ErrorCode> MetadataHash() => MetadataHashing.Of(node.Stat());

    public bool IsSameObject(Descriptor other)
    {
        Result<NodeStat, ErrorCode> mine = node.Stat(), theirs = other.node.Stat();
        return !mine.IsError && !theirs.IsError && (mine.Value.Device, mine.Value.Inode) == (theirs.Value.Device, theirs.Value.Inode);
    }

    /// <summary><c>read</c>: up to <see cref="MaxRead"/> bytes, and whether the end was reached.</summary>
    public Result<(byte[] Bytes, bool IsEnd), ErrorCode> Read(ulong length, ulong offset)
    {
        if (MayRead(offset) is { } refused) return refused;
        int wanted = (int)Math.Min(length, MaxRead);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(wanted);
        try
        {
            Result<int, ErrorCode> read = node.Read(buffer.AsSpan(0, wanted), (long)offset);
            if (read.IsError) return read.Error;
            return (buffer.AsSpan(0, read.Value).ToArray(), read.Value < wanted);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary><c>write</c>: all of <paramref name="contents"/>.</summary>
    /// <returns>How many bytes were written; less only when the file system has no more room.</returns>
    public Result<ulong, ErrorCode> Write(ReadOnlySpan<byte> contents, ulong offset)
    {
        if (MayWrite() is { } refused) return refused;
        if (offset > long.MaxValue - (ulong)contents.Length) return ErrorCode.FileTooLarge;
        int written = 0;
        while (written < contents.Length)
        {
            Result<int, ErrorCode> step = node.Write(contents[written..], (long)offset + written);
            if (step.IsError && written == 0) return step.Error;
            if (step.IsError) break;
            written += step.Value;
        }

        return (ulong)written;
    }

    public Result<InputStream, ErrorCode> ReadViaStream(ulong offset)
    {
        if (MayRead(offset) is { } refused) return refused;
        return new FileInput(node, (long)offset);
    }

    public Result<OutputStream, ErrorCode> WriteViaStream(ulong offset)
    {
        if (MayWrite() is { } refused) return refused;
        if (offset > long.MaxValue) return ErrorCode.Invalid;
        return new FileOutput(node, (long)offset);
    }

    public Result<OutputStream, ErrorCode> AppendViaStream()
    {
        if (MayWrite() is { } refused) return refused;
        return new FileOutput(node, null);
    }

    public Result<Unit, ErrorCode> Advise(ulong offset, ulong length, Advice advice)
    {
        if (isDirectory) return ErrorCode.BadDescriptor;
        if (offset > long.MaxValue || length > long.MaxValue) return ErrorCode.Invalid;
        return node.Advise((long)offset, (long)length, advice);
    }

    public Result<Unit, ErrorCode> SetSize(ulong size)
    {
        if (MayWrite() is { } refused) return refused;
        return size > long.MaxValue ? ErrorCode.FileTooLarge : node.SetSize((long)size);
    }

    public Result<Unit, ErrorCode> SetTimes(NewTimestamp access, NewTimestamp modification)
    {
        if (isDirectory && !MayMutate) return ErrorCode.ReadOnly;
        if (!isDirectory && !preopen.Files.HasFlag(FilePermissions.Write)) return ErrorCode.NotPermitted;
        return IsTime(access) && IsTime(modification) ? node.SetTimes(access, modification) : ErrorCode.Invalid;
    }

    /// <summary><c>sync</c> and <c>sync-data</c>: nothing happens when the descriptor is not for writing.</summary>
    public Result<Unit, ErrorCode> Sync(bool dataOnly) =>
        flags.HasFlag(DescriptorFlags.Write) || flags.HasFlag(DescriptorFlags.MutateDirectory) ? node.Sync(dataOnly) : default(Unit);

    public void Dispose()
    {
        if (isDropped) return;
        isDropped = true;
        node.Release();
    }

    private static Result<DescriptorStat, ErrorCode> Show(Result<NodeStat, ErrorCode> stat)
    {
        if (stat.IsError) return stat.Error;
        NodeStat node = stat.Value;
        return new DescriptorStat(node.Type, node.Links, node.Size, node.Access, node.Modification, node.StatusChange);
    }

    private static bool IsTime(NewTimestamp time) => time.Value.Nanoseconds < 1_000_000_000 && time.Value.Seconds <= long.MaxValue;

    private ErrorCode? MayRead(ulong offset)
    {
        if (isDirectory) return ErrorCode.IsDirectory;
        if (!flags.HasFlag(DescriptorFlags.Read)) return ErrorCode.BadDescriptor;
        return offset > long.MaxValue ? ErrorCode.Invalid : null;
    }

    private ErrorCode? MayWrite()
    {
        if (isDirectory) return ErrorCode.IsDirectory;
        return flags.HasFlag(DescriptorFlags.Write) ? null : ErrorCode.BadDescriptor;
    }
}
