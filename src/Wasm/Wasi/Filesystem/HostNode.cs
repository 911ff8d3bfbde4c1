using System.Runtime.InteropServices;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Clocks;

namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>
/// A file or directory of the host, opened. Paths are relative to a directory and reach nothing that is not beneath it, whatever symbolic links and
/// other processes do. They are checked before they come here: neither empty nor absolute, without NUL, under <see cref="Descriptor.MaxPath"/> bytes.
/// Who may do what is decided before, too.
/// </summary>
internal abstract class HostNode : OpenFile
{
    /// <summary>Opens a directory of the host by its own path.</summary>
    /// <exception cref="DirectoryNotFoundException">There is none, or it cannot be opened.</exception>
    public static HostNode OpenRoot(string hostPath) =>
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64
            ? LinuxNode.OpenBase(hostPath, LinuxPaths.Best)
            : PortableNode.OpenBase(hostPath);

    public abstract Result<NodeStat, ErrorCode> Stat();

    public abstract Result<NodeStat, ErrorCode> StatAt(string path, bool follow);

    /// <summary>Opens a regular file or a directory; anything else is <see cref="ErrorCode.NotPermitted"/>, since opening it may wait or do things.</summary>
    public abstract Result<HostNode, ErrorCode> OpenAt(string path, bool follow, OpenFlags open, DescriptorFlags flags);

    public abstract Result<Unit, ErrorCode> CreateDirectoryAt(string path);

    public abstract Result<Unit, ErrorCode> RemoveDirectoryAt(string path);

    public abstract Result<Unit, ErrorCode> UnlinkFileAt(string path);

    public abstract Result<Unit, ErrorCode> SymlinkAt(string contents, string path);

    public abstract Result<string, ErrorCode> ReadlinkAt(string path);

    public abstract Result<Unit, ErrorCode> RenameAt(string path, HostNode newBase, string newPath);

    public abstract Result<Unit, ErrorCode> LinkAt(string path, HostNode newBase, string newPath);

    public abstract Result<Unit, ErrorCode> SetTimes(NewTimestamp access, NewTimestamp modification);

    public abstract Result<Unit, ErrorCode> SetTimesAt(string path, bool follow, NewTimestamp access, NewTimestamp modification);

    /// <summary>Reads at an offset; 0 only at the end.</summary>
    public abstract Result<int, ErrorCode> Read(Span<byte> destination, long offset);

    /// <summary>Writes at least a byte at an offset.</summary>
    public abstract Result<int, ErrorCode> Write(ReadOnlySpan<byte> contents, long offset);

    /// <summary>Writes at least a byte at what is the end at that moment.</summary>
    public abstract Result<int, ErrorCode> Append(ReadOnlySpan<byte> contents);

    public abstract Result<Unit, ErrorCode> SetSize(long size);

    public abstract Result<Unit, ErrorCode> Sync(bool dataOnly);

    public abstract Result<Unit, ErrorCode> Advise(long offset, long length, Advice advice);

    public abstract Result<DirectoryReader, ErrorCode> ReadDirectory();
}

/// <summary>What is known of a file or directory; <see cref="Device"/> and <see cref="Inode"/> tell objects apart.</summary>
internal readonly record struct NodeStat(
    DescriptorType Type, ulong Links, ulong Size, Datetime? Access, Datetime? Modification, Datetime? StatusChange, ulong Device, ulong Inode);

/// <summary>A listing of a directory, from its beginning, without <c>.</c> and <c>..</c>.</summary>
internal abstract class DirectoryReader : OpenFile
{
    /// <summary>The next entry, or <see langword="null"/> at the end.</summary>
    public abstract Result<DirectoryEntry?, ErrorCode> Next();
}
