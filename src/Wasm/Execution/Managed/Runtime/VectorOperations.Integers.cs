using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Chain.Wasm.Execution.Managed.Runtime;

// Integer arithmetic whose result has the lanes of its operands; additions and products wrap unless their name says otherwise.
internal static partial class VectorOperations
{
    [MethodImpl(Inline)]
    public static V128 I8x16Add(V128 a, V128 b) => a + b;

    [MethodImpl(Inline)]
    public static V128 I8x16Sub(V128 a, V128 b) => a - b;

    [MethodImpl(Inline)]
    public static V128 I8x16Neg(V128 a) => Vector128.Negate(a);

    [MethodImpl(Inline)]
    public static V128 I8x16Abs(V128 a) => Vector128.Abs(a.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16MinS(V128 a, V128 b) => Vector128.Min(a.AsSByte(), b.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16MinU(V128 a, V128 b) => Vector128.Min(a, b);

    [MethodImpl(Inline)]
    public static V128 I8x16MaxS(V128 a, V128 b) => Vector128.Max(a.AsSByte(), b.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16MaxU(V128 a, V128 b) => Vector128.Max(a, b);

    [MethodImpl(Inline)]
    public static V128 I8x16AddSatS(V128 a, V128 b) => Vector128.AddSaturate(a.AsSByte(), b.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16AddSatU(V128 a, V128 b) => Vector128.AddSaturate(a, b);

    [MethodImpl(Inline)]
    public static V128 I8x16SubSatS(V128 a, V128 b) => Vector128.SubtractSaturate(a.AsSByte(), b.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I8x16SubSatU(V128 a, V128 b) => Vector128.SubtractSaturate(a, b);

    [MethodImpl(Inline)]
    public static V128 I16x8Add(V128 a, V128 b) => (a.AsUInt16() + b.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8Sub(V128 a, V128 b) => (a.AsUInt16() - b.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8Mul(V128 a, V128 b) => (a.AsUInt16() * b.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8Neg(V128 a) => Vector128.Negate(a.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8Abs(V128 a) => Vector128.Abs(a.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8MinS(V128 a, V128 b) => Vector128.Min(a.AsInt16(), b.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8MinU(V128 a, V128 b) => Vector128.Min(a.AsUInt16(), b.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8MaxS(V128 a, V128 b) => Vector128.Max(a.AsInt16(), b.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8MaxU(V128 a, V128 b) => Vector128.Max(a.AsUInt16(), b.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8AddSatS(V128 a, V128 b) => Vector128.AddSaturate(a.AsInt16(), b.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8AddSatU(V128 a, V128 b) => Vector128.AddSaturate(a.AsUInt16(), b.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8SubSatS(V128 a, V128 b) => Vector128.SubtractSaturate(a.AsInt16(), b.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8SubSatU(V128 a, V128 b) => Vector128.SubtractSaturate(a.AsUInt16(), b.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4Add(V128 a, V128 b) => (a.AsUInt32() + b.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4Sub(V128 a, V128 b) => (a.AsUInt32() - b.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4Mul(V128 a, V128 b) => (a.AsUInt32() * b.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4Neg(V128 a) => Vector128.Negate(a.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4Abs(V128 a) => Vector128.Abs(a.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4MinS(V128 a, V128 b) => Vector128.Min(a.AsInt32(), b.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4MinU(V128 a, V128 b) => Vector128.Min(a.AsUInt32(), b.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4MaxS(V128 a, V128 b) => Vector128.Max(a.AsInt32(), b.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4MaxU(V128 a, V128 b) => Vector128.Max(a.AsUInt32(), b.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2Add(V128 a, V128 b) => (a.AsUInt64() + b.AsUInt64()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2Sub(V128 a, V128 b) => (a.AsUInt64() - b.AsUInt64()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2Mul(V128 a, V128 b) => (a.AsUInt64() * b.AsUInt64()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2Neg(V128 a) => Vector128.Negate(a.AsUInt64()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2Abs(V128 a) => Vector128.Abs(a.AsInt64()).AsByte();

    /// <summary>(a + b + 1) / 2 a lane, without overflow.</summary>
    [MethodImpl(Inline)]
    public static V128 I8x16AvgrU(V128 a, V128 b)
    {
        if (Sse2.IsSupported) return Sse2.Average(a, b);
        if (AdvSimd.IsSupported) return AdvSimd.FusedAddRoundedHalving(a, b);
        return (a | b) - Vector128.ShiftRightLogical(a ^ b, 1);
    }

    /// <inheritdoc cref="I8x16AvgrU"/>
    [MethodImpl(Inline)]
    public static V128 I16x8AvgrU(V128 a, V128 b)
    {
        if (Sse2.IsSupported) return Sse2.Average(a.AsUInt16(), b.AsUInt16()).AsByte();
        if (AdvSimd.IsSupported) return AdvSimd.FusedAddRoundedHalving(a.AsUInt16(), b.AsUInt16()).AsByte();
        return ((a | b).AsUInt16() - Vector128.ShiftRightLogical((a ^ b).AsUInt16(), 1)).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I8x16Popcnt(V128 a)
    {
        if (AdvSimd.IsSupported) return AdvSimd.PopCount(a);
        if (Ssse3.IsSupported)
        {
            V128 nibbleCounts = Vector128.Create(0x0302020102010100UL, 0x0403030203020201UL).AsByte();
            V128 low = a & Vector128.Create((byte)0x0F);
            V128 high = Vector128.ShiftRightLogical(a.AsUInt16(), 4).AsByte() & Vector128.Create((byte)0x0F);
            return Ssse3.Shuffle(nibbleCounts, low) + Ssse3.Shuffle(nibbleCounts, high);
        }

        a -= Vector128.ShiftRightLogical(a, 1) & Vector128.Create((byte)0x55);
        a = (a & Vector128.Create((byte)0x33)) + (Vector128.ShiftRightLogical(a, 2) & Vector128.Create((byte)0x33));
        return (a + Vector128.ShiftRightLogical(a, 4)) & Vector128.Create((byte)0x0F);
    }

    /// <summary>The rounded high half of the doubled product, as fractions of 2^15: saturating(a * b + 0x4000 >> 15).</summary>
    [MethodImpl(Inline)]
    public static V128 I16x8Q15mulrSatS(V128 a, V128 b)
    {
        Vector128<short> x = a.AsInt16(), y = b.AsInt16();
        if (AdvSimd.IsSupported) return AdvSimd.MultiplyRoundedDoublingSaturateHigh(x, y).AsByte();
        if (Ssse3.IsSupported)
        {
            // -1 * -1 is the only product that does not fit; pmulhrsw wraps it to the minimum, which is otherwise unreachable.
            Vector128<short> product = Ssse3.MultiplyHighRoundScale(x, y);
            return (product ^ Vector128.Equals(product, Vector128.Create(short.MinValue))).AsByte();
        }

        (Vector128<int> xLow, Vector128<int> xHigh) = Vector128.Widen(x);
        (Vector128<int> yLow, Vector128<int> yHigh) = Vector128.Widen(y);
        Vector128<int> half = Vector128.Create(0x4000), maximum = Vector128.Create((int)short.MaxValue);
        return Vector128.Narrow(
            Vector128.Min(Vector128.ShiftRightArithmetic(xLow * yLow + half, 15), maximum),
            Vector128.Min(Vector128.ShiftRightArithmetic(xHigh * yHigh + half, 15), maximum)).AsByte();
    }
}
