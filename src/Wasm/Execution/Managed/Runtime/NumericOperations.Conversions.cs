using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Chain.Wasm.Execution.Managed.Runtime;

// Conversions between integers and floating-point numbers. On x64 the hardware's truncations yield the minimum for all they cannot
// represent, so the usual case costs the conversion and one compare; what is rare is in methods that are not inlined.
internal static partial class NumericOperations
{
    private const MethodImplOptions Cold = MethodImplOptions.NoInlining;

    [MethodImpl(Inline)]
    public static int I32TruncF32S(float a)
    {
        if (!Sse.IsSupported) return CheckedToInt32(a);
        int result = Sse.ConvertToInt32WithTruncation(Vector128.CreateScalarUnsafe(a));
        return result != int.MinValue ? result : CheckedToInt32(a);
    }

    [MethodImpl(Inline)]
    public static int I32TruncF32U(float a)
    {
        if (!Sse.X64.IsSupported) return CheckedToUInt32(a);
        long result = Sse.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        return (ulong)result <= uint.MaxValue ? (int)result : CheckedToUInt32(a);
    }

    [MethodImpl(Inline)]
    public static long I64TruncF32S(float a)
    {
        if (!Sse.X64.IsSupported) return CheckedToInt64(a);
        long result = Sse.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        return result != long.MinValue ? result : CheckedToInt64(a);
    }

    [MethodImpl(Inline)]
    public static long I64TruncF32U(float a)
    {
        if (!Sse.X64.IsSupported) return CheckedToUInt64(a);
        long result = Sse.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        return result >= 0 ? result : CheckedToUInt64(a);
    }

    [MethodImpl(Inline)]
    public static int I32TruncSatF32S(float a)
    {
        if (!Sse.IsSupported) return (int)a;
        int result = Sse.ConvertToInt32WithTruncation(Vector128.CreateScalarUnsafe(a));
        return result != int.MinValue ? result : SaturatedToInt32(a);
    }

    [MethodImpl(Inline)]
    public static int I32TruncSatF32U(float a)
    {
        if (!Sse.X64.IsSupported) return (int)(uint)a;
        long result = Sse.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        return (ulong)result <= uint.MaxValue ? (int)result : SaturatedToUInt32(a);
    }

    [MethodImpl(Inline)]
    public static long I64TruncSatF32S(float a)
    {
        if (!Sse.X64.IsSupported) return (long)a;
        long result = Sse.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        return result != long.MinValue ? result : SaturatedToInt64(a);
    }

    [MethodImpl(Inline)]
    public static long I64TruncSatF32U(float a)
    {
        if (!Sse.X64.IsSupported) return (long)(ulong)a;
        long result = Sse.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        return result >= 0 ? result : SaturatedToUInt64(a);
    }

    [MethodImpl(Inline)]
    public static int I32TruncF64S(double a)
    {
        if (!Sse2.IsSupported) return CheckedToInt32(a);
        int result = Sse2.ConvertToInt32WithTruncation(Vector128.CreateScalarUnsafe(a));
        return result != int.MinValue ? result : CheckedToInt32(a);
    }

    [MethodImpl(Inline)]
    public static int I32TruncF64U(double a)
    {
        if (!Sse2.X64.IsSupported) return CheckedToUInt32(a);
        long result = Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        return (ulong)result <= uint.MaxValue ? (int)result : CheckedToUInt32(a);
    }

    [MethodImpl(Inline)]
    public static long I64TruncF64S(double a)
    {
        if (!Sse2.X64.IsSupported) return CheckedToInt64(a);
        long result = Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        return result != long.MinValue ? result : CheckedToInt64(a);
    }

    [MethodImpl(Inline)]
    public static long I64TruncF64U(double a)
    {
        if (!Sse2.X64.IsSupported) return CheckedToUInt64(a);
        long result = Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        return result >= 0 ? result : CheckedToUInt64(a);
    }

    [MethodImpl(Inline)]
    public static int I32TruncSatF64S(double a)
    {
        if (!Sse2.IsSupported) return (int)a;
        int result = Sse2.ConvertToInt32WithTruncation(Vector128.CreateScalarUnsafe(a));
        return result != int.MinValue ? result : SaturatedToInt32(a);
    }

    [MethodImpl(Inline)]
    public static int I32TruncSatF64U(double a)
    {
        if (!Sse2.X64.IsSupported) return (int)(uint)a;
        long result = Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        return (ulong)result <= uint.MaxValue ? (int)result : SaturatedToUInt32(a);
    }

    [MethodImpl(Inline)]
    public static long I64TruncSatF64S(double a)
    {
        if (!Sse2.X64.IsSupported) return (long)a;
        long result = Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        return result != long.MinValue ? result : SaturatedToInt64(a);
    }

    [MethodImpl(Inline)]
    public static long I64TruncSatF64U(double a)
    {
        if (!Sse2.X64.IsSupported) return (long)(ulong)a;
        long result = Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        return result >= 0 ? result : SaturatedToUInt64(a);
    }

    [MethodImpl(Inline)]
    public static float F32ConvertI32S(int a) => a;

    [MethodImpl(Inline)]
    public static float F32ConvertI32U(int a) => (uint)a;

    [MethodImpl(Inline)]
    public static float F32ConvertI64S(long a) => a;

    [MethodImpl(Inline)]
    public static float F32ConvertI64U(long a)
    {
        if (a >= 0) return a;
        // Half of it fits; or-ing the lost bit to the last one keeps the rounding right ("sticky bit").
        float half = (long)((ulong)a >> 1) | (a & 1);
        return half + half;
    }

    [MethodImpl(Inline)]
    public static double F64ConvertI32S(int a) => a;

    [MethodImpl(Inline)]
    public static double F64ConvertI32U(int a) => (uint)a;

    [MethodImpl(Inline)]
    public static double F64ConvertI64S(long a) => a;

    /// <inheritdoc cref="F32ConvertI64U"/>
    [MethodImpl(Inline)]
    public static double F64ConvertI64U(long a)
    {
        if (a >= 0) return a;
        double half = (long)((ulong)a >> 1) | (a & 1);
        return half + half;
    }

    [MethodImpl(Inline)]
    public static float F32DemoteF64(double a) => (float)a;

    /// <summary>The same number as a double; a NaN becomes quiet.</summary>
    [MethodImpl(Inline)]
    public static double F64PromoteF32(float a)
    {
        // A plain cast would be dropped by the JIT together with a demotion of its result, and a signalling NaN would stay one.
        if (!Sse2.IsSupported) return float.IsNaN(a) ? PromotedNaN(a) : a;
        return Sse2.ConvertScalarToVector128Double(Vector128<double>.Zero, Vector128.CreateScalarUnsafe(a)).ToScalar();
    }

    [MethodImpl(Inline)]
    public static int I32ReinterpretF32(float a) => BitConverter.SingleToInt32Bits(a);

    [MethodImpl(Inline)]
    public static long I64ReinterpretF64(double a) => BitConverter.DoubleToInt64Bits(a);

    /// <summary>The number with these bits, also where the argument is a constant and a signalling NaN.</summary>
    [MethodImpl(Inline)]
    public static float F32ReinterpretI32(int a)
    {
        // The JIT keeps constants as doubles, so that a signalling NaN which it sees becomes a quiet one; it does not look through this.
        if (!Sse2.IsSupported) return (a & int.MaxValue) > 0x7F80_0000 ? OpaqueBits(a) : BitConverter.Int32BitsToSingle(a);
        return Sse2.ConvertScalarToVector128Int32(a).AsSingle().ToScalar();
    }

    [MethodImpl(Inline)]
    public static double F64ReinterpretI64(long a) => BitConverter.Int64BitsToDouble(a);

    [MethodImpl(Cold)]
    private static double PromotedNaN(float a) => a;

    [MethodImpl(Cold)]
    private static float OpaqueBits(int a) => BitConverter.Int32BitsToSingle(a);

    // The eight that follow are right for every argument. A float is handed over as a double, which is exact. Casts saturate.
    [MethodImpl(Cold)]
    private static int CheckedToInt32(double a)
    {
        if (a is > -2147483649.0 and < 2147483648.0) return (int)a;
        ThrowNotRepresentable(a);
        return 0;
    }

    [MethodImpl(Cold)]
    private static int CheckedToUInt32(double a)
    {
        if (a is > -1.0 and < 4294967296.0) return (int)(uint)a;
        ThrowNotRepresentable(a);
        return 0;
    }

    [MethodImpl(Cold)]
    private static long CheckedToInt64(double a)
    {
        if (a is >= -9223372036854775808.0 and < 9223372036854775808.0) return (long)a;
        ThrowNotRepresentable(a);
        return 0;
    }

    [MethodImpl(Cold)]
    private static long CheckedToUInt64(double a)
    {
        if (a is > -1.0 and < 18446744073709551616.0) return (long)(ulong)a;
        ThrowNotRepresentable(a);
        return 0;
    }

    [MethodImpl(Cold)]
    private static int SaturatedToInt32(double a) => (int)a;

    [MethodImpl(Cold)]
    private static int SaturatedToUInt32(double a) => (int)(uint)a;

    [MethodImpl(Cold)]
    private static long SaturatedToInt64(double a) => (long)a;

    [MethodImpl(Cold)]
    private static long SaturatedToUInt64(double a) => (long)(ulong)a;

    private static void ThrowNotRepresentable(double a)
    {
        if (double.IsNaN(a)) Trap.InvalidConversionToInteger();
        Trap.IntegerOverflow();
    }
}
