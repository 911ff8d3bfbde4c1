using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Chain.Wasm.Execution.Managed.Runtime;

// Conversions between integers and floating-point numbers. On x64 the hardware's truncations yield the minimum for all they cannot
// represent, so that the usual case costs the conversion and one compare. Casts saturate and take a NaN to 0, on every processor.
internal static partial class NumericOperations
{
    [MethodImpl(Inline)]
    public static int I32TruncF32S(float a)
    {
        if (!Sse.IsSupported)
        {
            if (!(a >= -2147483648f && a < 2147483648f)) ThrowNotRepresentable(a);
            return (int)a;
        }

        int result = Sse.ConvertToInt32WithTruncation(Vector128.CreateScalarUnsafe(a));
        if (result == int.MinValue && !(a >= -2147483648f && a < 2147483648f)) ThrowNotRepresentable(a);
        return result;
    }

    [MethodImpl(Inline)]
    public static int I32TruncF32U(float a)
    {
        if (!Sse.X64.IsSupported)
        {
            if (!(a > -1f && a < 4294967296f)) ThrowNotRepresentable(a);
            return (int)(uint)a;
        }

        long result = Sse.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        if ((ulong)result > uint.MaxValue) ThrowNotRepresentable(a);
        return (int)result;
    }

    [MethodImpl(Inline)]
    public static long I64TruncF32S(float a)
    {
        if (!Sse.X64.IsSupported)
        {
            if (!(a >= -9223372036854775808f && a < 9223372036854775808f)) ThrowNotRepresentable(a);
            return (long)a;
        }

        long result = Sse.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        if (result == long.MinValue && a != -9223372036854775808f) ThrowNotRepresentable(a);
        return result;
    }

    [MethodImpl(Inline)]
    public static long I64TruncF32U(float a)
    {
        if (!Sse.X64.IsSupported)
        {
            if (!(a > -1f && a < 18446744073709551616f)) ThrowNotRepresentable(a);
            return (long)(ulong)a;
        }

        long result = Sse.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        if (result >= 0) return result;
        result = Sse.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a - 9223372036854775808f));
        if (result < 0) ThrowNotRepresentable(a);
        return result ^ long.MinValue;
    }

    [MethodImpl(Inline)]
    public static int I32TruncSatF32S(float a) => (int)a;

    [MethodImpl(Inline)]
    public static int I32TruncSatF32U(float a) => (int)(uint)a;

    [MethodImpl(Inline)]
    public static long I64TruncSatF32S(float a) => (long)a;

    [MethodImpl(Inline)]
    public static long I64TruncSatF32U(float a) => (long)(ulong)a;

    [MethodImpl(Inline)]
    public static int I32TruncF64S(double a)
    {
        if (!Sse2.IsSupported)
        {
            if (!(a > -2147483649.0 && a < 2147483648.0)) ThrowNotRepresentable(a);
            return (int)a;
        }

        int result = Sse2.ConvertToInt32WithTruncation(Vector128.CreateScalarUnsafe(a));
        if (result == int.MinValue && !(a > -2147483649.0 && a < 2147483648.0)) ThrowNotRepresentable(a);
        return result;
    }

    [MethodImpl(Inline)]
    public static int I32TruncF64U(double a)
    {
        if (!Sse2.X64.IsSupported)
        {
            if (!(a > -1.0 && a < 4294967296.0)) ThrowNotRepresentable(a);
            return (int)(uint)a;
        }

        long result = Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        if ((ulong)result > uint.MaxValue) ThrowNotRepresentable(a);
        return (int)result;
    }

    [MethodImpl(Inline)]
    public static long I64TruncF64S(double a)
    {
        if (!Sse2.X64.IsSupported)
        {
            if (!(a >= -9223372036854775808.0 && a < 9223372036854775808.0)) ThrowNotRepresentable(a);
            return (long)a;
        }

        long result = Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        if (result == long.MinValue && a != -9223372036854775808.0) ThrowNotRepresentable(a);
        return result;
    }

    [MethodImpl(Inline)]
    public static long I64TruncF64U(double a)
    {
        if (!Sse2.X64.IsSupported)
        {
            if (!(a > -1.0 && a < 18446744073709551616.0)) ThrowNotRepresentable(a);
            return (long)(ulong)a;
        }

        long result = Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a));
        if (result >= 0) return result;
        result = Sse2.X64.ConvertToInt64WithTruncation(Vector128.CreateScalarUnsafe(a - 9223372036854775808.0));
        if (result < 0) ThrowNotRepresentable(a);
        return result ^ long.MinValue;
    }

    [MethodImpl(Inline)]
    public static int I32TruncSatF64S(double a) => (int)a;

    [MethodImpl(Inline)]
    public static int I32TruncSatF64U(double a) => (int)(uint)a;

    [MethodImpl(Inline)]
    public static long I64TruncSatF64S(double a) => (long)a;

    [MethodImpl(Inline)]
    public static long I64TruncSatF64U(double a) => (long)(ulong)a;

    [MethodImpl(Inline)]
    public static float F32ConvertI32S(int a) => a;

    [MethodImpl(Inline)]
    public static float F32ConvertI32U(int a) => (uint)a;

    [MethodImpl(Inline)]
    public static float F32ConvertI64S(long a) => a;

    [MethodImpl(Inline)]
    public static float F32ConvertI64U(long a) => (ulong)a;

    [MethodImpl(Inline)]
    public static double F64ConvertI32S(int a) => a;

    [MethodImpl(Inline)]
    public static double F64ConvertI32U(int a) => (uint)a;

    [MethodImpl(Inline)]
    public static double F64ConvertI64S(long a) => a;

    [MethodImpl(Inline)]
    public static double F64ConvertI64U(long a) => (ulong)a;

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

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double PromotedNaN(float a) => a;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float OpaqueBits(int a) => BitConverter.Int32BitsToSingle(a);

    // Left to the JIT to find out that it never returns, as in Trap.
    [DoesNotReturn]
    private static void ThrowNotRepresentable(double a) => throw new WasmTrapException(
        double.IsNaN(a) ? TrapKind.InvalidConversionToInteger : TrapKind.IntegerOverflow);
}
