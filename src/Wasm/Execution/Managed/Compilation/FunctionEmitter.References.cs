using System.Reflection.Emit;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>Globals, references, structures and arrays.</summary>
internal sealed partial class FunctionEmitter
{
    private void EmitGlobal(in Instruction ins)
    {
        GlobalType type = context.Globals[ins.Index];
        SlotKind kind = ClrSignature.KindOf(type.Value);
        bool isSet = ins.Opcode == Opcode.GlobalSet;
        if (isSet) SpillStack();
        if (kind == SlotKind.Ref)
        {
            LoadInstance();
            il.Field(OpCodes.Ldfld, Members.GlobalObjects);
            il.Constant((int)ins.Index);
            il.Emit(OpCodes.Ldelem_Ref);
            if (isSet) Load(height - 1);
            il.Field(isSet ? OpCodes.Stfld : OpCodes.Ldfld, Members.GlobalReference);
        }
        else
        {
            LoadGlobalAddress((int)ins.Index);
            if (isSet) StoreGlobal(kind);
            else LoadIndirect(kind);
        }

        if (isSet) Pop();
        else PushStack(kind);
    }

    private void LoadGlobalAddress(int index)
    {
        int imported = context.Module.ImportCount(ExternalKind.Global);
        LoadInstance();
        if (index >= imported)
        {
            il.Field(OpCodes.Ldfld, Members.Globals);
            if (index > imported)
            {
                il.Constant((index - imported) * 16);
                il.Emit(OpCodes.Add);
            }

            return;
        }

        il.Field(OpCodes.Ldfld, Members.GlobalAddresses);
        il.Constant(index * 8);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Ldind_I);
    }

    private void StoreGlobal(SlotKind kind)
    {
        Load(height - 1);
        switch (kind)
        {
            case SlotKind.I32: il.Emit(OpCodes.Stind_I4); break;
            case SlotKind.I64: il.Emit(OpCodes.Stind_I8); break;
            case SlotKind.F32: il.Emit(OpCodes.Stind_R4); break;
            case SlotKind.F64: il.Emit(OpCodes.Stind_R8); break;
            default:
                il.Unaligned();
                il.OfType(OpCodes.Stobj, ClrSignature.ClrType(kind));
                break;
        }
    }

    private void EmitReference(in Instruction ins)
    {
        switch (ins.Opcode)
        {
            case Opcode.RefNull: PushConstant(SlotKind.Ref, 0); break;
            case Opcode.RefFunc:
                LoadInstance();
                il.Constant((int)ins.Index);
                il.Call(Members.FunctionOf);
                PushStack(SlotKind.Ref);
                break;
            case Opcode.RefIsNull:
                Take(1);
                il.Emit(OpCodes.Ldnull);
                il.Emit(OpCodes.Ceq);
                PushStack(SlotKind.I32);
                break;
            case Opcode.RefEq or Opcode.I31GetS or Opcode.I31GetU or Opcode.RefI31:
                int taken = ins.Opcode == Opcode.RefEq ? 2 : 1;
                Take(taken);
                if (ins.Opcode == Opcode.RefI31) LoadInstance();
                il.Call(Members.Operation(typeof(ReferenceOperations), ins.Opcode));
                PushStack(ins.Opcode == Opcode.RefI31 ? SlotKind.Ref : SlotKind.I32);
                break;
            case Opcode.RefAsNonNull:
                Take(1);
                il.Call(Members.Method(typeof(ReferenceOperations), nameof(ReferenceOperations.AsNonNull)));
                PushStack(SlotKind.Ref);
                break;
            case Opcode.RefTest or Opcode.RefTestNull:
                SpillStack();
                EmitTest(height - 1, ins.Type);
                Pop();
                PushStack(SlotKind.I32);
                break;
            case Opcode.RefCast or Opcode.RefCastNull:
                SpillStack();
                EmitTest(height - 1, ins.Type);
                il.Call(Members.Method(typeof(ReferenceOperations), nameof(ReferenceOperations.CheckCast)));
                break;
            // A host's reference and a guest's are the same objects on both sides.
            case Opcode.AnyConvertExtern or Opcode.ExternConvertAny: break;
            case >= Opcode.StructNew and <= Opcode.StructSet: EmitStructure(ins); break;
            case >= Opcode.ArrayNew and <= Opcode.ArrayInitElem: EmitArray(ins); break;
            default: throw new InvalidOperationException($"no code for {ins.Opcode}");
        }
    }

    /// <summary>Puts on the CIL stack whether an operand that is not there is of a type.</summary>
    private void EmitTest(int index, Binary.ValueType type)
    {
        Load(index);
        if (type.Heap.IsConcrete)
        {
            LoadInstance();
            LoadTypeId(type.Heap.Index);
            il.Constant(type.IsNullable ? 1 : 0);
            il.Call(Members.Method(typeof(ReferenceOperations), nameof(ReferenceOperations.TestConcrete)));
        }
        else
        {
            il.Constant((int)type.Heap.Abstract);
            il.Constant(type.IsNullable ? 1 : 0);
            il.Call(Members.Method(typeof(ReferenceOperations), nameof(ReferenceOperations.TestAbstract)));
        }
    }

    private void EmitReferenceBranch(in Instruction ins)
    {
        SpillStack();
        Label past = il.DefineLabel();
        switch (ins.Opcode)
        {
            case Opcode.BrOnNull:
                Load(height - 1);
                il.Branch(OpCodes.Brtrue, past);
                // The label does not get the reference; the code after does.
                height--;
                EmitBranch(ins.Index);
                height++;
                il.Mark(past);
                break;
            case Opcode.BrOnNonNull:
                Load(height - 1);
                il.Branch(OpCodes.Brfalse, past);
                EmitBranch(ins.Index);
                il.Mark(past);
                Pop();
                break;
            default:
                EmitTest(height - 1, ins.Type2);
                il.Branch(ins.Opcode == Opcode.BrOnCast ? OpCodes.Brfalse : OpCodes.Brtrue, past);
                EmitBranch(ins.Index);
                il.Mark(past);
                break;
        }
    }

    private void EmitStructure(in Instruction ins)
    {
        var layout = new StructureLayout(context.StructTypeAt(ins.Index));
        switch (ins.Opcode)
        {
            case Opcode.StructNew or Opcode.StructNewDefault:
                SpillStack();
                NewStructure(ins.Index, ins.Opcode == Opcode.StructNew ? layout.Fields : []);
                break;
            case Opcode.StructSet:
                FieldSlot written = layout.Fields[ins.Index2];
                Take(2);
                il.Constant(written.Slot);
                il.Call(Members.Method(typeof(StructureOperations), "Set" + Suffix(written.Storage)));
                break;
            default:
                FieldSlot read = layout.Fields[ins.Index2];
                Take(1);
                il.Constant(read.Slot);
                il.Call(Members.Method(typeof(StructureOperations), "Get" + Suffix(read.Storage)));
                // The place has 64 bits; a packed field is cut when it is read.
                if (ins.Opcode == Opcode.StructGetS) il.Emit(read.Storage.Kind == ValueKind.I8 ? OpCodes.Conv_I1 : OpCodes.Conv_I2);
                if (ins.Opcode == Opcode.StructGetU) il.Emit(read.Storage.Kind == ValueKind.I8 ? OpCodes.Conv_U1 : OpCodes.Conv_U2);
                PushStack(ClrSignature.KindOf(read.Storage.Unpacked()));
                break;
        }
    }

    private void NewStructure(uint type, FieldSlot[] fields)
    {
        int first = height - fields.Length;
        LoadInstance();
        il.Constant((int)type);
        il.Call(Members.Method(typeof(StructureOperations), nameof(StructureOperations.NewStructure)));
        for (int i = 0; i < fields.Length; i++)
        {
            il.Emit(OpCodes.Dup);
            Load(first + i);
            il.Constant(fields[i].Slot);
            il.Call(Members.Method(typeof(StructureOperations), "Set" + Suffix(fields[i].Storage)));
        }

        Pop(fields.Length);
        PushStack(SlotKind.Ref);
    }

    private void EmitArray(in Instruction ins)
    {
        Binary.ValueType storage = ins.Opcode == Opcode.ArrayLen ? default : context.ArrayTypeAt(ins.Index).Element.Storage;
        switch (ins.Opcode)
        {
            case Opcode.ArrayLen:
                Take(1);
                CallArray(nameof(ArrayOperations.Length));
                PushStack(SlotKind.I32);
                break;
            case Opcode.ArrayNew or Opcode.ArrayNewDefault: NewArray(ins, storage); break;
            case Opcode.ArrayNewFixed: NewFixedArray(ins, storage); break;
            case Opcode.ArrayNewData or Opcode.ArrayNewElem:
                SpillStack();
                LoadInstance();
                il.Constant((int)ins.Index);
                il.Constant((int)ins.Index2);
                Load(height - 2);
                Load(height - 1);
                Pop(2);
                CallArray(ins.Opcode == Opcode.ArrayNewData ? nameof(ArrayOperations.NewFromData) : nameof(ArrayOperations.NewFromElements));
                PushStack(SlotKind.Ref);
                break;
            case Opcode.ArrayGet or Opcode.ArrayGetS or Opcode.ArrayGetU:
                Take(2);
                string sign = ins.Opcode == Opcode.ArrayGetS ? "S" : ins.Opcode == Opcode.ArrayGetU ? "U" : "";
                CallArray("Get" + PackedSuffix(storage) + sign);
                PushStack(ClrSignature.KindOf(storage.Unpacked()));
                break;
            case Opcode.ArraySet:
                Take(3);
                CallArray("Set" + PackedSuffix(storage));
                break;
            case Opcode.ArrayFill:
                Take(4);
                CallArray("Fill" + PackedSuffix(storage));
                break;
            case Opcode.ArrayCopy:
                Take(5);
                CallArray(nameof(ArrayOperations.Copy));
                break;
            default:
                SpillStack();
                LoadInstance();
                il.Constant((int)ins.Index2);
                for (int i = height - 4; i < height; i++) Load(i);
                Pop(4);
                CallArray(ins.Opcode == Opcode.ArrayInitData ? nameof(ArrayOperations.InitData) : nameof(ArrayOperations.InitElements));
                break;
        }
    }

    private void NewArray(in Instruction ins, Binary.ValueType storage)
    {
        SpillStack();
        LoadInstance();
        il.Constant((int)ins.Index);
        Load(height - 1);
        CallArray(nameof(ArrayOperations.NewArray));
        if (ins.Opcode == Opcode.ArrayNew)
        {
            il.Emit(OpCodes.Dup);
            il.Constant(0);
            Load(height - 2);
            Load(height - 1);
            CallArray("Fill" + PackedSuffix(storage));
            Pop();
        }

        Pop();
        PushStack(SlotKind.Ref);
    }

    private void NewFixedArray(in Instruction ins, Binary.ValueType storage)
    {
        SpillStack();
        int count = (int)ins.Index2, first = height - count;
        LoadInstance();
        il.Constant((int)ins.Index);
        il.Constant(count);
        CallArray(nameof(ArrayOperations.NewArray));
        for (int i = 0; i < count; i++)
        {
            il.Emit(OpCodes.Dup);
            il.Constant(i);
            Load(first + i);
            CallArray("Set" + PackedSuffix(storage));
        }

        Pop(count);
        PushStack(SlotKind.Ref);
    }

    private void CallArray(string name) => il.Call(Members.Method(typeof(ArrayOperations), name));

    private static string Suffix(Binary.ValueType storage) => PackedSuffix(storage.Unpacked());

    private static string PackedSuffix(Binary.ValueType storage) => storage.IsRef ? "Ref" : storage.Kind.ToString();
}
