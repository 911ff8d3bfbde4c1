using Chain.Wasm.Binary;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>
/// What a function would cost the JIT, told before it is compiled: nothing can stop the JIT once it runs, and a few kilobytes of calls with a
/// thousand results each, or of protected regions, would keep it busy for minutes and take gigabytes.
/// </summary>
/// <remarks>
/// Measured with functions of one kind of instruction: about 0.3 s and 70 MB for each megabyte of CIL, 1 s for 10,000 loops and 1 s for 2,000
/// protected regions, both growing by the square.
/// </remarks>
internal sealed class CilEstimate(ModuleContext context)
{
    /// <summary>What a function may have at most, in words.</summary>
    public static readonly string Limits = $"expected at most about {MostBytes} bytes of CIL, {MostLoops} loops and {MostRegions} try_tables";

    private const long MostBytes = 12_000_000;
    private const int MostLoops = 8_000;
    private const int MostRegions = 2_000;

    private const int InstructionBytes = 12;
    private const int AccessBytes = 48;
    private const int MoveBytes = 16;
    private const int ExtraResultBytes = 128;

    private readonly List<int> labels = [];
    private readonly HashSet<uint> targets = [];
    private long bytes;
    private int loops;
    private int regions;

    /// <summary>Whether it must not be compiled.</summary>
    public bool IsTooLarge => bytes > MostBytes || loops > MostLoops || regions > MostRegions;

    /// <summary>Begins a function with that many results.</summary>
    public void Open(int results) => labels.Add(results);

    public void Count(in Instruction ins, InstructionReader.Immediates immediates)
    {
        bytes += InstructionBytes;
        switch (ins.Opcode)
        {
            case Opcode.Block or Opcode.If or Opcode.Loop or Opcode.TryTable:
                CountBlock(ins, immediates);
                break;
            case Opcode.End:
                bytes += (long)labels[^1] * MoveBytes;
                labels.RemoveAt(labels.Count - 1);
                break;
            case Opcode.Else or Opcode.Return:
                bytes += (long)labels[ins.Opcode == Opcode.Else ? ^1 : 0] * ExtraResultBytes;
                break;
            case Opcode.Br or Opcode.BrIf or Opcode.BrOnNull or Opcode.BrOnNonNull or Opcode.BrOnCast or Opcode.BrOnCastFail:
                CountBranch(ins.Index);
                break;
            case Opcode.BrTable:
                bytes += (long)immediates.Labels.Count * 4;
                targets.Clear();
                if (targets.Add(ins.Index)) CountBranch(ins.Index);
                foreach (uint label in immediates.Labels)
                {
                    if (targets.Add(label)) CountBranch(label);
                }

                break;
            case Opcode.Call or Opcode.ReturnCall:
                CountCall(context.FunctionTypes[ins.Index]);
                break;
            case Opcode.CallIndirect or Opcode.ReturnCallIndirect or Opcode.CallRef or Opcode.ReturnCallRef:
                CountCall(ins.Index);
                break;
            case Opcode.Throw:
                bytes += (long)context.FunctionTypeAt(context.TagTypes[ins.Index]).Parameters.Length * ExtraResultBytes;
                break;
            case Opcode.StructNew:
                bytes += (long)context.StructTypeAt(ins.Index).Fields.Length * ExtraResultBytes;
                break;
            case Opcode.ArrayNewFixed:
                bytes += (long)ins.Index2 * ExtraResultBytes;
                break;
            default:
                if (OpcodeTable.Get(ins.Opcode).Immediate is ImmediateKind.MemoryArgument or ImmediateKind.MemoryArgumentLane) bytes += AccessBytes;
                break;
        }
    }

    private void CountBlock(in Instruction ins, InstructionReader.Immediates immediates)
    {
        (int parameters, int results) = (0, ins.Block.HasResult ? 1 : 0);
        if (ins.Block.TypeIndex is { } type) (parameters, results) = (context.FunctionTypeAt(type).Parameters.Length, context.FunctionTypeAt(type).Results.Length);
        bytes += (long)parameters * MoveBytes;
        if (ins.Opcode == Opcode.Loop) loops++;
        if (ins.Opcode == Opcode.TryTable)
        {
            regions++;
            foreach (CatchClause clause in immediates.Catches)
            {
                bytes += ExtraResultBytes;
                if (clause.HasTag) bytes += (long)context.FunctionTypeAt(context.TagTypes[clause.TagIndex]).Parameters.Length * ExtraResultBytes;
                CountBranch(clause.Label);
            }
        }

        labels.Add(ins.Opcode == Opcode.Loop ? parameters : results);
    }

    private void CountBranch(uint label)
    {
        int place = labels.Count - 1 - (int)label;
        bytes += (long)labels[place] * (place == 0 ? ExtraResultBytes : MoveBytes);
    }

    private void CountCall(uint type)
    {
        FunctionType callee = context.FunctionTypeAt(type);
        bytes += ((long)callee.Parameters.Length * MoveBytes) + ((long)callee.Results.Length * ExtraResultBytes);
    }
}
