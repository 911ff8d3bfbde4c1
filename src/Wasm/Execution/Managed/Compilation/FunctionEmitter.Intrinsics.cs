using System.Reflection.Emit;
using Chain.Wasm.Binary;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>Instructions that are written as intrinsics of the JIT, see docs/decisions/0002.</summary>
internal sealed partial class FunctionEmitter
{
    private readonly LocalBuilder?[] scratch = new LocalBuilder?[IntrinsicSequence.ScratchTypes.Length];

    // Whether there are intrinsics for the instruction, which were then written; its operands are on the CIL stack.
    private bool TryEmitIntrinsics(in Instruction ins)
    {
        ReadOnlySpan<IntrinsicStep> steps = ins.Opcode >= Opcode.V128Load ? VectorIntrinsics.Find(ins) : NumericIntrinsics.Find(ins.Opcode);
        foreach (IntrinsicStep step in steps)
        {
            switch (step.Kind)
            {
                case IntrinsicStepKind.Call: il.Call(step.Method!); break;
                case IntrinsicStepKind.Plain: il.Emit(step.Instruction); break;
                case IntrinsicStepKind.Int32: il.Constant((int)step.Value); break;
                case IntrinsicStepKind.Int64: il.Constant(step.Value); break;
                case IntrinsicStepKind.Lane: il.Constant((int)(ins.Index2 * step.Value)); break;
                case IntrinsicStepKind.Store: il.Store(Scratch(step.Value)); break;
                case IntrinsicStepKind.Load: il.Load(Scratch(step.Value)); break;
            }
        }

        return !steps.IsEmpty;
    }

    private LocalBuilder Scratch(long number) => scratch[number] ??= il.DeclareLocal(IntrinsicSequence.ScratchTypes[number]);
}
