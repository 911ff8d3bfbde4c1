using System.Collections.Frozen;
using System.Numerics;
using System.Reflection;
using System.Reflection.Emit;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>
/// Numbers and vectors. What one CIL instruction says exactly is that instruction; everything else is a method of
/// <see cref="NumericOperations"/> or <see cref="VectorOperations"/>, most of which the JIT inlines.
/// </summary>
internal sealed partial class FunctionEmitter
{
    private static readonly FrozenDictionary<Opcode, OpCode[]> Direct = new Dictionary<Opcode, OpCode[]>
    {
        [Opcode.I32Eq] = [OpCodes.Ceq],
        [Opcode.I32Ne] = [OpCodes.Ceq, OpCodes.Ldc_I4_0, OpCodes.Ceq],
        [Opcode.I32LtS] = [OpCodes.Clt],
        [Opcode.I32LtU] = [OpCodes.Clt_Un],
        [Opcode.I32GtS] = [OpCodes.Cgt],
        [Opcode.I32GtU] = [OpCodes.Cgt_Un],
        [Opcode.I32LeS] = [OpCodes.Cgt, OpCodes.Ldc_I4_0, OpCodes.Ceq],
        [Opcode.I32LeU] = [OpCodes.Cgt_Un, OpCodes.Ldc_I4_0, OpCodes.Ceq],
        [Opcode.I32GeS] = [OpCodes.Clt, OpCodes.Ldc_I4_0, OpCodes.Ceq],
        [Opcode.I32GeU] = [OpCodes.Clt_Un, OpCodes.Ldc_I4_0, OpCodes.Ceq],
        [Opcode.I32Eqz] = [OpCodes.Ldc_I4_0, OpCodes.Ceq],
        [Opcode.I64Eqz] = [OpCodes.Ldc_I4_0, OpCodes.Conv_I8, OpCodes.Ceq],
        // An unordered comparison is false, but for ne: the complements use the form that is true for NaN.
        [Opcode.F32Eq] = [OpCodes.Ceq],
        [Opcode.F32Ne] = [OpCodes.Ceq, OpCodes.Ldc_I4_0, OpCodes.Ceq],
        [Opcode.F32Lt] = [OpCodes.Clt],
        [Opcode.F32Gt] = [OpCodes.Cgt],
        [Opcode.F32Le] = [OpCodes.Cgt_Un, OpCodes.Ldc_I4_0, OpCodes.Ceq],
        [Opcode.F32Ge] = [OpCodes.Clt_Un, OpCodes.Ldc_I4_0, OpCodes.Ceq],
        [Opcode.I32Add] = [OpCodes.Add],
        [Opcode.I32Sub] = [OpCodes.Sub],
        [Opcode.I32Mul] = [OpCodes.Mul],
        [Opcode.I32And] = [OpCodes.And],
        [Opcode.I32Or] = [OpCodes.Or],
        [Opcode.I32Xor] = [OpCodes.Xor],
        // The CLR's exception for a division by zero becomes the trap where the guest was entered.
        [Opcode.I32DivU] = [OpCodes.Div_Un],
        [Opcode.I32RemU] = [OpCodes.Rem_Un],
        [Opcode.F32Add] = [OpCodes.Add],
        [Opcode.F32Sub] = [OpCodes.Sub],
        [Opcode.F32Mul] = [OpCodes.Mul],
        [Opcode.F32Div] = [OpCodes.Div],
        [Opcode.I32WrapI64] = [OpCodes.Conv_I4],
        [Opcode.I64ExtendI32S] = [OpCodes.Conv_I8],
        [Opcode.I64ExtendI32U] = [OpCodes.Conv_U8],
        [Opcode.I32Extend8S] = [OpCodes.Conv_I1],
        [Opcode.I32Extend16S] = [OpCodes.Conv_I2],
        [Opcode.I64Extend8S] = [OpCodes.Conv_I1, OpCodes.Conv_I8],
        [Opcode.I64Extend16S] = [OpCodes.Conv_I2, OpCodes.Conv_I8],
        [Opcode.I64Extend32S] = [OpCodes.Conv_I4, OpCodes.Conv_I8],
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<Opcode, Emission> Emissions = BuildEmissions();

    /// <summary>How an instruction without immediates is written.</summary>
    private sealed record Emission(SlotKind[] Operands, SlotKind? Result, OpCode[]? Direct, MethodInfo? Method);

    private static FrozenDictionary<Opcode, Emission> BuildEmissions()
    {
        var emissions = new Dictionary<Opcode, Emission>();
        foreach (Opcode opcode in Enum.GetValues<Opcode>())
        {
            if (OpcodeTable.Find(opcode) is not { Signature: { } text } info) continue;
            if (info.Immediate is not (ImmediateKind.None or ImmediateKind.Lane or ImmediateKind.Lanes) || opcode == Opcode.Nop) continue;
            string[] sides = text.Split(':');
            SlotKind[] taken = [.. sides[0].Select(KindOfLetter)];
            OpCode[]? direct = Direct.GetValueOrDefault(opcode) ?? Direct.GetValueOrDefault(SameIn32(opcode));
            bool isVector = opcode >= Opcode.V128Load;
            Type operations = isVector ? typeof(VectorOperations) : typeof(NumericOperations);
            bool isShift = opcode is Opcode.I32Shl or Opcode.I32ShrS or Opcode.I32ShrU or Opcode.I64Shl or Opcode.I64ShrS or Opcode.I64ShrU;
            MethodInfo? method = direct is null && !isShift ? Members.Operation(operations, opcode) : null;
            emissions.Add(opcode, new Emission(taken, sides[1] == "" ? null : KindOfLetter(sides[1][0]), direct, method));
        }

        return emissions.ToFrozenDictionary();
    }

    private static SlotKind KindOfLetter(char letter) => (SlotKind)"iIfFv".IndexOf(letter);

    // The CIL of an operation on 64 bits is that of the one on 32 bits, where the names agree.
    private static Opcode SameIn32(Opcode opcode)
    {
        string name = opcode.ToString();
        bool wide = name.StartsWith("I64", StringComparison.Ordinal) || name.StartsWith("F64", StringComparison.Ordinal);
        return wide && Enum.TryParse(string.Concat(name.AsSpan(0, 1), "32", name.AsSpan(3)), out Opcode narrow) && !name.Contains("Extend")
            && opcode != Opcode.I64Eqz ? narrow : opcode;
    }

    private void EmitNumeric(in Instruction ins)
    {
        switch (ins.Opcode)
        {
            case Opcode.I32Shl: EmitShift(OpCodes.Shl, SlotKind.I32); return;
            case Opcode.I32ShrS: EmitShift(OpCodes.Shr, SlotKind.I32); return;
            case Opcode.I32ShrU: EmitShift(OpCodes.Shr_Un, SlotKind.I32); return;
            case Opcode.I64Shl: EmitShift(OpCodes.Shl, SlotKind.I64); return;
            case Opcode.I64ShrS: EmitShift(OpCodes.Shr, SlotKind.I64); return;
            case Opcode.I64ShrU: EmitShift(OpCodes.Shr_Un, SlotKind.I64); return;
            // A constant divisor that can neither trap nor overflow lets the JIT divide by multiplication.
            case Opcode.I32DivS or Opcode.I64DivS when IsSafeDivisor(Top): EmitDirect([OpCodes.Div], 2, Top.Kind); return;
            case Opcode.I32RemS or Opcode.I64RemS when IsSafeDivisor(Top): EmitDirect([OpCodes.Rem], 2, Top.Kind); return;
        }

        Emission emission = Emissions[ins.Opcode];
        if (emission.Direct is { } direct)
        {
            if (MightFold(ins.Opcode))
            {
                EmitUnfolded(ins.Opcode, emission.Result!.Value);
                return;
            }

            ulong limit = emission.Result == SlotKind.I32 ? LimitOfResult(ins.Opcode) : 0;
            EmitDirect(direct, emission.Operands.Length, emission.Result!.Value, limit);
            return;
        }

        Take(emission.Operands.Length);
        if (!TryEmitIntrinsics(ins)) il.Call(emission.Method!);
        PushStack(emission.Result!.Value);
    }

    private void EmitDirect(ReadOnlySpan<OpCode> sequence, int taken, SlotKind result, ulong limit = 0)
    {
        Take(taken);
        foreach (OpCode opcode in sequence) il.Emit(opcode);
        PushStack(result, limit);
    }

    /// <summary>The limit of what an instruction makes of the top operands: see <see cref="Operand.Limit"/>.</summary>
    private ulong LimitOfResult(Opcode opcode)
    {
        if (opcode is >= Opcode.I32Eqz and <= Opcode.F64Ge) return 2;
        if (height < 2) return 0;
        ulong a = operands[height - 2].Limit, b = operands[height - 1].Limit;
        // Unknown is 0, which passes below every other limit here by wrapping to the largest.
        if (opcode == Opcode.I32And) return Math.Min(a - 1, b - 1) + 1;
        if (a == 0 || b == 0) return 0;
        ulong limit = opcode switch
        {
            Opcode.I32Add => a + b - 1,
            Opcode.I32Mul => ((a - 1) * (b - 1)) + 1,
            Opcode.I32Or or Opcode.I32Xor => BitOperations.RoundUpToPowerOf2(Math.Max(a, b)),
            Opcode.I32DivU or Opcode.I32RemU => a,
            _ => 0,
        };
        return limit <= 1UL << 32 ? limit : 0;
    }

    /// <summary>The limit of a value shifted by a constant.</summary>
    private static ulong LimitOfShift(OpCode shift, ulong limit, int count)
    {
        if (shift == OpCodes.Shr_Un) return (((limit == 0 ? uint.MaxValue : limit - 1) >> count) + 1);
        if (shift != OpCodes.Shl || limit == 0) return 0;
        ulong shifted = ((limit - 1) << count) + 1;
        return shifted <= 1UL << 32 ? shifted : 0;
    }

    private static bool IsSafeDivisor(in Operand operand)
    {
        if (operand.Home != Home.Constant) return false;
        long divisor = operand.Kind == SlotKind.I32 ? (int)operand.Bits : (long)operand.Bits;
        return divisor is not (0 or -1);
    }

    /// <summary>
    /// Whether the JIT could fold a float operation to its other operand, as it does for x*1, x/1, x-0 and x+(-0) wherever the constant reaches
    /// the operation through locals or lanes: that would let a signalling NaN through unquieted.
    /// </summary>
    private bool MightFold(Opcode opcode) => opcode switch
    {
        Opcode.F32Add or Opcode.F64Add or Opcode.F32x4Add or Opcode.F64x2Add => Has(NeutralConstants.NegativeZero),
        Opcode.F32Sub or Opcode.F64Sub or Opcode.F32x4Sub or Opcode.F64x2Sub => Has(NeutralConstants.PositiveZero),
        Opcode.F32Mul or Opcode.F64Mul or Opcode.F32x4Mul or Opcode.F64x2Mul => Has(NeutralConstants.One),
        Opcode.F32Div or Opcode.F64Div or Opcode.F32x4Div or Opcode.F64x2Div => Has(NeutralConstants.One),
        _ => false,
    };

    private bool Has(NeutralConstants constants) => (scan.Neutral & constants) != 0;

    private void EmitUnfolded(Opcode opcode, SlotKind result)
    {
        Take(2);
        il.Call(Members.Operation(typeof(UnfoldedArithmetic), opcode));
        PushStack(result);
    }

    // The CLR leaves counts past the width undefined.
    private void EmitShift(OpCode shift, SlotKind kind)
    {
        int mask = kind == SlotKind.I32 ? 31 : 63;
        ulong limit = 0;
        if (Top.Home == Home.Constant)
        {
            int count = (int)Pop().Bits & mask;
            if (kind == SlotKind.I32) limit = LimitOfShift(shift, Top.Limit, count);
            Take(1);
            il.Constant(count);
        }
        else
        {
            Take(2);
            if (kind == SlotKind.I64) il.Emit(OpCodes.Conv_I4);
            il.Constant(mask);
            il.Emit(OpCodes.And);
        }

        il.Emit(shift);
        PushStack(kind, limit);
    }
}
