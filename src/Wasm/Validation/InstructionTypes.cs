using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Validation;

/// <summary>How an instruction is typed.</summary>
internal enum TypingForm : byte
{
    /// <summary>By rules of its own: its type depends on the module or the operand stack.</summary>
    Special,

    /// <summary>By its operands and result alone.</summary>
    Plain,

    /// <summary>The same, below them the address in the memory that it names.</summary>
    Memory,
}

/// <summary>The type of one instruction as far as its opcode tells it.</summary>
/// <param name="Form">How it is typed.</param>
/// <param name="OperandCount">The number of operands, the address not counted: 0 to 3.</param>
/// <param name="First">The lowest operand.</param>
/// <param name="Second">The one above it.</param>
/// <param name="Third">The one above that.</param>
/// <param name="HasResult">Whether there is a result.</param>
/// <param name="Result">The result.</param>
/// <param name="Alignment">The largest alignment of a memory access: its width, as a power of two.</param>
/// <param name="Lanes">The lane must be below it; 0 where there is no lane.</param>
internal readonly record struct InstructionType(
    TypingForm Form,
    byte OperandCount,
    ValueType First,
    ValueType Second,
    ValueType Third,
    bool HasResult,
    ValueType Result,
    byte Alignment,
    byte Lanes);

/// <summary>The signatures of <see cref="OpcodeTable"/> made ready for validation. Safe for any thread.</summary>
internal static class InstructionTypes
{
    private static readonly InstructionType[] Entries = Build();

    /// <summary>The type of an instruction that exists.</summary>
    public static ref readonly InstructionType Of(Opcode opcode) => ref Entries[(int)opcode];

    /// <summary>The bytes that a memory access reads or writes, as a power of two.</summary>
    public static int AccessWidth(Opcode opcode) => Entries[(int)opcode].Alignment;

    private static InstructionType[] Build()
    {
        var entries = new InstructionType[0x500];
        for (int i = 0; i < entries.Length; i++)
        {
            if (OpcodeTable.Find((Opcode)i) is { Signature: { } signature } info) entries[i] = Parse((Opcode)i, info, signature);
        }

        return entries;
    }

    private static InstructionType Parse(Opcode opcode, OpcodeInfo info, string signature)
    {
        string[] sides = signature.Split(':');
        bool memory = sides[0].StartsWith('m');
        string operands = memory ? sides[0][1..] : sides[0];
        ValueType Operand(int index) => index < operands.Length ? Type(operands[index]) : ValueType.Bottom;
        return new InstructionType(
            memory ? TypingForm.Memory : TypingForm.Plain,
            (byte)operands.Length,
            Operand(0),
            Operand(1),
            Operand(2),
            sides[1].Length > 0,
            sides[1].Length > 0 ? Type(sides[1][0]) : ValueType.Bottom,
            memory ? Width(opcode, info.Name) : (byte)0,
            info.Immediate switch
            {
                ImmediateKind.Lane or ImmediateKind.MemoryArgumentLane => LaneCount(info.Name),
                ImmediateKind.Lanes => 32,
                _ => 0,
            });
    }

    private static ValueType Type(char letter) => letter switch
    {
        'i' => ValueType.I32,
        'I' => ValueType.I64,
        'f' => ValueType.F32,
        'F' => ValueType.F64,
        'v' => ValueType.V128,
        _ => throw new InvalidOperationException($"no type for '{letter}'"),
    };

    // The names say the width: i64.load32_u, v128.load8x8_s, v128.load16_splat, f64.store.
    private static byte Width(Opcode opcode, string name)
    {
        if (opcode is >= Opcode.V128Load8x8S and <= Opcode.V128Load32x2U) return 3;
        string[] parts = name.Split('.');
        ReadOnlySpan<char> digits = Digits(parts[1]);
        if (digits.IsEmpty) digits = Digits(parts[0]);
        return digits switch
        {
            "8" => 0,
            "16" => 1,
            "32" => 2,
            "64" => 3,
            "128" => 4,
            _ => throw new InvalidOperationException($"no access width in '{name}'"),
        };
    }

    // i8x16.extract_lane_s has the count of lanes in its shape, v128.load16_lane the width of one.
    private static byte LaneCount(string name)
    {
        string[] parts = name.Split('.');
        return parts[0] == "v128"
            ? (byte)(128 / int.Parse(Digits(parts[1])))
            : byte.Parse(parts[0].AsSpan(parts[0].IndexOf('x') + 1));
    }

    /// <summary>The first number in a name, or nothing.</summary>
    private static ReadOnlySpan<char> Digits(string name)
    {
        int start = name.AsSpan().IndexOfAnyInRange('0', '9');
        if (start < 0) return [];
        ReadOnlySpan<char> rest = name.AsSpan(start);
        int length = rest.IndexOfAnyExceptInRange('0', '9');
        return length < 0 ? rest : rest[..length];
    }
}
