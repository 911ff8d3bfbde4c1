using System.Reflection.Emit;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>Blocks and branches. At every label the CIL stack is empty and the block's values are in the slots of their heights.</summary>
internal sealed partial class FunctionEmitter
{
    // A switch of the CLR with very many targets takes the JIT seconds; past this many it is searched in parts.
    private const int LargestSwitch = 512;

    /// <param name="Opcode">What opened it.</param>
    /// <param name="Base">The operands below its parameters.</param>
    /// <param name="Parameters">What it takes.</param>
    /// <param name="Results">What it leaves.</param>
    /// <param name="TryDepth">The protected regions around its label.</param>
    /// <param name="Target">Where a branch to it goes.</param>
    private sealed record Frame(Opcode Opcode, int Base, SlotKind[] Parameters, SlotKind[] Results, int TryDepth, Label Target)
    {
        public bool IsTargeted { get; set; }

        /// <summary>Where the other half of an <c>if</c> begins, until it has begun.</summary>
        public Label? Else { get; set; }

        public CatchClause[] Catches { get; init; } = [];

        /// <summary>What was known where it was opened.</summary>
        public required KnownValues.Snapshot Known { get; init; }

        public SlotKind[] LabelKinds => Opcode == Opcode.Loop ? Parameters : Results;
    }

    private readonly List<Frame> frames = [];
    private bool isUnreachable;
    private int unreachableBlocks;
    private int tryDepth;
    private Label? returnBlock;
    private LocalBuilder? returnValue;

    private bool IsFunctionFrame(Frame frame) => ReferenceEquals(frame, frames[0]);

    private void EmitControl(in Instruction ins)
    {
        switch (ins.Opcode)
        {
            case Opcode.Unreachable:
                SpillStack();
                EmitTrap(nameof(Trap.MakeUnreachable));
                isUnreachable = true;
                break;
            case Opcode.Block or Opcode.Loop or Opcode.If or Opcode.TryTable: Open(ins); break;
            case Opcode.Else: EmitElse(); break;
            case Opcode.End: Close(); break;
            case Opcode.Br:
                EmitBranch(ins.Index);
                isUnreachable = true;
                break;
            case Opcode.BrIf: EmitBranchIf(ins.Index); break;
            case Opcode.BrTable:
                EmitBranchTable(ins.Index);
                isUnreachable = true;
                break;
            case Opcode.Return:
                EmitReturn();
                isUnreachable = true;
                break;
            case Opcode.Throw or Opcode.ThrowRef:
                EmitThrow(ins);
                isUnreachable = true;
                break;
            default: EmitCall(ins); break;
        }
    }

    // Code that cannot run is not written; only its blocks are counted.
    private void SkipUnreachable(in Instruction ins)
    {
        switch (ins.Opcode)
        {
            case Opcode.Block or Opcode.If or Opcode.TryTable:
                unreachableBlocks++;
                break;
            case Opcode.Loop:
                nextLoop++;
                unreachableBlocks++;
                break;
            case Opcode.Else when unreachableBlocks == 0:
                EmitElse();
                break;
            case Opcode.End when unreachableBlocks == 0:
                Close();
                break;
            case Opcode.End:
                unreachableBlocks--;
                break;
        }
    }

    private void Open(in Instruction ins)
    {
        (SlotKind[] parameters, SlotKind[] results) = KindsOf(ins.Block);
        if (ins.Opcode == Opcode.If) TakeConditionAndSettle();
        else Settle();
        int below = height - parameters.Length;
        // Both halves of an if, and every turn of a loop, find them in the same place.
        if (ins.Opcode != Opcode.Block)
        {
            for (int i = below; i < height; i++) MoveToSlot(i);
        }

        var frame = new Frame(ins.Opcode, below, parameters, results, tryDepth, il.DefineLabel())
        {
            Catches = ins.Opcode == Opcode.TryTable ? [.. immediates.Catches] : [],
            Known = known.Save(frames.Count),
        };
        frames.Add(frame);
        switch (ins.Opcode)
        {
            case Opcode.Loop:
                // The next turn may bring others: nothing that is known of the first ones holds.
                SetSlots(below, parameters);
                ForgetLoop(nextLoop);
                il.Mark(frame.Target);
                EmitInterruptCheck();
                if (measureFuel) EmitFuel(scan.LoopCost(nextLoop));
                nextLoop++;
                break;
            case Opcode.If:
                frame.Else = il.DefineLabel();
                il.Branch(OpCodes.Brfalse, frame.Else.Value);
                break;
            case Opcode.TryTable:
                il.BeginTry();
                tryDepth++;
                break;
        }
    }

    private void ForgetLoop(int loop)
    {
        if (scan.LocalsWrittenIn(loop) is not { } written)
        {
            known.Clear();
            return;
        }

        foreach (uint local in written) known.Forget(local);
    }

    private void EmitElse()
    {
        Frame frame = frames[^1];
        if (!isUnreachable)
        {
            MoveResults(frame.Results, frame.Base);
            frame.IsTargeted = true;
            il.Branch(OpCodes.Br, frame.Target);
        }

        il.Mark(frame.Else!.Value);
        frame.Else = null;
        isUnreachable = false;
        known.Restore(frame.Known);
        SetSlots(frame.Base, frame.Parameters);
    }

    private void Close()
    {
        Frame frame = frames[^1];
        bool fallsThrough = !isUnreachable;
        if (IsFunctionFrame(frame))
        {
            if (fallsThrough) EmitReturn();
            frames.Clear();
            isUnreachable = true;
            return;
        }

        if (fallsThrough) MoveResults(frame.Results, frame.Base);
        frames.RemoveAt(frames.Count - 1);
        bool joins = frame.Opcode is Opcode.TryTable or Opcode.If || frame.IsTargeted;
        if (frame.Opcode != Opcode.Loop && joins) known.Join(frame.Known);
        if (frame.Opcode == Opcode.TryTable)
        {
            CloseTry(frame, fallsThrough);
            fallsThrough = false;
        }
        else if (frame.Else is { } missing)
        {
            // An if without else passes its parameters on.
            il.Mark(missing);
            fallsThrough = true;
        }

        if (frame.Opcode != Opcode.Loop && frame.IsTargeted)
        {
            il.Mark(frame.Target);
            fallsThrough = true;
        }

        isUnreachable = !fallsThrough;
        SetSlots(frame.Base, frame.Results);
    }

    /// <summary>Says that the operands from a height on are these, in their slots.</summary>
    private void SetSlots(int from, SlotKind[] kinds)
    {
        // After code that does not fall through anything may be left of the operands above.
        while (height > from) Pop();
        foreach (SlotKind kind in kinds) PushSlot(kind);
    }

    /// <summary>Moves the top operands to the slots from a height on.</summary>
    private void MoveResults(SlotKind[] kinds, int to)
    {
        SpillStack();
        int from = height - kinds.Length;
        // Downwards or in place, so that going up never overwrites one that is still to be moved.
        for (int i = 0; i < kinds.Length; i++)
        {
            if (from == to && operands[from + i].Home == Home.Slot) continue;
            Load(from + i);
            il.Store(Slot(to + i, kinds[i]));
        }
    }

    private (SlotKind[] Parameters, SlotKind[] Results) KindsOf(BlockType block)
    {
        if (block.TypeIndex is { } index)
        {
            ClrSignature type = code.SignatureOf(index);
            return (type.Parameters, type.Results);
        }

        return ([], block.HasResult ? [ClrSignature.KindOf(block.Result)] : []);
    }

    private Frame FrameOf(uint label) => frames[^((int)label + 1)];

    /// <summary>Branches with the top operands as the label's values. The operands stay as they are, for code after a condition.</summary>
    private void EmitBranch(uint label)
    {
        Frame frame = FrameOf(label);
        if (IsFunctionFrame(frame))
        {
            EmitReturn();
            return;
        }

        MoveResults(frame.LabelKinds, frame.Base);
        Jump(frame);
    }

    private void Jump(Frame frame)
    {
        frame.IsTargeted = true;
        il.Branch(tryDepth > frame.TryDepth ? OpCodes.Leave : OpCodes.Br, frame.Target);
    }

    /// <summary>Whether a branch to a label needs nothing but the jump.</summary>
    private bool IsPlainJump(Frame frame)
    {
        if (IsFunctionFrame(frame) || tryDepth > frame.TryDepth) return false;
        int arity = frame.LabelKinds.Length;
        if (arity == 0) return true;
        if (height - arity != frame.Base) return false;
        for (int i = frame.Base; i < height; i++)
        {
            if (operands[i].Home != Home.Slot) return false;
        }

        return true;
    }

    private void EmitBranchIf(uint label)
    {
        Frame frame = FrameOf(label);
        TakeCondition();
        if (IsPlainJump(frame))
        {
            frame.IsTargeted = true;
            il.Branch(OpCodes.Brtrue, frame.Target);
            return;
        }

        Label past = il.DefineLabel();
        il.Branch(OpCodes.Brfalse, past);
        EmitBranch(label);
        il.Mark(past);
    }

    /// <summary>Takes the top operand to the CIL stack, with nothing else there. Locals may stay pending: the code after goes straight on.</summary>
    private void TakeCondition()
    {
        Operand condition = PopCondition();
        if (condition.Home == Home.Stack) return;
        SpillStack();
        Load(condition, height);
    }

    private void EmitBranchTable(uint defaultLabel)
    {
        uint[] labels = [.. immediates.Labels];
        TakeCondition();
        LocalBuilder index = Slot(height, SlotKind.I32);
        il.Store(index);
        // Values go to the label's slots on the way, one way for each label.
        var ways = new Dictionary<uint, Label>();
        var detours = new List<(uint Label, Label At)>();
        Label WayTo(uint label)
        {
            if (ways.TryGetValue(label, out Label way)) return way;
            Frame frame = FrameOf(label);
            if (IsPlainJump(frame))
            {
                frame.IsTargeted = true;
                way = frame.Target;
            }
            else
            {
                way = il.DefineLabel();
                detours.Add((label, way));
            }

            ways.Add(label, way);
            return way;
        }

        Label[] targets = Array.ConvertAll(labels, WayTo);
        EmitSwitch(index, targets, 0, targets.Length, WayTo(defaultLabel));
        foreach ((uint label, Label at) in detours)
        {
            il.Mark(at);
            EmitBranch(label);
        }
    }

    private void EmitSwitch(LocalBuilder index, Label[] targets, int from, int to, Label otherwise)
    {
        if (to - from <= LargestSwitch)
        {
            il.Load(index);
            if (from > 0)
            {
                il.Constant(from);
                il.Emit(OpCodes.Sub);
            }

            il.Switch(targets[from..to]);
            il.Branch(OpCodes.Br, otherwise);
            return;
        }

        int middle = from + ((to - from) / 2);
        Label upper = il.DefineLabel();
        il.Load(index);
        il.Constant(middle);
        il.Branch(OpCodes.Bge_Un, upper);
        EmitSwitch(index, targets, from, middle, otherwise);
        il.Mark(upper);
        EmitSwitch(index, targets, middle, to, otherwise);
    }

    private void EmitReturn()
    {
        SlotKind[] results = signature.Results;
        int from = height - results.Length;
        if (results.Length > 1)
        {
            SpillStack();
            for (int i = 1; i < results.Length; i++) StoreExtraResult(i, results[i], from + i);
        }
        else if (results.Length == 0 || Top.Home != Home.Stack)
        {
            SpillStack();
        }

        if (results.Length > 0)
        {
            if (operands[from].Home != Home.Stack)
            {
                Load(from);
            }
            else if (onStack > 1)
            {
                // Others lie below it; a return wants the stack to itself.
                SpillStack();
                Load(from);
            }
            else
            {
                // Used up here; what follows is not reachable, and its caller does not look at it again.
                operands[from] = operands[from] with { Home = Home.Slot };
                onStack--;
            }
        }

        if (tryDepth == 0)
        {
            il.Emit(OpCodes.Ret);
            return;
        }

        returnBlock ??= il.DefineLabel();
        if (results.Length > 0)
        {
            returnValue ??= il.DeclareLocal(ClrSignature.ClrType(results[0]));
            il.Store(returnValue);
        }

        il.Branch(OpCodes.Leave, returnBlock.Value);
    }

    // Where returns from protected regions come together.
    private void EmitReturnBlock()
    {
        if (returnBlock is not { } block) return;
        il.Mark(block);
        if (returnValue is not null) il.Load(returnValue);
        il.Emit(OpCodes.Ret);
    }

    private void StoreExtraResult(int place, SlotKind kind, int operand)
    {
        if (kind == SlotKind.Ref)
        {
            LoadReferenceResults();
            il.Constant(place);
            Load(operand);
            il.Emit(OpCodes.Stelem_Ref);
            return;
        }

        LoadResultAddress(place);
        Load(operand);
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

    private void LoadExtraResult(int place, SlotKind kind)
    {
        if (kind == SlotKind.Ref)
        {
            LoadReferenceResults();
            il.Constant(place);
            il.Emit(OpCodes.Ldelem_Ref);
            return;
        }

        LoadResultAddress(place);
        LoadIndirect(kind);
    }

    private void LoadIndirect(SlotKind kind)
    {
        switch (kind)
        {
            case SlotKind.I32: il.Emit(OpCodes.Ldind_I4); break;
            case SlotKind.I64: il.Emit(OpCodes.Ldind_I8); break;
            case SlotKind.F32: il.Emit(OpCodes.Ldind_R4); break;
            case SlotKind.F64: il.Emit(OpCodes.Ldind_R8); break;
            default:
                il.Unaligned();
                il.OfType(OpCodes.Ldobj, ClrSignature.ClrType(kind));
                break;
        }
    }

    private void LoadReferenceResults()
    {
        LoadInstance();
        il.Field(OpCodes.Ldfld, Members.OwnStore);
        il.Call(Members.ReferenceResults);
    }

    private void LoadResultAddress(int place)
    {
        LoadInstance();
        il.Field(OpCodes.Ldfld, Members.Context);
        il.Constant(NativeContext.ResultsOffset);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Ldind_I);
        il.Constant(place * 16);
        il.Emit(OpCodes.Add);
    }
}
