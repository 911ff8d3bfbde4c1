using System.Runtime.InteropServices;
using System.Text;
using Chain.Wasm.Components.Hosting;
using Microsoft.Win32.SafeHandles;

namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>
/// Resolves guests' paths beneath a directory: <c>openat2</c> with <c>RESOLVE_BENEATH</c> where the kernel has it (5.6), otherwise a walk that opens
/// one component after another and follows no link that it has not read itself (path-resolution.md of wasi-filesystem). Neither can be raced out.
/// </summary>
internal sealed class LinuxPaths
{
    private const int MaxLinks = 40;
    private const int Attempts = 64;
    private const int MaxLinkBytes = 4096;

    // Each directory on the way is a descriptor of the process while the walk lasts.
    private const int MaxDepth = 256;

    private readonly bool isInKernel;

    private LinuxPaths(bool isInKernel) => this.isInKernel = isInKernel;

    /// <summary>The one that walks.</summary>
    public static LinuxPaths Walking { get; } = new(false);

    /// <summary>The kernel's, or the one that walks where the kernel, or a filter of system calls, does not let it.</summary>
    public static LinuxPaths Best { get; } = Probe();

    /// <summary>Opens what a path leads to.</summary>
    /// <param name="follow">Whether a symbolic link at its end is followed; otherwise <see cref="LinuxCalls.PathOnly"/> opens the link itself.</param>
    public Result<SafeFileHandle, ErrorCode> Open(SafeFileHandle directory, string path, int flags, bool follow, uint mode = 0)
    {
        flags |= LinuxCalls.CloseOnExec;
        if (!isInKernel) return Walk(directory, path, flags, follow, mode);
        int how = follow ? flags : flags | LinuxCalls.NoFollow;
        for (int i = 0; i < Attempts; i++)
        {
            int file = LinuxCalls.OpenAt2(directory, path, how, mode, LinuxCalls.ResolveBeneath | LinuxCalls.ResolveNoMagicLinks);
            if (file >= 0) return new SafeFileHandle(file, ownsHandle: true);
            int error = Marshal.GetLastPInvokeError();
            if (error == LinuxCalls.CrossDeviceError) return ErrorCode.NotPermitted;
            if (error is not (LinuxCalls.AgainError or LinuxCalls.InterruptedError)) return LinuxCalls.Translate(error);
        }

        // The kernel gives up on ".." while others rename; a walk holds the way back itself.
        return Walk(directory, path, flags, follow, mode);
    }

    private static LinuxPaths Probe()
    {
        int here = LinuxCalls.OpenAt(LinuxCalls.CurrentDirectory, "/", LinuxCalls.PathOnly | LinuxCalls.CloseOnExec, 0);
        if (here < 0) return Walking;
        using var root = new SafeFileHandle(here, ownsHandle: true);
        int file = LinuxCalls.OpenAt2(root, ".", LinuxCalls.PathOnly | LinuxCalls.CloseOnExec, 0, LinuxCalls.ResolveBeneath | LinuxCalls.ResolveNoMagicLinks);
        if (file < 0) return Walking;
        new SafeFileHandle(file, ownsHandle: true).Dispose();
        return new LinuxPaths(true);
    }

    private static Result<SafeFileHandle, ErrorCode> Walk(SafeFileHandle start, string path, int flags, bool follow, uint mode)
    {
        // The way from the start to here; ".." goes back along it, and nowhere else.
        var way = new Stack<SafeFileHandle>();
        var left = new Stack<string>();
        bool wantsDirectory = Push(left, path);
        int links = 0, swaps = 0;
        try
        {
            while (left.TryPop(out string? name))
            {
                if (name == ".") continue;
                SafeFileHandle here = way.Count > 0 ? way.Peek() : start;
                if (name == "..")
                {
                    if (!way.TryPop(out SafeFileHandle? last)) return ErrorCode.NotPermitted;
                    last.Dispose();
                    continue;
                }

                bool isLast = left.Count == 0 && !wantsDirectory;
                int error = 0;
                if (isLast)
                {
                    Result<SafeFileHandle, int> end = OpenOne(here, name, flags, mode);
                    if (!end.IsError && !(follow && (flags & LinuxCalls.PathOnly) != 0 && TypeOf(end.Value) == DescriptorType.SymbolicLink)) return end.Value;
                    error = end.Error;
                    if (!end.IsError) end.Value.Dispose();
                    else if (!follow || error is not (LinuxCalls.LoopError or LinuxCalls.NotDirectoryError)) return LinuxCalls.Translate(error);
                }

                // What it is, and what it says if it is a link, of one and the same object.
                Result<SafeFileHandle, int> opened = OpenOne(here, name, LinuxCalls.PathOnly | LinuxCalls.CloseOnExec, 0);
                if (opened.IsError) return LinuxCalls.Translate(opened.Error);
                DescriptorType type = TypeOf(opened.Value);
                if (type == DescriptorType.Directory && !isLast)
                {
                    way.Push(opened.Value);
                    if (way.Count > MaxDepth) return ErrorCode.NameTooLong;
                    continue;
                }

                using SafeFileHandle found = opened.Value;
                if (type != DescriptorType.SymbolicLink)
                {
                    // Where it was a link a moment ago, it has been swapped: once more.
                    bool wasLink = isLast && (error != LinuxCalls.NotDirectoryError || type == DescriptorType.Directory);
                    if (!wasLink || ++swaps > Attempts) return wasLink ? ErrorCode.Loop : ErrorCode.NotDirectory;
                    left.Push(name);
                    continue;
                }

                Result<string, ErrorCode> contents = ReadLink(found, "");
                if (contents.IsError) return contents.Error;
                if (contents.Value.StartsWith('/')) return ErrorCode.NotPermitted;
                if (++links > MaxLinks) return ErrorCode.Loop;
                bool endsInDirectory = Push(left, contents.Value);
                wantsDirectory |= isLast && endsInDirectory;
            }

            if ((flags & LinuxCalls.Create) != 0 && wantsDirectory) return ErrorCode.IsDirectory;
            Result<SafeFileHandle, int> directory = OpenOne(way.Count > 0 ? way.Peek() : start, ".", flags, mode);
            return directory.IsError ? LinuxCalls.Translate(directory.Error) : directory.Value;
        }
        finally
        {
            foreach (SafeFileHandle held in way) held.Dispose();
        }
    }

    /// <summary>Puts a path's components on top.</summary>
    /// <returns>Whether it ends with a slash, as only a directory's may.</returns>
    private static bool Push(Stack<string> left, string path)
    {
        string[] names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int i = names.Length - 1; i >= 0; i--) left.Push(names[i]);
        return path.EndsWith('/');
    }

    private static Result<SafeFileHandle, int> OpenOne(SafeFileHandle directory, string name, int flags, uint mode)
    {
        while (true)
        {
            int file = LinuxCalls.OpenAt(directory, name, flags | LinuxCalls.NoFollow, mode);
            if (file >= 0) return new SafeFileHandle(file, ownsHandle: true);
            int error = Marshal.GetLastPInvokeError();
            if (error != LinuxCalls.InterruptedError) return error;
        }
    }

    private static DescriptorType TypeOf(SafeFileHandle file)
    {
        Result<NodeStat, ErrorCode> stat = LinuxNode.StatOf(file);
        return stat.IsError ? DescriptorType.Unknown : stat.Value.Type;
    }

    /// <summary>What a symbolic link says; <see cref="ErrorCode.Invalid"/> when it is none.</summary>
    /// <param name="directory">Where it stands; or the link itself, and an empty name.</param>
    /// <param name="name">A single component.</param>
    public static unsafe Result<string, ErrorCode> ReadLink(SafeFileHandle directory, string name)
    {
        Span<byte> buffer = stackalloc byte[MaxLinkBytes];
        nint length;
        fixed (byte* bytes = buffer) length = LinuxCalls.ReadlinkAt(directory, name, bytes, buffer.Length);
        if (length < 0) return LinuxCalls.LastError();
        if (length == buffer.Length) return ErrorCode.NameTooLong;
        try
        {
            return Descriptor.StrictUtf8.GetString(buffer[..(int)length]);
        }
        catch (DecoderFallbackException)
        {
            return ErrorCode.IllegalByteSequence;
        }
    }
}
