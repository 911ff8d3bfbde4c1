using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Chain.Wasm.Execution.Managed.Runtime;

// Integer operations whose result has wider or narrower lanes than their operands.
internal static partial class VectorOperations
{
    [MethodImpl(Inline)]
    public static V128 I16x8ExtendLowI8x16S(V128 a) => Vector128.WidenLower(a.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtendLowI8x16U(V128 a) => Vector128.WidenLower(a).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtendHighI8x16S(V128 a) => Vector128.WidenUpper(a.AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtendHighI8x16U(V128 a) => Vector128.WidenUpper(a).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtendLowI16x8S(V128 a) => Vector128.WidenLower(a.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtendLowI16x8U(V128 a) => Vector128.WidenLower(a.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtendHighI16x8S(V128 a) => Vector128.WidenUpper(a.AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtendHighI16x8U(V128 a) => Vector128.WidenUpper(a.AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2ExtendLowI32x4S(V128 a) => Vector128.WidenLower(a.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2ExtendLowI32x4U(V128 a) => Vector128.WidenLower(a.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2ExtendHighI32x4S(V128 a) => Vector128.WidenUpper(a.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2ExtendHighI32x4U(V128 a) => Vector128.WidenUpper(a.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtmulLowI8x16S(V128 a, V128 b) =>
        (Vector128.WidenLower(a.AsSByte()) * Vector128.WidenLower(b.AsSByte())).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtmulLowI8x16U(V128 a, V128 b) => (Vector128.WidenLower(a) * Vector128.WidenLower(b)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtmulHighI8x16S(V128 a, V128 b) =>
        (Vector128.WidenUpper(a.AsSByte()) * Vector128.WidenUpper(b.AsSByte())).AsByte();

    [MethodImpl(Inline)]
    public static V128 I16x8ExtmulHighI8x16U(V128 a, V128 b) => (Vector128.WidenUpper(a) * Vector128.WidenUpper(b)).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4ExtmulLowI16x8S(V128 a, V128 b)
    {
        var x = a.AsInt16();
        var y = b.AsInt16();
        return Sse2.IsSupported
            ? Sse2.UnpackLow((x * y).AsInt16(), Sse2.MultiplyHigh(x, y).AsInt16()).AsByte()
            : (Vector128.WidenLower(x) * Vector128.WidenLower(y)).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I32x4ExtmulLowI16x8U(V128 a, V128 b)
    {
        var x = a.AsUInt16();
        var y = b.AsUInt16();
        return Sse2.IsSupported
            ? Sse2.UnpackLow((x * y).AsInt16(), Sse2.MultiplyHigh(x, y).AsInt16()).AsByte()
            : (Vector128.WidenLower(x) * Vector128.WidenLower(y)).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I32x4ExtmulHighI16x8S(V128 a, V128 b)
    {
        var x = a.AsInt16();
        var y = b.AsInt16();
        return Sse2.IsSupported
            ? Sse2.UnpackHigh((x * y).AsInt16(), Sse2.MultiplyHigh(x, y).AsInt16()).AsByte()
            : (Vector128.WidenUpper(x) * Vector128.WidenUpper(y)).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I32x4ExtmulHighI16x8U(V128 a, V128 b)
    {
        var x = a.AsUInt16();
        var y = b.AsUInt16();
        return Sse2.IsSupported
            ? Sse2.UnpackHigh((x * y).AsInt16(), Sse2.MultiplyHigh(x, y).AsInt16()).AsByte()
            : (Vector128.WidenUpper(x) * Vector128.WidenUpper(y)).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I64x2ExtmulLowI32x4S(V128 a, V128 b)
    {
        var x = a.AsInt32();
        var y = b.AsInt32();
        return Sse41.IsSupported
            ? Sse41.Multiply(Sse2.UnpackLow(x, x), Sse2.UnpackLow(y, y)).AsByte()
            : (Vector128.WidenLower(x) * Vector128.WidenLower(y)).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I64x2ExtmulLowI32x4U(V128 a, V128 b)
    {
        var x = a.AsUInt32();
        var y = b.AsUInt32();
        return Sse2.IsSupported
            ? Sse2.Multiply(Sse2.UnpackLow(x, x), Sse2.UnpackLow(y, y)).AsByte()
            : (Vector128.WidenLower(x) * Vector128.WidenLower(y)).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I64x2ExtmulHighI32x4S(V128 a, V128 b)
    {
        var x = a.AsInt32();
        var y = b.AsInt32();
        return Sse41.IsSupported
            ? Sse41.Multiply(Sse2.UnpackHigh(x, x), Sse2.UnpackHigh(y, y)).AsByte()
            : (Vector128.WidenUpper(x) * Vector128.WidenUpper(y)).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I64x2ExtmulHighI32x4U(V128 a, V128 b)
    {
        var x = a.AsUInt32();
        var y = b.AsUInt32();
        return Sse2.IsSupported
            ? Sse2.Multiply(Sse2.UnpackHigh(x, x), Sse2.UnpackHigh(y, y)).AsByte()
            : (Vector128.WidenUpper(x) * Vector128.WidenUpper(y)).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I16x8ExtaddPairwiseI8x16S(V128 a)
    {
        if (AdvSimd.IsSupported) return AdvSimd.AddPairwiseWidening(a.AsSByte()).AsByte();
        if (Ssse3.IsSupported) return Ssse3.MultiplyAddAdjacent(Vector128.Create((byte)1), a.AsSByte()).AsByte();
        Vector128<short> x = a.AsInt16();
        return (Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(x, 8), 8) + Vector128.ShiftRightArithmetic(x, 8)).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I16x8ExtaddPairwiseI8x16U(V128 a)
    {
        if (AdvSimd.IsSupported) return AdvSimd.AddPairwiseWidening(a).AsByte();
        if (Ssse3.IsSupported) return Ssse3.MultiplyAddAdjacent(a, Vector128.Create((sbyte)1)).AsByte();
        Vector128<ushort> x = a.AsUInt16();
        return ((x & Vector128.Create((ushort)0xFF)) + Vector128.ShiftRightLogical(x, 8)).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I32x4ExtaddPairwiseI16x8S(V128 a)
    {
        if (AdvSimd.IsSupported) return AdvSimd.AddPairwiseWidening(a.AsInt16()).AsByte();
        if (Sse2.IsSupported) return Sse2.MultiplyAddAdjacent(a.AsInt16(), Vector128.Create((short)1)).AsByte();
        Vector128<int> x = a.AsInt32();
        return (Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(x, 16), 16) + Vector128.ShiftRightArithmetic(x, 16)).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I32x4ExtaddPairwiseI16x8U(V128 a)
    {
        if (AdvSimd.IsSupported) return AdvSimd.AddPairwiseWidening(a.AsUInt16()).AsByte();
        Vector128<uint> x = a.AsUInt32();
        return ((x & Vector128.Create(0xFFFFu)) + Vector128.ShiftRightLogical(x, 16)).AsByte();
    }

    /// <summary>The sums of the products of neighbouring signed 16-bit lanes; only four times the minimum wraps.</summary>
    [MethodImpl(Inline)]
    public static V128 I32x4DotI16x8S(V128 a, V128 b)
    {
        if (Sse2.IsSupported) return Sse2.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16()).AsByte();
        Vector128<int> x = a.AsInt32(), y = b.AsInt32();
        Vector128<int> even = Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(x, 16), 16) *
            Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(y, 16), 16);
        return (even + Vector128.ShiftRightArithmetic(x, 16) * Vector128.ShiftRightArithmetic(y, 16)).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I8x16NarrowI16x8S(V128 a, V128 b)
    {
        if (Sse2.IsSupported) return Sse2.PackSignedSaturate(a.AsInt16(), b.AsInt16()).AsByte();
        return Vector128.NarrowWithSaturation(a.AsInt16(), b.AsInt16()).AsByte();
    }

    /// <summary>Signed lanes to unsigned ones of half the width: what is negative becomes 0.</summary>
    [MethodImpl(Inline)]
    public static V128 I8x16NarrowI16x8U(V128 a, V128 b)
    {
        if (Sse2.IsSupported) return Sse2.PackUnsignedSaturate(a.AsInt16(), b.AsInt16());
        Vector128<short> zero = Vector128<short>.Zero, maximum = Vector128.Create((short)byte.MaxValue);
        return Vector128.Narrow(
            Vector128.Min(Vector128.Max(a.AsInt16(), zero), maximum).AsUInt16(),
            Vector128.Min(Vector128.Max(b.AsInt16(), zero), maximum).AsUInt16());
    }

    [MethodImpl(Inline)]
    public static V128 I16x8NarrowI32x4S(V128 a, V128 b)
    {
        if (Sse2.IsSupported) return Sse2.PackSignedSaturate(a.AsInt32(), b.AsInt32()).AsByte();
        return Vector128.NarrowWithSaturation(a.AsInt32(), b.AsInt32()).AsByte();
    }

    /// <inheritdoc cref="I8x16NarrowI16x8U"/>
    [MethodImpl(Inline)]
    public static V128 I16x8NarrowI32x4U(V128 a, V128 b)
    {
        if (Sse41.IsSupported) return Sse41.PackUnsignedSaturate(a.AsInt32(), b.AsInt32()).AsByte();
        Vector128<int> zero = Vector128<int>.Zero, maximum = Vector128.Create((int)ushort.MaxValue);
        return Vector128.Narrow(
            Vector128.Min(Vector128.Max(a.AsInt32(), zero), maximum).AsUInt32(),
            Vector128.Min(Vector128.Max(b.AsInt32(), zero), maximum).AsUInt32()).AsByte();
    }
}
