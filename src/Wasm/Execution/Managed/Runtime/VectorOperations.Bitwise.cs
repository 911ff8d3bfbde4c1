using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Chain.Wasm.Execution.Managed.Runtime;

// Whole-vector logic, and vectors reduced to an i32.
internal static partial class VectorOperations
{
    [MethodImpl(Inline)]
    public static V128 V128Not(V128 a) => ~a;

    [MethodImpl(Inline)]
    public static V128 V128And(V128 a, V128 b) => a & b;

    [MethodImpl(Inline)]
    public static V128 V128Andnot(V128 a, V128 b) => Vector128.AndNot(a, b);

    [MethodImpl(Inline)]
    public static V128 V128Or(V128 a, V128 b) => a | b;

    [MethodImpl(Inline)]
    public static V128 V128Xor(V128 a, V128 b) => a ^ b;

    /// <summary>The bits of a where <paramref name="mask"/> has a 1, those of b where it has a 0.</summary>
    [MethodImpl(Inline)]
    public static V128 V128Bitselect(V128 a, V128 b, V128 mask) => Vector128.ConditionalSelect(mask, a, b);

    [MethodImpl(Inline)]
    public static int V128AnyTrue(V128 a) => a != V128.Zero ? 1 : 0;

    [MethodImpl(Inline)]
    public static int I8x16AllTrue(V128 a) => Vector128.EqualsAny(a, Vector128<byte>.Zero) ? 0 : 1;

    [MethodImpl(Inline)]
    public static int I16x8AllTrue(V128 a) => Vector128.EqualsAny(a.AsUInt16(), Vector128<ushort>.Zero) ? 0 : 1;

    [MethodImpl(Inline)]
    public static int I32x4AllTrue(V128 a) => Vector128.EqualsAny(a.AsUInt32(), Vector128<uint>.Zero) ? 0 : 1;

    [MethodImpl(Inline)]
    public static int I64x2AllTrue(V128 a) => Vector128.EqualsAny(a.AsUInt64(), Vector128<ulong>.Zero) ? 0 : 1;

    [MethodImpl(Inline)]
    public static int I8x16Bitmask(V128 a) => (int)Vector128.ExtractMostSignificantBits(a);

    [MethodImpl(Inline)]
    public static int I16x8Bitmask(V128 a) => (int)Vector128.ExtractMostSignificantBits(a.AsUInt16());

    [MethodImpl(Inline)]
    public static int I32x4Bitmask(V128 a) => (int)Vector128.ExtractMostSignificantBits(a.AsUInt32());

    [MethodImpl(Inline)]
    public static int I64x2Bitmask(V128 a) => (int)Vector128.ExtractMostSignificantBits(a.AsUInt64());
}
