using Chain.Wasm.Binary;
using Chain.Wasm.Validation;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>
/// Changes modules: some bytes, or what the bytes mean, so that most of the mutants are still valid and reach the compiler.
/// </summary>
internal sealed class ModuleMutator(Random random)
{
    // Instructions that may stand for one another: equal types, equal immediates.
    private static readonly Dictionary<(ImmediateKind, string), Opcode[]> Alike = Enum.GetValues<Opcode>()
        .Where(static opcode => OpcodeTable.Find(opcode) is { Signature: not null })
        .GroupBy(static opcode => (OpcodeTable.Get(opcode).Immediate, OpcodeTable.Get(opcode).Signature!))
        .ToDictionary(static group => group.Key, static group => group.ToArray());

    /// <summary>The bytes of a mutant of a module that can be read.</summary>
    public byte[] Mutate(byte[] original)
    {
        if (random.Next(8) == 0) return MutateBytes(original);
        Module module = ModuleReader.Read(original, "original");
        var context = new ModuleContextOf(module).Context;
        for (int changes = random.Next(1, 5); changes > 0; changes--)
        {
            if (module.Bodies.Length == 0 || random.Next(12) == 0) MutateSizes(module);
            else MutateBody(module, context, random.Next(module.Bodies.Length));
        }

        return ModuleWriter.Write(module);
    }

    public static void WriteOpcode(WasmWriter writer, Opcode opcode)
    {
        uint value = (uint)opcode;
        if (value < 0x100)
        {
            writer.WriteByte((byte)value);
            return;
        }

        uint prefix = Math.Min(value >> 8, 3);
        writer.WriteByte((byte)(0xFA + prefix));
        writer.WriteUnsigned(value - (prefix << 8));
    }

    private byte[] MutateBytes(byte[] original)
    {
        byte[] mutant = [.. original];
        if (mutant.Length <= 8) return mutant;
        for (int changes = random.Next(1, 4); changes > 0; changes--)
            mutant[random.Next(8, mutant.Length)] = random.Next(2) == 0 ? mutant[random.Next(mutant.Length)] : (byte)random.Next(256);
        return random.Next(10) == 0 ? mutant[..random.Next(mutant.Length)] : mutant;
    }

    private void MutateSizes(Module module)
    {
        Limits Change(Limits limits) => limits with { Minimum = (ulong)random.Next(4), Maximum = random.Next(2) == 0 ? null : (ulong)random.Next(3, 8) };
        if (module.Memories.Length > 0 && random.Next(2) == 0)
        {
            int at = random.Next(module.Memories.Length);
            module.Memories[at] = module.Memories[at] with { Type = new MemoryType(Change(module.Memories[at].Type.Limits)) };
        }
        else if (module.Tables.Length > 0)
        {
            int at = random.Next(module.Tables.Length);
            TableType type = module.Tables[at].Type;
            module.Tables[at] = module.Tables[at] with { Type = type with { Limits = Change(type.Limits) } };
        }
    }

    private void MutateBody(Module module, ModuleContext context, int body)
    {
        if (random.Next(6) == 0)
        {
            // The body of another function of the same type.
            int[] same = [.. Enumerable.Range(0, module.Bodies.Length).Where(i => module.Functions[i].TypeIndex == module.Functions[body].TypeIndex)];
            module.Bodies[body] = module.Bodies[same[random.Next(same.Length)]];
            return;
        }

        (byte[] head, List<byte[]> instructions, List<ValueType> locals) = Decode(module, context, body);
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(instructions.Count);
            switch (random.Next(10))
            {
                case < 5: instructions.Insert(at, new CodeGenerator(context, locals, random).Statement()); break;
                case < 8: instructions[at] = Replace(instructions[at]); break;
                case 8: instructions.Insert(at, instructions[random.Next(instructions.Count)]); break;
                default:
                    if (at < instructions.Count - 1) instructions.RemoveAt(at);
                    break;
            }
        }

        module.Bodies[body] = new FunctionBody((byte[])[.. head, .. instructions.SelectMany(static one => one)], 0);
    }

    private static (byte[] Head, List<byte[]> Instructions, List<ValueType> Locals) Decode(Module module, ModuleContext context, int body)
    {
        ReadOnlyMemory<byte> bytes = module.Bodies[body].Bytes;
        var reader = new InstructionReader(bytes.Span, 0, "body", new InstructionReader.Immediates());
        var runs = new List<(uint Count, ValueType Type)>();
        reader.ReadLocals(runs);
        var locals = new List<ValueType>(context.FunctionTypeAt(module.Functions[body].TypeIndex).Parameters);
        foreach ((uint count, ValueType type) in runs) locals.AddRange(Enumerable.Repeat(type, (int)Math.Min(count, 1000)));
        byte[] head = bytes[..reader.Position].ToArray();
        var instructions = new List<byte[]>();
        while (!reader.AtEnd)
        {
            int start = reader.Position;
            reader.Read(out _);
            instructions.Add(bytes[start..reader.Position].ToArray());
        }

        return (head, instructions, locals);
    }

    // A piece that is a generated statement is left alone but for its first instruction.
    private byte[] Replace(byte[] instruction)
    {
        var reader = new InstructionReader(instruction, 0, "instruction", new InstructionReader.Immediates());
        reader.Read(out Instruction ins);
        OpcodeInfo info = OpcodeTable.Get(ins.Opcode);
        var writer = new WasmWriter();
        switch (info.Immediate)
        {
            case ImmediateKind.I32 or ImmediateKind.I64:
                writer.WriteByte(instruction[0]);
                writer.WriteSigned(info.Immediate == ImmediateKind.I32 ? (int)CodeGenerator.Number(random) : (long)CodeGenerator.Number(random));
                break;
            case ImmediateKind.LocalIndex or ImmediateKind.LabelIndex or ImmediateKind.GlobalIndex or ImmediateKind.FunctionIndex:
                writer.WriteByte(instruction[0]);
                writer.WriteUnsigned(ins.Index + (ulong)random.Next(2) - (ulong)Math.Min(1, ins.Index));
                break;
            case ImmediateKind.MemoryArgument when instruction[^2] < 0x40 && ins.Opcode < (Opcode)0x100:
                // The least alignment, which is right for every width.
                Opcode[] accesses = Alike[(info.Immediate, info.Signature!)];
                WriteOpcode(writer, accesses[random.Next(accesses.Length)]);
                writer.WriteByte(0);
                writer.WriteUnsigned((uint)CodeGenerator.Number(random) & 0x1FFFF);
                break;
            case ImmediateKind.None or ImmediateKind.Lane when info.Signature is { } signature:
                Opcode[] alike = Alike[(info.Immediate, signature)];
                WriteOpcode(writer, alike[random.Next(alike.Length)]);
                if (info.Immediate == ImmediateKind.Lane) writer.WriteByte((byte)random.Next(4));
                break;
            default:
                return instruction;
        }

        writer.WriteBytes(instruction.AsSpan(reader.Position));
        return writer.Written.ToArray();
    }

    /// <summary>The index spaces of a module that is valid.</summary>
    private sealed class ModuleContextOf(Module module)
    {
        public ModuleContext Context { get; } = ModuleValidator.Validate(module, new TypeRegistry());
    }
}
