using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Clocks;
using Microsoft.Win32.SafeHandles;

namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>
/// A file or directory where there is no Linux: by its path, and for a file by its handle. See <see cref="PortablePaths"/> for what it cannot do.
/// </summary>
/// <param name="fullPath">The host's path.</param>
/// <param name="file">Of a file; <see langword="null"/> for a directory.</param>
internal sealed class PortableNode(string fullPath, SafeFileHandle? file) : HostNode
{
    public static PortableNode OpenBase(string hostPath)
    {
        var directory = new DirectoryInfo(hostPath);
        if (!directory.Exists) throw new DirectoryNotFoundException($"cannot open the directory {hostPath}: there is none");
        return new PortableNode((directory.ResolveLinkTarget(returnFinalTarget: true) ?? directory).FullName, null);
    }

    public override void Close() => file?.Dispose();

    public override Result<NodeStat, ErrorCode> Stat() => Try(() => StatOf(PortablePaths.Look(fullPath), isLink: false));

    public override Result<NodeStat, ErrorCode> StatAt(string path, bool follow) => Try(() =>
    {
        Result<PortablePlace, ErrorCode> place = PortablePaths.Resolve(fullPath, path, follow);
        if (place.IsError) return place.Error;
        return place.Value.Exists ? StatOf(place.Value.Info, place.Value.IsLink) : ErrorCode.NoEntry;
    });

    public override Result<HostNode, ErrorCode> OpenAt(string path, bool follow, OpenFlags open, DescriptorFlags flags) => Try<HostNode>(() =>
    {
        bool creates = open.HasFlag(OpenFlags.Create), truncates = open.HasFlag(OpenFlags.Truncate);
        bool isExclusive = creates && open.HasFlag(OpenFlags.Exclusive);
        Result<PortablePlace, ErrorCode> found = PortablePaths.Resolve(fullPath, path, follow && !isExclusive);
        if (found.IsError) return found.Error;
        PortablePlace place = found.Value;
        if (place.Exists && isExclusive) return ErrorCode.Exist;
        if (place.IsLink) return ErrorCode.Loop;
        if (place.IsDirectory)
            return creates || truncates || flags.HasFlag(DescriptorFlags.Write) ? ErrorCode.IsDirectory : new PortableNode(place.FullPath, null);
        if (!place.Exists && !creates) return ErrorCode.NoEntry;
        if (open.HasFlag(OpenFlags.Directory)) return ErrorCode.NotDirectory;

        FileMode mode = isExclusive ? FileMode.CreateNew : creates ? FileMode.OpenOrCreate : FileMode.Open;
        FileAccess access = creates || flags.HasFlag(DescriptorFlags.Write) ? FileAccess.ReadWrite : FileAccess.Read;
        SafeFileHandle handle = File.OpenHandle(place.FullPath, mode, access, FileShare.ReadWrite | FileShare.Delete);
        if (truncates) RandomAccess.SetLength(handle, 0);
        return new PortableNode(place.FullPath, handle);
    });

    public override Result<Unit, ErrorCode> CreateDirectoryAt(string path) => At(path, static place =>
    {
        if (place.Exists) return ErrorCode.Exist;
        Directory.CreateDirectory(place.FullPath);
        return default(Unit);
    });

    public override Result<Unit, ErrorCode> RemoveDirectoryAt(string path)
    {
        if (path.TrimEnd('/') is "." || path.TrimEnd('/').EndsWith("/.", StringComparison.Ordinal)) return ErrorCode.Invalid;
        return At(path, static place =>
        {
            if (place.IsDots) return ErrorCode.NotEmpty;
            if (!place.Exists) return ErrorCode.NoEntry;
            if (!place.IsDirectory) return ErrorCode.NotDirectory;
            if (Directory.EnumerateFileSystemEntries(place.FullPath).Any()) return ErrorCode.NotEmpty;
            Directory.Delete(place.FullPath);
            return default(Unit);
        });
    }

    public override Result<Unit, ErrorCode> UnlinkFileAt(string path) => At(path, place =>
    {
        if (!place.Exists) return ErrorCode.NoEntry;
        if (place.IsDirectory) return ErrorCode.IsDirectory;
        if (path.EndsWith('/')) return ErrorCode.NotDirectory;
        if (place.Info is DirectoryInfo) Directory.Delete(place.FullPath);
        else File.Delete(place.FullPath);
        return default(Unit);
    });

    public override Result<Unit, ErrorCode> SymlinkAt(string contents, string path) => At(path, place =>
    {
        if (place.Exists) return ErrorCode.Exist;
        if (path.EndsWith('/')) return ErrorCode.NoEntry;
        if (Path.IsPathRooted(contents)) return ErrorCode.NotPermitted;
        File.CreateSymbolicLink(place.FullPath, OperatingSystem.IsWindows() ? contents.Replace('/', '\\') : contents);
        return default(Unit);
    });

    public override Result<string, ErrorCode> ReadlinkAt(string path) => Try(() =>
    {
        Result<PortablePlace, ErrorCode> place = PortablePaths.Resolve(fullPath, path, follow: false);
        if (place.IsError) return place.Error;
        if (!place.Value.Exists) return ErrorCode.NoEntry;
        if (!place.Value.IsLink) return ErrorCode.Invalid;
        string contents = PortablePaths.LinkTarget(place.Value.Info)!;
        return Path.IsPathRooted(contents) ? ErrorCode.NotPermitted : Result<string, ErrorCode>.FromValue(contents);
    });

    public override Result<Unit, ErrorCode> RenameAt(string path, HostNode newBase, string newPath) =>
        At(path, from => ((PortableNode)newBase).At(newPath, to => Rename(from, to, path.EndsWith('/') || newPath.EndsWith('/'))));

    /// <summary>.NET makes no hard links.</summary>
    public override Result<Unit, ErrorCode> LinkAt(string path, HostNode newBase, string newPath)
    {
        Result<NodeStat, ErrorCode> from = StatAt(path, follow: false);
        if (from.IsError) return from.Error;
        bool isDirectory = from.Value.Type == DescriptorType.Directory;
        return ((PortableNode)newBase).At(
            newPath, to => to.Exists ? ErrorCode.Exist : isDirectory ? ErrorCode.NotPermitted : ErrorCode.Unsupported);
    }

    public override Result<Unit, ErrorCode> SetTimes(NewTimestamp access, NewTimestamp modification) =>
        Try(() => SetTimesOf(PortablePaths.Look(fullPath), access, modification));

    public override Result<Unit, ErrorCode> SetTimesAt(string path, bool follow, NewTimestamp access, NewTimestamp modification) => Try(() =>
    {
        Result<PortablePlace, ErrorCode> place = PortablePaths.Resolve(fullPath, path, follow);
        if (place.IsError) return place.Error;
        if (place.Value.IsLink) return ErrorCode.Unsupported;
        return place.Value.Exists ? SetTimesOf(place.Value.Info, access, modification) : ErrorCode.NoEntry;
    });

    public override Result<int, ErrorCode> Read(Span<byte> destination, long offset)
    {
        try
        {
            return RandomAccess.Read(file!, destination, offset);
        }
        catch (Exception failure) when (Translate(failure) is not null)
        {
            return Translate(failure)!.Value;
        }
    }

    public override Result<int, ErrorCode> Write(ReadOnlySpan<byte> contents, long offset)
    {
        try
        {
            RandomAccess.Write(file!, contents, offset);
            return contents.Length;
        }
        catch (Exception failure) when (Translate(failure) is not null)
        {
            return Translate(failure)!.Value;
        }
    }

    public override Result<int, ErrorCode> Append(ReadOnlySpan<byte> contents)
    {
        try
        {
            return Write(contents, RandomAccess.GetLength(file!));
        }
        catch (Exception failure) when (Translate(failure) is not null)
        {
            return Translate(failure)!.Value;
        }
    }

    public override Result<Unit, ErrorCode> SetSize(long size) => Try<Unit>(() =>
    {
        RandomAccess.SetLength(file!, size);
        return default(Unit);
    });

    public override Result<Unit, ErrorCode> Sync(bool dataOnly) => Try<Unit>(() =>
    {
        if (file is not null) RandomAccess.FlushToDisk(file);
        return default(Unit);
    });

    /// <summary>.NET takes no advice, and none has to be taken.</summary>
    public override Result<Unit, ErrorCode> Advise(long offset, long length, Advice advice) => default(Unit);

    public override Result<DirectoryReader, ErrorCode> ReadDirectory() => Try<DirectoryReader>(() =>
    {
        var all = new EnumerationOptions { AttributesToSkip = 0 };
        return new PortableDirectoryReader(new DirectoryInfo(fullPath).EnumerateFileSystemInfos("*", all).GetEnumerator());
    });

    internal static DescriptorType TypeOf(FileSystemInfo info)
    {
        if (info.LinkTarget is not null) return DescriptorType.SymbolicLink;
        return info is DirectoryInfo ? DescriptorType.Directory : DescriptorType.RegularFile;
    }

    /// <summary>What to answer for an exception of the file system, or <see langword="null"/> for any other.</summary>
    internal static ErrorCode? Translate(Exception failure) => failure switch
    {
        FileNotFoundException or DirectoryNotFoundException => ErrorCode.NoEntry,
        PathTooLongException => ErrorCode.NameTooLong,
        UnauthorizedAccessException => ErrorCode.Access,
        ObjectDisposedException => ErrorCode.BadDescriptor,
        NotSupportedException => ErrorCode.Unsupported,
        IOException => ErrorCode.Io,
        _ => null,
    };

    private static Result<T, ErrorCode> Try<T>(Func<Result<T, ErrorCode>> operation)
    {
        try
        {
            return operation();
        }
        catch (Exception failure) when (Translate(failure) is not null)
        {
            return Translate(failure)!.Value;
        }
    }

    private static Result<Unit, ErrorCode> Rename(PortablePlace from, PortablePlace to, bool mustBeDirectory)
    {
        if (from.IsDots || to.IsDots) return ErrorCode.Busy;
        if (!from.Exists) return ErrorCode.NoEntry;
        if (!from.IsDirectory && mustBeDirectory) return ErrorCode.NotDirectory;
        if (to.FullPath.StartsWith(from.FullPath + Path.DirectorySeparatorChar, StringComparison.Ordinal)) return ErrorCode.Invalid;
        if (to.IsDirectory && !from.IsDirectory) return ErrorCode.IsDirectory;
        if (to.Exists && !to.IsDirectory && from.IsDirectory) return ErrorCode.NotDirectory;
        if (from.FullPath == to.FullPath) return default(Unit);
        if (to.IsDirectory)
        {
            if (Directory.EnumerateFileSystemEntries(to.FullPath).Any()) return ErrorCode.NotEmpty;
            Directory.Delete(to.FullPath);
        }

        if (from.Info is DirectoryInfo) Directory.Move(from.FullPath, to.FullPath);
        else File.Move(from.FullPath, to.FullPath, overwrite: true);
        return default(Unit);
    }

    private static Result<NodeStat, ErrorCode> StatOf(FileSystemInfo info, bool isLink)
    {
        if (!isLink && !info.Exists) return ErrorCode.NoEntry;
        ulong size = isLink ? (ulong)info.LinkTarget!.Length : info is FileInfo found ? (ulong)found.Length : 0;
        return new NodeStat(
            TypeOf(info),
            1,
            size,
            Datetime.From(info.LastAccessTimeUtc),
            Datetime.From(info.LastWriteTimeUtc),
            null,
            0,
            PathIdentity(info.FullName));
    }

    // .NET shows no inode; no two objects have the same path.
    private static ulong PathIdentity(string path)
    {
        ulong identity = 14695981039346656037;
        foreach (char part in path) identity = (identity ^ part) * 1099511628211;
        return identity;
    }

    private static Result<Unit, ErrorCode> SetTimesOf(FileSystemInfo info, NewTimestamp access, NewTimestamp modification)
    {
        // The two cannot be set at once, and setting one may set the other: both get the value that they are to have.
        DateTime accessed = Time(access) ?? info.LastAccessTimeUtc, modified = Time(modification) ?? info.LastWriteTimeUtc;
        info.LastAccessTimeUtc = accessed;
        info.LastWriteTimeUtc = modified;
        return default(Unit);
    }

    private static DateTime? Time(NewTimestamp time)
    {
        if (time.IsNoChange) return null;
        if (time.IsNow) return DateTime.UtcNow;
        ulong seconds = Math.Min(time.Value.Seconds, (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        return DateTime.UnixEpoch.AddTicks(((long)seconds * TimeSpan.TicksPerSecond) + (time.Value.Nanoseconds / 100));
    }

    private Result<Unit, ErrorCode> At(string path, Func<PortablePlace, Result<Unit, ErrorCode>> operation) => Try(() =>
    {
        // The last component itself, link or not; a slash after it says only that it is no file.
        string trimmed = path.TrimEnd('/');
        Result<PortablePlace, ErrorCode> place = PortablePaths.Resolve(fullPath, trimmed, follow: false);
        return place.IsError ? place.Error : operation(place.Value);
    });
}

/// <summary>Reads a directory as .NET enumerates it.</summary>
internal sealed class PortableDirectoryReader(IEnumerator<FileSystemInfo> entries) : DirectoryReader
{
    public override Result<DirectoryEntry?, ErrorCode> Next()
    {
        try
        {
            if (!entries.MoveNext()) return Result<DirectoryEntry?, ErrorCode>.FromValue(null);
            return new DirectoryEntry(PortableNode.TypeOf(entries.Current), entries.Current.Name);
        }
        catch (Exception failure) when (PortableNode.Translate(failure) is not null)
        {
            return PortableNode.Translate(failure)!.Value;
        }
    }

    public override void Close() => entries.Dispose();
}
