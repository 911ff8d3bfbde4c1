using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Chain.Wasm.Execution.Managed.Runtime;

// Floating-point arithmetic, lane by lane as NumericOperations does it.
internal static partial class VectorOperations
{
    [MethodImpl(Inline)]
    public static V128 F32x4Abs(V128 a) => Vector128.AndNot(a.AsUInt32(), Vector128.Create(0x8000_0000u)).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Neg(V128 a) => (a.AsUInt32() ^ Vector128.Create(0x8000_0000u)).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Add(V128 a, V128 b) => (a.AsSingle() + b.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Sub(V128 a, V128 b) => (a.AsSingle() - b.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Mul(V128 a, V128 b) => (a.AsSingle() * b.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Div(V128 a, V128 b) => (a.AsSingle() / b.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Sqrt(V128 a) => Vector128.Sqrt(a.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Ceil(V128 a) => Vector128.Ceiling(a.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Floor(V128 a) => Vector128.Floor(a.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Trunc(V128 a) => Vector128.Truncate(a.AsSingle()).AsByte();

    /// <summary>The nearest integer, the even one of two.</summary>
    [MethodImpl(Inline)]
    public static V128 F32x4Nearest(V128 a) => Vector128.Round(a.AsSingle()).AsByte();

    /// <summary>The lesser; a quiet NaN where either is a NaN, and -0 is less than +0.</summary>
    [MethodImpl(Inline)]
    public static V128 F32x4Min(V128 a, V128 b)
    {
        var x = a.AsSingle();
        var y = b.AsSingle();
        if (AdvSimd.IsSupported) return AdvSimd.Min(x, y).AsByte();
        if (!Sse.IsSupported) return Quiet(Vector128.Min(x, y)).AsByte();
        // minps yields its second operand for zeroes and NaNs. In both orders, or-ed: -0 wins, and a NaN stays some NaN.
        var either = Sse.Min(x, y) | Sse.Min(y, x);
        return CanonicalNaN(either, ~Vector128.Equals(either, either));
    }

    /// <summary>The greater; a quiet NaN where either is a NaN, and -0 is less than +0.</summary>
    [MethodImpl(Inline)]
    public static V128 F32x4Max(V128 a, V128 b)
    {
        var x = a.AsSingle();
        var y = b.AsSingle();
        if (AdvSimd.IsSupported) return AdvSimd.Max(x, y).AsByte();
        if (!Sse.IsSupported) return Quiet(Vector128.Max(x, y)).AsByte();
        // As for the minimum; and-ed, +0 wins. A NaN may be lost by that, so the test for it is made on the or-ed.
        var first = Sse.Max(x, y);
        var second = Sse.Max(y, x);
        var either = first | second;
        return CanonicalNaN(first & second, ~Vector128.Equals(either, either));
    }

    /// <summary>b where b is less than a, otherwise a: pmin of the specification, minps with its operands swapped.</summary>
    [MethodImpl(Inline)]
    public static V128 F32x4Pmin(V128 a, V128 b)
    {
        if (Sse.IsSupported) return Sse.Min(b.AsSingle(), a.AsSingle()).AsByte();
        return Vector128.ConditionalSelect(Vector128.LessThan(b.AsSingle(), a.AsSingle()).AsByte(), b, a);
    }

    /// <summary>b where a is less than b, otherwise a: pmax of the specification, maxps with its operands swapped.</summary>
    [MethodImpl(Inline)]
    public static V128 F32x4Pmax(V128 a, V128 b)
    {
        if (Sse.IsSupported) return Sse.Max(b.AsSingle(), a.AsSingle()).AsByte();
        return Vector128.ConditionalSelect(Vector128.LessThan(a.AsSingle(), b.AsSingle()).AsByte(), b, a);
    }

    // The canonical NaN where the mask is set, the value elsewhere.
    [MethodImpl(Inline)]
    private static V128 CanonicalNaN(Vector128<float> value, Vector128<float> mask) =>
        Vector128.AndNot((value | mask).AsUInt32(), Vector128.ShiftRightLogical(mask.AsUInt32(), 10)).AsByte();

    [MethodImpl(Inline)]
    private static Vector128<float> Quiet(Vector128<float> value) =>
        Vector128.ConditionalSelect(Vector128.Equals(value, value), value, value + value);

    [MethodImpl(Inline)]
    public static V128 F64x2Abs(V128 a) => Vector128.AndNot(a.AsUInt64(), Vector128.Create(0x8000_0000_0000_0000UL)).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Neg(V128 a) => (a.AsUInt64() ^ Vector128.Create(0x8000_0000_0000_0000UL)).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Add(V128 a, V128 b) => (a.AsDouble() + b.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Sub(V128 a, V128 b) => (a.AsDouble() - b.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Mul(V128 a, V128 b) => (a.AsDouble() * b.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Div(V128 a, V128 b) => (a.AsDouble() / b.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Sqrt(V128 a) => Vector128.Sqrt(a.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Ceil(V128 a) => Vector128.Ceiling(a.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Floor(V128 a) => Vector128.Floor(a.AsDouble()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Trunc(V128 a) => Vector128.Truncate(a.AsDouble()).AsByte();

    /// <summary>The nearest integer, the even one of two.</summary>
    [MethodImpl(Inline)]
    public static V128 F64x2Nearest(V128 a) => Vector128.Round(a.AsDouble()).AsByte();

    /// <summary>The lesser; a quiet NaN where either is a NaN, and -0 is less than +0.</summary>
    [MethodImpl(Inline)]
    public static V128 F64x2Min(V128 a, V128 b)
    {
        var x = a.AsDouble();
        var y = b.AsDouble();
        if (AdvSimd.Arm64.IsSupported) return AdvSimd.Arm64.Min(x, y).AsByte();
        if (!Sse2.IsSupported) return Quiet(Vector128.Min(x, y)).AsByte();
        // minps yields its second operand for zeroes and NaNs. In both orders, or-ed: -0 wins, and a NaN stays some NaN.
        var either = Sse2.Min(x, y) | Sse2.Min(y, x);
        return CanonicalNaN(either, ~Vector128.Equals(either, either));
    }

    /// <summary>The greater; a quiet NaN where either is a NaN, and -0 is less than +0.</summary>
    [MethodImpl(Inline)]
    public static V128 F64x2Max(V128 a, V128 b)
    {
        var x = a.AsDouble();
        var y = b.AsDouble();
        if (AdvSimd.Arm64.IsSupported) return AdvSimd.Arm64.Max(x, y).AsByte();
        if (!Sse2.IsSupported) return Quiet(Vector128.Max(x, y)).AsByte();
        // As for the minimum; and-ed, +0 wins. A NaN may be lost by that, so the test for it is made on the or-ed.
        var first = Sse2.Max(x, y);
        var second = Sse2.Max(y, x);
        var either = first | second;
        return CanonicalNaN(first & second, ~Vector128.Equals(either, either));
    }

    /// <summary>b where b is less than a, otherwise a: pmin of the specification, minps with its operands swapped.</summary>
    [MethodImpl(Inline)]
    public static V128 F64x2Pmin(V128 a, V128 b)
    {
        if (Sse2.IsSupported) return Sse2.Min(b.AsDouble(), a.AsDouble()).AsByte();
        return Vector128.ConditionalSelect(Vector128.LessThan(b.AsDouble(), a.AsDouble()).AsByte(), b, a);
    }

    /// <summary>b where a is less than b, otherwise a: pmax of the specification, maxps with its operands swapped.</summary>
    [MethodImpl(Inline)]
    public static V128 F64x2Pmax(V128 a, V128 b)
    {
        if (Sse2.IsSupported) return Sse2.Max(b.AsDouble(), a.AsDouble()).AsByte();
        return Vector128.ConditionalSelect(Vector128.LessThan(a.AsDouble(), b.AsDouble()).AsByte(), b, a);
    }

    // The canonical NaN where the mask is set, the value elsewhere.
    [MethodImpl(Inline)]
    private static V128 CanonicalNaN(Vector128<double> value, Vector128<double> mask) =>
        Vector128.AndNot((value | mask).AsUInt64(), Vector128.ShiftRightLogical(mask.AsUInt64(), 13)).AsByte();

    [MethodImpl(Inline)]
    private static Vector128<double> Quiet(Vector128<double> value) =>
        Vector128.ConditionalSelect(Vector128.Equals(value, value), value, value + value);
}
