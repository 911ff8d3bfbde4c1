using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>
/// Loads and stores with their bounds checks. The base of each memory that the function touches is a local, and so is the bound: one for
/// each width of access. The base never changes, the bounds are computed again after whatever may grow the memory.
/// </summary>
/// <remarks>
/// Two forms of check. By branch: <c>address + offset &gt; length - size</c> goes to one cold block; a memory that may be empty cannot
/// subtract, and compares <c>address + offset + size &gt; length</c>. By overflow: an addition of the complement of the length that overflows
/// exactly when the access is out of bounds; it is slower but makes no basic block, of which the JIT optimises only so many.
/// </remarks>
internal sealed partial class FunctionEmitter
{
    // Address space ends before this, so that a larger offset always traps.
    private const ulong LargestOffset = 1UL << 62;

    private readonly bool checkByBranch;
    private readonly Dictionary<uint, OpenMemory> openMemories = [];

    /// <param name="Base">The address of byte 0.</param>
    /// <param name="Is64">Whether addresses are i64.</param>
    /// <param name="Minimum">The bytes that are always there.</param>
    /// <param name="CanGrow">Whether its size ever changes.</param>
    private sealed record OpenMemory(LocalBuilder Base, bool Is64, ulong Minimum, bool CanGrow)
    {
        /// <summary>By the width of an access as a power of two, the length less that width; or the one bound for all in the first place.</summary>
        public LocalBuilder?[] Bounds { get; } = new LocalBuilder?[5];
    }

    // With room for the widest access in it, a length can be lessened by the width once for all accesses.
    private bool HasBoundByWidth(OpenMemory memory) => checkByBranch && memory.Minimum > 0 && !memory.Is64;

    private void OpenMemories()
    {
        for (uint i = 0; i < context.Memories.Length; i++)
        {
            if ((scan.Memories >> (int)Math.Min(i, 63) & 1) == 0) continue;
            Limits limits = context.Memories[i].Limits;
            var memory = new OpenMemory(
                il.DeclareLocal(typeof(nint)), limits.Is64, limits.Minimum * MemoryType.PageSize, limits.Maximum != limits.Minimum);
            for (int width = 0; width < memory.Bounds.Length; width++)
            {
                bool needed = HasBoundByWidth(memory) ? (scan.Widths >> width & 1) != 0 : width == 0;
                if (needed) memory.Bounds[width] = il.DeclareLocal(typeof(long));
            }

            openMemories.Add(i, memory);
            LoadInstance();
            if (i == 0)
            {
                il.Field(OpCodes.Ldfld, Members.Memory0);
            }
            else
            {
                il.Field(OpCodes.Ldfld, Members.MemoryBases);
                il.Constant((int)i * 8);
                il.Emit(OpCodes.Add);
                il.Emit(OpCodes.Ldind_I);
            }

            il.Store(memory.Base);
            ReadBound(memory);
        }
    }

    /// <summary>Reads the lengths again after a call.</summary>
    private void ReadBounds()
    {
        foreach (OpenMemory memory in openMemories.Values)
        {
            if (memory.CanGrow) ReadBound(memory);
        }
    }

    private void ReadBound(OpenMemory memory)
    {
        il.Load(memory.Base);
        il.Constant(ManagedMemory.LengthOffset);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Ldind_I8);
        if (!HasBoundByWidth(memory))
        {
            if (!checkByBranch) il.Emit(OpCodes.Not);
            il.Store(memory.Bounds[0]!);
            return;
        }

        LocalBuilder length = il.Scratch(typeof(long));
        il.Store(length);
        for (int width = 0; width < memory.Bounds.Length; width++)
        {
            if (memory.Bounds[width] is not { } bound) continue;
            il.Load(length);
            il.Constant(1L << width);
            il.Emit(OpCodes.Sub);
            il.Store(bound);
        }
    }

    /// <summary>
    /// Checks an access whose address is the operand at <paramref name="index"/>, then puts the native address on the CIL stack. The operand
    /// and all others are off the CIL stack before and after.
    /// </summary>
    private void LoadAddress(OpenMemory memory, int index, ulong offset, int size)
    {
        Operand address = operands[index];
        if (address.Home == Home.Constant)
        {
            ulong at = memory.Is64 ? address.Bits : (uint)address.Bits;
            if (at <= memory.Minimum && offset <= memory.Minimum && at + offset + (ulong)size <= memory.Minimum)
            {
                il.Load(memory.Base);
                AddOffset(at + offset);
                return;
            }
        }

        ulong reach = offset + (ulong)size;
        bool isInside = (address.Limit != 0 && address.Limit - 1 + reach <= memory.Minimum)
            || (address.Home == Home.Local && known.HasReached(memory.Base, (uint)address.Bits, reach));
        if (isInside && offset < LargestOffset)
        {
            il.Load(memory.Base);
            LoadZeroExtended(memory, index);
            il.Emit(OpCodes.Conv_U);
            il.Emit(OpCodes.Add);
            AddOffset(offset);
            return;
        }

        if (memory.Is64 && offset >= LargestOffset)
        {
            // No memory is that large.
            il.Constant(1);
            TrapIf(OpCodes.Brtrue, OpCodes.Brfalse, nameof(Trap.MakeMemoryOutOfBounds));
            il.Load(memory.Base);
            return;
        }

        if (HasBoundByWidth(memory)) LoadAddressCheckedByWidth(memory, index, offset, size);
        else if (checkByBranch) LoadAddressCheckedByBranch(memory, index, offset, size);
        else LoadAddressCheckedByOverflow(memory, index, offset, size);
        if (address.Home == Home.Local) known.Reached(memory.Base, (uint)address.Bits, reach);
    }

    private void LoadAddressCheckedByWidth(OpenMemory memory, int index, ulong offset, int size)
    {
        LocalBuilder effective = il.Scratch(typeof(long));
        LoadZeroExtended(memory, index);
        if (offset != 0)
        {
            il.Constant((long)offset);
            il.Emit(OpCodes.Add);
        }

        il.Store(effective);
        il.Load(effective);
        il.Load(memory.Bounds[System.Numerics.BitOperations.Log2((uint)size)]!);
        TrapIf(OpCodes.Bgt_Un, OpCodes.Ble_Un, nameof(Trap.MakeMemoryOutOfBounds));
        il.Load(memory.Base);
        il.Load(effective);
        il.Emit(OpCodes.Conv_I);
        il.Emit(OpCodes.Add);
    }

    private void LoadAddressCheckedByBranch(OpenMemory memory, int index, ulong offset, int size)
    {
        LoadZeroExtended(memory, index);
        il.Constant((long)(offset + (ulong)size));
        // An i64 address can pass the end of the number space; the overflow becomes the same trap.
        il.Emit(memory.Is64 ? OpCodes.Add_Ovf_Un : OpCodes.Add);
        il.Load(memory.Bounds[0]!);
        TrapIf(OpCodes.Bgt_Un, OpCodes.Ble_Un, nameof(Trap.MakeMemoryOutOfBounds));
        il.Load(memory.Base);
        LoadZeroExtended(memory, index);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Add);
        AddOffset(offset);
    }

    private void LoadAddressCheckedByOverflow(OpenMemory memory, int index, ulong offset, int size)
    {
        LocalBuilder bound = memory.Bounds[0]!;
        LoadZeroExtended(memory, index);
        il.Constant((long)(offset + (ulong)size));
        il.Emit(memory.Is64 ? OpCodes.Add_Ovf_Un : OpCodes.Add);
        il.Load(bound);
        il.Emit(OpCodes.Add_Ovf_Un);
        // The sum is address + offset + size + ~length; take the last two off again and add the base.
        il.Load(bound);
        il.Emit(OpCodes.Sub);
        il.Emit(OpCodes.Conv_I);
        il.Load(memory.Base);
        il.Emit(OpCodes.Add);
        il.Constant(-size);
        il.Emit(OpCodes.Add);
    }

    private void LoadZeroExtended(OpenMemory memory, int index)
    {
        if (operands[index].Home == Home.Constant)
        {
            il.Constant((long)(memory.Is64 ? operands[index].Bits : (uint)operands[index].Bits));
            return;
        }

        Load(index);
        if (!memory.Is64) il.Emit(OpCodes.Conv_U8);
    }

    private void AddOffset(ulong offset)
    {
        if (offset == 0) return;
        if (offset <= int.MaxValue) il.Constant((int)offset);
        else il.Constant((long)offset);
        il.Emit(OpCodes.Conv_I);
        il.Emit(OpCodes.Add);
    }

    private void EmitLoad(in Instruction ins, int size, OpCode load, SlotKind kind, OpCode? extend = null)
    {
        SpillStack();
        LoadAddress(openMemories[ins.Index], height - 1, ins.Bits, size);
        Pop();
        il.Emit(load);
        if (extend is { } conversion) il.Emit(conversion);
        PushStack(kind, load == OpCodes.Ldind_U1 ? 1UL << 8 : load == OpCodes.Ldind_U2 ? 1UL << 16 : 0);
    }

    private void EmitStore(in Instruction ins, int size, OpCode store)
    {
        SpillStack();
        LoadAddress(openMemories[ins.Index], height - 2, ins.Bits, size);
        Load(height - 1);
        Pop(2);
        il.Emit(store);
    }

    private void EmitMemory(in Instruction ins)
    {
        switch (ins.Opcode)
        {
            case Opcode.I32Load: EmitLoad(ins, 4, OpCodes.Ldind_I4, SlotKind.I32); break;
            case Opcode.I64Load: EmitLoad(ins, 8, OpCodes.Ldind_I8, SlotKind.I64); break;
            case Opcode.F32Load: EmitLoad(ins, 4, OpCodes.Ldind_R4, SlotKind.F32); break;
            case Opcode.F64Load: EmitLoad(ins, 8, OpCodes.Ldind_R8, SlotKind.F64); break;
            case Opcode.I32Load8S: EmitLoad(ins, 1, OpCodes.Ldind_I1, SlotKind.I32); break;
            case Opcode.I32Load8U: EmitLoad(ins, 1, OpCodes.Ldind_U1, SlotKind.I32); break;
            case Opcode.I32Load16S: EmitLoad(ins, 2, OpCodes.Ldind_I2, SlotKind.I32); break;
            case Opcode.I32Load16U: EmitLoad(ins, 2, OpCodes.Ldind_U2, SlotKind.I32); break;
            case Opcode.I64Load8S: EmitLoad(ins, 1, OpCodes.Ldind_I1, SlotKind.I64, OpCodes.Conv_I8); break;
            case Opcode.I64Load8U: EmitLoad(ins, 1, OpCodes.Ldind_U1, SlotKind.I64, OpCodes.Conv_U8); break;
            case Opcode.I64Load16S: EmitLoad(ins, 2, OpCodes.Ldind_I2, SlotKind.I64, OpCodes.Conv_I8); break;
            case Opcode.I64Load16U: EmitLoad(ins, 2, OpCodes.Ldind_U2, SlotKind.I64, OpCodes.Conv_U8); break;
            case Opcode.I64Load32S: EmitLoad(ins, 4, OpCodes.Ldind_I4, SlotKind.I64, OpCodes.Conv_I8); break;
            case Opcode.I64Load32U: EmitLoad(ins, 4, OpCodes.Ldind_U4, SlotKind.I64, OpCodes.Conv_U8); break;
            case Opcode.I32Store or Opcode.I64Store32: EmitStore(ins, 4, OpCodes.Stind_I4); break;
            case Opcode.I64Store: EmitStore(ins, 8, OpCodes.Stind_I8); break;
            case Opcode.F32Store: EmitStore(ins, 4, OpCodes.Stind_R4); break;
            case Opcode.F64Store: EmitStore(ins, 8, OpCodes.Stind_R8); break;
            case Opcode.I32Store8 or Opcode.I64Store8: EmitStore(ins, 1, OpCodes.Stind_I1); break;
            case Opcode.I32Store16 or Opcode.I64Store16: EmitStore(ins, 2, OpCodes.Stind_I2); break;
            case Opcode.MemorySize: EmitMemorySize(ins.Index); break;
            case Opcode.MemoryGrow: EmitMemoryGrow(ins.Index); break;
        }
    }

    private void EmitMemorySize(uint index)
    {
        LoadInstance();
        il.Field(OpCodes.Ldfld, Members.MemoryBases);
        il.Constant((int)index * 8);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Ldind_I);
        il.Constant(ManagedMemory.LengthOffset);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Ldind_I8);
        il.Constant(16);
        il.Emit(OpCodes.Shr_Un);
        if (!context.Memories[index].Limits.Is64) il.Emit(OpCodes.Conv_I4);
        PushStack(context.Memories[index].Limits.Is64 ? SlotKind.I64 : SlotKind.I32);
    }

    private void EmitMemoryGrow(uint index)
    {
        bool is64 = context.Memories[index].Limits.Is64;
        SpillStack();
        LoadInstance();
        il.Constant((int)index);
        Load(height - 1);
        Pop();
        if (!is64) il.Emit(OpCodes.Conv_U8);
        il.Call(Members.Method(typeof(BulkOperations), nameof(BulkOperations.MemoryGrow)));
        if (!is64) il.Emit(OpCodes.Conv_I4);
        PushStack(is64 ? SlotKind.I64 : SlotKind.I32);
        ReadBounds();
    }

    /// <summary>An instruction whose method takes the instance, its immediates and zero-extended operands.</summary>
    /// <param name="ins">The instruction.</param>
    /// <param name="operandTypes">For each operand whether it is an index of 32 bits (to be zero-extended), or anything else.</param>
    private void EmitBulkCall(in Instruction ins, ReadOnlySpan<bool> operandTypes)
    {
        SpillStack();
        LoadInstance();
        ImmediateKind immediate = OpcodeTable.Get(ins.Opcode).Immediate;
        il.Constant((int)ins.Index);
        if (immediate is ImmediateKind.MemoryPair or ImmediateKind.TablePair or ImmediateKind.DataAndMemory or ImmediateKind.ElementAndTable)
            il.Constant((int)ins.Index2);
        int first = height - operandTypes.Length;
        for (int i = 0; i < operandTypes.Length; i++)
        {
            Load(first + i);
            if (operandTypes[i]) il.Emit(OpCodes.Conv_U8);
        }

        Pop(operandTypes.Length);
        il.Call(Members.Operation(typeof(BulkOperations), ins.Opcode));
    }

    private void EmitBulk(in Instruction ins)
    {
        switch (ins.Opcode)
        {
            case Opcode.MemoryInit: EmitBulkCall(ins, [Memory32(ins.Index2), true, true]); break;
            case Opcode.DataDrop or Opcode.ElemDrop: EmitBulkCall(ins, []); break;
            case Opcode.MemoryCopy:
                bool to = Memory32(ins.Index), from = Memory32(ins.Index2);
                EmitBulkCall(ins, [to, from, to || from]);
                break;
            case Opcode.MemoryFill: EmitBulkCall(ins, [Memory32(ins.Index), false, Memory32(ins.Index)]); break;
            case Opcode.TableInit: EmitBulkCall(ins, [Table32(ins.Index2), true, true]); break;
            case Opcode.TableCopy:
                bool target = Table32(ins.Index), source = Table32(ins.Index2);
                EmitBulkCall(ins, [target, source, target || source]);
                break;
            case Opcode.TableFill: EmitBulkCall(ins, [Table32(ins.Index), false, Table32(ins.Index)]); break;
            case Opcode.TableSet: EmitBulkCall(ins, [Table32(ins.Index), false]); break;
            case Opcode.TableGet:
                EmitBulkCall(ins, [Table32(ins.Index)]);
                PushStack(SlotKind.Ref);
                break;
            case Opcode.TableGrow or Opcode.TableSize:
                if (ins.Opcode == Opcode.TableGrow) EmitBulkCall(ins, [false, Table32(ins.Index)]);
                else EmitBulkCall(ins, []);
                if (Table32(ins.Index)) il.Emit(OpCodes.Conv_I4);
                PushStack(Table32(ins.Index) ? SlotKind.I32 : SlotKind.I64);
                break;
        }
    }

    private bool Memory32(uint index) => !context.Memories[index].Limits.Is64;

    private bool Table32(uint index) => !context.Tables[index].Limits.Is64;
}
