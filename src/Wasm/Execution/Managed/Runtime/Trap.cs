using System.Diagnostics.CodeAnalysis;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>Throws the traps of the operations that compiled code calls.</summary>
/// <remarks>
/// Not marked as non-inlined on purpose: only of a method into which it may look does the JIT find out that it never returns, and then
/// it keeps the call in a cold block around which no register is saved. It does not inline a method that just throws.
/// </remarks>
internal static class Trap
{
    /// <exception cref="WasmTrapException">Always: integer overflow.</exception>
    [DoesNotReturn]
    public static void IntegerOverflow() => throw new WasmTrapException(TrapKind.IntegerOverflow);

    /// <exception cref="WasmTrapException">Always: invalid conversion to integer (of a NaN).</exception>
    [DoesNotReturn]
    public static void InvalidConversionToInteger() => throw new WasmTrapException(TrapKind.InvalidConversionToInteger);
}
