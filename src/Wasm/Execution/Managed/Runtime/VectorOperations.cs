using System.Runtime.CompilerServices;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>
/// The vector instructions as methods that compiled code calls (core specification, "Numerics" and "Vector Instructions"), one for each
/// and named as in <see cref="Binary.Opcode"/>. They have no state and no side effect and are safe on any thread.
/// </summary>
/// <remarks>
/// A v128 is a vector of its 16 bytes, lane 0 first; lane immediates come last and must be in range. The loads and stores are here
/// without their memory access. Every method gives the same bits on every processor, but for the sign and payload of NaNs where the
/// specification leaves them open. Reached through constants, the JIT folds <c>x*1</c>, <c>x/1</c>, <c>x-0</c> and <c>x+(-0)</c> to
/// <c>x</c>, which leaves a signalling NaN as it is.
/// </remarks>
internal static partial class VectorOperations
{
    // All methods are small once the JIT has dropped the branches for other processors, and a call would pass vectors through memory.
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
}
