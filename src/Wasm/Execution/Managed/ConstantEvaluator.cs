using System.Runtime.Intrinsics;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Execution.Managed;

/// <summary>Evaluates the constant expressions of a valid module (core specification, "Constant Expressions").</summary>
internal sealed class ConstantEvaluator(ManagedInstance instance)
{
    private readonly InstructionReader.Immediates immediates = new();
    private readonly Stack<Value> stack = new();

    public Value Evaluate(Expression expression)
    {
        stack.Clear();
        var reader = new InstructionReader(
            expression.Code.Span, expression.Offset, instance.OwnCode.Module.DisplayName, immediates);
        while (true)
        {
            reader.Read(out Instruction instruction);
            if (instruction.Opcode == Opcode.End) return stack.Pop();
            Step(instruction);
        }
    }

    private void Step(in Instruction ins)
    {
        switch (ins.Opcode)
        {
            case Opcode.I32Const: stack.Push(Value.FromI32((int)ins.Bits)); break;
            case Opcode.I64Const: stack.Push(Value.FromI64((long)ins.Bits)); break;
            case Opcode.F32Const: stack.Push(Value.FromF32(BitConverter.UInt32BitsToSingle((uint)ins.Bits))); break;
            case Opcode.F64Const: stack.Push(Value.FromF64(BitConverter.UInt64BitsToDouble(ins.Bits))); break;
            case Opcode.V128Const: stack.Push(Value.FromV128(Vector128.Create(ins.Bits, ins.BitsHigh).AsByte())); break;
            case Opcode.GlobalGet: stack.Push(instance.GlobalObjects[ins.Index].Value); break;
            case Opcode.RefNull: stack.Push(Value.FromReference(null)); break;
            case Opcode.RefFunc: stack.Push(Value.FromReference(instance.Function((int)ins.Index))); break;
            case Opcode.RefI31: stack.Push(Value.FromReference(ReferenceOperations.RefI31(stack.Pop().I32, instance))); break;
            case Opcode.AnyConvertExtern or Opcode.ExternConvertAny: break;
            case Opcode.I32Add: Binary32(static (a, b) => a + b); break;
            case Opcode.I32Sub: Binary32(static (a, b) => a - b); break;
            case Opcode.I32Mul: Binary32(static (a, b) => a * b); break;
            case Opcode.I64Add: Binary64(static (a, b) => a + b); break;
            case Opcode.I64Sub: Binary64(static (a, b) => a - b); break;
            case Opcode.I64Mul: Binary64(static (a, b) => a * b); break;
            case Opcode.StructNew: StructNew((int)ins.Index); break;
            case Opcode.StructNewDefault: stack.Push(Value.FromReference(StructureOperations.NewStructure(instance, (int)ins.Index))); break;
            case Opcode.ArrayNew: ArrayNew((int)ins.Index, withValue: true); break;
            case Opcode.ArrayNewDefault: ArrayNew((int)ins.Index, withValue: false); break;
            case Opcode.ArrayNewFixed: ArrayNewFixed((int)ins.Index, (int)ins.Index2); break;
            default: throw new InvalidOperationException($"{ins.Opcode} in a constant expression passed validation");
        }
    }

    private void Binary32(Func<int, int, int> operation)
    {
        int right = stack.Pop().I32;
        stack.Push(Value.FromI32(operation(stack.Pop().I32, right)));
    }

    private void Binary64(Func<long, long, long> operation)
    {
        long right = stack.Pop().I64;
        stack.Push(Value.FromI64(operation(stack.Pop().I64, right)));
    }

    private void StructNew(int type)
    {
        StructureLayout layout = instance.OwnCode.Layout(type);
        var structure = (StructureObject)StructureOperations.NewStructure(instance, type);
        for (int i = layout.Fields.Length - 1; i >= 0; i--) StructureOperations.SetField(structure, layout.Fields[i], stack.Pop());
        stack.Push(Value.FromReference(structure));
    }

    private void ArrayNew(int type, bool withValue)
    {
        int length = stack.Pop().I32;
        object array = ArrayOperations.NewArray(instance, type, length);
        if (withValue)
        {
            Value value = stack.Pop();
            for (int i = 0; i < length; i++) ArrayOperations.SetItem(array, i, value);
        }

        stack.Push(Value.FromReference(array));
    }

    private void ArrayNewFixed(int type, int length)
    {
        object array = ArrayOperations.NewArray(instance, type, length);
        for (int i = length - 1; i >= 0; i--) ArrayOperations.SetItem(array, i, stack.Pop());
        stack.Push(Value.FromReference(array));
    }
}
