using System.Reflection.Emit;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>
/// Where the operands are. An operand is on the CIL stack only between two neighbouring uses; constants and locals are not loaded before
/// they are needed, and whatever has to outlive a branch waits in the slot of its height. So the CIL stack is empty at every label.
/// </summary>
internal sealed partial class FunctionEmitter
{
    private enum Home : byte
    {
        /// <summary>On the CIL stack, above all earlier ones that are there.</summary>
        Stack,

        /// <summary>In the CIL local for its height and kind.</summary>
        Slot,

        /// <summary>A constant.</summary>
        Constant,

        /// <summary>A local of the function that has not been written since.</summary>
        Local,
    }

    /// <param name="Kind">Its kind.</param>
    /// <param name="Home">Where it is.</param>
    /// <param name="Bits">The constant, or the index of the local.</param>
    /// <param name="BitsHigh">The upper half of a vector constant.</param>
    /// <param name="Limit">An i32, unsigned, is known to be below this; 0 where nothing is known.</param>
    private readonly record struct Operand(SlotKind Kind, Home Home, ulong Bits, ulong BitsHigh = 0, ulong Limit = 0);

    private readonly Dictionary<(int Height, SlotKind Kind), LocalBuilder> slots = [];
    private Operand[] operands = new Operand[64];
    private int height;

    // How many operands are on the CIL stack, and how many are locals not loaded yet.
    private int onStack;
    private int pendingLocals;

    private ref Operand Top => ref operands[height - 1];

    private void PushStack(SlotKind kind, ulong limit = 0)
    {
        onStack++;
        Push(new Operand(kind, Home.Stack, 0, 0, limit));
    }

    private void PushSlot(SlotKind kind) => Push(new Operand(kind, Home.Slot, 0));

    private void PushConstant(SlotKind kind, ulong bits, ulong high = 0) =>
        Push(new Operand(kind, Home.Constant, bits, high, kind == SlotKind.I32 ? (uint)bits + 1UL : 0));

    private void PushLocal(uint index)
    {
        pendingLocals++;
        Push(new Operand(localKinds[index], Home.Local, index, 0, known.LimitOf(index)));
    }

    private void Push(Operand operand)
    {
        if (height == operands.Length) Array.Resize(ref operands, height * 2);
        operands[height++] = operand;
    }

    /// <summary>Forgets the top operand; what it had on the CIL stack is used up or was never there.</summary>
    private Operand Pop()
    {
        Operand operand = operands[--height];
        if (operand.Home == Home.Stack) onStack--;
        else if (operand.Home == Home.Local) pendingLocals--;
        return operand;
    }

    private void Pop(int count)
    {
        for (int i = 0; i < count; i++) Pop();
    }

    /// <summary>Puts the top operands on the CIL stack, in order, with nothing in between.</summary>
    private void Prepare(int count)
    {
        int first = height - count;
        int lazy = first;
        while (lazy < height && operands[lazy].Home == Home.Stack) lazy++;
        // Those above the first lazy one have to come off again to let it in.
        for (int i = height - 1; i > lazy; i--)
        {
            if (operands[i].Home == Home.Stack) MoveToSlot(i);
        }

        for (int i = lazy; i < height; i++) Load(i);
    }

    /// <summary>Puts the top operands on the CIL stack and forgets them: an instruction that takes them follows.</summary>
    private void Take(int count)
    {
        Prepare(count);
        Pop(count);
    }

    private void Load(int index) => Load(operands[index], index);

    /// <summary>Emits the load of an operand that is not on the CIL stack.</summary>
    private void Load(in Operand operand, int index)
    {
        switch (operand.Home)
        {
            case Home.Slot: il.Load(Slot(index, operand.Kind)); break;
            case Home.Local: LoadLocal((uint)operand.Bits); break;
            case Home.Constant: LoadConstant(operand); break;
            default: throw new InvalidOperationException("the operand is on the stack already");
        }
    }

    private void LoadConstant(in Operand operand)
    {
        switch (operand.Kind)
        {
            case SlotKind.I32: il.Constant((int)operand.Bits); break;
            case SlotKind.I64: il.Constant((long)operand.Bits); break;
            case SlotKind.F32: LoadFloat((uint)operand.Bits); break;
            case SlotKind.F64: LoadDouble(operand.Bits); break;
            case SlotKind.V128:
                il.Constant((long)operand.Bits);
                il.Constant((long)operand.BitsHigh);
                il.Call(CreateVector);
                il.Call(VectorAsByte);
                break;
            default: il.Emit(OpCodes.Ldnull); break;
        }
    }

    // The JIT keeps a float constant as a double, which turns a signalling NaN into a quiet one: those travel as bits.
    private void LoadFloat(uint bits)
    {
        float value = BitConverter.UInt32BitsToSingle(bits);
        if (!float.IsNaN(value))
        {
            il.Constant(value);
            return;
        }

        il.Constant((int)bits);
        il.Call(Members.Method(typeof(NumericOperations), nameof(NumericOperations.OpaqueF32Bits)));
    }

    private void LoadDouble(ulong bits)
    {
        double value = BitConverter.UInt64BitsToDouble(bits);
        if (!double.IsNaN(value))
        {
            il.Constant(value);
            return;
        }

        il.Constant((long)bits);
        il.Call(BitsToDouble);
    }

    private LocalBuilder Slot(int index, SlotKind kind)
    {
        if (!slots.TryGetValue((index, kind), out LocalBuilder? slot))
            slots.Add((index, kind), slot = il.DeclareLocal(ClrSignature.ClrType(kind)));
        return slot;
    }

    /// <summary>Stores an operand, which is on top of the CIL stack or not on it, to its slot.</summary>
    private void MoveToSlot(int index)
    {
        ref Operand operand = ref operands[index];
        if (operand.Home == Home.Slot) return;
        if (operand.Home == Home.Stack) onStack--;
        else Load(index);
        if (operand.Home == Home.Local) pendingLocals--;
        il.Store(Slot(index, operand.Kind));
        operand = new Operand(operand.Kind, Home.Slot, 0, 0, operand.Limit);
    }

    /// <summary>Empties the CIL stack.</summary>
    private void SpillStack()
    {
        for (int i = height - 1; onStack > 0; i--)
        {
            if (operands[i].Home == Home.Stack) MoveToSlot(i);
        }
    }

    /// <summary>Makes every operand survive a change of control: nothing is on the CIL stack and none is a local that may change.</summary>
    private void Settle()
    {
        SpillStack();
        for (int i = height - 1; pendingLocals > 0; i--)
        {
            if (operands[i].Home == Home.Local) MoveToSlot(i);
        }
    }

    /// <summary>Saves the pending loads of a local that is about to be written.</summary>
    private void SettleLocal(uint local)
    {
        if (pendingLocals == 0) return;
        int left = pendingLocals;
        for (int i = height - 1; left > 0; i--)
        {
            if (operands[i].Home != Home.Local) continue;
            left--;
            // Those far down go too: a million writes must not each look through a million operands for them.
            if (operands[i].Bits == local || height - i > FarOperands) MoveToSlot(i);
        }
    }

    private const int FarOperands = 64;

    /// <summary>Takes the top operand off; where others lie below it on the CIL stack it waits in its slot, to let them be spilled.</summary>
    private Operand PopCondition()
    {
        Operand condition = Pop();
        if (condition.Home != Home.Stack || onStack == 0) return condition;
        il.Store(Slot(height, condition.Kind));
        return condition with { Home = Home.Slot };
    }

    /// <summary>Takes the top operand, a condition, to the CIL stack, with all others settled and nothing else there.</summary>
    private void TakeConditionAndSettle()
    {
        Operand condition = PopCondition();
        // A condition alone on the stack stays there under the stores.
        Settle();
        if (condition.Home != Home.Stack) Load(condition, height);
    }

    private void LoadLocal(uint index)
    {
        if (index < signature.Parameters.Length) il.LoadArgument((int)index);
        else il.Load(LocalOf(index));
    }

    private void StoreLocal(uint index)
    {
        if (index < signature.Parameters.Length) il.StoreArgument((int)index);
        else il.Store(LocalOf(index));
    }

    private LocalBuilder LocalOf(uint index) =>
        locals[index] ??= il.DeclareLocal(ClrSignature.ClrType(localKinds[index]));

    private void EmitLocal(in Instruction ins)
    {
        switch (ins.Opcode)
        {
            case Opcode.LocalGet:
                PushLocal(ins.Index);
                break;
            case Opcode.LocalSet or Opcode.LocalTee:
                bool same = Top.Home == Home.Local && Top.Bits == ins.Index;
                if (!same)
                {
                    Operand value = Top;
                    Take(1);
                    SettleLocal(ins.Index);
                    StoreLocal(ins.Index);
                    known.Assign(ins.Index, value.Home == Home.Local ? (uint)value.Bits : null, value.Limit);
                }
                else
                {
                    Pop();
                }

                if (ins.Opcode == Opcode.LocalTee) PushLocal(ins.Index);
                break;
        }
    }

    private void EmitDrop()
    {
        if (Pop().Home == Home.Stack) il.Emit(OpCodes.Pop);
    }

    // Written as an assignment under a condition, which the JIT can turn into a conditional move.
    private void EmitSelect()
    {
        Operand condition = PopCondition();
        if (condition.Home != Home.Stack) SpillStack();
        Operand second = Pop();
        // With the condition alone on the stack the stores below happen on top of it.
        MoveToSlot(height - 1);
        SlotKind kind = Top.Kind;
        Label done = il.DefineLabel();
        if (condition.Home != Home.Stack) Load(condition, height + 1);
        il.Branch(OpCodes.Brtrue, done);
        Load(second, height);
        il.Store(Slot(height - 1, kind));
        il.Mark(done);
    }
}
