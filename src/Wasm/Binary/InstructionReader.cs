using System.Runtime.CompilerServices;
namespace Chain.Wasm.Binary;

/// <summary>
/// Decodes instructions one after another from a function body or a constant expression, without copying it. For one thread at a time.
/// </summary>
public ref struct InstructionReader
{
    private WasmReader reader;
    private readonly Immediates immediates;

    /// <param name="code">Instructions in the binary format.</param>
    /// <param name="offset">The offset of the first byte in the module, for messages.</param>
    /// <param name="module">The module's name, for messages.</param>
    /// <param name="immediates">Where lists go; one may serve many readers, one after another.</param>
    public InstructionReader(ReadOnlySpan<byte> code, long offset, string module, Immediates immediates)
    {
        reader = new WasmReader(code, offset, module);
        this.immediates = immediates;
    }

    /// <summary>Goes on at a byte of <paramref name="code"/> where another reader of it stopped.</summary>
    internal InstructionReader(ReadOnlySpan<byte> code, long offset, string module, Immediates immediates, int position)
        : this(code, offset, module, immediates) => reader.Position = position;

    /// <summary>Lists that instructions carry: labels of <c>br_table</c>, types of <c>select</c>, clauses of <c>try_table</c>.</summary>
    public sealed class Immediates
    {
        /// <summary>The labels of <c>br_table</c> without the default, which is the instruction's index.</summary>
        public List<uint> Labels { get; } = [];

        public List<ValueType> Types { get; } = [];

        public List<CatchClause> Catches { get; } = [];
    }

    public readonly bool AtEnd => reader.AtEnd;

    /// <summary>The bytes read so far.</summary>
    public readonly int Position => reader.Position;

    /// <summary>The offset of the next instruction in the module.</summary>
    public readonly long Offset => reader.Offset;

    /// <summary>Reads the locals of a function body: runs of one type.</summary>
    /// <param name="runs">Receives (count, type); the sum of counts stays below 2^32.</param>
    public void ReadLocals(List<(uint Count, ValueType Type)> runs)
    {
        int groups = reader.ReadCount("groups of locals");
        ulong total = 0;
        for (int i = 0; i < groups; i++)
        {
            long at = reader.Offset;
            uint count = reader.ReadUnsigned32();
            total += count;
            if (total > uint.MaxValue) reader.Fail(at, "too many locals");
            runs.Add((count, reader.ReadValueType()));
        }
    }

    /// <summary>Reads the next instruction.</summary>
    /// <exception cref="MalformedModuleException">There is none, or its bytes are not one.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Read(out Instruction instruction)
    {
        instruction = default;
        instruction.Start = reader.Position;
        long at = reader.Offset;
        byte first = reader.ReadByte();
        if (first is 0xFB or 0xFC or 0xFD)
        {
            uint sub = reader.ReadUnsigned32();
            if (OpcodeTable.Prefixed(first, sub) is not { } prefixed)
            {
                reader.Fail(at, $"illegal opcode 0x{first:x2} 0x{sub:x2}");
                return;
            }

            instruction.Opcode = prefixed;
        }
        else
        {
            instruction.Opcode = (Opcode)first;
        }

        OpcodeInfo? info = OpcodeTable.Find(instruction.Opcode);
        if (info is null) reader.Fail(at, $"illegal opcode 0x{first:x2}");
        ReadImmediate(info.Immediate, ref instruction);
        instruction.End = reader.Position;
    }

    // Optimised from the start, as the validator is; see there.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadImmediate(ImmediateKind kind, ref Instruction ins)
    {
        switch (kind)
        {
            case ImmediateKind.None:
                return;
            case ImmediateKind.LabelIndex or ImmediateKind.FunctionIndex or ImmediateKind.TypeIndex or ImmediateKind.LocalIndex
                or ImmediateKind.GlobalIndex or ImmediateKind.TableIndex or ImmediateKind.MemoryIndex or ImmediateKind.TagIndex
                or ImmediateKind.DataIndex or ImmediateKind.ElementIndex:
                ins.Index = reader.ReadUnsigned32();
                return;
            case ImmediateKind.TypeAndTable or ImmediateKind.TypeAndField or ImmediateKind.TypeAndCount or ImmediateKind.TypeAndData
                or ImmediateKind.TypeAndElement or ImmediateKind.TypePair or ImmediateKind.DataAndMemory or ImmediateKind.MemoryPair
                or ImmediateKind.ElementAndTable or ImmediateKind.TablePair:
                ins.Index = reader.ReadUnsigned32();
                ins.Index2 = reader.ReadUnsigned32();
                return;
            case ImmediateKind.MemoryArgument:
                ReadMemoryArgument(ref ins);
                return;
            case ImmediateKind.MemoryArgumentLane:
                ReadMemoryArgument(ref ins);
                ins.Index2 = reader.ReadByte();
                return;
            case ImmediateKind.Lane:
                ins.Index2 = reader.ReadByte();
                return;
            case ImmediateKind.I32:
                ins.Bits = (uint)reader.ReadSigned32();
                return;
            case ImmediateKind.I64:
                ins.Bits = (ulong)reader.ReadSigned64();
                return;
            case ImmediateKind.F32:
                ins.Bits = reader.ReadFixed32();
                return;
            case ImmediateKind.F64:
                ins.Bits = reader.ReadFixed64();
                return;
            case ImmediateKind.V128 or ImmediateKind.Lanes:
                ins.Bits = reader.ReadFixed64();
                ins.BitsHigh = reader.ReadFixed64();
                return;
            case ImmediateKind.BlockType:
                ins.Block = ReadBlockType();
                return;
            case ImmediateKind.HeapType:
                bool nullable = ins.Opcode is Opcode.RefNull or Opcode.RefTestNull or Opcode.RefCastNull;
                ins.Type = ValueType.Ref(reader.ReadHeapType(), nullable);
                return;
            case ImmediateKind.LabelTable:
                immediates.Labels.Clear();
                int labels = reader.ReadCount("labels");
                for (int i = 0; i < labels; i++) immediates.Labels.Add(reader.ReadUnsigned32());
                ins.Index = reader.ReadUnsigned32();
                return;
            case ImmediateKind.ValueTypes:
                immediates.Types.Clear();
                int types = reader.ReadCount("types");
                for (int i = 0; i < types; i++) immediates.Types.Add(reader.ReadValueType());
                return;
            case ImmediateKind.TryTable:
                ins.Block = ReadBlockType();
                ReadCatches();
                return;
            case ImmediateKind.BranchOnCast:
                long at = reader.Offset;
                byte flags = reader.ReadByte();
                if (flags > 3) reader.Fail(at, $"malformed cast flags 0x{flags:x2}");
                ins.Index = reader.ReadUnsigned32();
                ins.Type = ValueType.Ref(reader.ReadHeapType(), (flags & 1) != 0);
                ins.Type2 = ValueType.Ref(reader.ReadHeapType(), (flags & 2) != 0);
                return;
            default:
                throw new InvalidOperationException($"no reader for {kind}");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadMemoryArgument(ref Instruction ins)
    {
        long at = reader.Offset;
        uint flags = reader.ReadUnsigned32();
        if (flags >= 0x80) reader.Fail(at, $"malformed memory access flags 0x{flags:x}");
        ins.Alignment = flags & 0x3F;
        if ((flags & 0x40) != 0) ins.Index = reader.ReadUnsigned32();
        ins.Bits = reader.ReadUnsigned64();
    }

    private BlockType ReadBlockType()
    {
        byte first = reader.PeekByte();
        if (first == 0x40)
        {
            reader.Position++;
            return BlockType.Empty;
        }

        // A negative one-byte number is a value type, anything else a type index.
        if ((first & 0xC0) == 0x40) return BlockType.OfResult(reader.ReadValueType());
        long at = reader.Offset;
        long index = reader.ReadSigned33();
        if (index is < 0 or > int.MaxValue) reader.Fail(at, $"malformed block type {index}");
        return BlockType.OfType((uint)index);
    }

    private void ReadCatches()
    {
        immediates.Catches.Clear();
        int count = reader.ReadCount("catch clauses");
        for (int i = 0; i < count; i++)
        {
            long at = reader.Offset;
            byte kind = reader.ReadByte();
            if (kind > 3) reader.Fail(at, $"malformed catch clause 0x{kind:x2}");
            uint tag = kind < 2 ? reader.ReadUnsigned32() : 0;
            immediates.Catches.Add(new CatchClause((CatchKind)kind, tag, reader.ReadUnsigned32()));
        }
    }
}
