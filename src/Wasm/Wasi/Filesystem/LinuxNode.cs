using System.Runtime.InteropServices;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Clocks;
using Microsoft.Win32.SafeHandles;

namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>
/// A file or directory of Linux, by its descriptor. A change of a directory first opens the directory that the last component stands in, and then
/// names only that component: no such call follows a link there.
/// </summary>
internal sealed class LinuxNode(SafeFileHandle handle, LinuxPaths paths) : HostNode
{
    private const uint FileMode = 0x1B6;
    private const uint DirectoryMode = 0x1FF;

    private static readonly int ParentFlags = LinuxCalls.PathOnly | LinuxCalls.Directory;

    public static LinuxNode OpenBase(string hostPath, LinuxPaths paths)
    {
        int file = hostPath.Contains('\0') ? -1 : LinuxCalls.OpenAt(
            LinuxCalls.CurrentDirectory, hostPath, LinuxCalls.ReadOnly | LinuxCalls.Directory | LinuxCalls.CloseOnExec, 0);
        return file >= 0
            ? new LinuxNode(new SafeFileHandle(file, ownsHandle: true), paths)
            : throw new DirectoryNotFoundException($"cannot open the directory {hostPath}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    public static DescriptorType TypeOf(uint mode) => (mode & 0xF000) switch
    {
        0x8000 => DescriptorType.RegularFile,
        0x4000 => DescriptorType.Directory,
        0xA000 => DescriptorType.SymbolicLink,
        0x6000 => DescriptorType.BlockDevice,
        0x2000 => DescriptorType.CharacterDevice,
        0x1000 => DescriptorType.Fifo,
        0xC000 => DescriptorType.Socket,
        _ => DescriptorType.Unknown,
    };

    public override void Close() => handle.Dispose();

    public override Result<NodeStat, ErrorCode> Stat() => StatOf(handle);

    public override Result<NodeStat, ErrorCode> StatAt(string path, bool follow)
    {
        Result<SafeFileHandle, ErrorCode> found = paths.Open(handle, path, LinuxCalls.PathOnly, follow);
        if (found.IsError) return found.Error;
        using (found.Value) return StatOf(found.Value);
    }

    public override Result<HostNode, ErrorCode> OpenAt(string path, bool follow, OpenFlags open, DescriptorFlags flags)
    {
        // What has no end, or waits for another process, must not hold the guest's thread: it is opened without waiting, and given up below.
        int how = LinuxCalls.NonBlocking | LinuxCalls.NoControllingTerminal;
        how |= (flags & (DescriptorFlags.Read | DescriptorFlags.Write)) switch
        {
            DescriptorFlags.Read | DescriptorFlags.Write => LinuxCalls.ReadWrite,
            DescriptorFlags.Write => LinuxCalls.WriteOnly,
            _ => LinuxCalls.ReadOnly,
        };
        if (flags.HasFlag(DescriptorFlags.FileIntegritySync) || flags.HasFlag(DescriptorFlags.RequestedWriteSync)) how |= LinuxCalls.FileSync;
        if (flags.HasFlag(DescriptorFlags.DataIntegritySync)) how |= LinuxCalls.DataSync;
        if (open.HasFlag(OpenFlags.Directory)) how |= LinuxCalls.Directory;
        if (open.HasFlag(OpenFlags.Truncate)) how |= LinuxCalls.Truncate;
        if (open.HasFlag(OpenFlags.Create)) how |= LinuxCalls.Create;
        if (open.HasFlag(OpenFlags.Create | OpenFlags.Exclusive)) how |= LinuxCalls.Exclusive;

        Result<SafeFileHandle, ErrorCode> opened = paths.Open(handle, path, how, follow, open.HasFlag(OpenFlags.Create) ? FileMode : 0);
        if (opened.IsError) return opened.Error;
        Result<NodeStat, ErrorCode> stat = StatOf(opened.Value);
        if (!stat.IsError && stat.Value.Type is DescriptorType.RegularFile or DescriptorType.Directory) return new LinuxNode(opened.Value, paths);
        opened.Value.Dispose();
        return stat.IsError ? stat.Error : ErrorCode.NotPermitted;
    }

    public override Result<Unit, ErrorCode> CreateDirectoryAt(string path)
    {
        using Place place = Locate(path, out ErrorCode error);
        if (place.Name is null) return error;
        return place.IsDots ? ErrorCode.Exist : LinuxCalls.Check(LinuxCalls.MakeDirectoryAt(place.Parent, place.WithSlash, DirectoryMode));
    }

    public override Result<Unit, ErrorCode> RemoveDirectoryAt(string path)
    {
        using Place place = Locate(path, out ErrorCode error);
        if (place.Name is null) return error;
        if (place.IsDots) return place.Name == "." ? ErrorCode.Invalid : ErrorCode.NotEmpty;
        return LinuxCalls.Check(LinuxCalls.UnlinkAt(place.Parent, place.WithSlash, LinuxCalls.RemoveDirectory));
    }

    public override Result<Unit, ErrorCode> UnlinkFileAt(string path)
    {
        using Place place = Locate(path, out ErrorCode error);
        if (place.Name is null) return error;
        return place.IsDots ? ErrorCode.IsDirectory : LinuxCalls.Check(LinuxCalls.UnlinkAt(place.Parent, place.WithSlash, 0));
    }

    public override Result<Unit, ErrorCode> SymlinkAt(string contents, string path)
    {
        using Place place = Locate(path, out ErrorCode error);
        if (place.Name is null) return error;
        return place.IsDots ? ErrorCode.Exist : LinuxCalls.Check(LinuxCalls.SymlinkAt(contents, place.Parent, place.WithSlash));
    }

    public override Result<string, ErrorCode> ReadlinkAt(string path)
    {
        using Place place = Locate(path, out ErrorCode error);
        if (place.Name is null) return error;
        if (place.IsDots) return ErrorCode.Invalid;
        if (!place.HasSlash) return LinuxPaths.ReadLink(place.Parent, place.Name);

        // With a slash after it the kernel would follow the link, and not beneath.
        Result<NodeStat, ErrorCode> stat = StatAt(path, follow: true);
        return stat.IsError ? stat.Error : ErrorCode.Invalid;
    }

    public override Result<Unit, ErrorCode> RenameAt(string path, HostNode newBase, string newPath)
    {
        using Place place = Locate(path, out ErrorCode error);
        if (place.Name is null) return error;
        using Place newPlace = ((LinuxNode)newBase).Locate(newPath, out error);
        if (newPlace.Name is null) return error;
        return place.IsDots || newPlace.IsDots
            ? ErrorCode.Busy
            : LinuxCalls.Check(LinuxCalls.RenameAt(place.Parent, place.WithSlash, newPlace.Parent, newPlace.WithSlash));
    }

    public override Result<Unit, ErrorCode> LinkAt(string path, HostNode newBase, string newPath)
    {
        using Place place = Locate(path, out ErrorCode error);
        if (place.Name is null) return error;
        using Place newPlace = ((LinuxNode)newBase).Locate(newPath, out error);
        if (newPlace.Name is null) return error;
        if (newPlace.IsDots) return ErrorCode.Exist;
        if (!place.HasSlash && !place.IsDots) return LinuxCalls.Check(LinuxCalls.LinkAt(place.Parent, place.Name, newPlace.Parent, newPlace.WithSlash, 0));

        // It can only be a directory; with a slash after it the kernel would follow a link, and not beneath.
        Result<NodeStat, ErrorCode> stat = StatAt(path, follow: true);
        if (stat.IsError) return stat.Error;
        return stat.Value.Type == DescriptorType.Directory ? ErrorCode.NotPermitted : ErrorCode.NotDirectory;
    }

    public override Result<Unit, ErrorCode> SetTimes(NewTimestamp access, NewTimestamp modification) => SetTimesOf(handle, access, modification);

    public override Result<Unit, ErrorCode> SetTimesAt(string path, bool follow, NewTimestamp access, NewTimestamp modification)
    {
        Result<SafeFileHandle, ErrorCode> found = paths.Open(handle, path, LinuxCalls.PathOnly, follow);
        if (found.IsError) return found.Error;
        using (found.Value) return SetTimesOf(found.Value, access, modification);
    }

    public override unsafe Result<int, ErrorCode> Read(Span<byte> destination, long offset)
    {
        fixed (byte* bytes = destination)
        {
            while (true)
            {
                nint read = LinuxCalls.Read(handle, bytes, destination.Length, offset);
                if (read >= 0) return (int)read;
                if (LinuxCalls.LastError() is var error and not ErrorCode.Interrupted) return error;
            }
        }
    }

    public override unsafe Result<int, ErrorCode> Write(ReadOnlySpan<byte> contents, long offset)
    {
        fixed (byte* bytes = contents)
        {
            while (true)
            {
                nint written = LinuxCalls.Write(handle, bytes, contents.Length, offset);
                if (written >= 0) return (int)written;
                if (LinuxCalls.LastError() is var error and not ErrorCode.Interrupted) return error;
            }
        }
    }

    public override Result<int, ErrorCode> Append(ReadOnlySpan<byte> contents)
    {
        while (true)
        {
            nint written = LinuxCalls.Append(handle, contents);
            if (written >= 0) return (int)written;
            ErrorCode error = LinuxCalls.LastError();
            if (error == ErrorCode.Interrupted) continue;
            if (error != ErrorCode.Unsupported) return error;

            // A file system that cannot append by itself.
            Result<NodeStat, ErrorCode> stat = Stat();
            return stat.IsError ? stat.Error : Write(contents, (long)stat.Value.Size);
        }
    }

    public override Result<Unit, ErrorCode> SetSize(long size) => LinuxCalls.Check(LinuxCalls.SetSize(handle, size));

    public override Result<Unit, ErrorCode> Sync(bool dataOnly) => LinuxCalls.Check(dataOnly ? LinuxCalls.SyncData(handle) : LinuxCalls.Sync(handle));

    public override Result<Unit, ErrorCode> Advise(long offset, long length, Advice advice)
    {
        int number = advice switch { Filesystem.Advice.Random => 1, Filesystem.Advice.Sequential => 2, _ => (int)advice };
        int error = LinuxCalls.Advise(handle, offset, length, number);
        return error == 0 ? default(Unit) : LinuxCalls.Translate(error);
    }

    public override Result<DirectoryReader, ErrorCode> ReadDirectory()
    {
        // A description of its own has a position of its own.
        int file = LinuxCalls.OpenAt(handle, ".", LinuxCalls.ReadOnly | LinuxCalls.Directory | LinuxCalls.CloseOnExec, 0);
        if (file < 0) return LinuxCalls.LastError();
        return new LinuxDirectoryReader(new SafeFileHandle(file, ownsHandle: true));
    }

    internal static unsafe Result<NodeStat, ErrorCode> StatOf(SafeFileHandle file)
    {
        LinuxCalls.StatxBuffer stat;
        if (LinuxCalls.Statx(file, &stat) < 0) return LinuxCalls.LastError();
        return new NodeStat(
            TypeOf(stat.Mode),
            stat.Links,
            stat.Size,
            Time(stat.AccessSeconds, stat.AccessNanoseconds),
            Time(stat.ModificationSeconds, stat.ModificationNanoseconds),
            Time(stat.ChangeSeconds, stat.ChangeNanoseconds),
            ((ulong)stat.DeviceMajor << 32) | stat.DeviceMinor,
            stat.Inode);
    }

    // A datetime has no time before 1970.
    private static Datetime? Time(long seconds, uint nanoseconds) => seconds < 0 ? null : new Datetime((ulong)seconds, nanoseconds);

    private static unsafe Result<Unit, ErrorCode> SetTimesOf(SafeFileHandle file, NewTimestamp access, NewTimestamp modification)
    {
        LinuxCalls.TimeSpec* times = stackalloc LinuxCalls.TimeSpec[2];
        times[0] = Time(access);
        times[1] = Time(modification);
        if (LinuxCalls.SetTimesAt(file, "", times, LinuxCalls.EmptyPath) >= 0) return default(Unit);
        if (Marshal.GetLastPInvokeError() != LinuxCalls.InvalidError) return LinuxCalls.LastError();

        // Kernels before 5.8 take no empty path here.
        return LinuxCalls.Check(LinuxCalls.SetTimesAt(LinuxCalls.CurrentDirectory, $"/proc/self/fd/{file.DangerousGetHandle()}", times, 0));
    }

    private static LinuxCalls.TimeSpec Time(NewTimestamp time)
    {
        if (time.IsNoChange) return new LinuxCalls.TimeSpec { Nanoseconds = LinuxCalls.TimeOmit };
        if (time.IsNow) return new LinuxCalls.TimeSpec { Nanoseconds = LinuxCalls.TimeNow };
        return new LinuxCalls.TimeSpec { Seconds = (long)time.Value.Seconds, Nanoseconds = time.Value.Nanoseconds };
    }

    /// <summary>Finds the directory in which a path's last component stands; the component itself need not exist.</summary>
    /// <returns>A place without a name where there was <paramref name="error"/>.</returns>
    private Place Locate(string path, out ErrorCode error)
    {
        error = default;
        string trimmed = path.TrimEnd('/');
        int slash = trimmed.LastIndexOf('/');
        string name = trimmed[(slash + 1)..];
        bool hasSlash = trimmed.Length < path.Length;
        if (name is "." or "..")
        {
            Result<NodeStat, ErrorCode> stat = StatAt(path, follow: true);
            error = stat.Error;
            return stat.IsError ? default : new Place(handle, false, name, hasSlash);
        }

        if (slash < 0) return new Place(handle, false, name, hasSlash);
        Result<SafeFileHandle, ErrorCode> parent = paths.Open(handle, trimmed[..(slash + 1)], ParentFlags, follow: true);
        error = parent.Error;
        return parent.IsError ? default : new Place(parent.Value, true, name, hasSlash);
    }

    /// <summary>A name in a directory.</summary>
    private readonly struct Place(SafeFileHandle parent, bool isOwned, string? name, bool hasSlash) : IDisposable
    {
        public SafeFileHandle Parent => parent;

        public string? Name => name;

        public bool HasSlash => hasSlash;

        /// <summary>Whether the name is <c>.</c> or <c>..</c>: a directory that is there, and that nothing can be done to by that name.</summary>
        public bool IsDots => name is "." or "..";

        /// <summary>For calls that take a slash as "a directory", and do not follow a link because of it.</summary>
        public string WithSlash => hasSlash ? name + "/" : name!;

        public void Dispose()
        {
            if (isOwned) parent.Dispose();
        }
    }
}
