using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Chain.Wasm.Execution.Managed.Runtime;

// Lanes: splat, extract, replace, shuffle, swizzle.
internal static partial class VectorOperations
{
    [MethodImpl(Inline)]
    public static V128 I8x16Splat(int value) => Vector128.Create((byte)value);

    [MethodImpl(Inline)]
    public static V128 I16x8Splat(int value) => Vector128.Create((ushort)value).AsByte();

    [MethodImpl(Inline)]
    public static V128 I32x4Splat(int value) => Vector128.Create(value).AsByte();

    [MethodImpl(Inline)]
    public static V128 I64x2Splat(long value) => Vector128.Create(value).AsByte();

    [MethodImpl(Inline)]
    public static V128 F32x4Splat(float value) => Vector128.Create(value).AsByte();

    [MethodImpl(Inline)]
    public static V128 F64x2Splat(double value) => Vector128.Create(value).AsByte();

    [MethodImpl(Inline)]
    public static int I8x16ExtractLaneS(V128 v, int lane) => v.AsSByte().GetElement(lane);

    [MethodImpl(Inline)]
    public static int I8x16ExtractLaneU(V128 v, int lane) => v.GetElement(lane);

    [MethodImpl(Inline)]
    public static V128 I8x16ReplaceLane(V128 v, int value, int lane) => v.WithElement(lane, (byte)value);

    [MethodImpl(Inline)]
    public static int I16x8ExtractLaneS(V128 v, int lane) => v.AsInt16().GetElement(lane);

    [MethodImpl(Inline)]
    public static int I16x8ExtractLaneU(V128 v, int lane) => v.AsUInt16().GetElement(lane);

    [MethodImpl(Inline)]
    public static V128 I16x8ReplaceLane(V128 v, int value, int lane) => v.AsUInt16().WithElement(lane, (ushort)value).AsByte();

    [MethodImpl(Inline)]
    public static int I32x4ExtractLane(V128 v, int lane) => v.AsInt32().GetElement(lane);

    [MethodImpl(Inline)]
    public static V128 I32x4ReplaceLane(V128 v, int value, int lane) => v.AsInt32().WithElement(lane, value).AsByte();

    [MethodImpl(Inline)]
    public static long I64x2ExtractLane(V128 v, int lane) => v.AsInt64().GetElement(lane);

    [MethodImpl(Inline)]
    public static V128 I64x2ReplaceLane(V128 v, long value, int lane) => v.AsInt64().WithElement(lane, value).AsByte();

    [MethodImpl(Inline)]
    public static float F32x4ExtractLane(V128 v, int lane) => v.AsSingle().GetElement(lane);

    [MethodImpl(Inline)]
    public static V128 F32x4ReplaceLane(V128 v, float value, int lane) => v.AsSingle().WithElement(lane, value).AsByte();

    [MethodImpl(Inline)]
    public static double F64x2ExtractLane(V128 v, int lane) => v.AsDouble().GetElement(lane);

    [MethodImpl(Inline)]
    public static V128 F64x2ReplaceLane(V128 v, double value, int lane) => v.AsDouble().WithElement(lane, value).AsByte();

    /// <summary>Lane i of the result is lane <c>lanes[i]</c> of the 32 lanes of a and b. Each of <paramref name="lanes"/> is below 32.</summary>
    /// <remarks>
    /// Meant for a constant <paramref name="lanes"/>: the JIT folds the tests and the index arithmetic, and one table look-up is left
    /// where only one operand is used.
    /// </remarks>
    [MethodImpl(Inline)]
    public static V128 I8x16Shuffle(V128 a, V128 b, V128 lanes)
    {
        // Both tests are written out, because the JIT folds no comparison of a local.
        if ((lanes & Vector128.Create((byte)16)) == V128.Zero) return Vector128.Shuffle(a, lanes);
        if ((~lanes & Vector128.Create((byte)16)) == V128.Zero) return Vector128.Shuffle(b, lanes ^ Vector128.Create((byte)16));
        // Adding 0x70 sets the top bit of the indices from 16 up and subtracting 16 sets it of those below: pshufb yields zero for both.
        if (Ssse3.IsSupported)
        {
            return Ssse3.Shuffle(a, lanes + Vector128.Create((byte)0x70)) | Ssse3.Shuffle(b, lanes - Vector128.Create((byte)16));
        }

        if (AdvSimd.Arm64.IsSupported) return AdvSimd.Arm64.VectorTableLookup((a, b), lanes);
        return Vector128.Shuffle(a, lanes) | Vector128.Shuffle(b, lanes - Vector128.Create((byte)16));
    }

    /// <summary>Lane i of the result is lane <c>lanes[i]</c> of a, or 0 where that is 16 or more.</summary>
    [MethodImpl(Inline)]
    public static V128 I8x16Swizzle(V128 a, V128 lanes)
    {
        // pshufb looks at bits 0-3 and yields zero where bit 7 is set; the saturating add sets it for all indices from 16 up.
        if (Ssse3.IsSupported) return Ssse3.Shuffle(a, Sse2.AddSaturate(lanes, Vector128.Create((byte)0x70)));
        if (AdvSimd.Arm64.IsSupported) return AdvSimd.Arm64.VectorTableLookup(a, lanes);
        return Vector128.Shuffle(a, lanes);
    }
}
