using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Chain.Wasm.Execution.Managed.Runtime;

// Conversions between integer and floating-point lanes and between the two floating-point widths.
internal static partial class VectorOperations
{
    // The double whose last bits, down to 1, are those of an integer below 2^32 that is added to it.
    private const double TwoTo52 = 4503599627370496.0;

    [MethodImpl(Inline)]
    public static V128 F32x4ConvertI32x4S(V128 a) => Vector128.ConvertToSingle(a.AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4ConvertI32x4U(V128 a) => Vector128.ConvertToSingle(a.AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2ConvertLowI32x4S(V128 a)
    {
        if (Sse2.IsSupported) return Sse2.ConvertToVector128Double(a.AsInt32()).AsByte();
        return Vector128.ConvertToDouble(Vector128.WidenLower(a.AsInt32())).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 F64x2ConvertLowI32x4U(V128 a)
    {
        Vector128<double> offset = Vector128.Create(TwoTo52);
        return ((Vector128.WidenLower(a.AsUInt32()) | offset.AsUInt64()).AsDouble() - offset).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I32x4TruncSatF32x4S(V128 a) => Vector128.ConvertToInt32(a.AsSingle()).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4TruncSatF32x4U(V128 a)
    {
        if (!Sse41.IsSupported || Avx512F.VL.IsSupported) return Vector128.ConvertToUInt32(a.AsSingle()).AsByte();
        // Without AVX-512 the JIT goes lane by lane. From 2^31 up, convert what is above 2^31 and set the top bit again; maxps turns a NaN
        // into its second operand.
        Vector128<float> x = Sse.Max(a.AsSingle(), Vector128<float>.Zero);
        Vector128<float> half = Vector128.Create(2147483648f);
        Vector128<float> isLarge = Vector128.GreaterThanOrEqual(x, half);
        Vector128<int> low = Sse2.ConvertToVector128Int32WithTruncation(x - (half & isLarge));
        Vector128<int> tooLarge = Vector128.GreaterThanOrEqual(x, Vector128.Create(4294967296f)).AsInt32();
        return ((low ^ Vector128.ShiftLeft(isLarge.AsInt32(), 31)) | tooLarge).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I32x4TruncSatF64x2SZero(V128 a)
    {
        Vector128<double> x = a.AsDouble();
        if (Sse2.IsSupported)
        {
            // Below the range cvttpd2dq yields the minimum, above it too: so bound it. minpd turns a NaN into its second operand, made 0.
            Vector128<double> bound = Vector128.Equals(x, x) & Vector128.Create((double)int.MaxValue);
            return Sse2.ConvertToVector128Int32WithTruncation(Sse2.Min(x, bound)).AsByte();
        }

        return Vector128.Create((int)x.GetElement(0), (int)x.GetElement(1), 0, 0).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 I32x4TruncSatF64x2UZero(V128 a)
    {
        Vector128<double> x = a.AsDouble();
        if (Sse41.IsSupported)
        {
            x = Sse2.Min(Sse2.Max(x, Vector128<double>.Zero), Vector128.Create((double)uint.MaxValue));
            x = Sse41.RoundToZero(x) + Vector128.Create(TwoTo52);
            return Sse.Shuffle(x.AsSingle(), Vector128<float>.Zero, 0b10_00_10_00).AsByte();
        }

        return Vector128.Create((uint)x.GetElement(0), (uint)x.GetElement(1), 0, 0).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 F32x4DemoteF64x2Zero(V128 a)
    {
        if (Sse2.IsSupported) return Sse2.ConvertToVector128Single(a.AsDouble()).AsByte();
        return Vector128.Narrow(a.AsDouble(), Vector128<double>.Zero).AsByte();
    }

    [MethodImpl(Inline)]
    public static V128 F64x2PromoteLowF32x4(V128 a)
    {
        if (Sse2.IsSupported) return Sse2.ConvertToVector128Double(a.AsSingle()).AsByte();
        return Vector128.WidenLower(a.AsSingle()).AsByte();
    }
}
