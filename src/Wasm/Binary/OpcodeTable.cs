using static Chain.Wasm.Binary.ImmediateKind;

namespace Chain.Wasm.Binary;

/// <summary>What follows an opcode in the binary format.</summary>
public enum ImmediateKind : byte
{
    None,
    BlockType,
    TagIndex,
    LabelIndex,
    LabelTable,
    FunctionIndex,
    TypeAndTable,
    TypeIndex,
    ValueTypes,
    TryTable,
    LocalIndex,
    GlobalIndex,
    TableIndex,
    MemoryArgument,
    MemoryIndex,
    I32,
    I64,
    F32,
    F64,
    HeapType,
    TypeAndField,
    TypeAndCount,
    TypeAndData,
    TypeAndElement,
    TypePair,
    BranchOnCast,
    DataAndMemory,
    DataIndex,
    MemoryPair,
    ElementAndTable,
    ElementIndex,
    TablePair,
    V128,
    Lanes,
    Lane,
    MemoryArgumentLane,
}

/// <summary>
/// One instruction's text name, immediates and, where it does not depend on the module or the operand stack, its type.
/// </summary>
/// <param name="Name">The name of the text format.</param>
/// <param name="Immediate">What follows the opcode.</param>
/// <param name="Signature">
/// <c>operands:results</c> with <c>i</c> i32, <c>I</c> i64, <c>f</c> f32, <c>F</c> f64, <c>v</c> v128 and <c>m</c> the address type of the
/// memory that the immediate names; <see langword="null"/> where the type takes more than this to tell.
/// </param>
public sealed record OpcodeInfo(string Name, ImmediateKind Immediate, string? Signature);

/// <summary>The table of all instructions, by <see cref="Opcode"/>. Safe for any thread.</summary>
public static class OpcodeTable
{
    private const int FirstPrefixed = 0x100;
    private static readonly OpcodeInfo?[] Entries = Build();

    /// <summary>The entry of an instruction, or <see langword="null"/> where no instruction has that opcode.</summary>
    public static OpcodeInfo? Find(Opcode opcode) => (int)opcode < Entries.Length ? Entries[(int)opcode] : null;

    /// <summary>The entry of an instruction that is known to exist.</summary>
    public static OpcodeInfo Get(Opcode opcode) => Entries[(int)opcode]!;

    /// <summary>The opcode for a sub-opcode behind a prefix byte, or <see langword="null"/> where there is none.</summary>
    public static Opcode? Prefixed(byte prefix, uint subOpcode)
    {
        uint value = prefix switch
        {
            0xFB when subOpcode < 0x100 => FirstPrefixed + subOpcode,
            0xFC when subOpcode < 0x100 => 0x200 + subOpcode,
            0xFD when subOpcode < 0x200 => 0x300 + subOpcode,
            _ => uint.MaxValue,
        };
        return value < Entries.Length && Entries[value] is not null ? (Opcode)value : null;
    }

    private static OpcodeInfo?[] Build()
    {
        var table = new OpcodeInfo?[0x500];
        void Add(Opcode opcode, string name, ImmediateKind immediate = None, string? signature = null) =>
            table[(int)opcode] = new OpcodeInfo(name, immediate, signature);

        Add(Opcode.Unreachable, "unreachable");
        Add(Opcode.Nop, "nop", None, ":");
        Add(Opcode.Block, "block", ImmediateKind.BlockType);
        Add(Opcode.Loop, "loop", ImmediateKind.BlockType);
        Add(Opcode.If, "if", ImmediateKind.BlockType);
        Add(Opcode.Else, "else");
        Add(Opcode.Throw, "throw", TagIndex);
        Add(Opcode.ThrowRef, "throw_ref");
        Add(Opcode.End, "end");
        Add(Opcode.Br, "br", LabelIndex);
        Add(Opcode.BrIf, "br_if", LabelIndex);
        Add(Opcode.BrTable, "br_table", LabelTable);
        Add(Opcode.Return, "return");
        Add(Opcode.Call, "call", FunctionIndex);
        Add(Opcode.CallIndirect, "call_indirect", TypeAndTable);
        Add(Opcode.ReturnCall, "return_call", FunctionIndex);
        Add(Opcode.ReturnCallIndirect, "return_call_indirect", TypeAndTable);
        Add(Opcode.CallRef, "call_ref", TypeIndex);
        Add(Opcode.ReturnCallRef, "return_call_ref", TypeIndex);
        Add(Opcode.Drop, "drop");
        Add(Opcode.Select, "select");
        Add(Opcode.SelectTyped, "select", ValueTypes);
        Add(Opcode.TryTable, "try_table", TryTable);
        Add(Opcode.LocalGet, "local.get", LocalIndex);
        Add(Opcode.LocalSet, "local.set", LocalIndex);
        Add(Opcode.LocalTee, "local.tee", LocalIndex);
        Add(Opcode.GlobalGet, "global.get", GlobalIndex);
        Add(Opcode.GlobalSet, "global.set", GlobalIndex);
        Add(Opcode.TableGet, "table.get", TableIndex);
        Add(Opcode.TableSet, "table.set", TableIndex);
        Add(Opcode.I32Load, "i32.load", MemoryArgument, "m:i");
        Add(Opcode.I64Load, "i64.load", MemoryArgument, "m:I");
        Add(Opcode.F32Load, "f32.load", MemoryArgument, "m:f");
        Add(Opcode.F64Load, "f64.load", MemoryArgument, "m:F");
        Add(Opcode.I32Load8S, "i32.load8_s", MemoryArgument, "m:i");
        Add(Opcode.I32Load8U, "i32.load8_u", MemoryArgument, "m:i");
        Add(Opcode.I32Load16S, "i32.load16_s", MemoryArgument, "m:i");
        Add(Opcode.I32Load16U, "i32.load16_u", MemoryArgument, "m:i");
        Add(Opcode.I64Load8S, "i64.load8_s", MemoryArgument, "m:I");
        Add(Opcode.I64Load8U, "i64.load8_u", MemoryArgument, "m:I");
        Add(Opcode.I64Load16S, "i64.load16_s", MemoryArgument, "m:I");
        Add(Opcode.I64Load16U, "i64.load16_u", MemoryArgument, "m:I");
        Add(Opcode.I64Load32S, "i64.load32_s", MemoryArgument, "m:I");
        Add(Opcode.I64Load32U, "i64.load32_u", MemoryArgument, "m:I");
        Add(Opcode.I32Store, "i32.store", MemoryArgument, "mi:");
        Add(Opcode.I64Store, "i64.store", MemoryArgument, "mI:");
        Add(Opcode.F32Store, "f32.store", MemoryArgument, "mf:");
        Add(Opcode.F64Store, "f64.store", MemoryArgument, "mF:");
        Add(Opcode.I32Store8, "i32.store8", MemoryArgument, "mi:");
        Add(Opcode.I32Store16, "i32.store16", MemoryArgument, "mi:");
        Add(Opcode.I64Store8, "i64.store8", MemoryArgument, "mI:");
        Add(Opcode.I64Store16, "i64.store16", MemoryArgument, "mI:");
        Add(Opcode.I64Store32, "i64.store32", MemoryArgument, "mI:");
        Add(Opcode.MemorySize, "memory.size", MemoryIndex);
        Add(Opcode.MemoryGrow, "memory.grow", MemoryIndex);
        Add(Opcode.I32Const, "i32.const", I32, ":i");
        Add(Opcode.I64Const, "i64.const", I64, ":I");
        Add(Opcode.F32Const, "f32.const", F32, ":f");
        Add(Opcode.F64Const, "f64.const", F64, ":F");
        Add(Opcode.I32Eqz, "i32.eqz", None, "i:i");
        Add(Opcode.I32Eq, "i32.eq", None, "ii:i");
        Add(Opcode.I32Ne, "i32.ne", None, "ii:i");
        Add(Opcode.I32LtS, "i32.lt_s", None, "ii:i");
        Add(Opcode.I32LtU, "i32.lt_u", None, "ii:i");
        Add(Opcode.I32GtS, "i32.gt_s", None, "ii:i");
        Add(Opcode.I32GtU, "i32.gt_u", None, "ii:i");
        Add(Opcode.I32LeS, "i32.le_s", None, "ii:i");
        Add(Opcode.I32LeU, "i32.le_u", None, "ii:i");
        Add(Opcode.I32GeS, "i32.ge_s", None, "ii:i");
        Add(Opcode.I32GeU, "i32.ge_u", None, "ii:i");
        Add(Opcode.I64Eqz, "i64.eqz", None, "I:i");
        Add(Opcode.I64Eq, "i64.eq", None, "II:i");
        Add(Opcode.I64Ne, "i64.ne", None, "II:i");
        Add(Opcode.I64LtS, "i64.lt_s", None, "II:i");
        Add(Opcode.I64LtU, "i64.lt_u", None, "II:i");
        Add(Opcode.I64GtS, "i64.gt_s", None, "II:i");
        Add(Opcode.I64GtU, "i64.gt_u", None, "II:i");
        Add(Opcode.I64LeS, "i64.le_s", None, "II:i");
        Add(Opcode.I64LeU, "i64.le_u", None, "II:i");
        Add(Opcode.I64GeS, "i64.ge_s", None, "II:i");
        Add(Opcode.I64GeU, "i64.ge_u", None, "II:i");
        Add(Opcode.F32Eq, "f32.eq", None, "ff:i");
        Add(Opcode.F32Ne, "f32.ne", None, "ff:i");
        Add(Opcode.F32Lt, "f32.lt", None, "ff:i");
        Add(Opcode.F32Gt, "f32.gt", None, "ff:i");
        Add(Opcode.F32Le, "f32.le", None, "ff:i");
        Add(Opcode.F32Ge, "f32.ge", None, "ff:i");
        Add(Opcode.F64Eq, "f64.eq", None, "FF:i");
        Add(Opcode.F64Ne, "f64.ne", None, "FF:i");
        Add(Opcode.F64Lt, "f64.lt", None, "FF:i");
        Add(Opcode.F64Gt, "f64.gt", None, "FF:i");
        Add(Opcode.F64Le, "f64.le", None, "FF:i");
        Add(Opcode.F64Ge, "f64.ge", None, "FF:i");
        Add(Opcode.I32Clz, "i32.clz", None, "i:i");
        Add(Opcode.I32Ctz, "i32.ctz", None, "i:i");
        Add(Opcode.I32Popcnt, "i32.popcnt", None, "i:i");
        Add(Opcode.I32Add, "i32.add", None, "ii:i");
        Add(Opcode.I32Sub, "i32.sub", None, "ii:i");
        Add(Opcode.I32Mul, "i32.mul", None, "ii:i");
        Add(Opcode.I32DivS, "i32.div_s", None, "ii:i");
        Add(Opcode.I32DivU, "i32.div_u", None, "ii:i");
        Add(Opcode.I32RemS, "i32.rem_s", None, "ii:i");
        Add(Opcode.I32RemU, "i32.rem_u", None, "ii:i");
        Add(Opcode.I32And, "i32.and", None, "ii:i");
        Add(Opcode.I32Or, "i32.or", None, "ii:i");
        Add(Opcode.I32Xor, "i32.xor", None, "ii:i");
        Add(Opcode.I32Shl, "i32.shl", None, "ii:i");
        Add(Opcode.I32ShrS, "i32.shr_s", None, "ii:i");
        Add(Opcode.I32ShrU, "i32.shr_u", None, "ii:i");
        Add(Opcode.I32Rotl, "i32.rotl", None, "ii:i");
        Add(Opcode.I32Rotr, "i32.rotr", None, "ii:i");
        Add(Opcode.I64Clz, "i64.clz", None, "I:I");
        Add(Opcode.I64Ctz, "i64.ctz", None, "I:I");
        Add(Opcode.I64Popcnt, "i64.popcnt", None, "I:I");
        Add(Opcode.I64Add, "i64.add", None, "II:I");
        Add(Opcode.I64Sub, "i64.sub", None, "II:I");
        Add(Opcode.I64Mul, "i64.mul", None, "II:I");
        Add(Opcode.I64DivS, "i64.div_s", None, "II:I");
        Add(Opcode.I64DivU, "i64.div_u", None, "II:I");
        Add(Opcode.I64RemS, "i64.rem_s", None, "II:I");
        Add(Opcode.I64RemU, "i64.rem_u", None, "II:I");
        Add(Opcode.I64And, "i64.and", None, "II:I");
        Add(Opcode.I64Or, "i64.or", None, "II:I");
        Add(Opcode.I64Xor, "i64.xor", None, "II:I");
        Add(Opcode.I64Shl, "i64.shl", None, "II:I");
        Add(Opcode.I64ShrS, "i64.shr_s", None, "II:I");
        Add(Opcode.I64ShrU, "i64.shr_u", None, "II:I");
        Add(Opcode.I64Rotl, "i64.rotl", None, "II:I");
        Add(Opcode.I64Rotr, "i64.rotr", None, "II:I");
        Add(Opcode.F32Abs, "f32.abs", None, "f:f");
        Add(Opcode.F32Neg, "f32.neg", None, "f:f");
        Add(Opcode.F32Ceil, "f32.ceil", None, "f:f");
        Add(Opcode.F32Floor, "f32.floor", None, "f:f");
        Add(Opcode.F32Trunc, "f32.trunc", None, "f:f");
        Add(Opcode.F32Nearest, "f32.nearest", None, "f:f");
        Add(Opcode.F32Sqrt, "f32.sqrt", None, "f:f");
        Add(Opcode.F32Add, "f32.add", None, "ff:f");
        Add(Opcode.F32Sub, "f32.sub", None, "ff:f");
        Add(Opcode.F32Mul, "f32.mul", None, "ff:f");
        Add(Opcode.F32Div, "f32.div", None, "ff:f");
        Add(Opcode.F32Min, "f32.min", None, "ff:f");
        Add(Opcode.F32Max, "f32.max", None, "ff:f");
        Add(Opcode.F32Copysign, "f32.copysign", None, "ff:f");
        Add(Opcode.F64Abs, "f64.abs", None, "F:F");
        Add(Opcode.F64Neg, "f64.neg", None, "F:F");
        Add(Opcode.F64Ceil, "f64.ceil", None, "F:F");
        Add(Opcode.F64Floor, "f64.floor", None, "F:F");
        Add(Opcode.F64Trunc, "f64.trunc", None, "F:F");
        Add(Opcode.F64Nearest, "f64.nearest", None, "F:F");
        Add(Opcode.F64Sqrt, "f64.sqrt", None, "F:F");
        Add(Opcode.F64Add, "f64.add", None, "FF:F");
        Add(Opcode.F64Sub, "f64.sub", None, "FF:F");
        Add(Opcode.F64Mul, "f64.mul", None, "FF:F");
        Add(Opcode.F64Div, "f64.div", None, "FF:F");
        Add(Opcode.F64Min, "f64.min", None, "FF:F");
        Add(Opcode.F64Max, "f64.max", None, "FF:F");
        Add(Opcode.F64Copysign, "f64.copysign", None, "FF:F");
        Add(Opcode.I32WrapI64, "i32.wrap_i64", None, "I:i");
        Add(Opcode.I32TruncF32S, "i32.trunc_f32_s", None, "f:i");
        Add(Opcode.I32TruncF32U, "i32.trunc_f32_u", None, "f:i");
        Add(Opcode.I32TruncF64S, "i32.trunc_f64_s", None, "F:i");
        Add(Opcode.I32TruncF64U, "i32.trunc_f64_u", None, "F:i");
        Add(Opcode.I64ExtendI32S, "i64.extend_i32_s", None, "i:I");
        Add(Opcode.I64ExtendI32U, "i64.extend_i32_u", None, "i:I");
        Add(Opcode.I64TruncF32S, "i64.trunc_f32_s", None, "f:I");
        Add(Opcode.I64TruncF32U, "i64.trunc_f32_u", None, "f:I");
        Add(Opcode.I64TruncF64S, "i64.trunc_f64_s", None, "F:I");
        Add(Opcode.I64TruncF64U, "i64.trunc_f64_u", None, "F:I");
        Add(Opcode.F32ConvertI32S, "f32.convert_i32_s", None, "i:f");
        Add(Opcode.F32ConvertI32U, "f32.convert_i32_u", None, "i:f");
        Add(Opcode.F32ConvertI64S, "f32.convert_i64_s", None, "I:f");
        Add(Opcode.F32ConvertI64U, "f32.convert_i64_u", None, "I:f");
        Add(Opcode.F32DemoteF64, "f32.demote_f64", None, "F:f");
        Add(Opcode.F64ConvertI32S, "f64.convert_i32_s", None, "i:F");
        Add(Opcode.F64ConvertI32U, "f64.convert_i32_u", None, "i:F");
        Add(Opcode.F64ConvertI64S, "f64.convert_i64_s", None, "I:F");
        Add(Opcode.F64ConvertI64U, "f64.convert_i64_u", None, "I:F");
        Add(Opcode.F64PromoteF32, "f64.promote_f32", None, "f:F");
        Add(Opcode.I32ReinterpretF32, "i32.reinterpret_f32", None, "f:i");
        Add(Opcode.I64ReinterpretF64, "i64.reinterpret_f64", None, "F:I");
        Add(Opcode.F32ReinterpretI32, "f32.reinterpret_i32", None, "i:f");
        Add(Opcode.F64ReinterpretI64, "f64.reinterpret_i64", None, "I:F");
        Add(Opcode.I32Extend8S, "i32.extend8_s", None, "i:i");
        Add(Opcode.I32Extend16S, "i32.extend16_s", None, "i:i");
        Add(Opcode.I64Extend8S, "i64.extend8_s", None, "I:I");
        Add(Opcode.I64Extend16S, "i64.extend16_s", None, "I:I");
        Add(Opcode.I64Extend32S, "i64.extend32_s", None, "I:I");
        Add(Opcode.RefNull, "ref.null", ImmediateKind.HeapType);
        Add(Opcode.RefIsNull, "ref.is_null");
        Add(Opcode.RefFunc, "ref.func", FunctionIndex);
        Add(Opcode.RefEq, "ref.eq");
        Add(Opcode.RefAsNonNull, "ref.as_non_null");
        Add(Opcode.BrOnNull, "br_on_null", LabelIndex);
        Add(Opcode.BrOnNonNull, "br_on_non_null", LabelIndex);

        Add(Opcode.StructNew, "struct.new", TypeIndex);
        Add(Opcode.StructNewDefault, "struct.new_default", TypeIndex);
        Add(Opcode.StructGet, "struct.get", TypeAndField);
        Add(Opcode.StructGetS, "struct.get_s", TypeAndField);
        Add(Opcode.StructGetU, "struct.get_u", TypeAndField);
        Add(Opcode.StructSet, "struct.set", TypeAndField);
        Add(Opcode.ArrayNew, "array.new", TypeIndex);
        Add(Opcode.ArrayNewDefault, "array.new_default", TypeIndex);
        Add(Opcode.ArrayNewFixed, "array.new_fixed", TypeAndCount);
        Add(Opcode.ArrayNewData, "array.new_data", TypeAndData);
        Add(Opcode.ArrayNewElem, "array.new_elem", TypeAndElement);
        Add(Opcode.ArrayGet, "array.get", TypeIndex);
        Add(Opcode.ArrayGetS, "array.get_s", TypeIndex);
        Add(Opcode.ArrayGetU, "array.get_u", TypeIndex);
        Add(Opcode.ArraySet, "array.set", TypeIndex);
        Add(Opcode.ArrayLen, "array.len");
        Add(Opcode.ArrayFill, "array.fill", TypeIndex);
        Add(Opcode.ArrayCopy, "array.copy", TypePair);
        Add(Opcode.ArrayInitData, "array.init_data", TypeAndData);
        Add(Opcode.ArrayInitElem, "array.init_elem", TypeAndElement);
        Add(Opcode.RefTest, "ref.test", ImmediateKind.HeapType);
        Add(Opcode.RefTestNull, "ref.test", ImmediateKind.HeapType);
        Add(Opcode.RefCast, "ref.cast", ImmediateKind.HeapType);
        Add(Opcode.RefCastNull, "ref.cast", ImmediateKind.HeapType);
        Add(Opcode.BrOnCast, "br_on_cast", BranchOnCast);
        Add(Opcode.BrOnCastFail, "br_on_cast_fail", BranchOnCast);
        Add(Opcode.AnyConvertExtern, "any.convert_extern");
        Add(Opcode.ExternConvertAny, "extern.convert_any");
        Add(Opcode.RefI31, "ref.i31");
        Add(Opcode.I31GetS, "i31.get_s");
        Add(Opcode.I31GetU, "i31.get_u");

        Add(Opcode.I32TruncSatF32S, "i32.trunc_sat_f32_s", None, "f:i");
        Add(Opcode.I32TruncSatF32U, "i32.trunc_sat_f32_u", None, "f:i");
        Add(Opcode.I32TruncSatF64S, "i32.trunc_sat_f64_s", None, "F:i");
        Add(Opcode.I32TruncSatF64U, "i32.trunc_sat_f64_u", None, "F:i");
        Add(Opcode.I64TruncSatF32S, "i64.trunc_sat_f32_s", None, "f:I");
        Add(Opcode.I64TruncSatF32U, "i64.trunc_sat_f32_u", None, "f:I");
        Add(Opcode.I64TruncSatF64S, "i64.trunc_sat_f64_s", None, "F:I");
        Add(Opcode.I64TruncSatF64U, "i64.trunc_sat_f64_u", None, "F:I");
        Add(Opcode.MemoryInit, "memory.init", DataAndMemory);
        Add(Opcode.DataDrop, "data.drop", DataIndex);
        Add(Opcode.MemoryCopy, "memory.copy", MemoryPair);
        Add(Opcode.MemoryFill, "memory.fill", MemoryIndex);
        Add(Opcode.TableInit, "table.init", ElementAndTable);
        Add(Opcode.ElemDrop, "elem.drop", ElementIndex);
        Add(Opcode.TableCopy, "table.copy", TablePair);
        Add(Opcode.TableGrow, "table.grow", TableIndex);
        Add(Opcode.TableSize, "table.size", TableIndex);
        Add(Opcode.TableFill, "table.fill", TableIndex);

        Add(Opcode.V128Load, "v128.load", MemoryArgument, "m:v");
        Add(Opcode.V128Load8x8S, "v128.load8x8_s", MemoryArgument, "m:v");
        Add(Opcode.V128Load8x8U, "v128.load8x8_u", MemoryArgument, "m:v");
        Add(Opcode.V128Load16x4S, "v128.load16x4_s", MemoryArgument, "m:v");
        Add(Opcode.V128Load16x4U, "v128.load16x4_u", MemoryArgument, "m:v");
        Add(Opcode.V128Load32x2S, "v128.load32x2_s", MemoryArgument, "m:v");
        Add(Opcode.V128Load32x2U, "v128.load32x2_u", MemoryArgument, "m:v");
        Add(Opcode.V128Load8Splat, "v128.load8_splat", MemoryArgument, "m:v");
        Add(Opcode.V128Load16Splat, "v128.load16_splat", MemoryArgument, "m:v");
        Add(Opcode.V128Load32Splat, "v128.load32_splat", MemoryArgument, "m:v");
        Add(Opcode.V128Load64Splat, "v128.load64_splat", MemoryArgument, "m:v");
        Add(Opcode.V128Store, "v128.store", MemoryArgument, "mv:");
        Add(Opcode.V128Const, "v128.const", V128, ":v");
        Add(Opcode.I8x16Shuffle, "i8x16.shuffle", Lanes, "vv:v");
        Add(Opcode.I8x16Swizzle, "i8x16.swizzle", None, "vv:v");
        Add(Opcode.I8x16Splat, "i8x16.splat", None, "i:v");
        Add(Opcode.I16x8Splat, "i16x8.splat", None, "i:v");
        Add(Opcode.I32x4Splat, "i32x4.splat", None, "i:v");
        Add(Opcode.I64x2Splat, "i64x2.splat", None, "I:v");
        Add(Opcode.F32x4Splat, "f32x4.splat", None, "f:v");
        Add(Opcode.F64x2Splat, "f64x2.splat", None, "F:v");
        Add(Opcode.I8x16ExtractLaneS, "i8x16.extract_lane_s", Lane, "v:i");
        Add(Opcode.I8x16ExtractLaneU, "i8x16.extract_lane_u", Lane, "v:i");
        Add(Opcode.I8x16ReplaceLane, "i8x16.replace_lane", Lane, "vi:v");
        Add(Opcode.I16x8ExtractLaneS, "i16x8.extract_lane_s", Lane, "v:i");
        Add(Opcode.I16x8ExtractLaneU, "i16x8.extract_lane_u", Lane, "v:i");
        Add(Opcode.I16x8ReplaceLane, "i16x8.replace_lane", Lane, "vi:v");
        Add(Opcode.I32x4ExtractLane, "i32x4.extract_lane", Lane, "v:i");
        Add(Opcode.I32x4ReplaceLane, "i32x4.replace_lane", Lane, "vi:v");
        Add(Opcode.I64x2ExtractLane, "i64x2.extract_lane", Lane, "v:I");
        Add(Opcode.I64x2ReplaceLane, "i64x2.replace_lane", Lane, "vI:v");
        Add(Opcode.F32x4ExtractLane, "f32x4.extract_lane", Lane, "v:f");
        Add(Opcode.F32x4ReplaceLane, "f32x4.replace_lane", Lane, "vf:v");
        Add(Opcode.F64x2ExtractLane, "f64x2.extract_lane", Lane, "v:F");
        Add(Opcode.F64x2ReplaceLane, "f64x2.replace_lane", Lane, "vF:v");
        Add(Opcode.I8x16Eq, "i8x16.eq", None, "vv:v");
        Add(Opcode.I8x16Ne, "i8x16.ne", None, "vv:v");
        Add(Opcode.I8x16LtS, "i8x16.lt_s", None, "vv:v");
        Add(Opcode.I8x16LtU, "i8x16.lt_u", None, "vv:v");
        Add(Opcode.I8x16GtS, "i8x16.gt_s", None, "vv:v");
        Add(Opcode.I8x16GtU, "i8x16.gt_u", None, "vv:v");
        Add(Opcode.I8x16LeS, "i8x16.le_s", None, "vv:v");
        Add(Opcode.I8x16LeU, "i8x16.le_u", None, "vv:v");
        Add(Opcode.I8x16GeS, "i8x16.ge_s", None, "vv:v");
        Add(Opcode.I8x16GeU, "i8x16.ge_u", None, "vv:v");
        Add(Opcode.I16x8Eq, "i16x8.eq", None, "vv:v");
        Add(Opcode.I16x8Ne, "i16x8.ne", None, "vv:v");
        Add(Opcode.I16x8LtS, "i16x8.lt_s", None, "vv:v");
        Add(Opcode.I16x8LtU, "i16x8.lt_u", None, "vv:v");
        Add(Opcode.I16x8GtS, "i16x8.gt_s", None, "vv:v");
        Add(Opcode.I16x8GtU, "i16x8.gt_u", None, "vv:v");
        Add(Opcode.I16x8LeS, "i16x8.le_s", None, "vv:v");
        Add(Opcode.I16x8LeU, "i16x8.le_u", None, "vv:v");
        Add(Opcode.I16x8GeS, "i16x8.ge_s", None, "vv:v");
        Add(Opcode.I16x8GeU, "i16x8.ge_u", None, "vv:v");
        Add(Opcode.I32x4Eq, "i32x4.eq", None, "vv:v");
        Add(Opcode.I32x4Ne, "i32x4.ne", None, "vv:v");
        Add(Opcode.I32x4LtS, "i32x4.lt_s", None, "vv:v");
        Add(Opcode.I32x4LtU, "i32x4.lt_u", None, "vv:v");
        Add(Opcode.I32x4GtS, "i32x4.gt_s", None, "vv:v");
        Add(Opcode.I32x4GtU, "i32x4.gt_u", None, "vv:v");
        Add(Opcode.I32x4LeS, "i32x4.le_s", None, "vv:v");
        Add(Opcode.I32x4LeU, "i32x4.le_u", None, "vv:v");
        Add(Opcode.I32x4GeS, "i32x4.ge_s", None, "vv:v");
        Add(Opcode.I32x4GeU, "i32x4.ge_u", None, "vv:v");
        Add(Opcode.F32x4Eq, "f32x4.eq", None, "vv:v");
        Add(Opcode.F32x4Ne, "f32x4.ne", None, "vv:v");
        Add(Opcode.F32x4Lt, "f32x4.lt", None, "vv:v");
        Add(Opcode.F32x4Gt, "f32x4.gt", None, "vv:v");
        Add(Opcode.F32x4Le, "f32x4.le", None, "vv:v");
        Add(Opcode.F32x4Ge, "f32x4.ge", None, "vv:v");
        Add(Opcode.F64x2Eq, "f64x2.eq", None, "vv:v");
        Add(Opcode.F64x2Ne, "f64x2.ne", None, "vv:v");
        Add(Opcode.F64x2Lt, "f64x2.lt", None, "vv:v");
        Add(Opcode.F64x2Gt, "f64x2.gt", None, "vv:v");
        Add(Opcode.F64x2Le, "f64x2.le", None, "vv:v");
        Add(Opcode.F64x2Ge, "f64x2.ge", None, "vv:v");
        Add(Opcode.V128Not, "v128.not", None, "v:v");
        Add(Opcode.V128And, "v128.and", None, "vv:v");
        Add(Opcode.V128Andnot, "v128.andnot", None, "vv:v");
        Add(Opcode.V128Or, "v128.or", None, "vv:v");
        Add(Opcode.V128Xor, "v128.xor", None, "vv:v");
        Add(Opcode.V128Bitselect, "v128.bitselect", None, "vvv:v");
        Add(Opcode.V128AnyTrue, "v128.any_true", None, "v:i");
        Add(Opcode.V128Load8Lane, "v128.load8_lane", MemoryArgumentLane, "mv:v");
        Add(Opcode.V128Load16Lane, "v128.load16_lane", MemoryArgumentLane, "mv:v");
        Add(Opcode.V128Load32Lane, "v128.load32_lane", MemoryArgumentLane, "mv:v");
        Add(Opcode.V128Load64Lane, "v128.load64_lane", MemoryArgumentLane, "mv:v");
        Add(Opcode.V128Store8Lane, "v128.store8_lane", MemoryArgumentLane, "mv:");
        Add(Opcode.V128Store16Lane, "v128.store16_lane", MemoryArgumentLane, "mv:");
        Add(Opcode.V128Store32Lane, "v128.store32_lane", MemoryArgumentLane, "mv:");
        Add(Opcode.V128Store64Lane, "v128.store64_lane", MemoryArgumentLane, "mv:");
        Add(Opcode.V128Load32Zero, "v128.load32_zero", MemoryArgument, "m:v");
        Add(Opcode.V128Load64Zero, "v128.load64_zero", MemoryArgument, "m:v");
        Add(Opcode.F32x4DemoteF64x2Zero, "f32x4.demote_f64x2_zero", None, "v:v");
        Add(Opcode.F64x2PromoteLowF32x4, "f64x2.promote_low_f32x4", None, "v:v");
        Add(Opcode.I8x16Abs, "i8x16.abs", None, "v:v");
        Add(Opcode.I8x16Neg, "i8x16.neg", None, "v:v");
        Add(Opcode.I8x16Popcnt, "i8x16.popcnt", None, "v:v");
        Add(Opcode.I8x16AllTrue, "i8x16.all_true", None, "v:i");
        Add(Opcode.I8x16Bitmask, "i8x16.bitmask", None, "v:i");
        Add(Opcode.I8x16NarrowI16x8S, "i8x16.narrow_i16x8_s", None, "vv:v");
        Add(Opcode.I8x16NarrowI16x8U, "i8x16.narrow_i16x8_u", None, "vv:v");
        Add(Opcode.F32x4Ceil, "f32x4.ceil", None, "v:v");
        Add(Opcode.F32x4Floor, "f32x4.floor", None, "v:v");
        Add(Opcode.F32x4Trunc, "f32x4.trunc", None, "v:v");
        Add(Opcode.F32x4Nearest, "f32x4.nearest", None, "v:v");
        Add(Opcode.I8x16Shl, "i8x16.shl", None, "vi:v");
        Add(Opcode.I8x16ShrS, "i8x16.shr_s", None, "vi:v");
        Add(Opcode.I8x16ShrU, "i8x16.shr_u", None, "vi:v");
        Add(Opcode.I8x16Add, "i8x16.add", None, "vv:v");
        Add(Opcode.I8x16AddSatS, "i8x16.add_sat_s", None, "vv:v");
        Add(Opcode.I8x16AddSatU, "i8x16.add_sat_u", None, "vv:v");
        Add(Opcode.I8x16Sub, "i8x16.sub", None, "vv:v");
        Add(Opcode.I8x16SubSatS, "i8x16.sub_sat_s", None, "vv:v");
        Add(Opcode.I8x16SubSatU, "i8x16.sub_sat_u", None, "vv:v");
        Add(Opcode.F64x2Ceil, "f64x2.ceil", None, "v:v");
        Add(Opcode.F64x2Floor, "f64x2.floor", None, "v:v");
        Add(Opcode.I8x16MinS, "i8x16.min_s", None, "vv:v");
        Add(Opcode.I8x16MinU, "i8x16.min_u", None, "vv:v");
        Add(Opcode.I8x16MaxS, "i8x16.max_s", None, "vv:v");
        Add(Opcode.I8x16MaxU, "i8x16.max_u", None, "vv:v");
        Add(Opcode.F64x2Trunc, "f64x2.trunc", None, "v:v");
        Add(Opcode.I8x16AvgrU, "i8x16.avgr_u", None, "vv:v");
        Add(Opcode.I16x8ExtaddPairwiseI8x16S, "i16x8.extadd_pairwise_i8x16_s", None, "v:v");
        Add(Opcode.I16x8ExtaddPairwiseI8x16U, "i16x8.extadd_pairwise_i8x16_u", None, "v:v");
        Add(Opcode.I32x4ExtaddPairwiseI16x8S, "i32x4.extadd_pairwise_i16x8_s", None, "v:v");
        Add(Opcode.I32x4ExtaddPairwiseI16x8U, "i32x4.extadd_pairwise_i16x8_u", None, "v:v");
        Add(Opcode.I16x8Abs, "i16x8.abs", None, "v:v");
        Add(Opcode.I16x8Neg, "i16x8.neg", None, "v:v");
        Add(Opcode.I16x8Q15mulrSatS, "i16x8.q15mulr_sat_s", None, "vv:v");
        Add(Opcode.I16x8AllTrue, "i16x8.all_true", None, "v:i");
        Add(Opcode.I16x8Bitmask, "i16x8.bitmask", None, "v:i");
        Add(Opcode.I16x8NarrowI32x4S, "i16x8.narrow_i32x4_s", None, "vv:v");
        Add(Opcode.I16x8NarrowI32x4U, "i16x8.narrow_i32x4_u", None, "vv:v");
        Add(Opcode.I16x8ExtendLowI8x16S, "i16x8.extend_low_i8x16_s", None, "v:v");
        Add(Opcode.I16x8ExtendHighI8x16S, "i16x8.extend_high_i8x16_s", None, "v:v");
        Add(Opcode.I16x8ExtendLowI8x16U, "i16x8.extend_low_i8x16_u", None, "v:v");
        Add(Opcode.I16x8ExtendHighI8x16U, "i16x8.extend_high_i8x16_u", None, "v:v");
        Add(Opcode.I16x8Shl, "i16x8.shl", None, "vi:v");
        Add(Opcode.I16x8ShrS, "i16x8.shr_s", None, "vi:v");
        Add(Opcode.I16x8ShrU, "i16x8.shr_u", None, "vi:v");
        Add(Opcode.I16x8Add, "i16x8.add", None, "vv:v");
        Add(Opcode.I16x8AddSatS, "i16x8.add_sat_s", None, "vv:v");
        Add(Opcode.I16x8AddSatU, "i16x8.add_sat_u", None, "vv:v");
        Add(Opcode.I16x8Sub, "i16x8.sub", None, "vv:v");
        Add(Opcode.I16x8SubSatS, "i16x8.sub_sat_s", None, "vv:v");
        Add(Opcode.I16x8SubSatU, "i16x8.sub_sat_u", None, "vv:v");
        Add(Opcode.F64x2Nearest, "f64x2.nearest", None, "v:v");
        Add(Opcode.I16x8Mul, "i16x8.mul", None, "vv:v");
        Add(Opcode.I16x8MinS, "i16x8.min_s", None, "vv:v");
        Add(Opcode.I16x8MinU, "i16x8.min_u", None, "vv:v");
        Add(Opcode.I16x8MaxS, "i16x8.max_s", None, "vv:v");
        Add(Opcode.I16x8MaxU, "i16x8.max_u", None, "vv:v");
        Add(Opcode.I16x8AvgrU, "i16x8.avgr_u", None, "vv:v");
        Add(Opcode.I16x8ExtmulLowI8x16S, "i16x8.extmul_low_i8x16_s", None, "vv:v");
        Add(Opcode.I16x8ExtmulHighI8x16S, "i16x8.extmul_high_i8x16_s", None, "vv:v");
        Add(Opcode.I16x8ExtmulLowI8x16U, "i16x8.extmul_low_i8x16_u", None, "vv:v");
        Add(Opcode.I16x8ExtmulHighI8x16U, "i16x8.extmul_high_i8x16_u", None, "vv:v");
        Add(Opcode.I32x4Abs, "i32x4.abs", None, "v:v");
        Add(Opcode.I32x4Neg, "i32x4.neg", None, "v:v");
        Add(Opcode.I32x4AllTrue, "i32x4.all_true", None, "v:i");
        Add(Opcode.I32x4Bitmask, "i32x4.bitmask", None, "v:i");
        Add(Opcode.I32x4ExtendLowI16x8S, "i32x4.extend_low_i16x8_s", None, "v:v");
        Add(Opcode.I32x4ExtendHighI16x8S, "i32x4.extend_high_i16x8_s", None, "v:v");
        Add(Opcode.I32x4ExtendLowI16x8U, "i32x4.extend_low_i16x8_u", None, "v:v");
        Add(Opcode.I32x4ExtendHighI16x8U, "i32x4.extend_high_i16x8_u", None, "v:v");
        Add(Opcode.I32x4Shl, "i32x4.shl", None, "vi:v");
        Add(Opcode.I32x4ShrS, "i32x4.shr_s", None, "vi:v");
        Add(Opcode.I32x4ShrU, "i32x4.shr_u", None, "vi:v");
        Add(Opcode.I32x4Add, "i32x4.add", None, "vv:v");
        Add(Opcode.I32x4Sub, "i32x4.sub", None, "vv:v");
        Add(Opcode.I32x4Mul, "i32x4.mul", None, "vv:v");
        Add(Opcode.I32x4MinS, "i32x4.min_s", None, "vv:v");
        Add(Opcode.I32x4MinU, "i32x4.min_u", None, "vv:v");
        Add(Opcode.I32x4MaxS, "i32x4.max_s", None, "vv:v");
        Add(Opcode.I32x4MaxU, "i32x4.max_u", None, "vv:v");
        Add(Opcode.I32x4DotI16x8S, "i32x4.dot_i16x8_s", None, "vv:v");
        Add(Opcode.I32x4ExtmulLowI16x8S, "i32x4.extmul_low_i16x8_s", None, "vv:v");
        Add(Opcode.I32x4ExtmulHighI16x8S, "i32x4.extmul_high_i16x8_s", None, "vv:v");
        Add(Opcode.I32x4ExtmulLowI16x8U, "i32x4.extmul_low_i16x8_u", None, "vv:v");
        Add(Opcode.I32x4ExtmulHighI16x8U, "i32x4.extmul_high_i16x8_u", None, "vv:v");
        Add(Opcode.I64x2Abs, "i64x2.abs", None, "v:v");
        Add(Opcode.I64x2Neg, "i64x2.neg", None, "v:v");
        Add(Opcode.I64x2AllTrue, "i64x2.all_true", None, "v:i");
        Add(Opcode.I64x2Bitmask, "i64x2.bitmask", None, "v:i");
        Add(Opcode.I64x2ExtendLowI32x4S, "i64x2.extend_low_i32x4_s", None, "v:v");
        Add(Opcode.I64x2ExtendHighI32x4S, "i64x2.extend_high_i32x4_s", None, "v:v");
        Add(Opcode.I64x2ExtendLowI32x4U, "i64x2.extend_low_i32x4_u", None, "v:v");
        Add(Opcode.I64x2ExtendHighI32x4U, "i64x2.extend_high_i32x4_u", None, "v:v");
        Add(Opcode.I64x2Shl, "i64x2.shl", None, "vi:v");
        Add(Opcode.I64x2ShrS, "i64x2.shr_s", None, "vi:v");
        Add(Opcode.I64x2ShrU, "i64x2.shr_u", None, "vi:v");
        Add(Opcode.I64x2Add, "i64x2.add", None, "vv:v");
        Add(Opcode.I64x2Sub, "i64x2.sub", None, "vv:v");
        Add(Opcode.I64x2Mul, "i64x2.mul", None, "vv:v");
        Add(Opcode.I64x2Eq, "i64x2.eq", None, "vv:v");
        Add(Opcode.I64x2Ne, "i64x2.ne", None, "vv:v");
        Add(Opcode.I64x2LtS, "i64x2.lt_s", None, "vv:v");
        Add(Opcode.I64x2GtS, "i64x2.gt_s", None, "vv:v");
        Add(Opcode.I64x2LeS, "i64x2.le_s", None, "vv:v");
        Add(Opcode.I64x2GeS, "i64x2.ge_s", None, "vv:v");
        Add(Opcode.I64x2ExtmulLowI32x4S, "i64x2.extmul_low_i32x4_s", None, "vv:v");
        Add(Opcode.I64x2ExtmulHighI32x4S, "i64x2.extmul_high_i32x4_s", None, "vv:v");
        Add(Opcode.I64x2ExtmulLowI32x4U, "i64x2.extmul_low_i32x4_u", None, "vv:v");
        Add(Opcode.I64x2ExtmulHighI32x4U, "i64x2.extmul_high_i32x4_u", None, "vv:v");
        Add(Opcode.F32x4Abs, "f32x4.abs", None, "v:v");
        Add(Opcode.F32x4Neg, "f32x4.neg", None, "v:v");
        Add(Opcode.F32x4Sqrt, "f32x4.sqrt", None, "v:v");
        Add(Opcode.F32x4Add, "f32x4.add", None, "vv:v");
        Add(Opcode.F32x4Sub, "f32x4.sub", None, "vv:v");
        Add(Opcode.F32x4Mul, "f32x4.mul", None, "vv:v");
        Add(Opcode.F32x4Div, "f32x4.div", None, "vv:v");
        Add(Opcode.F32x4Min, "f32x4.min", None, "vv:v");
        Add(Opcode.F32x4Max, "f32x4.max", None, "vv:v");
        Add(Opcode.F32x4Pmin, "f32x4.pmin", None, "vv:v");
        Add(Opcode.F32x4Pmax, "f32x4.pmax", None, "vv:v");
        Add(Opcode.F64x2Abs, "f64x2.abs", None, "v:v");
        Add(Opcode.F64x2Neg, "f64x2.neg", None, "v:v");
        Add(Opcode.F64x2Sqrt, "f64x2.sqrt", None, "v:v");
        Add(Opcode.F64x2Add, "f64x2.add", None, "vv:v");
        Add(Opcode.F64x2Sub, "f64x2.sub", None, "vv:v");
        Add(Opcode.F64x2Mul, "f64x2.mul", None, "vv:v");
        Add(Opcode.F64x2Div, "f64x2.div", None, "vv:v");
        Add(Opcode.F64x2Min, "f64x2.min", None, "vv:v");
        Add(Opcode.F64x2Max, "f64x2.max", None, "vv:v");
        Add(Opcode.F64x2Pmin, "f64x2.pmin", None, "vv:v");
        Add(Opcode.F64x2Pmax, "f64x2.pmax", None, "vv:v");
        Add(Opcode.I32x4TruncSatF32x4S, "i32x4.trunc_sat_f32x4_s", None, "v:v");
        Add(Opcode.I32x4TruncSatF32x4U, "i32x4.trunc_sat_f32x4_u", None, "v:v");
        Add(Opcode.F32x4ConvertI32x4S, "f32x4.convert_i32x4_s", None, "v:v");
        Add(Opcode.F32x4ConvertI32x4U, "f32x4.convert_i32x4_u", None, "v:v");
        Add(Opcode.I32x4TruncSatF64x2SZero, "i32x4.trunc_sat_f64x2_s_zero", None, "v:v");
        Add(Opcode.I32x4TruncSatF64x2UZero, "i32x4.trunc_sat_f64x2_u_zero", None, "v:v");
        Add(Opcode.F64x2ConvertLowI32x4S, "f64x2.convert_low_i32x4_s", None, "v:v");
        Add(Opcode.F64x2ConvertLowI32x4U, "f64x2.convert_low_i32x4_u", None, "v:v");
        Add(Opcode.I8x16RelaxedSwizzle, "i8x16.relaxed_swizzle", None, "vv:v");
        Add(Opcode.I32x4RelaxedTruncF32x4S, "i32x4.relaxed_trunc_f32x4_s", None, "v:v");
        Add(Opcode.I32x4RelaxedTruncF32x4U, "i32x4.relaxed_trunc_f32x4_u", None, "v:v");
        Add(Opcode.I32x4RelaxedTruncF64x2SZero, "i32x4.relaxed_trunc_f64x2_s_zero", None, "v:v");
        Add(Opcode.I32x4RelaxedTruncF64x2UZero, "i32x4.relaxed_trunc_f64x2_u_zero", None, "v:v");
        Add(Opcode.F32x4RelaxedMadd, "f32x4.relaxed_madd", None, "vvv:v");
        Add(Opcode.F32x4RelaxedNmadd, "f32x4.relaxed_nmadd", None, "vvv:v");
        Add(Opcode.F64x2RelaxedMadd, "f64x2.relaxed_madd", None, "vvv:v");
        Add(Opcode.F64x2RelaxedNmadd, "f64x2.relaxed_nmadd", None, "vvv:v");
        Add(Opcode.I8x16RelaxedLaneselect, "i8x16.relaxed_laneselect", None, "vvv:v");
        Add(Opcode.I16x8RelaxedLaneselect, "i16x8.relaxed_laneselect", None, "vvv:v");
        Add(Opcode.I32x4RelaxedLaneselect, "i32x4.relaxed_laneselect", None, "vvv:v");
        Add(Opcode.I64x2RelaxedLaneselect, "i64x2.relaxed_laneselect", None, "vvv:v");
        Add(Opcode.F32x4RelaxedMin, "f32x4.relaxed_min", None, "vv:v");
        Add(Opcode.F32x4RelaxedMax, "f32x4.relaxed_max", None, "vv:v");
        Add(Opcode.F64x2RelaxedMin, "f64x2.relaxed_min", None, "vv:v");
        Add(Opcode.F64x2RelaxedMax, "f64x2.relaxed_max", None, "vv:v");
        Add(Opcode.I16x8RelaxedQ15mulrS, "i16x8.relaxed_q15mulr_s", None, "vv:v");
        Add(Opcode.I16x8RelaxedDotI8x16I7x16S, "i16x8.relaxed_dot_i8x16_i7x16_s", None, "vv:v");
        Add(Opcode.I32x4RelaxedDotI8x16I7x16AddS, "i32x4.relaxed_dot_i8x16_i7x16_add_s", None, "vvv:v");
        return table;
    }
}
