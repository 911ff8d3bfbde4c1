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
        int links = 0;
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
                Result<SafeFileHandle, int> opened = isLast
                    ? OpenOne(here, name, flags, mode)
                    : OpenOne(here, name, LinuxCalls.PathOnly | LinuxCalls.Directory | LinuxCalls.CloseOnExec, 0);
                if (!opened.IsError)
                {
                    if (!isLast)
                    {
                        way.Push(opened.Value);
                        continue;
                    }

                    if (!follow || (flags & LinuxCalls.PathOnly) == 0 || !IsLink(opened.Value)) return opened.Value;
                    opened.Value.Dispose();
                }
                else if (opened.Error is not (LinuxCalls.LoopError or LinuxCalls.NotDirectoryError))
                {
                    return LinuxCalls.Translate(opened.Error);
                }

                // It may be a link; if it is one no more, the first answer stands.
                Result<string, ErrorCode> contents = ReadLink(here, name);
                if (contents.IsError) return contents.Error == ErrorCode.Invalid && opened.IsError ? LinuxCalls.Translate(opened.Error) : contents.Error;
                if (isLast && !follow) return opened.IsError ? LinuxCalls.Translate(opened.Error) : ErrorCode.Loop;
                if (contents.Value.StartsWith('/')) return ErrorCode.NotPermitted;
                if (++links > MaxLinks) return ErrorCode.Loop;
                bool endsInDirectory = Push(left, contents.Value);
                wantsDirectory |= isLast && endsInDirectory;
            }

            if ((flags & LinuxCalls.Create) != 0 && wantsDirectory) return ErrorCode.IsDirectory;
            Result<SafeFileHandle, int> end = OpenOne(way.Count > 0 ? way.Peek() : start, ".", flags, mode);
            return end.IsError ? LinuxCalls.Translate(end.Error) : end.Value;
        }
        finally
        {
            foreach (SafeFileHandle directory in way) directory.Dispose();
        }
    }

    /// <summary>Puts a path's components on top.</summary>
    /// <returns>Whether it ends with a slash, or in a name that only a directory has.</returns>
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

    private static unsafe bool IsLink(SafeFileHandle file)
    {
        LinuxCalls.StatxBuffer stat;
        return LinuxCalls.Statx(file, &stat) >= 0 && LinuxNode.TypeOf(stat.Mode) == DescriptorType.SymbolicLink;
    }

    /// <summary>What a symbolic link says; <see cref="ErrorCode.Invalid"/> when it is none.</summary>
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
