using System.Text;
using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>The functions that take paths.</summary>
public sealed partial class Descriptor
{
    public Result<DescriptorStat, ErrorCode> StatAt(PathFlags how, string path)
    {
        if ((MayLookUp() ?? Check(path)) is { } refused) return refused;
        return Show(node.StatAt(path, Follows(how)));
    }

    public Result<MetadataHashValue, ErrorCode> MetadataHashAt(PathFlags how, string path)
    {
        if ((MayLookUp() ?? Check(path)) is { } refused) return refused;
        return MetadataHashing.Of(node.StatAt(path, Follows(how)));
    }

    /// <summary><c>open-at</c>: a regular file or a directory; anything else is <see cref="ErrorCode.NotPermitted"/>.</summary>
    public Result<Descriptor, ErrorCode> OpenAt(PathFlags how, string path, OpenFlags open, DescriptorFlags wanted)
    {
        if ((MayLookUp() ?? Check(path)) is { } refused) return refused;
        bool writes = wanted.HasFlag(DescriptorFlags.Write), creates = open.HasFlag(OpenFlags.Create), truncates = open.HasFlag(OpenFlags.Truncate);
        if (!MayMutate && (writes || creates || truncates || wanted.HasFlag(DescriptorFlags.MutateDirectory))) return ErrorCode.ReadOnly;
        if ((writes || truncates) && !preopen.Files.HasFlag(FilePermissions.Write)) return ErrorCode.NotPermitted;
        if ((truncates && !writes) || (creates && open.HasFlag(OpenFlags.Directory))) return ErrorCode.Invalid;
        if (creates && path.EndsWith('/')) return ErrorCode.IsDirectory;
        if (files.IsFull) return ErrorCode.Quota;

        Result<HostNode, ErrorCode> opened = node.OpenAt(path, Follows(how), open, wanted);
        if (opened.IsError) return opened.Error;
        files.Add(opened.Value);
        Result<NodeStat, ErrorCode> stat = opened.Value.Stat();
        bool isDirectory = !stat.IsError && stat.Value.Type == DescriptorType.Directory;

        // Only now is it known to be a file: without the permission its contents stay shut.
        if (!isDirectory && wanted.HasFlag(DescriptorFlags.Read) && !preopen.Files.HasFlag(FilePermissions.Read))
        {
            opened.Value.Release();
            return ErrorCode.NotPermitted;
        }

        return new Descriptor(files, preopen, opened.Value, isDirectory, wanted & ~DescriptorFlags.MutateDirectory);
    }

    public Result<DirectoryEntryStream, ErrorCode> ReadDirectory()
    {
        if (MayLookUp() is { } refused) return refused;
        if (files.IsFull) return ErrorCode.Quota;
        Result<DirectoryReader, ErrorCode> reader = node.ReadDirectory();
        if (reader.IsError) return reader.Error;
        files.Add(reader.Value);
        return new DirectoryEntryStream(reader.Value);
    }

    /// <summary><c>readlink-at</c>: what the link says; <see cref="ErrorCode.NotPermitted"/> where that is an absolute path.</summary>
    public Result<string, ErrorCode> ReadlinkAt(string path)
    {
        if ((MayLookUp() ?? Check(path)) is { } refused) return refused;
        Result<string, ErrorCode> contents = node.ReadlinkAt(path);
        return !contents.IsError && contents.Value.StartsWith('/') ? ErrorCode.NotPermitted : contents;
    }

    public Result<Unit, ErrorCode> CreateDirectoryAt(string path) =>
        (MayChange() ?? Check(path)) is { } refused ? refused : node.CreateDirectoryAt(path);

    public Result<Unit, ErrorCode> RemoveDirectoryAt(string path) =>
        (MayChange() ?? Check(path)) is { } refused ? refused : node.RemoveDirectoryAt(path);

    public Result<Unit, ErrorCode> UnlinkFileAt(string path) =>
        (MayChange() ?? Check(path)) is { } refused ? refused : node.UnlinkFileAt(path);

    /// <summary><c>symlink-at</c>: <see cref="ErrorCode.NotPermitted"/> where the link would say an absolute path.</summary>
    public Result<Unit, ErrorCode> SymlinkAt(string contents, string path) =>
        (MayChange() ?? Check(contents) ?? Check(path)) is { } refused ? refused : node.SymlinkAt(contents, path);

    /// <summary><c>set-times-at</c>: of a file or directory that the guest may change.</summary>
    public Result<Unit, ErrorCode> SetTimesAt(PathFlags how, string path, NewTimestamp access, NewTimestamp modification)
    {
        if ((MayChange() ?? Check(path)) is { } refused) return refused;
        if (!preopen.Files.HasFlag(FilePermissions.Write)) return ErrorCode.NotPermitted;
        return IsTime(access) && IsTime(modification) ? node.SetTimesAt(path, Follows(how), access, modification) : ErrorCode.Invalid;
    }

    /// <summary><c>rename-at</c>: within one preopened directory; <see cref="ErrorCode.CrossDevice"/> to another.</summary>
    public Result<Unit, ErrorCode> RenameAt(string path, Descriptor newBase, string newPath) =>
        MayMove(path, newBase, newPath) is { } refused ? refused : node.RenameAt(path, newBase.node, newPath);

    /// <summary>
    /// <c>link-at</c>: within one preopened directory; <see cref="ErrorCode.CrossDevice"/> to another, since the file would be there with other
    /// permissions. Symbolic links are not followed.
    /// </summary>
    public Result<Unit, ErrorCode> LinkAt(PathFlags how, string path, Descriptor newBase, string newPath)
    {
        if (MayMove(path, newBase, newPath) is { } refused) return refused;
        return Follows(how) ? ErrorCode.Invalid : node.LinkAt(path, newBase.node, newPath);
    }

    private static bool Follows(PathFlags how) => how.HasFlag(PathFlags.SymlinkFollow);

    /// <summary>What is wrong with a path before any of it is looked at.</summary>
    private static ErrorCode? Check(string path)
    {
        if (path.Length == 0) return ErrorCode.NoEntry;
        if (path[0] == '/') return ErrorCode.NotPermitted;
        if (path.Contains('\0')) return ErrorCode.Invalid;
        if (path.Length >= MaxPath) return ErrorCode.NameTooLong;
        try
        {
            return StrictUtf8.GetByteCount(path) >= MaxPath ? ErrorCode.NameTooLong : null;
        }
        catch (EncoderFallbackException)
        {
            return ErrorCode.IllegalByteSequence;
        }
    }

    private ErrorCode? MayLookUp()
    {
        if (!isDirectory) return ErrorCode.NotDirectory;
        return preopen.Directories.HasFlag(DirectoryPermissions.Read) ? null : ErrorCode.NotPermitted;
    }

    private ErrorCode? MayChange()
    {
        if (!isDirectory) return ErrorCode.NotDirectory;
        return MayMutate ? null : ErrorCode.ReadOnly;
    }

    private ErrorCode? MayMove(string path, Descriptor newBase, string newPath) =>
        MayChange() ?? newBase.MayChange() ?? Check(path) ?? Check(newPath) ?? (preopen == newBase.preopen ? null : ErrorCode.CrossDevice);
}
