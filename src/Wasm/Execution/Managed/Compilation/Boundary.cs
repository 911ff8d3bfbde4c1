using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>Where control passes between host and guest: CLR exceptions that compiled code relies on become traps.</summary>
/// <remarks>
/// An exception of the host, or a trap, passes through any number of guests and host functions without being caught: a handler that throws
/// again leaves what it used of the stack until the outermost one is through, and a guest that calls itself through the host can make
/// enough of them to end the process.
/// </remarks>
internal static class Boundary
{
    /// <summary>Leaves guest code with what an exception means to the host.</summary>
    [DoesNotReturn]
    public static void Throw(Exception exception, ManagedFunction entered)
    {
        if (ReferenceEquals(exception, entered.OwnStore.HostException)) ExceptionDispatchInfo.Throw(exception);
        throw exception switch
        {
            DivideByZeroException => new WasmTrapException(TrapKind.IntegerDivideByZero, exception),
            OverflowException when entered.OwnStore.IsInterrupted => new WasmTrapException(TrapKind.Deadline),
            // Bounds checks by overflow; integer overflow itself is checked for.
            OverflowException => new WasmTrapException(TrapKind.MemoryOutOfBounds, exception),
            IndexOutOfRangeException => new WasmTrapException(TrapKind.UndefinedElement, exception),
            NullReferenceException => new WasmTrapException(TrapKind.UninitializedElement, exception),
            OutOfMemoryException => new WasmTrapException(TrapKind.AllocationTooLarge, exception),
            // The JIT refuses what is past its own limits.
            InvalidProgramException => new WasmLimitException($"{entered.Describe()} cannot be compiled by the runtime: {exception.Message}"),
            _ => new InvalidOperationException($"compiled code failed: {exception.Message}", exception),
        };
    }
}
