using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Validation;

/// <content>Control instructions: blocks, branches, calls, exceptions.</content>
internal sealed partial class FunctionValidator
{
    private int branchTables;

    private void ApplyBlock(in Instruction instruction)
    {
        (ValueType[] start, ValueType[] end) = BlockTypes(instruction.Block);
        Pop(start);
        PushFrame(instruction.Opcode, start, end);
    }

    private (ValueType[] Start, ValueType[] End) BlockTypes(BlockType block)
    {
        if (block.TypeIndex is { } index)
        {
            FunctionType type = DefinedFunctionType(index);
            return (type.Parameters, type.Results);
        }

        if (!block.HasResult) return ([], []);
        CheckType(at, block.Result);
        return ([], SingleType(block.Result));
    }

    private void ApplyElse()
    {
        ref ControlFrame frame = ref frames[frameCount - 1];
        if (frame.Opcode != Opcode.If) Fail("else without if, expected end");
        PopResults(in frame);
        frame.Opcode = Opcode.Else;
        frame.Unreachable = false;
        unreachable = false;
        Push(frame.StartTypes);
    }

    private void ApplyEnd()
    {
        ref ControlFrame frame = ref frames[frameCount - 1];
        PopResults(in frame);
        if (frame.Opcode == Opcode.If && !Matches(frame.StartTypes, frame.EndTypes))
            FailMismatch($"else for an if of type {List(frame.StartTypes)} -> {List(frame.EndTypes)}", "end");
        ValueType[] end = frame.EndTypes;
        PopFrame();
        Push(end);
    }

    private ref ControlFrame Target(uint label)
    {
        CheckIndex("label", label, frameCount);
        return ref frames[frameCount - 1 - (int)label];
    }

    private void ApplyBranch(uint label)
    {
        Pop(Target(label).LabelTypes);
        SetUnreachable();
    }

    private void ApplyBranchIf(uint label)
    {
        Pop(ValueType.I32);
        ValueType[] types = Target(label).LabelTypes;
        Pop(types);
        Push(types);
    }

    private void ApplyBranchTable(uint defaultLabel)
    {
        Pop(ValueType.I32);
        int arity = Target(defaultLabel).LabelTypes.Length;
        int table = ++branchTables;
        foreach (uint label in Immediates.Labels)
        {
            ref ControlFrame target = ref Target(label);
            // A table can name one frame a million times.
            if (target.CheckedBy == table) continue;
            target.CheckedBy = table;
            ValueType[] types = target.LabelTypes;
            if (types.Length != arity)
                FailMismatch($"{arity} operands for label {label}, as for the default label {defaultLabel}", types.Length.ToString());
            CheckTop(types);
        }

        Pop(Target(defaultLabel).LabelTypes);
        SetUnreachable();
    }

    private void ApplyReturn()
    {
        Pop(results);
        SetUnreachable();
    }

    private FunctionType CalleeType(uint functionIndex)
    {
        CheckIndex("function", functionIndex, context.FunctionTypes.Length);
        return context.TypeOfFunction(functionIndex);
    }

    private FunctionType DefinedFunctionType(uint typeIndex)
    {
        CheckIndex("type", typeIndex, module.Types.Length);
        CompositeType type = module.Types[typeIndex].Composite;
        if (type is not FunctionType) FailMismatch("a function type", $"type {typeIndex}, which is {ModuleContext.Describe(type)}");
        return (FunctionType)type;
    }

    private FunctionType PopIndirectCallee(in Instruction instruction)
    {
        ref readonly TableType table = ref Table(instruction.Index2);
        FunctionType type = DefinedFunctionType(instruction.Index);
        if (!context.Matches(table.Element, ValueType.FuncRef))
            FailMismatch($"a table of {ValueType.FuncRef}", $"table {instruction.Index2} of {table.Element}");
        Pop(table.Limits.AddressType);
        return type;
    }

    private FunctionType PopReferencedCallee(uint typeIndex)
    {
        FunctionType type = DefinedFunctionType(typeIndex);
        Pop(ValueType.Ref(HeapType.OfIndex(typeIndex), true));
        return type;
    }

    private void ApplyCall(FunctionType type)
    {
        Pop(type.Parameters);
        Push(type.Results);
    }

    private void ApplyTailCall(FunctionType type)
    {
        if (!Matches(type.Results, results)) FailMismatch($"a callee with results {List(results)}", List(type.Results));
        Pop(type.Parameters);
        SetUnreachable();
    }

    private FunctionType TagType(uint tag)
    {
        CheckIndex("tag", tag, context.TagTypes.Length);
        return context.FunctionTypeAt(context.TagTypes[tag]);
    }

    private void ApplyThrow(uint tag)
    {
        Pop(TagType(tag).Parameters);
        SetUnreachable();
    }

    private void ApplyTryTable(in Instruction instruction)
    {
        // The labels of the clauses count from outside the block.
        foreach (CatchClause clause in Immediates.Catches) CheckCatch(clause);
        ApplyBlock(in instruction);
    }

    private void CheckCatch(CatchClause clause)
    {
        ValueType[] passed = clause.HasTag ? TagType(clause.TagIndex).Parameters : [];
        ValueType[] taken = Target(clause.Label).LabelTypes;
        int count = passed.Length + (clause.HasReference ? 1 : 0);
        bool fits = taken.Length == count && Matches(passed, taken.AsSpan(0, passed.Length));
        if (fits && clause.HasReference) fits = context.Matches(ValueType.ExnRef.AsNonNull(), taken[^1]);
        if (fits) return;
        ValueType[] all = clause.HasReference ? [.. passed, ValueType.ExnRef.AsNonNull()] : passed;
        FailMismatch($"a label that takes {List(all)} for a catch clause", $"label {clause.Label}, which takes {List(taken)}");
    }

    private static string List(ValueType[] types)
    {
        const int most = 8;
        return types.Length <= most
            ? $"({string.Join(' ', types)})"
            : $"({string.Join(' ', types[..most])} … {types.Length - most} more)";
    }
}
