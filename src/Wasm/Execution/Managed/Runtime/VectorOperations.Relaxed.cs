using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Chain.Wasm.Execution.Managed.Runtime;

// The relaxed instructions. Each does what the specification's deterministic profile prescribes, so that a recorded call gives the same
// result when it is run again on another machine: multiply-add rounds twice, everything else is the strict instruction.
internal static partial class VectorOperations
{
    [MethodImpl(Inline)]
    public static V128 I8x16RelaxedSwizzle(V128 a, V128 lanes) => I8x16Swizzle(a, lanes);

    [MethodImpl(Inline)]
    public static V128 I32x4RelaxedTruncF32x4S(V128 a) => I32x4TruncSatF32x4S(a);

    [MethodImpl(Inline)]
    public static V128 I32x4RelaxedTruncF32x4U(V128 a) => I32x4TruncSatF32x4U(a);

    [MethodImpl(Inline)]
    public static V128 I32x4RelaxedTruncF64x2SZero(V128 a) => I32x4TruncSatF64x2SZero(a);

    [MethodImpl(Inline)]
    public static V128 I32x4RelaxedTruncF64x2UZero(V128 a) => I32x4TruncSatF64x2UZero(a);

    [MethodImpl(Inline)]
    public static V128 F32x4RelaxedMadd(V128 a, V128 b, V128 c) => F32x4Add(F32x4Mul(a, b), c);

    [MethodImpl(Inline)]
    public static V128 F32x4RelaxedNmadd(V128 a, V128 b, V128 c) => F32x4Add(F32x4Mul(F32x4Neg(a), b), c);

    [MethodImpl(Inline)]
    public static V128 F64x2RelaxedMadd(V128 a, V128 b, V128 c) => F64x2Add(F64x2Mul(a, b), c);

    [MethodImpl(Inline)]
    public static V128 F64x2RelaxedNmadd(V128 a, V128 b, V128 c) => F64x2Add(F64x2Mul(F64x2Neg(a), b), c);

    [MethodImpl(Inline)]
    public static V128 I8x16RelaxedLaneselect(V128 a, V128 b, V128 mask) => V128Bitselect(a, b, mask);

    [MethodImpl(Inline)]
    public static V128 I16x8RelaxedLaneselect(V128 a, V128 b, V128 mask) => V128Bitselect(a, b, mask);

    [MethodImpl(Inline)]
    public static V128 I32x4RelaxedLaneselect(V128 a, V128 b, V128 mask) => V128Bitselect(a, b, mask);

    [MethodImpl(Inline)]
    public static V128 I64x2RelaxedLaneselect(V128 a, V128 b, V128 mask) => V128Bitselect(a, b, mask);

    [MethodImpl(Inline)]
    public static V128 F32x4RelaxedMin(V128 a, V128 b) => F32x4Min(a, b);

    [MethodImpl(Inline)]
    public static V128 F32x4RelaxedMax(V128 a, V128 b) => F32x4Max(a, b);

    [MethodImpl(Inline)]
    public static V128 F64x2RelaxedMin(V128 a, V128 b) => F64x2Min(a, b);

    [MethodImpl(Inline)]
    public static V128 F64x2RelaxedMax(V128 a, V128 b) => F64x2Max(a, b);

    [MethodImpl(Inline)]
    public static V128 I16x8RelaxedQ15mulrS(V128 a, V128 b) => I16x8Q15mulrSatS(a, b);

    /// <summary>The saturating sums of the products of neighbouring lanes, with both operands signed.</summary>
    [MethodImpl(Inline)]
    public static V128 I16x8RelaxedDotI8x16I7x16S(V128 a, V128 b)
    {
        Vector128<short> x = a.AsInt16(), y = b.AsInt16();
        Vector128<short> even = Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(x, 8), 8) *
            Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(y, 8), 8);
        Vector128<short> odd = Vector128.ShiftRightArithmetic(x, 8) * Vector128.ShiftRightArithmetic(y, 8);
        return Vector128.AddSaturate(even, odd).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I32x4RelaxedDotI8x16I7x16AddS(V128 a, V128 b, V128 c) =>
        I32x4Add(I32x4ExtaddPairwiseI16x8S(I16x8RelaxedDotI8x16I7x16S(a, b)), c);
}
