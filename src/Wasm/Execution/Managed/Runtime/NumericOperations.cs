using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>
/// The scalar instructions that take more than one CIL instruction, as methods that compiled code calls, named as in
/// <see cref="Binary.Opcode"/> (core specification, "Numerics"). The conversions are in the other part. No state; safe on any thread.
/// </summary>
/// <remarks>
/// A NaN that an operation returns is quiet, except for <c>abs</c>, <c>neg</c>, <c>copysign</c> and the reinterpretations, which only
/// move bits. Divisors of zero are left to the CLR, which throws <see cref="DivideByZeroException"/>.
/// </remarks>
internal static partial class NumericOperations
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <exception cref="WasmTrapException">Integer overflow: the minimum divided by -1.</exception>
    /// <exception cref="DivideByZeroException"><paramref name="b"/> is 0.</exception>
    [MethodImpl(Inline)]
    public static int I32DivS(int a, int b)
    {
        if (b == -1 && a == int.MinValue) Trap.IntegerOverflow();
        return a / b;
    }

    /// <summary>The remainder with the sign of <paramref name="a"/>; 0 for a divisor of -1, for which the CLR would throw.</summary>
    /// <exception cref="DivideByZeroException"><paramref name="b"/> is 0.</exception>
    [MethodImpl(Inline)]
    public static int I32RemS(int a, int b) => b == -1 ? 0 : a % b;

    /// <inheritdoc cref="I32DivS"/>
    [MethodImpl(Inline)]
    public static long I64DivS(long a, long b)
    {
        if (b == -1 && a == long.MinValue) Trap.IntegerOverflow();
        return a / b;
    }

    /// <inheritdoc cref="I32RemS"/>
    [MethodImpl(Inline)]
    public static long I64RemS(long a, long b) => b == -1 ? 0 : a % b;

    [MethodImpl(Inline)]
    public static int I32Clz(int a) => BitOperations.LeadingZeroCount((uint)a);

    [MethodImpl(Inline)]
    public static int I32Ctz(int a) => BitOperations.TrailingZeroCount(a);

    [MethodImpl(Inline)]
    public static int I32Popcnt(int a) => BitOperations.PopCount((uint)a);

    [MethodImpl(Inline)]
    public static int I32Rotl(int a, int count) => (int)BitOperations.RotateLeft((uint)a, count);

    [MethodImpl(Inline)]
    public static int I32Rotr(int a, int count) => (int)BitOperations.RotateRight((uint)a, count);

    [MethodImpl(Inline)]
    public static long I64Clz(long a) => BitOperations.LeadingZeroCount((ulong)a);

    [MethodImpl(Inline)]
    public static long I64Ctz(long a) => BitOperations.TrailingZeroCount(a);

    [MethodImpl(Inline)]
    public static long I64Popcnt(long a) => BitOperations.PopCount((ulong)a);

    [MethodImpl(Inline)]
    public static long I64Rotl(long a, long count) => (long)BitOperations.RotateLeft((ulong)a, (int)count);

    [MethodImpl(Inline)]
    public static long I64Rotr(long a, long count) => (long)BitOperations.RotateRight((ulong)a, (int)count);

    [MethodImpl(Inline)]
    public static float F32Abs(float a) => MathF.Abs(a);

    [MethodImpl(Inline)]
    public static float F32Neg(float a) => -a;

    [MethodImpl(Inline)]
    public static float F32Copysign(float a, float sign) => MathF.CopySign(a, sign);

    [MethodImpl(Inline)]
    public static float F32Ceil(float a) => MathF.Ceiling(a);

    [MethodImpl(Inline)]
    public static float F32Floor(float a) => MathF.Floor(a);

    [MethodImpl(Inline)]
    public static float F32Trunc(float a) => MathF.Truncate(a);

    /// <summary>The nearest integer, the even one of two.</summary>
    [MethodImpl(Inline)]
    public static float F32Nearest(float a) => MathF.Round(a, MidpointRounding.ToEven);

    [MethodImpl(Inline)]
    public static float F32Sqrt(float a) => MathF.Sqrt(a);

    /// <summary>The lesser; a NaN where either is one, and -0 is less than +0.</summary>
    [MethodImpl(Inline)]
    public static float F32Min(float a, float b)
    {
        if (!Sse.IsSupported) return MathF.Min(a, b) is var least && float.IsNaN(least) ? a + b : least;
        // minss yields its second operand for zeroes and NaNs. In both orders, or-ed: -0 wins, and a NaN stays some NaN.
        Vector128<float> x = Vector128.CreateScalarUnsafe(a), y = Vector128.CreateScalarUnsafe(b);
        float either = (Sse.MinScalar(x, y) | Sse.MinScalar(y, x)).ToScalar();
        return float.IsNaN(either) ? a + b : either;
    }

    /// <summary>The greater; a NaN where either is one, and -0 is less than +0.</summary>
    [MethodImpl(Inline)]
    public static float F32Max(float a, float b)
    {
        if (!Sse.IsSupported) return MathF.Max(a, b) is var greatest && float.IsNaN(greatest) ? a + b : greatest;
        // As for the minimum; and-ed, +0 wins. A NaN may be lost by that, so the test for it is made on the or-ed.
        Vector128<float> x = Vector128.CreateScalarUnsafe(a), y = Vector128.CreateScalarUnsafe(b);
        Vector128<float> first = Sse.MaxScalar(x, y), second = Sse.MaxScalar(y, x);
        return float.IsNaN((first | second).ToScalar()) ? a + b : (first & second).ToScalar();
    }

    [MethodImpl(Inline)]
    public static double F64Abs(double a) => Math.Abs(a);

    [MethodImpl(Inline)]
    public static double F64Neg(double a) => -a;

    [MethodImpl(Inline)]
    public static double F64Copysign(double a, double sign) => Math.CopySign(a, sign);

    [MethodImpl(Inline)]
    public static double F64Ceil(double a) => Math.Ceiling(a);

    [MethodImpl(Inline)]
    public static double F64Floor(double a) => Math.Floor(a);

    [MethodImpl(Inline)]
    public static double F64Trunc(double a) => Math.Truncate(a);

    /// <summary>The nearest integer, the even one of two.</summary>
    [MethodImpl(Inline)]
    public static double F64Nearest(double a) => Math.Round(a, MidpointRounding.ToEven);

    [MethodImpl(Inline)]
    public static double F64Sqrt(double a) => Math.Sqrt(a);

    /// <summary>The lesser; a NaN where either is one, and -0 is less than +0.</summary>
    [MethodImpl(Inline)]
    public static double F64Min(double a, double b)
    {
        if (!Sse2.IsSupported) return Math.Min(a, b) is var least && double.IsNaN(least) ? a + b : least;
        // minss yields its second operand for zeroes and NaNs. In both orders, or-ed: -0 wins, and a NaN stays some NaN.
        Vector128<double> x = Vector128.CreateScalarUnsafe(a), y = Vector128.CreateScalarUnsafe(b);
        double either = (Sse2.MinScalar(x, y) | Sse2.MinScalar(y, x)).ToScalar();
        return double.IsNaN(either) ? a + b : either;
    }

    /// <summary>The greater; a NaN where either is one, and -0 is less than +0.</summary>
    [MethodImpl(Inline)]
    public static double F64Max(double a, double b)
    {
        if (!Sse2.IsSupported) return Math.Max(a, b) is var greatest && double.IsNaN(greatest) ? a + b : greatest;
        // As for the minimum; and-ed, +0 wins. A NaN may be lost by that, so the test for it is made on the or-ed.
        Vector128<double> x = Vector128.CreateScalarUnsafe(a), y = Vector128.CreateScalarUnsafe(b);
        Vector128<double> first = Sse2.MaxScalar(x, y), second = Sse2.MaxScalar(y, x);
        return double.IsNaN((first | second).ToScalar()) ? a + b : (first & second).ToScalar();
    }

    /// <summary>The number with those bits, where the JIT must not know them.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static float OpaqueF32Bits(int bits) => BitConverter.Int32BitsToSingle(bits);
}
