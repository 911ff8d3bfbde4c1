using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>Carries an exception of the host through guest code, which must not take it for a trap.</summary>
internal sealed class HostCallException(Exception inner) : Exception("a host function failed", inner);

/// <summary>Where control passes between host and guest: CLR exceptions that compiled code relies on become traps.</summary>
internal static class Boundary
{
    /// <summary>Leaves guest code with what an exception means to the host.</summary>
    [DoesNotReturn]
    public static void Throw(Exception exception, ManagedFunction entered)
    {
        if (exception is HostCallException { InnerException: { } inner }) ExceptionDispatchInfo.Throw(inner);
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

    /// <summary>Whether an exception that leaves a host function is the host's own: what a guest did, further in, goes on as it is.</summary>
    public static int IsOfTheHost(object exception) => exception is WasmException ? 0 : 1;

    /// <summary>Leaves host code into guest code with an exception of the host's.</summary>
    [DoesNotReturn]
    public static void ThrowIntoGuest(object exception) => throw new HostCallException((Exception)exception);
}
