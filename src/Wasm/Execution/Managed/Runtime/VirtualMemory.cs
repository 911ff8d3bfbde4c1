using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>
/// Address space that is reserved once and committed as a memory grows, so that its base never moves. Linux and macOS through
/// <c>mmap</c>, Windows through <c>VirtualAlloc</c>.
/// </summary>
internal static unsafe partial class VirtualMemory
{
    private const int ProtNone = 0;
    private const int ProtReadWrite = 3;
    private const int MapPrivate = 0x02;
    private const int MapFixed = 0x10;
    private const int MadviseDontNeed = 4;
    private const uint MemCommit = 0x1000;
    private const uint MemReserve = 0x2000;
    private const uint MemDecommit = 0x4000;
    private const uint MemRelease = 0x8000;
    private const uint PageNoAccess = 1;
    private const uint PageReadWrite = 4;

    private static readonly int MapAnonymousNoReserve = OperatingSystem.IsMacOS() ? 0x1000 | 0x40 : 0x20 | 0x4000;

    /// <summary>The operating system's page size in bytes.</summary>
    public static nuint PageSize { get; } = (nuint)Environment.SystemPageSize;

    public static nuint RoundUp(nuint bytes) => (bytes + PageSize - 1) & ~(PageSize - 1);

    /// <summary>Reserves address space that nothing can be read from or written to.</summary>
    /// <exception cref="WasmLimitException">There is none of that size left.</exception>
    public static nint Reserve(nuint bytes)
    {
        if (OperatingSystem.IsWindows())
        {
            nint reserved = VirtualAlloc(0, bytes, MemReserve, PageNoAccess);
            return reserved != 0 ? reserved : throw NoSpace(bytes);
        }

        nint at = MemoryMap(0, bytes, ProtNone, MapPrivate | MapAnonymousNoReserve, -1, 0);
        return at != -1 ? at : throw NoSpace(bytes);
    }

    /// <summary>Makes reserved pages usable; they are zero. False where the system has no memory.</summary>
    public static bool Commit(nint address, nuint bytes)
    {
        if (bytes == 0) return true;
        return OperatingSystem.IsWindows()
            ? VirtualAlloc(address, bytes, MemCommit, PageReadWrite) != 0
            : MemoryProtect(address, bytes, ProtReadWrite) == 0;
    }

    /// <summary>Takes committed pages back: what was in them is gone and they cannot be used.</summary>
    public static void Decommit(nint address, nuint bytes)
    {
        if (bytes == 0) return;
        bool done = OperatingSystem.IsWindows()
            ? VirtualFree(address, bytes, MemDecommit)
            : MemoryMap(address, bytes, ProtNone, MapPrivate | MapAnonymousNoReserve | MapFixed, -1, 0) == address;
        if (!done) throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>Gives committed pages their first content back: zeros, or the file that is mapped there.</summary>
    public static void Discard(nint address, nuint bytes)
    {
        if (bytes == 0) return;
        // Only Linux promises that the next read finds the first content.
        if (OperatingSystem.IsLinux() && MemoryAdvise(address, bytes, MadviseDontNeed) == 0) return;
        NativeMemory.Clear((void*)address, bytes);
    }

    public static void Release(nint address, nuint bytes)
    {
        if (OperatingSystem.IsWindows()) VirtualFree(address, 0, MemRelease);
        else MemoryUnmap(address, bytes);
    }

    /// <summary>Whether <see cref="CreateImage"/> and <see cref="MapImage"/> can be used.</summary>
    public static bool HasImages { get; } = OperatingSystem.IsLinux();

    /// <summary>A file in memory with the given content; -1 where the system gives none.</summary>
    public static int CreateImage(ReadOnlySpan<byte> content)
    {
        int file = MemoryFileCreate("chain-memory-image", 1);
        if (file < 0) return -1;
        while (!content.IsEmpty)
        {
            nint written;
            fixed (byte* bytes = content) written = Write(file, bytes, (nuint)content.Length);
            if (written <= 0)
            {
                Close(file);
                return -1;
            }

            content = content[(int)written..];
        }

        return file;
    }

    /// <summary>Maps an image over reserved pages; writes to them stay private.</summary>
    public static bool MapImage(nint address, nuint bytes, int file) =>
        MemoryMap(address, bytes, ProtReadWrite, MapPrivate | MapFixed, file, 0) == address;

    public static void CloseImage(int file) => Close(file);

    private static WasmLimitException NoSpace(nuint bytes) => new($"no address space left for a memory of {bytes} bytes");

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint MemoryMap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int MemoryUnmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int MemoryProtect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MemoryAdvise(nint address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemoryFileCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int file, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial nint VirtualAlloc(nint address, nuint size, uint allocationType, uint protect);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool VirtualFree(nint address, nuint size, uint freeType);
}
