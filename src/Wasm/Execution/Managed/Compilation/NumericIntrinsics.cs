using System.Numerics;
using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Chain.Wasm.Binary;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>
/// What <see cref="VectorIntrinsics"/> is for vectors, for those scalar instructions of <see cref="Runtime.NumericOperations"/> that
/// need no branch. Made once; safe on any thread.
/// </summary>
internal static class NumericIntrinsics
{
    // The numbers of scratch locals, see IntrinsicSequence.ScratchTypes.
    private const int Int32A = 3, Int32B = 4, Int64A = 5;

    private static readonly Dictionary<Opcode, IntrinsicStep[]> Sequences =
        Build().ToDictionary(entry => entry.Key, entry => entry.Value.Steps);

    /// <summary>The steps for an instruction whose operands are on the stack; empty where its method must be called.</summary>
    public static ReadOnlySpan<IntrinsicStep> Find(Opcode opcode) =>
        Vector128.IsHardwareAccelerated && Sequences.TryGetValue(opcode, out IntrinsicStep[]? steps) ? steps : default;

    private static Dictionary<Opcode, IntrinsicSequence> Build()
    {
        var table = new Dictionary<Opcode, IntrinsicSequence>();
        IntrinsicSequence New(Opcode opcode) => table[opcode] = new IntrinsicSequence();
        Type bits = typeof(BitOperations);
        New(Opcode.I32Clz).Call(Intrinsics.Find(bits, "LeadingZeroCount", typeof(uint)));
        New(Opcode.I32Ctz).Call(Intrinsics.Find(bits, "TrailingZeroCount", typeof(uint)));
        New(Opcode.I32Popcnt).Call(Intrinsics.Find(bits, "PopCount", typeof(uint)));
        New(Opcode.I64Clz).Call(Intrinsics.Find(bits, "LeadingZeroCount", typeof(ulong))).Plain(OpCodes.Conv_I8);
        New(Opcode.I64Ctz).Call(Intrinsics.Find(bits, "TrailingZeroCount", typeof(ulong))).Plain(OpCodes.Conv_I8);
        New(Opcode.I64Popcnt).Call(Intrinsics.Find(bits, "PopCount", typeof(ulong))).Plain(OpCodes.Conv_I8);
        Rotate(New(Opcode.I32Rotl).Store(Int32B), Int32A, Int32B, 32, OpCodes.Shl, OpCodes.Shr_Un);
        Rotate(New(Opcode.I32Rotr).Store(Int32B), Int32A, Int32B, 32, OpCodes.Shr_Un, OpCodes.Shl);
        Rotate(New(Opcode.I64Rotl).Plain(OpCodes.Conv_I4).Store(Int32B), Int64A, Int32B, 64, OpCodes.Shl, OpCodes.Shr_Un);
        Rotate(New(Opcode.I64Rotr).Plain(OpCodes.Conv_I4).Store(Int32B), Int64A, Int32B, 64, OpCodes.Shr_Un, OpCodes.Shl);

        New(Opcode.F32Neg).Plain(OpCodes.Neg);
        New(Opcode.F64Neg).Plain(OpCodes.Neg);
        foreach ((Opcode single, Opcode wide, string name) in new[]
        {
            (Opcode.F32Abs, Opcode.F64Abs, "Abs"), (Opcode.F32Ceil, Opcode.F64Ceil, "Ceiling"), (Opcode.F32Floor, Opcode.F64Floor, "Floor"),
            (Opcode.F32Trunc, Opcode.F64Trunc, "Truncate"), (Opcode.F32Nearest, Opcode.F64Nearest, "Round"),
            (Opcode.F32Sqrt, Opcode.F64Sqrt, "Sqrt"),
        })
        {
            New(single).Call(Intrinsics.Find(typeof(MathF), name, typeof(float)));
            New(wide).Call(Intrinsics.Find(typeof(Math), name, typeof(double)));
        }

        Copysign(New(Opcode.F32Copysign), typeof(float), 0x8000_0000_8000_0000);
        Copysign(New(Opcode.F64Copysign), typeof(double), 0x8000_0000_0000_0000);
        AddConversions(New);
        return table;
    }

    // The pattern that the JIT makes a rotation of.
    private static void Rotate(IntrinsicSequence sequence, int value, int count, int width, OpCode there, OpCode back) =>
        sequence.Store(value)
            .Load(value).Load(count).Int32(width - 1).Plain(OpCodes.And).Plain(there)
            .Load(value).Int32(width).Load(count).Plain(OpCodes.Sub).Int32(width - 1).Plain(OpCodes.And).Plain(back)
            .Plain(OpCodes.Or);

    private static void Copysign(IntrinsicSequence sequence, Type type, ulong sign) =>
        sequence.Call(Intrinsics.Function("CreateScalarUnsafe", type)).Store(1)
            .Call(Intrinsics.Function("CreateScalarUnsafe", type)).Store(0)
            .Constant(sign).Load(1).Load(0).Generic("ConditionalSelect", typeof(ulong)).Generic("ToScalar", type);

    private static void AddConversions(Func<Opcode, IntrinsicSequence> add)
    {
        // Since .NET 9 these saturate and take a NaN to 0, on every processor.
        add(Opcode.I32TruncSatF32S).Plain(OpCodes.Conv_I4);
        add(Opcode.I32TruncSatF32U).Plain(OpCodes.Conv_U4);
        add(Opcode.I32TruncSatF64S).Plain(OpCodes.Conv_I4);
        add(Opcode.I32TruncSatF64U).Plain(OpCodes.Conv_U4);
        add(Opcode.I64TruncSatF32S).Plain(OpCodes.Conv_I8);
        add(Opcode.I64TruncSatF32U).Plain(OpCodes.Conv_U8);
        add(Opcode.I64TruncSatF64S).Plain(OpCodes.Conv_I8);
        add(Opcode.I64TruncSatF64U).Plain(OpCodes.Conv_U8);
        add(Opcode.F32ConvertI32S).Plain(OpCodes.Conv_R4);
        add(Opcode.F32ConvertI32U).Plain(OpCodes.Conv_R_Un).Plain(OpCodes.Conv_R4);
        add(Opcode.F32ConvertI64S).Plain(OpCodes.Conv_R4);
        add(Opcode.F32ConvertI64U).Plain(OpCodes.Conv_R_Un).Plain(OpCodes.Conv_R4);
        add(Opcode.F64ConvertI32S).Plain(OpCodes.Conv_R8);
        add(Opcode.F64ConvertI32U).Plain(OpCodes.Conv_R_Un).Plain(OpCodes.Conv_R8);
        add(Opcode.F64ConvertI64S).Plain(OpCodes.Conv_R8);
        add(Opcode.F64ConvertI64U).Plain(OpCodes.Conv_R_Un).Plain(OpCodes.Conv_R8);
        add(Opcode.F32DemoteF64).Plain(OpCodes.Conv_R4);
        add(Opcode.I32ReinterpretF32).Call(Intrinsics.Find(typeof(BitConverter), "SingleToInt32Bits", typeof(float)));
        add(Opcode.I64ReinterpretF64).Call(Intrinsics.Find(typeof(BitConverter), "DoubleToInt64Bits", typeof(double)));
        add(Opcode.F64ReinterpretI64).Call(Intrinsics.Find(typeof(BitConverter), "Int64BitsToDouble", typeof(long)));
        if (!Sse2.IsSupported) return;

        // As in NumericOperations: forms that keep the JIT from making a signalling NaN quiet, and from leaving it one.
        add(Opcode.F32ReinterpretI32).Call(Intrinsics.Find(typeof(Sse2), "ConvertScalarToVector128Int32", typeof(int)))
            .Generic("ToScalar", typeof(float));
        add(Opcode.F64PromoteF32).Call(Intrinsics.Function("CreateScalarUnsafe", typeof(float))).Store(0)
            .Operator("get_Zero", typeof(double)).Load(0)
            .Hardware(typeof(Sse2), "ConvertScalarToVector128Double", typeof(double), typeof(float)).Generic("ToScalar", typeof(double));
    }
}
