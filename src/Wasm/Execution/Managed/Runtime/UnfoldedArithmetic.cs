using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>
/// Float arithmetic that the JIT does not fold: with a constant 0 or 1 it would drop the operation, and a signalling NaN would stay one.
/// </summary>
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

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Opaque(float value) => value;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double Opaque(double value) => value;
}
