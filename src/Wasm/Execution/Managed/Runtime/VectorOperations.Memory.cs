using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using V128 = System.Runtime.Intrinsics.Vector128<byte>;

namespace Chain.Wasm.Execution.Managed.Runtime;

// The value side of the loads and stores: from the integer that was loaded, or to the one that is stored.
internal static partial class VectorOperations
{
    [MethodImpl(Inline)]
    public static V128 V128Load8x8S(ulong raw) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(raw).AsSByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load8x8U(ulong raw) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(raw).AsByte()).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load16x4S(ulong raw) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(raw).AsInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load16x4U(ulong raw) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(raw).AsUInt16()).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load32x2S(ulong raw) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(raw).AsInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load32x2U(ulong raw) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(raw).AsUInt32()).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load8Splat(byte raw) => Vector128.Create(raw);

    [MethodImpl(Inline)]
    public static V128 V128Load16Splat(ushort raw) => Vector128.Create(raw).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load32Splat(uint raw) => Vector128.Create(raw).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load64Splat(ulong raw) => Vector128.Create(raw).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load32Zero(uint raw) => Vector128.CreateScalar(raw).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load64Zero(ulong raw) => Vector128.CreateScalar(raw).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load8Lane(byte raw, V128 v, int lane) => v.WithElement(lane, raw);

    [MethodImpl(Inline)]
    public static V128 V128Load16Lane(ushort raw, V128 v, int lane) => v.AsUInt16().WithElement(lane, raw).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load32Lane(uint raw, V128 v, int lane) => v.AsUInt32().WithElement(lane, raw).AsByte();

    [MethodImpl(Inline)]
    public static V128 V128Load64Lane(ulong raw, V128 v, int lane) => v.AsUInt64().WithElement(lane, raw).AsByte();

    [MethodImpl(Inline)]
    public static byte V128Store8Lane(V128 v, int lane) => v.GetElement(lane);

    [MethodImpl(Inline)]
    public static ushort V128Store16Lane(V128 v, int lane) => v.AsUInt16().GetElement(lane);

    [MethodImpl(Inline)]
    public static uint V128Store32Lane(V128 v, int lane) => v.AsUInt32().GetElement(lane);

    [MethodImpl(Inline)]
    public static ulong V128Store64Lane(V128 v, int lane) => v.AsUInt64().GetElement(lane);
}
