using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>Vector instructions: the accesses to memory here, the rest through <see cref="VectorOperations"/>.</summary>
internal sealed partial class FunctionEmitter
{
    private void EmitVector(in Instruction ins)
    {
        switch (OpcodeTable.Get(ins.Opcode).Immediate)
        {
            case ImmediateKind.MemoryArgument: EmitVectorAccess(ins); return;
            case ImmediateKind.MemoryArgumentLane: EmitLaneAccess(ins); return;
        }

        Emission emission = Emissions[ins.Opcode];
        if (MightFold(ins.Opcode))
        {
            EmitUnfolded(ins.Opcode, SlotKind.V128);
            return;
        }

        Take(emission.Operands.Length);
        if (!TryEmitIntrinsics(ins))
        {
            switch (OpcodeTable.Get(ins.Opcode).Immediate)
            {
                case ImmediateKind.Lane:
                    il.Constant((int)ins.Index2);
                    break;
                case ImmediateKind.Lanes:
                    LoadConstant(new Operand(SlotKind.V128, Home.Constant, ins.Bits, ins.BitsHigh));
                    break;
            }

            il.Call(emission.Method!);
        }

        PushStack(emission.Result!.Value);
    }

    private void EmitVectorAccess(in Instruction ins)
    {
        SpillStack();
        if (ins.Opcode == Opcode.V128Store)
        {
            LoadAddress(openMemories[ins.Index], height - 2, ins.Bits, 16);
            Load(height - 1);
            Pop(2);
            il.Unaligned();
            il.OfType(OpCodes.Stobj, typeof(Vector128<byte>));
            return;
        }

        int size = ins.Opcode switch
        {
            Opcode.V128Load => 16,
            Opcode.V128Load8Splat => 1,
            Opcode.V128Load16Splat => 2,
            Opcode.V128Load32Splat or Opcode.V128Load32Zero => 4,
            _ => 8,
        };
        LoadAddress(openMemories[ins.Index], height - 1, ins.Bits, size);
        Pop();
        if (ins.Opcode == Opcode.V128Load)
        {
            il.Unaligned();
            il.OfType(OpCodes.Ldobj, typeof(Vector128<byte>));
        }
        else
        {
            il.Emit(ScalarLoad(size));
            if (!TryEmitIntrinsics(ins)) il.Call(Members.Operation(typeof(VectorOperations), ins.Opcode));
        }

        PushStack(SlotKind.V128);
    }

    private void EmitLaneAccess(in Instruction ins)
    {
        bool isStore = ins.Opcode is >= Opcode.V128Store8Lane and <= Opcode.V128Store64Lane;
        int log = ins.Opcode - (isStore ? Opcode.V128Store8Lane : Opcode.V128Load8Lane);
        int size = 1 << log;
        SpillStack();
        LoadAddress(openMemories[ins.Index], height - 2, ins.Bits, size);
        if (!isStore) il.Emit(ScalarLoad(size));
        Load(height - 1);
        if (!TryEmitIntrinsics(ins))
        {
            il.Constant((int)ins.Index2);
            il.Call(Members.Operation(typeof(VectorOperations), ins.Opcode));
        }

        Pop(2);
        if (!isStore)
        {
            PushStack(SlotKind.V128);
            return;
        }

        il.Emit(size switch { 1 => OpCodes.Stind_I1, 2 => OpCodes.Stind_I2, 4 => OpCodes.Stind_I4, _ => OpCodes.Stind_I8 });
    }

    private static OpCode ScalarLoad(int size) =>
        size switch { 1 => OpCodes.Ldind_U1, 2 => OpCodes.Ldind_U2, 4 => OpCodes.Ldind_U4, _ => OpCodes.Ldind_I8 };
}
