using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Chain.Wasm.Binary;

namespace Chain.Wasm.Execution.Managed.Compilation;

// What takes the instructions of one processor family; the reasons are beside the same code in VectorOperations.
internal static partial class VectorIntrinsics
{
    private const ulong NibbleCountsLow = 0x0302020102010100, NibbleCountsHigh = 0x0403030203020201;

    private static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);

    private static void AddX86(Dictionary<Opcode, IntrinsicSequence> table)
    {
        Type sse2 = typeof(Sse2), ssse3 = typeof(Ssse3), sse41 = typeof(Sse41);
        New(table, "I8x16Swizzle").Constant(0x7070_7070_7070_7070).Hardware(sse2, "AddSaturate", typeof(byte), typeof(byte))
            .Hardware(ssse3, "Shuffle", typeof(byte), typeof(byte));
        New(table, "I8x16AvgrU").Hardware(sse2, "Average", typeof(byte), typeof(byte));
        New(table, "I16x8AvgrU").Hardware(sse2, "Average", typeof(ushort), typeof(ushort));
        New(table, "I8x16Popcnt").Store(0)
            .Constant(NibbleCountsLow, NibbleCountsHigh).Load(0).Constant(0x0F0F_0F0F_0F0F_0F0F).Operator("op_BitwiseAnd", typeof(byte))
            .Hardware(ssse3, "Shuffle", typeof(byte), typeof(byte))
            .Constant(NibbleCountsLow, NibbleCountsHigh).Load(0).Int32(4).Operator("op_UnsignedRightShift", typeof(ushort))
            .Constant(0x0F0F_0F0F_0F0F_0F0F).Operator("op_BitwiseAnd", typeof(byte)).Hardware(ssse3, "Shuffle", typeof(byte), typeof(byte))
            .Operator("op_Addition", typeof(byte));
        New(table, "I16x8Q15mulrSatS").Hardware(ssse3, "MultiplyHighRoundScale", typeof(short), typeof(short)).Store(0)
            .Load(0).Load(0).Constant(0x8000_8000_8000_8000).Generic("Equals", typeof(short)).Operator("op_ExclusiveOr", typeof(short));
        New(table, "I32x4DotI16x8S").Hardware(sse2, "MultiplyAddAdjacent", typeof(short), typeof(short));
        New(table, "I16x8ExtaddPairwiseI8x16S").Store(0).Constant(0x0101_0101_0101_0101).Load(0)
            .Hardware(ssse3, "MultiplyAddAdjacent", typeof(byte), typeof(sbyte));
        New(table, "I16x8ExtaddPairwiseI8x16U").Constant(0x0101_0101_0101_0101)
            .Hardware(ssse3, "MultiplyAddAdjacent", typeof(byte), typeof(sbyte));
        New(table, "I32x4ExtaddPairwiseI16x8S").Constant(0x0001_0001_0001_0001)
            .Hardware(sse2, "MultiplyAddAdjacent", typeof(short), typeof(short));
        New(table, "I32x4ExtaddPairwiseI16x8U").Store(0).Load(0).Constant(0x0000_FFFF_0000_FFFF).Operator("op_BitwiseAnd", typeof(uint))
            .Load(0).Int32(16).Operator("op_UnsignedRightShift", typeof(uint)).Operator("op_Addition", typeof(uint));
        New(table, "I8x16NarrowI16x8S").Hardware(sse2, "PackSignedSaturate", typeof(short), typeof(short));
        New(table, "I8x16NarrowI16x8U").Hardware(sse2, "PackUnsignedSaturate", typeof(short), typeof(short));
        New(table, "I16x8NarrowI32x4S").Hardware(sse2, "PackSignedSaturate", typeof(int), typeof(int));
        New(table, "I16x8NarrowI32x4U").Hardware(sse41, "PackUnsignedSaturate", typeof(int), typeof(int));
        AddInserts(table);
        AddConversions(table);
    }

    // WithElement wants its lane below the value; these take them in the order of the stack.
    private static void AddInserts(Dictionary<Opcode, IntrinsicSequence> table)
    {
        New(table, "I8x16ReplaceLane").Lane().Call(Intrinsics.Find(typeof(Sse41), "Insert", typeof(Vector128<byte>), typeof(byte), typeof(byte)));
        New(table, "I16x8ReplaceLane").Lane()
            .Call(Intrinsics.Find(typeof(Sse2), "Insert", typeof(Vector128<ushort>), typeof(ushort), typeof(byte)));
        New(table, "I32x4ReplaceLane").Lane().Call(Intrinsics.Find(typeof(Sse41), "Insert", typeof(Vector128<int>), typeof(int), typeof(byte)));
        New(table, "F32x4ReplaceLane").Call(Intrinsics.Function("CreateScalarUnsafe", typeof(float))).Lane(16)
            .Call(Intrinsics.Find(typeof(Sse41), "Insert", typeof(Vector128<float>), typeof(Vector128<float>), typeof(byte)));
        if (!Sse41.X64.IsSupported) return;
        New(table, "I64x2ReplaceLane").Lane()
            .Call(Intrinsics.Find(typeof(Sse41.X64), "Insert", typeof(Vector128<long>), typeof(long), typeof(byte)));
    }

    private static void AddConversions(Dictionary<Opcode, IntrinsicSequence> table)
    {
        Type sse2 = typeof(Sse2);
        const double twoTo52 = 4503599627370496.0;
        New(table, "F32x4ConvertI32x4S").Overload("ConvertToSingle", typeof(int));
        New(table, "I32x4TruncSatF32x4S").Overload("ConvertToInt32", typeof(float));
        if (Avx512F.VL.IsSupported)
        {
            // Without AVX-512 these two are no intrinsics.
            New(table, "F32x4ConvertI32x4U").Overload("ConvertToSingle", typeof(uint));
            New(table, "I32x4TruncSatF32x4U").Overload("ConvertToUInt32", typeof(float));
        }

        New(table, "F64x2ConvertLowI32x4S").Hardware(sse2, "ConvertToVector128Double", typeof(int));
        New(table, "F64x2ConvertLowI32x4U").Overload("WidenLower", typeof(uint)).Constant(Bits(twoTo52)).Operator("op_BitwiseOr", typeof(ulong))
            .Constant(Bits(twoTo52)).Operator("op_Subtraction", typeof(double));
        New(table, "F32x4DemoteF64x2Zero").Hardware(sse2, "ConvertToVector128Single", typeof(double));
        New(table, "F64x2PromoteLowF32x4").Hardware(sse2, "ConvertToVector128Double", typeof(float));
        New(table, "I32x4TruncSatF64x2SZero").Store(0).Load(0).Load(0).Load(0).Generic("Equals", typeof(double))
            .Constant(Bits(int.MaxValue)).Operator("op_BitwiseAnd", typeof(ulong)).Hardware(sse2, "Min", typeof(double), typeof(double))
            .Hardware(sse2, "ConvertToVector128Int32WithTruncation", typeof(double));
        New(table, "I32x4TruncSatF64x2UZero").Operator("get_Zero", typeof(double)).Hardware(sse2, "Max", typeof(double), typeof(double))
            .Constant(Bits(uint.MaxValue)).Hardware(sse2, "Min", typeof(double), typeof(double))
            .Hardware(typeof(Sse41), "RoundToZero", typeof(double)).Constant(Bits(twoTo52)).Operator("op_Addition", typeof(double))
            .Operator("get_Zero", typeof(float)).Int32(0b10_00_10_00)
            .Call(Intrinsics.Find(typeof(Sse), "Shuffle", typeof(Vector128<float>), typeof(Vector128<float>), typeof(byte)));
    }

    private static IntrinsicStep[] Shuffle(ulong low, ulong high)
    {
        const ulong sixteen = 0x1010_1010_1010_1010;
        var sequence = new IntrinsicSequence();
        bool usesA = (~(low & high) & sixteen) != 0, usesB = ((low | high) & sixteen) != 0;
        if (!usesB) return sequence.Plain(OpCodes.Pop).Constant(low, high).Hardware(typeof(Vector128), "Shuffle", typeof(byte), typeof(byte)).Steps;
        if (!usesA)
        {
            // a is below b on the stack.
            return sequence.Store(0).Plain(OpCodes.Pop).Load(0).Constant(low ^ sixteen, high ^ sixteen)
                .Hardware(typeof(Vector128), "Shuffle", typeof(byte), typeof(byte)).Steps;
        }

        if (!Ssse3.IsSupported) return [];
        // No carry crosses a byte, because lanes are below 32: adding 0x70 sets the top bit of those from 16 up, the lanes of b.
        (ulong aLow, ulong aHigh) = (low + (sixteen * 7), high + (sixteen * 7));
        (ulong bLow, ulong bHigh) = (FromB(low), FromB(high));
        return sequence.Store(0).Constant(aLow, aHigh).Hardware(typeof(Ssse3), "Shuffle", typeof(byte), typeof(byte))
            .Load(0).Constant(bLow, bHigh).Hardware(typeof(Ssse3), "Shuffle", typeof(byte), typeof(byte))
            .Operator("op_BitwiseOr", typeof(byte)).Steps;

        // Lanes of b keep their low bits, lanes of a get the top bit.
        static ulong FromB(ulong lanes) => (lanes & 0x0F0F_0F0F_0F0F_0F0F) | ((~lanes & sixteen) << 3);
    }
}
