using System.Runtime.InteropServices;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>Where the current thread's native stack ends.</summary>
internal static unsafe partial class ThreadStack
{
    // Where the system does not tell, this much below the first question is taken to be there; .NET's own threads have more.
    private const nuint Assumed = 512 * 1024;

    [ThreadStatic]
    private static nuint low;

    /// <summary>The lowest address of the current thread's stack.</summary>
    public static nuint Low => low != 0 ? low : low = Find();

    private static nuint Find()
    {
        byte here;
        nuint assumed = (nuint)(&here) - Assumed;
        try
        {
            if (OperatingSystem.IsLinux()) return FindOnLinux(assumed);
            if (OperatingSystem.IsWindows())
            {
                GetCurrentThreadStackLimits(out nuint lowest, out _);
                return lowest;
            }

            if (OperatingSystem.IsMacOS())
            {
                nint self = CurrentThread();
                return StackAddress(self) - StackSize(self);
            }
        }
        catch (EntryPointNotFoundException)
        {
            // An unusual C library; the assumption below is on the safe side.
        }

        return assumed;
    }

    private static nuint FindOnLinux(nuint assumed)
    {
        // Larger than pthread_attr_t of any C library.
        byte* attributes = stackalloc byte[256];
        if (GetAttributes(CurrentThread(), attributes) != 0) return assumed;
        int failed = GetStack(attributes, out nuint address, out _);
        DestroyAttributes(attributes);
        return failed == 0 ? address : assumed;
    }

    [LibraryImport("libc", EntryPoint = "pthread_self")]
    private static partial nint CurrentThread();

    [LibraryImport("libc", EntryPoint = "pthread_getattr_np")]
    private static partial int GetAttributes(nint thread, byte* attributes);

    [LibraryImport("libc", EntryPoint = "pthread_attr_getstack")]
    private static partial int GetStack(byte* attributes, out nuint address, out nuint size);

    [LibraryImport("libc", EntryPoint = "pthread_attr_destroy")]
    private static partial int DestroyAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "pthread_get_stackaddr_np")]
    private static partial nuint StackAddress(nint thread);

    [LibraryImport("libc", EntryPoint = "pthread_get_stacksize_np")]
    private static partial nuint StackSize(nint thread);

    [LibraryImport("kernel32")]
    private static partial void GetCurrentThreadStackLimits(out nuint low, out nuint high);
}
