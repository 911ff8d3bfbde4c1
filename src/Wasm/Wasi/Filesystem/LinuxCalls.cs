using System.Runtime.InteropServices;
using Chain.Wasm.Components.Hosting;
using Microsoft.Win32.SafeHandles;

namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>
/// The system calls of Linux that work beneath a directory, on x86-64 and 64-bit Arm. Those that not every C library has go by number. All set the
/// last P/Invoke error, but <see cref="Advise"/>.
/// </summary>
internal static unsafe partial class LinuxCalls
{
    public const int CurrentDirectory = -100;
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int NoControllingTerminal = 0x100;
    public const int Truncate = 0x200;
    public const int NonBlocking = 0x800;
    public const int DataSync = 0x1000;
    public const int FileSync = 0x101000;
    public const int CloseOnExec = 0x80000;
    public const int PathOnly = 0x200000;

    public const ulong ResolveNoMagicLinks = 2;
    public const ulong ResolveBeneath = 8;

    public const int SymlinkNoFollow = 0x100;
    public const int RemoveDirectory = 0x200;
    public const int EmptyPath = 0x1000;

    public const int TimeNow = (1 << 30) - 1;
    public const int TimeOmit = (1 << 30) - 2;

    private const int WriteAtEnd = 0x10;
    private const int BasicStats = 0x7FF;

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public static readonly int Directory = IsArm ? 0x4000 : 0x10000;
    public static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;

    private static readonly nint OpenAt2Number = 437;
    private static readonly nint StatxNumber = IsArm ? 291 : 332;
    private static readonly nint GetEntriesNumber = IsArm ? 61 : 217;
    private static readonly nint VectorWriteNumber = IsArm ? 287 : 328;

    public static int OpenAt2(SafeFileHandle directory, string path, int flags, uint mode, ulong resolve)
    {
        var how = new OpenHow { Flags = (ulong)flags, Mode = mode, Resolve = resolve };
        return (int)OpenAt2(OpenAt2Number, directory, path, &how, sizeof(OpenHow));
    }

    public static int Statx(SafeFileHandle file, StatxBuffer* buffer) => (int)Statx(StatxNumber, file, "", EmptyPath, BasicStats, buffer);

    public static int GetEntries(SafeFileHandle directory, Span<byte> buffer)
    {
        fixed (byte* bytes = buffer) return (int)GetEntries(GetEntriesNumber, directory, bytes, buffer.Length);
    }

    public static nint Append(SafeFileHandle file, ReadOnlySpan<byte> contents)
    {
        fixed (byte* bytes = contents)
        {
            var vector = new IoVector { Base = bytes, Length = contents.Length };
            return VectorWrite(VectorWriteNumber, file, &vector, 1, 0, 0, WriteAtEnd);
        }
    }

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OpenAt(int directory, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OpenAt(SafeFileHandle directory, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeDirectoryAt(SafeFileHandle directory, string path, uint mode);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int UnlinkAt(SafeFileHandle directory, string path, int flags);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RenameAt(SafeFileHandle directory, string path, SafeFileHandle newDirectory, string newPath);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int LinkAt(SafeFileHandle directory, string path, SafeFileHandle newDirectory, string newPath, int flags);

    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SymlinkAt(string contents, SafeFileHandle directory, string path);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ReadlinkAt(SafeFileHandle directory, string path, byte* buffer, nint length);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetTimesAt(SafeFileHandle directory, string path, TimeSpec* times, int flags);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetTimesAt(int directory, string path, TimeSpec* times, int flags);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    public static partial nint Read(SafeFileHandle file, byte* buffer, nint length, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    public static partial nint Write(SafeFileHandle file, byte* buffer, nint length, long offset);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int SetSize(SafeFileHandle file, long size);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int SyncData(SafeFileHandle file);

    /// <summary>Gives the error itself, or 0.</summary>
    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    public static partial int Advise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint OpenAt2(nint number, SafeFileHandle directory, string path, OpenHow* how, nint size);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Statx(nint number, SafeFileHandle file, string path, nint flags, nint mask, StatxBuffer* buffer);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint GetEntries(nint number, SafeFileHandle directory, byte* buffer, nint length);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint VectorWrite(
        nint number, SafeFileHandle file, IoVector* vectors, nint count, nint offsetLow, nint offsetHigh, nint flags);

    /// <summary>The last error of this thread, as guests know it.</summary>
    public static ErrorCode LastError() => Translate(Marshal.GetLastPInvokeError());

    /// <summary>Success, or the last error where a call gave less than 0.</summary>
    public static Result<Unit, ErrorCode> Check(int result) => result < 0 ? LastError() : default(Unit);

    public static ErrorCode Translate(int error) => error switch
    {
        1 => ErrorCode.NotPermitted,
        2 => ErrorCode.NoEntry,
        4 => ErrorCode.Interrupted,
        6 => ErrorCode.NoSuchDevice,
        9 => ErrorCode.BadDescriptor,
        AgainError => ErrorCode.WouldBlock,
        12 => ErrorCode.InsufficientMemory,
        13 => ErrorCode.Access,
        16 => ErrorCode.Busy,
        17 => ErrorCode.Exist,
        CrossDeviceError => ErrorCode.CrossDevice,
        19 => ErrorCode.NoDevice,
        NotDirectoryError => ErrorCode.NotDirectory,
        21 => ErrorCode.IsDirectory,
        InvalidError => ErrorCode.Invalid,
        23 or 24 => ErrorCode.Quota,
        25 => ErrorCode.NoTty,
        26 => ErrorCode.TextFileBusy,
        27 => ErrorCode.FileTooLarge,
        28 => ErrorCode.InsufficientSpace,
        29 => ErrorCode.InvalidSeek,
        30 => ErrorCode.ReadOnly,
        31 => ErrorCode.TooManyLinks,
        32 => ErrorCode.Pipe,
        35 => ErrorCode.Deadlock,
        36 => ErrorCode.NameTooLong,
        37 => ErrorCode.NoLock,
        38 or NotSupportedError => ErrorCode.Unsupported,
        39 => ErrorCode.NotEmpty,
        LoopError => ErrorCode.Loop,
        75 => ErrorCode.Overflow,
        84 => ErrorCode.IllegalByteSequence,
        122 => ErrorCode.Quota,
        _ => ErrorCode.Io,
    };

    public const int InterruptedError = 4;
    public const int AgainError = 11;
    public const int CrossDeviceError = 18;
    public const int NotDirectoryError = 20;
    public const int InvalidError = 22;
    public const int LoopError = 40;
    public const int NotSupportedError = 95;

    /// <summary>A <c>struct timespec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    /// <summary>What of <c>struct statx</c> is used.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct StatxBuffer
    {
        [FieldOffset(16)]
        public uint Links;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(40)]
        public ulong Size;

        [FieldOffset(64)]
        public long AccessSeconds;

        [FieldOffset(72)]
        public uint AccessNanoseconds;

        [FieldOffset(96)]
        public long ChangeSeconds;

        [FieldOffset(104)]
        public uint ChangeNanoseconds;

        [FieldOffset(112)]
        public long ModificationSeconds;

        [FieldOffset(120)]
        public uint ModificationNanoseconds;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct IoVector
    {
        public byte* Base;
        public nint Length;
    }
}
