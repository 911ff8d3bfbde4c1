using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Validation;

/// <content>Reference instructions, and those on structures and arrays.</content>
internal sealed partial class FunctionValidator
{
    private static readonly ValueType AnyRef = ValueType.Ref(AbstractHeapType.Any, true);
    private static readonly ValueType EqRef = ValueType.Ref(AbstractHeapType.Eq, true);
    private static readonly ValueType I31Ref = ValueType.Ref(AbstractHeapType.I31, true);
    private static readonly ValueType ArrayRef = ValueType.Ref(AbstractHeapType.Array, true);

    private void ApplyReferenceInstruction(in Instruction instruction)
    {
        uint index = instruction.Index;
        switch (instruction.Opcode)
        {
            case Opcode.RefNull:
                CheckType(at, instruction.Type);
                Push(instruction.Type);
                break;
            case Opcode.RefFunc: ApplyRefFunc(index); break;
            case Opcode.RefIsNull:
                PopReference();
                Push(ValueType.I32);
                break;
            case Opcode.RefAsNonNull: Push(PopReference().AsNonNull()); break;
            case Opcode.RefEq:
                Pop(EqRef);
                Pop(EqRef);
                Push(ValueType.I32);
                break;
            case Opcode.BrOnNull: ApplyBranchOnNull(index); break;
            case Opcode.BrOnNonNull: ApplyBranchOnNonNull(index); break;
            case Opcode.BrOnCast or Opcode.BrOnCastFail: ApplyBranchOnCast(in instruction); break;
            case Opcode.RefTest or Opcode.RefTestNull:
                PopCastOperand(instruction.Type);
                Push(ValueType.I32);
                break;
            case Opcode.RefCast or Opcode.RefCastNull:
                PopCastOperand(instruction.Type);
                Push(instruction.Type);
                break;
            case Opcode.RefI31:
                Pop(ValueType.I32);
                Push(I31Ref.AsNonNull());
                break;
            case Opcode.I31GetS or Opcode.I31GetU:
                Pop(I31Ref);
                Push(ValueType.I32);
                break;
            case Opcode.AnyConvertExtern: Convert(ValueType.ExternRef, AnyRef); break;
            case Opcode.ExternConvertAny: Convert(AnyRef, ValueType.ExternRef); break;
            case >= Opcode.StructNew and <= Opcode.StructSet: ApplyStructInstruction(in instruction); break;
            default: ApplyArrayInstruction(in instruction); break;
        }
    }

    private void ApplyRefFunc(uint index)
    {
        CheckIndex("function", index, context.FunctionTypes.Length);
        // What a constant expression names is thereby declared.
        if (constant)
        {
            context.DeclaredFunctions[(int)index] = true;
        }
        else if (!context.DeclaredFunctions[(int)index])
        {
            Fail(
                $"undeclared function reference, expected function {index} in an export, an element segment or a global, "
                + "found in bodies only");
        }

        Push(ValueType.Ref(HeapType.OfIndex(context.FunctionTypes[index]), false));
    }

    private void ApplyBranchOnNull(uint label)
    {
        ValueType reference = PopReference();
        ValueType[] types = Target(label).LabelTypes;
        Pop(types);
        Push(types);
        Push(reference.AsNonNull());
    }

    private void ApplyBranchOnNonNull(uint label)
    {
        ReadOnlySpan<ValueType> types = Target(label).LabelTypes;
        if (types.Length == 0 || !types[^1].IsRef) FailMismatch($"a reference as the last operand of label {label}", List([.. types]));
        Pop(ValueType.Ref(types[^1].Heap, true));
        Pop(types[..^1]);
        Push(types[..^1]);
    }

    private void ApplyBranchOnCast(in Instruction instruction)
    {
        ValueType from = instruction.Type;
        ValueType to = instruction.Type2;
        CheckType(at, from);
        CheckType(at, to);
        if (!context.Matches(to, from)) FailMismatch($"a cast to a subtype of {from}", to.ToString());
        // A cast that lets null through leaves none behind.
        ValueType rest = to.IsNullable ? from.AsNonNull() : from;
        (ValueType taken, ValueType kept) = instruction.Opcode == Opcode.BrOnCast ? (to, rest) : (rest, to);
        ReadOnlySpan<ValueType> types = Target(instruction.Index).LabelTypes;
        if (types.Length == 0 || !context.Matches(taken, types[^1]))
            FailMismatch($"{taken} as the last operand of label {instruction.Index}", List([.. types]));
        Pop(from);
        Pop(types[..^1]);
        Push(types[..^1]);
        Push(kept);
    }

    // A cast may start anywhere in the hierarchy that its target is in.
    private void PopCastOperand(ValueType target)
    {
        CheckType(at, target);
        Pop(ValueType.Ref(Top(target.Heap), true));
    }

    private AbstractHeapType Top(HeapType heap)
    {
        if (heap.IsConcrete) return module.Types[heap.Index].Composite is FunctionType ? AbstractHeapType.Func : AbstractHeapType.Any;
        return heap.Abstract switch
        {
            AbstractHeapType.Func or AbstractHeapType.NoFunc => AbstractHeapType.Func,
            AbstractHeapType.Extern or AbstractHeapType.NoExtern => AbstractHeapType.Extern,
            AbstractHeapType.Exn or AbstractHeapType.NoExn => AbstractHeapType.Exn,
            _ => AbstractHeapType.Any,
        };
    }

    private void Convert(ValueType from, ValueType to)
    {
        ValueType found = Pop(from);
        Push(found.IsNullable ? to : to.AsNonNull());
    }

    private StructType StructAt(uint typeIndex)
    {
        CheckIndex("type", typeIndex, module.Types.Length);
        CompositeType type = module.Types[typeIndex].Composite;
        if (type is not StructType) FailMismatch("a structure type", $"type {typeIndex}, which is {ModuleContext.Describe(type)}");
        return (StructType)type;
    }

    private FieldType ElementOf(uint typeIndex)
    {
        CheckIndex("type", typeIndex, module.Types.Length);
        CompositeType type = module.Types[typeIndex].Composite;
        if (type is not ArrayType) FailMismatch("an array type", $"type {typeIndex}, which is {ModuleContext.Describe(type)}");
        return ((ArrayType)type).Element;
    }

    private FieldType MutableElementOf(uint typeIndex)
    {
        FieldType element = ElementOf(typeIndex);
        if (!element.Mutable) Fail($"immutable array, expected a mutable one, found type {typeIndex}, array {element}");
        return element;
    }

    private static ValueType Reference(uint typeIndex, bool nullable) => ValueType.Ref(HeapType.OfIndex(typeIndex), nullable);

    private void ApplyStructInstruction(in Instruction instruction)
    {
        uint index = instruction.Index;
        FieldType[] fields = StructAt(index).Fields;
        switch (instruction.Opcode)
        {
            case Opcode.StructNew:
                for (int i = fields.Length - 1; i >= 0; i--) Pop(fields[i].Storage.Unpacked());
                Push(Reference(index, false));
                return;
            case Opcode.StructNewDefault:
                for (int i = 0; i < fields.Length; i++) CheckDefaultable(fields[i].Storage, $"field {i} of type {index}");
                Push(Reference(index, false));
                return;
        }

        CheckIndex("field", instruction.Index2, fields.Length);
        FieldType field = fields[instruction.Index2];
        if (instruction.Opcode == Opcode.StructSet)
        {
            if (!field.Mutable) Fail($"immutable field, expected a mutable one, found field {instruction.Index2} of type {index}, {field}");
            Pop(field.Storage.Unpacked());
            Pop(Reference(index, true));
            return;
        }

        CheckPacking(field.Storage, instruction.Opcode != Opcode.StructGet);
        Pop(Reference(index, true));
        Push(field.Storage.Unpacked());
    }

    private void ApplyArrayInstruction(in Instruction instruction)
    {
        uint index = instruction.Index;
        FieldType element;
        switch (instruction.Opcode)
        {
            case Opcode.ArrayNew:
                element = ElementOf(index);
                Pop(ValueType.I32);
                Pop(element.Storage.Unpacked());
                Push(Reference(index, false));
                break;
            case Opcode.ArrayNewDefault:
                CheckDefaultable(ElementOf(index).Storage, $"the element of type {index}");
                Pop(ValueType.I32);
                Push(Reference(index, false));
                break;
            case Opcode.ArrayNewFixed:
                element = ElementOf(index);
                PopFixedElements(element.Storage.Unpacked(), instruction.Index2);
                Push(Reference(index, false));
                break;
            case Opcode.ArrayNewData:
                CheckDataElement(ElementOf(index), instruction.Index2);
                Pop(ValueType.I32);
                Pop(ValueType.I32);
                Push(Reference(index, false));
                break;
            case Opcode.ArrayNewElem:
                CheckElementMatch(ElementType(instruction.Index2), ElementOf(index).Storage);
                Pop(ValueType.I32);
                Pop(ValueType.I32);
                Push(Reference(index, false));
                break;
            case Opcode.ArrayGet or Opcode.ArrayGetS or Opcode.ArrayGetU:
                element = ElementOf(index);
                CheckPacking(element.Storage, instruction.Opcode != Opcode.ArrayGet);
                Pop(ValueType.I32);
                Pop(Reference(index, true));
                Push(element.Storage.Unpacked());
                break;
            case Opcode.ArraySet:
                element = MutableElementOf(index);
                Pop(element.Storage.Unpacked());
                Pop(ValueType.I32);
                Pop(Reference(index, true));
                break;
            case Opcode.ArrayLen:
                Pop(ArrayRef);
                Push(ValueType.I32);
                break;
            case Opcode.ArrayFill:
                element = MutableElementOf(index);
                Pop(ValueType.I32);
                Pop(element.Storage.Unpacked());
                Pop(ValueType.I32);
                Pop(Reference(index, true));
                break;
            case Opcode.ArrayCopy:
                CheckElementMatch(ElementOf(instruction.Index2).Storage, MutableElementOf(index).Storage);
                Pop(ValueType.I32);
                Pop(ValueType.I32);
                Pop(Reference(instruction.Index2, true));
                Pop(ValueType.I32);
                Pop(Reference(index, true));
                break;
            case Opcode.ArrayInitData:
                CheckDataElement(MutableElementOf(index), instruction.Index2);
                PopRange(index);
                break;
            case Opcode.ArrayInitElem:
                CheckElementMatch(ElementType(instruction.Index2), MutableElementOf(index).Storage);
                PopRange(index);
                break;
            default:
                throw new InvalidOperationException($"no typing rule for {instruction.Opcode}");
        }
    }

    private void PopFixedElements(ValueType type, uint count)
    {
        const int most = ModuleLimits.ArrayNewFixedOperands;
        if (count > most) Fail($"too many operands for array.new_fixed, expected at most {most}, found {count}");
        for (uint i = 0; i < count; i++) Pop(type);
    }

    /// <summary>Pops what copies from a segment into an array: the array, where in it, where in the segment, how many.</summary>
    private void PopRange(uint typeIndex)
    {
        Pop(ValueType.I32);
        Pop(ValueType.I32);
        Pop(ValueType.I32);
        Pop(Reference(typeIndex, true));
    }

    private void CheckDefaultable(ValueType type, string what)
    {
        if (!type.IsDefaultable) FailMismatch("a type with a default value", $"{type}, {what}");
    }

    private void CheckPacking(ValueType storage, bool extends)
    {
        if (storage.IsPacked != extends)
            FailMismatch(extends ? "a packed field (i8 or i16)" : "a field that is not packed", storage.ToString());
    }

    private void CheckDataElement(FieldType element, uint segment)
    {
        if (element.Storage.IsRef) FailMismatch("an array of numbers or vectors", $"array {element}");
        CheckData(segment);
    }
}
