using System.Runtime.CompilerServices;
using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Validation;

/// <content>The instructions one by one (core specification, "Validation / Instructions"), but for control and references.</content>
internal sealed partial class FunctionValidator
{
    // A module is validated once, so most of that is over before the runtime's tiers notice that this is hot: the methods that every
    // instruction goes through, here and in the reader, are optimised from the start. That takes a quarter off a 12 MB module.
    private const MethodImplOptions FromTheStart = MethodImplOptions.AggressiveOptimization;

    // Whether the code at hand is a constant expression, and how many globals it may name.
    private bool constant;
    private int constantGlobals;

    /// <summary>Types an instruction: pops and pushes operands, opens and closes blocks.</summary>
    /// <exception cref="InvalidModuleException">It breaks a rule.</exception>
    [MethodImpl(FromTheStart)]
    public void Apply(in Instruction instruction)
    {
        at = codeOffset + instruction.Start;
        if (constant) CheckConstant(in instruction);
        ref readonly InstructionType type = ref InstructionTypes.Of(instruction.Opcode);
        if (type.Form == TypingForm.Special)
        {
            ApplySpecial(in instruction);
            return;
        }

        if (type.Lanes != 0) CheckLanes(in instruction, type.Lanes);
        if (type.OperandCount == 2)
        {
            Pop(type.Second);
            Pop(type.First);
        }
        else if (type.OperandCount == 1)
        {
            Pop(type.First);
        }
        else if (type.OperandCount == 3)
        {
            Pop(type.Third);
            Pop(type.Second);
            Pop(type.First);
        }

        if (type.Form == TypingForm.Memory) PopAddress(in instruction, type.Alignment);
        if (type.HasResult) Push(type.Result);
    }

    [MethodImpl(FromTheStart)]
    private void ApplySpecial(in Instruction instruction)
    {
        uint index = instruction.Index;
        switch (instruction.Opcode)
        {
            case Opcode.LocalGet: Push(ReadableLocal(index)); break;
            case Opcode.LocalSet: Pop(WritableLocal(index)); break;
            case Opcode.LocalTee:
                ValueType local = WritableLocal(index);
                Pop(local);
                Push(local);
                break;
            case Opcode.Unreachable: SetUnreachable(); break;
            case Opcode.Block or Opcode.Loop: ApplyBlock(in instruction); break;
            case Opcode.If:
                Pop(ValueType.I32);
                ApplyBlock(in instruction);
                break;
            case Opcode.Else: ApplyElse(); break;
            case Opcode.End: ApplyEnd(); break;
            case Opcode.Br: ApplyBranch(index); break;
            case Opcode.BrIf: ApplyBranchIf(index); break;
            case Opcode.BrTable: ApplyBranchTable(index); break;
            case Opcode.Return: ApplyReturn(); break;
            case Opcode.Call: ApplyCall(CalleeType(index)); break;
            case Opcode.CallIndirect: ApplyCall(PopIndirectCallee(in instruction)); break;
            case Opcode.CallRef: ApplyCall(PopReferencedCallee(index)); break;
            case Opcode.ReturnCall: ApplyTailCall(CalleeType(index)); break;
            case Opcode.ReturnCallIndirect: ApplyTailCall(PopIndirectCallee(in instruction)); break;
            case Opcode.ReturnCallRef: ApplyTailCall(PopReferencedCallee(index)); break;
            case Opcode.Throw: ApplyThrow(index); break;
            case Opcode.ThrowRef:
                Pop(ValueType.ExnRef);
                SetUnreachable();
                break;
            case Opcode.TryTable: ApplyTryTable(in instruction); break;
            case Opcode.Drop: PopAny(); break;
            case Opcode.Select: ApplySelect(); break;
            case Opcode.SelectTyped: ApplySelectTyped(); break;
            case Opcode.GlobalGet: Push(Global(index).Value); break;
            case Opcode.GlobalSet: ApplyGlobalSet(index); break;
            case >= Opcode.TableGet and <= Opcode.TableSet: ApplyTableInstruction(in instruction); break;
            case Opcode.MemorySize: Push(AddressType(index)); break;
            case Opcode.MemoryGrow:
                Pop(AddressType(index));
                Push(AddressType(index));
                break;
            case >= Opcode.MemoryInit and <= Opcode.MemoryFill: ApplyMemoryInstruction(in instruction); break;
            case >= Opcode.TableInit and <= Opcode.TableFill: ApplyTableInstruction(in instruction); break;
            default: ApplyReferenceInstruction(in instruction); break;
        }
    }

    private void CheckConstant(in Instruction instruction)
    {
        switch (instruction.Opcode)
        {
            case Opcode.I32Const or Opcode.I64Const or Opcode.F32Const or Opcode.F64Const or Opcode.V128Const or Opcode.End
                or Opcode.RefNull or Opcode.RefFunc or Opcode.RefI31 or Opcode.StructNew or Opcode.StructNewDefault
                or Opcode.ArrayNew or Opcode.ArrayNewDefault or Opcode.ArrayNewFixed
                or Opcode.AnyConvertExtern or Opcode.ExternConvertAny
                or Opcode.I32Add or Opcode.I32Sub or Opcode.I32Mul or Opcode.I64Add or Opcode.I64Sub or Opcode.I64Mul:
                return;
            case Opcode.GlobalGet:
                CheckIndex("global", instruction.Index, constantGlobals);
                if (context.Globals[instruction.Index].Mutable)
                    Fail($"constant expression required, expected an immutable global, found global {instruction.Index}, which is mutable");
                return;
            default:
                Fail($"constant expression required, found {OpcodeTable.Get(instruction.Opcode).Name}");
                return;
        }
    }

    private ValueType ReadableLocal(uint index)
    {
        if (index >= (uint)localCount) CheckIndex("local", index, localCount);
        if (anyUnset && unset[index]) Fail($"uninitialized local {index}, expected it set before, as {locals[index]} has no default");
        return locals[index];
    }

    private ValueType WritableLocal(uint index)
    {
        if (index >= (uint)localCount) CheckIndex("local", index, localCount);
        if (anyUnset && unset[index])
        {
            unset[index] = false;
            setLocals.Add(index);
        }

        return locals[index];
    }

    private GlobalType Global(uint index)
    {
        CheckIndex("global", index, context.Globals.Length);
        return context.Globals[index];
    }

    private void ApplyGlobalSet(uint index)
    {
        GlobalType global = Global(index);
        if (!global.Mutable) Fail($"immutable global, expected a mutable one, found global {index} of type {global}");
        Pop(global.Value);
    }

    private void ApplySelect()
    {
        Pop(ValueType.I32);
        ValueType second = PopAny();
        ValueType first = PopAny();
        if (second.IsRef || first.IsRef)
            FailMismatch("a number or vector (select without a type)", (first.IsRef ? first : second).ToString());
        if (first.IsBottom)
        {
            Push(second);
            return;
        }

        if (!second.IsBottom && first != second) FailMismatch(first, second);
        Push(first);
    }

    private void ApplySelectTyped()
    {
        List<ValueType> types = Immediates.Types;
        if (types.Count != 1) Fail($"invalid result arity, expected 1 type for select, found {types.Count}");
        ValueType type = types[0];
        CheckType(at, type);
        Pop(ValueType.I32);
        Pop(type);
        Pop(type);
        Push(type);
    }

    private void CheckLanes(in Instruction instruction, byte count)
    {
        if (instruction.Opcode != Opcode.I8x16Shuffle)
        {
            CheckLane((byte)instruction.Index2, count);
            return;
        }

        for (int i = 0; i < 8; i++)
        {
            CheckLane((byte)(instruction.Bits >> (8 * i)), count);
            CheckLane((byte)(instruction.BitsHigh >> (8 * i)), count);
        }
    }

    private void CheckLane(byte lane, byte count)
    {
        if (lane >= count) Fail($"invalid lane index, expected one below {count}, found {lane}");
    }

    private ValueType AddressType(uint memory)
    {
        CheckIndex("memory", memory, context.Memories.Length);
        return context.Memories[memory].Limits.AddressType;
    }

    private void PopAddress(in Instruction instruction, int natural)
    {
        CheckIndex("memory", instruction.Index, context.Memories.Length);
        bool is64 = context.Memories[instruction.Index].Limits.Is64;
        if (instruction.Alignment > (uint)natural)
        {
            ulong found = 1UL << (int)instruction.Alignment;
            Fail($"alignment must not be larger than natural, expected at most {1UL << natural} bytes, found {found}");
        }

        if (!is64 && instruction.Bits > uint.MaxValue)
            Fail($"offset out of range, expected at most {uint.MaxValue} for a memory with 32-bit addresses, found {instruction.Bits}");
        Pop(is64 ? ValueType.I64 : ValueType.I32);
    }

    private void ApplyMemoryInstruction(in Instruction instruction)
    {
        ValueType address;
        switch (instruction.Opcode)
        {
            case Opcode.MemoryInit:
                address = AddressType(instruction.Index2);
                CheckData(instruction.Index);
                Pop(ValueType.I32);
                Pop(ValueType.I32);
                Pop(address);
                break;
            case Opcode.DataDrop:
                CheckData(instruction.Index);
                break;
            case Opcode.MemoryCopy:
                address = AddressType(instruction.Index);
                ValueType source = AddressType(instruction.Index2);
                Pop(Smaller(address, source));
                Pop(source);
                Pop(address);
                break;
            default: // memory.fill
                address = AddressType(instruction.Index);
                Pop(address);
                Pop(ValueType.I32);
                Pop(address);
                break;
        }
    }

    private void ApplyTableInstruction(in Instruction instruction)
    {
        uint index = instruction.Index;
        switch (instruction.Opcode)
        {
            case Opcode.TableGet:
                Pop(Table(index).Limits.AddressType);
                Push(Table(index).Element);
                break;
            case Opcode.TableSet:
                Pop(Table(index).Element);
                Pop(Table(index).Limits.AddressType);
                break;
            case Opcode.TableInit:
                ref readonly TableType target = ref Table(instruction.Index2);
                CheckElementMatch(ElementType(index), target.Element);
                Pop(ValueType.I32);
                Pop(ValueType.I32);
                Pop(target.Limits.AddressType);
                break;
            case Opcode.ElemDrop:
                ElementType(index);
                break;
            case Opcode.TableCopy:
                ref readonly TableType destination = ref Table(index);
                ref readonly TableType source = ref Table(instruction.Index2);
                CheckElementMatch(source.Element, destination.Element);
                Pop(Smaller(destination.Limits.AddressType, source.Limits.AddressType));
                Pop(source.Limits.AddressType);
                Pop(destination.Limits.AddressType);
                break;
            case Opcode.TableGrow:
                Pop(Table(index).Limits.AddressType);
                Pop(Table(index).Element);
                Push(Table(index).Limits.AddressType);
                break;
            case Opcode.TableSize:
                Push(Table(index).Limits.AddressType);
                break;
            default: // table.fill
                Pop(Table(index).Limits.AddressType);
                Pop(Table(index).Element);
                Pop(Table(index).Limits.AddressType);
                break;
        }
    }

    private ref readonly TableType Table(uint index)
    {
        CheckIndex("table", index, context.Tables.Length);
        return ref context.Tables[index];
    }

    private ValueType ElementType(uint segment)
    {
        CheckIndex("element segment", segment, module.Elements.Length);
        return module.Elements[segment].Type;
    }

    private void CheckElementMatch(ValueType found, ValueType expected)
    {
        if (!context.Matches(found, expected)) FailMismatch($"elements of type {expected}", found.ToString());
    }

    private void CheckData(uint segment)
    {
        if (module.DataCount is null) Fail("data count section required, found none");
        CheckIndex("data segment", segment, module.Data.Length);
    }

    private static ValueType Smaller(ValueType one, ValueType other) => one == ValueType.I64 ? other : one;
}
