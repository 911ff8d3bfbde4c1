using Chain.Wasm.Binary;
using Chain.Wasm.Validation;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>Writes random code that is valid in a given function of a given module.</summary>
internal sealed class CodeGenerator
{
    private const int Deepest = 5;

    private static readonly ValueType[] Numbers = [ValueType.I32, ValueType.I64, ValueType.F32, ValueType.F64, ValueType.V128];
    private static readonly string Letters = "iIfFv";

    // By result, the instructions without immediates, and the loads.
    private static readonly Dictionary<char, Opcode[]> Operations = ByResult(ImmediateKind.None);
    private static readonly Dictionary<char, Opcode[]> Loads = ByResult(ImmediateKind.MemoryArgument);

    private static readonly Opcode[] Stores = [.. Enum.GetValues<Opcode>().Where(static opcode =>
        OpcodeTable.Find(opcode) is { Immediate: ImmediateKind.MemoryArgument, Signature: { } text } && text.EndsWith(':'))];

    private static readonly ulong[] Interesting =
    [
        0, 1, 2, 7, 31, 32, 63, 64, 255, 65_535, 65_536, 65_528, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x7FC0_0000, 0x7FA0_0000, 0x3F80_0000,
        0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, ulong.MaxValue, 0x7FF8_0000_0000_0000, 0x7FF4_0000_0000_0000, 0x3FF0_0000_0000_0000,
        0x43E0_0000_0000_0000, 0xC1E0_0000_0020_0000, 0x4F00_0000, 0xDF00_0000,
    ];

    private readonly ModuleContext context;
    private readonly Random random;
    private readonly List<ValueType> locals;
    private readonly WasmWriter code = new();
    private int budget = 60;

    public CodeGenerator(ModuleContext context, List<ValueType> locals, Random random)
    {
        this.context = context;
        this.locals = locals;
        this.random = random;
    }

    /// <summary>Code that leaves the operands as they were.</summary>
    public byte[] Statement()
    {
        WriteStatement(0);
        return code.Written.ToArray();
    }

    public static ulong Number(Random random) =>
        random.Next(3) switch { 0 => (ulong)random.NextInt64(), 1 => (ulong)random.Next(-200, 200), _ => Interesting[random.Next(Interesting.Length)] };

    private void WriteStatement(int depth)
    {
        ValueType type = Numbers[random.Next(Numbers.Length)];
        switch (random.Next(9))
        {
            case 0 when depth < Deepest:
                Write(ValueType.I32, depth + 1);
                code.WriteBytes([Guest.If, Guest.Empty]);
                WriteStatement(depth + 1);
                code.WriteByte(Guest.Else);
                WriteStatement(depth + 1);
                code.WriteByte(Guest.End);
                break;
            case 1 when depth < Deepest:
                // A loop that runs again while a random condition holds; the limits of the store end those that never stop.
                code.WriteBytes([Guest.Loop, Guest.Empty]);
                WriteStatement(depth + 1);
                Write(ValueType.I32, depth + 1);
                code.WriteBytes([Guest.BrIf, 0, Guest.End]);
                break;
            case 2 when context.Memories.Length > 0: WriteStore(depth); break;
            case 3 when FindLocal(type) is { } local:
                Write(type, depth + 1);
                code.WriteByte(Guest.Set);
                code.WriteUnsigned(local);
                break;
            case 4 when FindGlobal(type, mutable: true) is { } global:
                Write(type, depth + 1);
                code.WriteByte(Guest.SetGlobal);
                code.WriteUnsigned(global);
                break;
            case 5 when FindFunction(null) is { } function: WriteCall(function, depth); break;
            case 6 when depth < Deepest:
                WriteStatement(depth + 1);
                WriteStatement(depth + 1);
                break;
            default:
                Write(type, depth + 1);
                code.WriteByte(Guest.Drop);
                break;
        }
    }

    private void Write(ValueType type, int depth)
    {
        int kind = depth > Deepest || budget-- < 0 ? random.Next(2) : random.Next(12);
        char letter = Letters[Array.IndexOf(Numbers, type)];
        switch (kind)
        {
            case 0 when FindLocal(type) is { } local:
                code.WriteByte(Guest.Get);
                code.WriteUnsigned(local);
                break;
            case 2 when FindGlobal(type, mutable: false) is { } global:
                code.WriteByte(Guest.GetGlobal);
                code.WriteUnsigned(global);
                break;
            case 3 when context.Memories.Length > 0 && Loads.TryGetValue(letter, out Opcode[]? loads):
                uint memory = (uint)random.Next(context.Memories.Length);
                WriteAddress(memory, depth);
                WriteOpcode(loads[random.Next(loads.Length)]);
                WriteMemoryArgument(memory);
                break;
            case 4:
                code.WriteByte(Guest.Block);
                code.WriteValueType(type);
                Write(type, depth + 1);
                Write(ValueType.I32, depth + 1);
                code.WriteBytes([Guest.BrIf, 0, Guest.End]);
                break;
            case 5:
                Write(ValueType.I32, depth + 1);
                code.WriteByte(Guest.If);
                code.WriteValueType(type);
                Write(type, depth + 1);
                code.WriteByte(Guest.Else);
                Write(type, depth + 1);
                code.WriteByte(Guest.End);
                break;
            case 6:
                Write(type, depth + 1);
                Write(type, depth + 1);
                Write(ValueType.I32, depth + 1);
                code.WriteByte(0x1B);
                break;
            case 7 when FindFunction(type) is { } function: WriteCall(function, depth); break;
            case 8 when FindLocal(type) is { } local:
                Write(type, depth + 1);
                code.WriteByte(0x22);
                code.WriteUnsigned(local);
                break;
            case > 8:
                Opcode opcode = Operations[letter][random.Next(Operations[letter].Length)];
                string signature = OpcodeTable.Get(opcode).Signature!;
                foreach (char operand in signature[..signature.IndexOf(':')]) Write(Numbers[Letters.IndexOf(operand)], depth + 1);
                WriteOpcode(opcode);
                break;
            default: WriteConstant(type); break;
        }
    }

    private void WriteStore(int depth)
    {
        uint memory = (uint)random.Next(context.Memories.Length);
        Opcode opcode = Stores[random.Next(Stores.Length)];
        WriteAddress(memory, depth);
        Write(Numbers[Letters.IndexOf(OpcodeTable.Get(opcode).Signature![1])], depth + 1);
        WriteOpcode(opcode);
        WriteMemoryArgument(memory);
    }

    private void WriteAddress(uint memory, int depth)
    {
        ValueType type = context.Memories[memory].Limits.AddressType;
        Write(type, depth + 1);
        if (random.Next(4) == 0) return;
        // Mostly inside a page, so that not everything traps.
        code.WriteByte(type == ValueType.I32 ? Guest.I32 : Guest.I64);
        code.WriteSigned(0xFFFF);
        code.WriteByte(type == ValueType.I32 ? (byte)0x71 : (byte)0x83);
    }

    private void WriteMemoryArgument(uint memory)
    {
        code.WriteByte(memory == 0 ? (byte)0 : (byte)0x40);
        if (memory != 0) code.WriteUnsigned(memory);
        code.WriteUnsigned(random.Next(4) == 0 ? (uint)Number(random) : (uint)random.Next(64));
    }

    private void WriteCall(uint function, int depth)
    {
        foreach (ValueType parameter in context.FunctionTypeAt(context.FunctionTypes[function]).Parameters) Write(parameter, depth + 1);
        code.WriteByte(Guest.Call);
        code.WriteUnsigned(function);
    }

    private void WriteConstant(ValueType type)
    {
        ulong bits = Number(random);
        switch (type.Kind)
        {
            case ValueKind.I32:
                code.WriteByte(0x41);
                code.WriteSigned((int)bits);
                break;
            case ValueKind.I64:
                code.WriteByte(0x42);
                code.WriteSigned((long)bits);
                break;
            case ValueKind.F32:
                code.WriteByte(0x43);
                code.WriteFixed32((uint)bits);
                break;
            case ValueKind.F64:
                code.WriteByte(0x44);
                code.WriteBytes(BitConverter.GetBytes(bits));
                break;
            default:
                code.WriteBytes([0xFD, 12]);
                code.WriteBytes(BitConverter.GetBytes(bits));
                code.WriteBytes(BitConverter.GetBytes(Number(random)));
                break;
        }
    }

    private void WriteOpcode(Opcode opcode) => ModuleMutator.WriteOpcode(code, opcode);

    private uint? FindLocal(ValueType type) => Find(locals.Count, i => locals[i] == type);

    private uint? FindGlobal(ValueType type, bool mutable) =>
        Find(context.Globals.Length, i => context.Globals[i].Value == type && (!mutable || context.Globals[i].Mutable));

    // One whose parameters are numbers and whose result is the one asked for.
    private uint? FindFunction(ValueType? result) => Find(context.FunctionTypes.Length, i =>
    {
        FunctionType type = context.FunctionTypeAt(context.FunctionTypes[i]);
        return type.Parameters.Length < 8 && type.Parameters.All(parameter => Numbers.Contains(parameter))
            && (result is { } wanted ? type.Results.Length == 1 && type.Results[0] == wanted : type.Results.Length == 0);
    });

    private uint? Find(int count, Predicate<int> fits)
    {
        int start = count == 0 ? 0 : random.Next(count);
        for (int i = 0; i < Math.Min(count, 100); i++)
        {
            int at = (start + i) % count;
            if (fits(at)) return (uint)at;
        }

        return null;
    }

    private static Dictionary<char, Opcode[]> ByResult(ImmediateKind immediate) => Enum.GetValues<Opcode>()
        .Where(opcode => opcode != Opcode.Nop && OpcodeTable.Find(opcode) is { Signature: { } text } info && info.Immediate == immediate && !text.EndsWith(':'))
        .GroupBy(static opcode => OpcodeTable.Get(opcode).Signature![^1])
        .ToDictionary(static group => group.Key, static group => group.ToArray());
}
