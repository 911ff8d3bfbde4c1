using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>
/// Float arithmetic that the JIT does not fold: with a constant 0 or 1 it would drop the operation, and a signalling NaN would stay one.
/// </summary>
/// <remarks>A fused operation with a neutral third operand rounds as the plain one does, and the JIT leaves it alone.</remarks>
internal static class UnfoldedArithmetic
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32Add(float a, float b) => Sse.IsSupported
        ? Sse.AddScalar(Vector128.CreateScalarUnsafe(a), Vector128.CreateScalarUnsafe(b)).ToScalar()
        : a + Opaque(b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32Sub(float a, float b) => Sse.IsSupported
        ? Sse.SubtractScalar(Vector128.CreateScalarUnsafe(a), Vector128.CreateScalarUnsafe(b)).ToScalar()
        : a - Opaque(b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32Mul(float a, float b) => Sse.IsSupported
        ? Sse.MultiplyScalar(Vector128.CreateScalarUnsafe(a), Vector128.CreateScalarUnsafe(b)).ToScalar()
        : a * Opaque(b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float F32Div(float a, float b) => Sse.IsSupported
        ? Sse.DivideScalar(Vector128.CreateScalarUnsafe(a), Vector128.CreateScalarUnsafe(b)).ToScalar()
        : a / Opaque(b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64Add(double a, double b) => Sse2.IsSupported
        ? Sse2.AddScalar(Vector128.CreateScalarUnsafe(a), Vector128.CreateScalarUnsafe(b)).ToScalar()
        : a + Opaque(b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64Sub(double a, double b) => Sse2.IsSupported
        ? Sse2.SubtractScalar(Vector128.CreateScalarUnsafe(a), Vector128.CreateScalarUnsafe(b)).ToScalar()
        : a - Opaque(b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64Mul(double a, double b) => Sse2.IsSupported
        ? Sse2.MultiplyScalar(Vector128.CreateScalarUnsafe(a), Vector128.CreateScalarUnsafe(b)).ToScalar()
        : a * Opaque(b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double F64Div(double a, double b) => Sse2.IsSupported
        ? Sse2.DivideScalar(Vector128.CreateScalarUnsafe(a), Vector128.CreateScalarUnsafe(b)).ToScalar()
        : a / Opaque(b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 F32x4Add(V128 a, V128 b) => Fma.IsSupported
        ? Fma.MultiplyAdd(a.AsSingle(), Vector128.Create(1f), b.AsSingle()).AsByte()
        : (Opaque(a).AsSingle() + Opaque(b).AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 F32x4Sub(V128 a, V128 b) => Fma.IsSupported
        ? Fma.MultiplySubtract(a.AsSingle(), Vector128.Create(1f), b.AsSingle()).AsByte()
        : (Opaque(a).AsSingle() - Opaque(b).AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 F32x4Mul(V128 a, V128 b) => Fma.IsSupported
        ? Fma.MultiplyAdd(a.AsSingle(), b.AsSingle(), Vector128.Create(-0f)).AsByte()
        : (Opaque(a).AsSingle() * Opaque(b).AsSingle()).AsByte();

    public static V128 F32x4Div(V128 a, V128 b) => (Opaque(a).AsSingle() / Opaque(b).AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 F64x2Add(V128 a, V128 b) => Fma.IsSupported
        ? Fma.MultiplyAdd(a.AsDouble(), Vector128.Create(1d), b.AsDouble()).AsByte()
        : (Opaque(a).AsDouble() + Opaque(b).AsDouble()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 F64x2Sub(V128 a, V128 b) => Fma.IsSupported
        ? Fma.MultiplySubtract(a.AsDouble(), Vector128.Create(1d), b.AsDouble()).AsByte()
        : (Opaque(a).AsDouble() - Opaque(b).AsDouble()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 F64x2Mul(V128 a, V128 b) => Fma.IsSupported
        ? Fma.MultiplyAdd(a.AsDouble(), b.AsDouble(), Vector128.Create(-0d)).AsByte()
        : (Opaque(a).AsDouble() * Opaque(b).AsDouble()).AsByte();

    public static V128 F64x2Div(V128 a, V128 b) => (Opaque(a).AsDouble() / Opaque(b).AsDouble()).AsByte();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Opaque(float value) => value;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double Opaque(double value) => value;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static V128 Opaque(V128 value) => value;
}
