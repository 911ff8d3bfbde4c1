using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Chain.Wasm.Binary;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>
/// How to write vector instructions directly as intrinsics of the JIT, instead of as calls of <see cref="Runtime.VectorOperations"/>, of
/// which each is the equal. Made once; safe on any thread.
/// </summary>
/// <remarks>
/// The JIT inlines nothing more into a method once that has 512 locals, its own temporaries included, and a call costs ten times an
/// instruction; intrinsics are expanded in any method, and an order of magnitude faster. They ask for vectors of their own lane type
/// where the stack has <c>Vector128&lt;byte&gt;</c>: that cannot be verified, but the JIT goes by the method alone. It would matter if one
/// became a real call, so there are none here where the hardware does not have them.
/// </remarks>
internal static partial class VectorIntrinsics
{
    private static readonly IntrinsicStep[]?[] Sequences = Build();

    /// <summary>
    /// The steps for an instruction whose operands are on the stack (for loads and lane stores as for the methods of
    /// <see cref="Runtime.VectorOperations"/>); empty where there are none and the method must be called.
    /// </summary>
    public static ReadOnlySpan<IntrinsicStep> Find(in Instruction instruction)
    {
        if (instruction.Opcode < Opcode.V128Load || !Vector128.IsHardwareAccelerated) return default;
        if (instruction.Opcode == Opcode.I8x16Shuffle) return Shuffle(instruction.Bits, instruction.BitsHigh);
        return Sequences[instruction.Opcode - Opcode.V128Load];
    }

    private static IntrinsicStep[]?[] Build()
    {
        var table = new Dictionary<Opcode, IntrinsicSequence>();
        AddIntegers(table, "I8x16", 8, typeof(sbyte), typeof(byte));
        AddIntegers(table, "I16x8", 16, typeof(short), typeof(ushort));
        AddIntegers(table, "I32x4", 32, typeof(int), typeof(uint));
        AddIntegers(table, "I64x2", 64, typeof(long), typeof(ulong));
        AddFloats(table, "F32x4", typeof(float), typeof(Sse), 0x8000_0000_8000_0000UL, 10, typeof(uint));
        AddFloats(table, "F64x2", typeof(double), typeof(Sse2), 0x8000_0000_0000_0000UL, 13, typeof(ulong));
        AddWidening(table, "I16x8", "I8x16", typeof(sbyte), typeof(byte), typeof(short), typeof(ushort));
        AddWidening(table, "I32x4", "I16x8", typeof(short), typeof(ushort), typeof(int), typeof(uint));
        AddWidening(table, "I64x2", "I32x4", typeof(int), typeof(uint), typeof(long), typeof(ulong));
        AddBitwise(table);
        AddMemory(table);
        if (Avx2.IsSupported) AddX86(table);
        AddRelaxed(table);
        var sequences = new IntrinsicStep[]?[0x200];
        foreach ((Opcode opcode, IntrinsicSequence sequence) in table) sequences[opcode - Opcode.V128Load] = sequence.Steps;
        return sequences;
    }

    private static IntrinsicSequence New(Dictionary<Opcode, IntrinsicSequence> table, string name) =>
        table[Enum.Parse<Opcode>(name)] = new IntrinsicSequence();

    private static void AddIntegers(Dictionary<Opcode, IntrinsicSequence> table, string shape, int bits, Type signed, Type unsigned)
    {
        New(table, shape + "Add").Operator("op_Addition", unsigned);
        New(table, shape + "Sub").Operator("op_Subtraction", unsigned);
        if (bits > 8) New(table, shape + "Mul").Operator("op_Multiply", unsigned);
        New(table, shape + "Neg").Operator("op_UnaryNegation", signed);
        New(table, shape + "Abs").Generic("Abs", signed);
        foreach ((string suffix, Type lane) in new[] { ("S", signed), ("U", unsigned) })
        {
            if (bits < 64) New(table, $"{shape}Min{suffix}").Generic("Min", lane);
            if (bits < 64) New(table, $"{shape}Max{suffix}").Generic("Max", lane);
            if (bits <= 16) New(table, $"{shape}AddSat{suffix}").Generic("AddSaturate", lane);
            if (bits <= 16) New(table, $"{shape}SubSat{suffix}").Generic("SubtractSaturate", lane);
            if (bits < 64 || suffix == "S") AddOrder(table, shape, suffix, lane);
            New(table, $"{shape}Shr{suffix}").Int32(bits - 1).Plain(OpCodes.And)
                .Operator(suffix == "S" ? "op_RightShift" : "op_UnsignedRightShift", lane);
            if (bits < 32) New(table, $"{shape}ExtractLane{suffix}").Lane().Generic("GetElement", lane);
        }

        if (bits >= 32) New(table, shape + "ExtractLane").Lane().Generic("GetElement", signed);
        New(table, shape + "Shl").Int32(bits - 1).Plain(OpCodes.And).Operator("op_LeftShift", unsigned);
        New(table, shape + "Eq").Generic("Equals", unsigned);
        New(table, shape + "Ne").Generic("Equals", unsigned).Operator("op_OnesComplement", unsigned);
        New(table, shape + "AllTrue").Operator("get_Zero", unsigned).Generic("EqualsAny", unsigned).Int32(0).Plain(OpCodes.Ceq);
        New(table, shape + "Bitmask").Generic("ExtractMostSignificantBits", unsigned);
        IntrinsicSequence splat = New(table, shape + "Splat");
        if (bits < 32) splat.Plain(bits == 8 ? OpCodes.Conv_U1 : OpCodes.Conv_U2);
        splat.Call(Intrinsics.Function("Create", bits < 32 ? unsigned : signed));
    }

    private static void AddOrder(Dictionary<Opcode, IntrinsicSequence> table, string shape, string suffix, Type lane)
    {
        New(table, $"{shape}Lt{suffix}").Generic("LessThan", lane);
        New(table, $"{shape}Gt{suffix}").Generic("GreaterThan", lane);
        New(table, $"{shape}Le{suffix}").Generic("LessThanOrEqual", lane);
        New(table, $"{shape}Ge{suffix}").Generic("GreaterThanOrEqual", lane);
    }

    private static void AddFloats(
        Dictionary<Opcode, IntrinsicSequence> table, string shape, Type lane, Type set, ulong sign, int quietShift, Type bits)
    {
        New(table, shape + "Add").Operator("op_Addition", lane);
        New(table, shape + "Sub").Operator("op_Subtraction", lane);
        New(table, shape + "Mul").Operator("op_Multiply", lane);
        New(table, shape + "Div").Operator("op_Division", lane);
        New(table, shape + "Sqrt").Generic("Sqrt", lane);
        New(table, shape + "Ceil").Overload("Ceiling", lane);
        New(table, shape + "Floor").Overload("Floor", lane);
        New(table, shape + "Trunc").Overload("Truncate", lane);
        New(table, shape + "Nearest").Overload("Round", lane);
        New(table, shape + "Abs").Constant(~sign).Operator("op_BitwiseAnd", bits);
        New(table, shape + "Neg").Constant(sign).Operator("op_ExclusiveOr", bits);
        New(table, shape + "Eq").Generic("Equals", lane);
        New(table, shape + "Ne").Generic("Equals", lane).Operator("op_OnesComplement", lane);
        AddOrder(table, shape, "", lane);
        New(table, shape + "Splat").Call(Intrinsics.Function("Create", lane));
        New(table, shape + "ExtractLane").Lane().Generic("GetElement", lane);
        New(table, shape + "RelaxedMadd").Store(0).Operator("op_Multiply", lane).Load(0).Operator("op_Addition", lane);
        New(table, shape + "RelaxedNmadd").Store(0).Store(1).Constant(sign).Operator("op_ExclusiveOr", bits).Load(1)
            .Operator("op_Multiply", lane).Load(0).Operator("op_Addition", lane);
        if (!Sse2.IsSupported) return;

        // As in VectorOperations, where the reasons are.
        New(table, shape + "Pmin").Store(0).Store(1).Load(0).Load(1).Hardware(set, "Min", lane, lane);
        New(table, shape + "Pmax").Store(0).Store(1).Load(0).Load(1).Hardware(set, "Max", lane, lane);
        CanonicalNaN(New(table, shape + "Min")
            .Store(0).Store(1).Load(1).Load(0).Hardware(set, "Min", lane, lane).Load(0).Load(1).Hardware(set, "Min", lane, lane)
            .Operator("op_BitwiseOr", bits).Store(0)
            .Load(0).Load(0).Generic("Equals", lane).Operator("op_OnesComplement", lane).Store(1));
        CanonicalNaN(New(table, shape + "Max")
            .Store(0).Store(1).Load(1).Load(0).Hardware(set, "Max", lane, lane).Load(0).Load(1).Hardware(set, "Max", lane, lane)
            .Store(0).Store(1).Load(0).Load(1).Operator("op_BitwiseOr", bits).Store(2)
            .Load(0).Load(1).Operator("op_BitwiseAnd", bits).Store(0)
            .Load(2).Load(2).Generic("Equals", lane).Operator("op_OnesComplement", lane).Store(1));

        // The value is in scratch 0, the mask in 1.
        void CanonicalNaN(IntrinsicSequence sequence) => sequence.Load(0).Load(1).Operator("op_BitwiseOr", bits)
            .Load(1).Int32(quietShift).Operator("op_UnsignedRightShift", bits).Generic("AndNot", bits);
    }

    private static void AddWidening(
        Dictionary<Opcode, IntrinsicSequence> table, string wide, string narrow, Type signed, Type unsigned, Type wideSigned, Type wideUnsigned)
    {
        foreach ((string half, string widen) in new[] { ("Low", "WidenLower"), ("High", "WidenUpper") })
        {
            foreach ((string suffix, Type lane, Type result) in new[] { ("S", signed, wideSigned), ("U", unsigned, wideUnsigned) })
            {
                New(table, $"{wide}Extend{half}{narrow}{suffix}").Overload(widen, lane);
                IntrinsicSequence product = New(table, $"{wide}Extmul{half}{narrow}{suffix}");
                if (wide == "I16x8" || !Avx2.IsSupported)
                {
                    product.Overload(widen, lane).Store(0).Overload(widen, lane).Load(0).Operator("op_Multiply", result);
                    continue;
                }

                string unpack = half == "Low" ? "UnpackLow" : "UnpackHigh";
                product.Store(0).Store(1);
                if (wide == "I32x4")
                {
                    product.Load(1).Load(0).Operator("op_Multiply", lane).Load(1).Load(0).Hardware(typeof(Sse2), "MultiplyHigh", lane, lane)
                        .Hardware(typeof(Sse2), unpack, lane, lane);
                }
                else
                {
                    product.Load(1).Load(1).Hardware(typeof(Sse2), unpack, lane, lane).Load(0).Load(0)
                        .Hardware(typeof(Sse2), unpack, lane, lane)
                        .Hardware(suffix == "S" ? typeof(Sse41) : typeof(Sse2), "Multiply", lane, lane);
                }
            }
        }
    }

    private static void AddBitwise(Dictionary<Opcode, IntrinsicSequence> table)
    {
        New(table, "V128Not").Operator("op_OnesComplement", typeof(byte));
        New(table, "V128And").Operator("op_BitwiseAnd", typeof(byte));
        New(table, "V128Andnot").Generic("AndNot", typeof(byte));
        New(table, "V128Or").Operator("op_BitwiseOr", typeof(byte));
        New(table, "V128Xor").Operator("op_ExclusiveOr", typeof(byte));
        New(table, "V128AnyTrue").Operator("get_Zero", typeof(byte)).Operator("op_Inequality", typeof(byte));
        New(table, "V128Bitselect").Store(0).Store(1).Store(2).Load(0).Load(2).Load(1).Generic("ConditionalSelect", typeof(byte));
    }

    private static void AddMemory(Dictionary<Opcode, IntrinsicSequence> table)
    {
        foreach ((string name, Type signed, Type unsigned) in new[]
        {
            ("8x8", typeof(sbyte), typeof(byte)), ("16x4", typeof(short), typeof(ushort)), ("32x2", typeof(int), typeof(uint)),
        })
        {
            New(table, $"V128Load{name}S").Call(Intrinsics.Function("CreateScalarUnsafe", typeof(ulong))).Overload("WidenLower", signed);
            New(table, $"V128Load{name}U").Call(Intrinsics.Function("CreateScalarUnsafe", typeof(ulong))).Overload("WidenLower", unsigned);
        }

        foreach ((int bits, Type lane) in new[] { (8, typeof(byte)), (16, typeof(ushort)), (32, typeof(uint)), (64, typeof(ulong)) })
        {
            New(table, $"V128Load{bits}Splat").Call(Intrinsics.Function("Create", lane));
            New(table, $"V128Store{bits}Lane").Lane().Generic("GetElement", lane);
            if (bits >= 32) New(table, $"V128Load{bits}Zero").Call(Intrinsics.Function("CreateScalar", lane));
        }
    }

    // Each does what the specification's deterministic profile prescribes, as in VectorOperations.
    private static void AddRelaxed(Dictionary<Opcode, IntrinsicSequence> table)
    {
        foreach ((string relaxed, string strict) in new[]
        {
            ("I8x16RelaxedSwizzle", "I8x16Swizzle"), ("I32x4RelaxedTruncF32x4S", "I32x4TruncSatF32x4S"),
            ("I32x4RelaxedTruncF32x4U", "I32x4TruncSatF32x4U"), ("I32x4RelaxedTruncF64x2SZero", "I32x4TruncSatF64x2SZero"),
            ("I32x4RelaxedTruncF64x2UZero", "I32x4TruncSatF64x2UZero"), ("I8x16RelaxedLaneselect", "V128Bitselect"),
            ("I16x8RelaxedLaneselect", "V128Bitselect"), ("I32x4RelaxedLaneselect", "V128Bitselect"),
            ("I64x2RelaxedLaneselect", "V128Bitselect"), ("F32x4RelaxedMin", "F32x4Min"), ("F32x4RelaxedMax", "F32x4Max"),
            ("F64x2RelaxedMin", "F64x2Min"), ("F64x2RelaxedMax", "F64x2Max"), ("I16x8RelaxedQ15mulrS", "I16x8Q15mulrSatS"),
        })
        {
            if (table.TryGetValue(Enum.Parse<Opcode>(strict), out IntrinsicSequence? sequence)) table[Enum.Parse<Opcode>(relaxed)] = sequence;
        }
    }
}
