using System.Runtime.InteropServices;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>What compiled code reads of its store at every call and loop: native, so that it needs no barrier and never moves.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeContext
{
    /// <summary>A limit that is above every stack, and leaves room to add to it.</summary>
    public static readonly nuint NoStack = nuint.MaxValue / 2;

    /// <summary>
    /// The lowest address to which the stack may grow; <see cref="NoStack"/> while no guest code may run: outside of calls, and past the deadline.
    /// </summary>
    public nuint StackLimit;

    /// <summary>The limit of the call that is under way, whatever its deadline; zero outside of calls.</summary>
    public nuint RunningLimit;

    /// <summary>What is left of the fuel.</summary>
    public long Fuel;

    /// <summary>Results past the first one, 16 bytes each; references are in <see cref="ManagedStore.ReferenceResults"/>.</summary>
    public byte* Results;

    public static readonly int StackLimitOffset = (int)Marshal.OffsetOf<NativeContext>(nameof(StackLimit));
    public static readonly int FuelOffset = (int)Marshal.OffsetOf<NativeContext>(nameof(Fuel));
    public static readonly int ResultsOffset = (int)Marshal.OffsetOf<NativeContext>(nameof(Results));
}
