using Chain.Wasm.Binary;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>Float constants that leave the other operand of some operation as it is.</summary>
[Flags]
internal enum NeutralConstants
{
    None = 0,

    /// <summary>For a multiplication or a division, also where it only changes the sign.</summary>
    One = 1,

    /// <summary>For a subtraction.</summary>
    PositiveZero = 2,

    /// <summary>For an addition.</summary>
    NegativeZero = 4,
}

/// <summary>What one quick look over a body tells before it is compiled.</summary>
internal sealed class FunctionScan
{
    private readonly List<int> loopCosts = [];
    private readonly Stack<int> openLoops = new();
    private readonly List<HashSet<uint>?> loopWrites = [];

    // Past this many nothing is told of a loop: loops inside one another would each have a list of them all.
    private const int MostLocalsOfLoop = 256;

    /// <summary>The memories that loads and stores touch, as bits; the 64th stands for all others.</summary>
    public ulong Memories { get; private set; }

    /// <summary>The loads and stores.</summary>
    public int MemoryAccesses { get; private set; }

    /// <summary>The widths of loads and stores, as bits: the first for one byte, the fifth for 16.</summary>
    public int Widths { get; private set; }

    /// <summary>Instructions that begin or end a basic block.</summary>
    public int ControlInstructions { get; private set; }

    /// <summary>The float constants in the function with which the JIT would fold an operation to its other operand.</summary>
    public NeutralConstants Neutral { get; private set; }

    public bool HasCalls { get; private set; }

    public bool HasTailCalls { get; private set; }

    public bool HasLoops => loopCosts.Count > 0;

    public bool HasTry { get; private set; }

    /// <summary>The instructions outside all loops.</summary>
    public int EntryCost { get; private set; }

    /// <summary>The instructions of a loop without its inner loops, by the order in which loops begin.</summary>
    public int LoopCost(int loop) => loopCosts[loop];

    /// <summary>Whether the function would cost more to compile than a function may.</summary>
    public bool IsTooLarge { get; private set; }

    /// <summary>
    /// The locals that a loop and the loops in it write, by the order in which loops begin; <see langword="null"/> where they are too many to tell.
    /// </summary>
    public IReadOnlyCollection<uint>? LocalsWrittenIn(int loop) => loopWrites[loop];

    public static FunctionScan Of(
        ReadOnlySpan<byte> body, long offset, ModuleContext context, int results, InstructionReader.Immediates immediates)
    {
        var scan = new FunctionScan();
        var estimate = new CilEstimate(context);
        estimate.Open(results);
        var reader = new InstructionReader(body, offset, context.Module.DisplayName, immediates);
        reader.ReadLocals([]);
        var blocks = new Stack<bool>();
        while (!reader.AtEnd)
        {
            reader.Read(out Instruction instruction);
            scan.Count(instruction, blocks);
            estimate.Count(instruction, immediates);
        }

        scan.IsTooLarge = estimate.IsTooLarge;

        return scan;
    }

    private void Count(in Instruction ins, Stack<bool> blocks)
    {
        if (openLoops.TryPeek(out int loop)) loopCosts[loop]++;
        else EntryCost++;
        switch (ins.Opcode)
        {
            case Opcode.Loop:
                openLoops.Push(loopCosts.Count);
                loopCosts.Add(1);
                loopWrites.Add([]);
                blocks.Push(true);
                ControlInstructions += 2;
                break;
            case Opcode.Block or Opcode.If or Opcode.TryTable:
                HasTry |= ins.Opcode == Opcode.TryTable;
                blocks.Push(false);
                ControlInstructions += 2;
                break;
            case Opcode.End:
                if (blocks.TryPop(out bool wasLoop) && wasLoop) CloseLoop();
                break;
            case Opcode.LocalSet or Opcode.LocalTee:
                if (openLoops.TryPeek(out int writing)) AddWrite(writing, ins.Index);
                break;
            case Opcode.Br or Opcode.BrIf or Opcode.BrTable or Opcode.Return or Opcode.Else or Opcode.Select or Opcode.SelectTyped
                or Opcode.BrOnCast or Opcode.BrOnCastFail or Opcode.BrOnNull or Opcode.BrOnNonNull or Opcode.Unreachable:
                ControlInstructions++;
                break;
            case Opcode.Call or Opcode.CallIndirect or Opcode.CallRef or Opcode.ReturnCall or Opcode.ReturnCallIndirect
                or Opcode.ReturnCallRef or Opcode.MemoryGrow:
                HasCalls = true;
                HasTailCalls |= ins.Opcode is Opcode.ReturnCall or Opcode.ReturnCallIndirect or Opcode.ReturnCallRef;
                break;
            case Opcode.F32Const or Opcode.F64Const or Opcode.V128Const:
                Neutral |= NeutralIn(ins);
                break;
            default:
                CountAccess(ins);
                break;
        }
    }

    private static NeutralConstants NeutralIn(in Instruction ins) => ins.Opcode switch
    {
        Opcode.F32Const => Neutrality(BitConverter.UInt32BitsToSingle((uint)ins.Bits)),
        Opcode.F64Const => Neutrality(BitConverter.UInt64BitsToDouble(ins.Bits)),
        _ => OfLanes(ins.Bits) | OfLanes(ins.BitsHigh),
    };

    private static NeutralConstants OfLanes(ulong bits) =>
        Neutrality(BitConverter.UInt64BitsToDouble(bits)) | Neutrality(BitConverter.UInt32BitsToSingle((uint)bits))
        | Neutrality(BitConverter.UInt32BitsToSingle((uint)(bits >> 32)));

    private static NeutralConstants Neutrality(double value) => value switch
    {
        1 or -1 => NeutralConstants.One,
        0 => double.IsNegative(value) ? NeutralConstants.NegativeZero : NeutralConstants.PositiveZero,
        _ => NeutralConstants.None,
    };

    private void CloseLoop()
    {
        int inner = openLoops.Pop();
        if (!openLoops.TryPeek(out int outer)) return;
        if (loopWrites[inner] is not { } written) loopWrites[outer] = null;
        else foreach (uint local in written) AddWrite(outer, local);
    }

    private void AddWrite(int loop, uint local)
    {
        if (loopWrites[loop] is { } written && written.Add(local) && written.Count > MostLocalsOfLoop) loopWrites[loop] = null;
    }

    private void CountAccess(in Instruction ins)
    {
        if (OpcodeTable.Get(ins.Opcode).Immediate is not (ImmediateKind.MemoryArgument or ImmediateKind.MemoryArgumentLane)) return;
        MemoryAccesses++;
        Widths |= 1 << InstructionTypes.AccessWidth(ins.Opcode);
        Memories |= 1UL << (int)Math.Min(ins.Index, 63);
    }
}
