using System.Diagnostics.CodeAnalysis;

using Chain.Wasm.Execution.Managed.Compilation;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>Makes and throws the traps of compiled code.</summary>
/// <remarks>
/// The methods that throw are not marked as non-inlined on purpose: only of a method into which it may look does the JIT find out that it
/// never returns, and then it keeps the call in a cold block around which no register is saved. It does not inline a method that just throws.
/// </remarks>
internal static class Trap
{
    /// <exception cref="WasmTrapException">Always: integer overflow.</exception>
    [DoesNotReturn]
    public static void IntegerOverflow() => throw new WasmTrapException(TrapKind.IntegerOverflow);

    /// <exception cref="WasmTrapException">Always: invalid conversion to integer (of a NaN).</exception>
    [DoesNotReturn]
    public static void InvalidConversionToInteger() => throw new WasmTrapException(TrapKind.InvalidConversionToInteger);

    [DoesNotReturn]
    public static void CastFailure() => throw new WasmTrapException(TrapKind.CastFailure);

    [DoesNotReturn]
    public static void NullReference() => throw new WasmTrapException(TrapKind.NullReference);

    // Compiled code calls these in a cold block and throws what they return.
    public static Exception MakeMemoryOutOfBounds() => new WasmTrapException(TrapKind.MemoryOutOfBounds);

    public static Exception MakeNullFunctionReference() => new WasmTrapException(TrapKind.NullFunctionReference);

    public static Exception MakeUnreachable() => new WasmTrapException(TrapKind.Unreachable);

    /// <summary>What it means that a function found no stack left: a deadline that has passed takes it all away.</summary>
    public static Exception MakeNoStack(ManagedInstance instance) =>
        new WasmTrapException(instance.OwnStore.IsInterrupted ? TrapKind.Deadline : TrapKind.StackOverflow);

    public static Exception MakeTooLarge(ManagedInstance instance, int function) => new WasmLimitException(
        $"{instance.CompiledModule.Module.DisplayName}: {instance.OwnCode.Context.Describe((uint)function)} is too large to compile: "
        + CilEstimate.Limits);

    public static Exception MakeOutOfFuel() => new WasmTrapException(TrapKind.OutOfFuel);
}
