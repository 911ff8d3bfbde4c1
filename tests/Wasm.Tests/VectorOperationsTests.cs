using System.Reflection;
using System.Runtime.Intrinsics;
using Chain.Tests;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Compilation;

namespace Chain.Wasm.Tests;

public sealed class VectorOperationsTests
{
    [SharedTheory("spec/core.tar.gz")]
    [InlineData(false)]
    [InlineData(true)]
    public void TheAssertionsOfTheSimdScriptsHold(bool withIntrinsics)
    {
        OperationScript script = OperationScript.Run(
            name => name.StartsWith("simd_", StringComparison.Ordinal) || name.Contains("relaxed", StringComparison.Ordinal), withIntrinsics);
        Assert.True(script.Failures.Count == 0, $"{script.Failures.Count} of {script.Ran} failed:\n{string.Join('\n', script.Failures.Take(20))}");
        Assert.True(script.Ran >= 23_724, $"only {script.Ran} assertions ran");
    }

    [Fact]
    public void EveryVectorInstructionHasAMethodOfItsNameAndType()
    {
        int checkedOnes = 0;
        foreach (Opcode opcode in Enum.GetValues<Opcode>())
        {
            // The compiler emits these three itself.
            if ((int)opcode < 0x300 || opcode is Opcode.V128Load or Opcode.V128Store or Opcode.V128Const) continue;
            Assert.True(StraightLineFunction.Methods.TryGetValue(opcode, out MethodInfo? method), $"{opcode} has no method");
            string actual = string.Concat(method.GetParameters().Select(parameter => Letter(parameter.ParameterType))) + ":" +
                Letter(method.ReturnType);
            Assert.True(Expected(opcode) == actual, $"{opcode} is {actual}, not {Expected(opcode)}");
            checkedOnes++;
        }

        Assert.Equal(253, checkedOnes);
    }

    [Fact]
    public void NearlyAllVectorInstructionsAreIntrinsicsOnX64()
    {
        if (!System.Runtime.Intrinsics.X86.Avx2.IsSupported) return;
        var missing = new List<Opcode>();
        foreach (Opcode opcode in StraightLineFunction.Methods.Keys.Where(opcode => opcode >= Opcode.V128Load))
        {
            if (VectorIntrinsics.Find(new Instruction { Opcode = opcode }).IsEmpty) missing.Add(opcode);
        }

        Opcode[] withAvx512Only = [Opcode.F32x4ConvertI32x4U, Opcode.I32x4TruncSatF32x4U, Opcode.I32x4RelaxedTruncF32x4U];
        Assert.Equal(
            [
                Opcode.F64x2ReplaceLane, Opcode.V128Load8Lane, Opcode.V128Load16Lane, Opcode.V128Load32Lane, Opcode.V128Load64Lane,
                Opcode.I16x8RelaxedDotI8x16I7x16S, Opcode.I32x4RelaxedDotI8x16I7x16AddS,
            ],
            missing.Except(withAvx512Only).Order());
    }

    private static string Expected(Opcode opcode)
    {
        OpcodeInfo info = OpcodeTable.Get(opcode);
        string[] sides = info.Signature!.Split(':');
        return info.Immediate switch
        {
            ImmediateKind.Lane => $"{sides[0]}i:{sides[1]}",
            ImmediateKind.Lanes => $"{sides[0]}v:{sides[1]}",
            ImmediateKind.MemoryArgument => $"{Raw(opcode)}:v",
            ImmediateKind.MemoryArgumentLane => sides[1] == "v" ? $"{Raw(opcode)}vi:v" : $"vi:{Raw(opcode)}",
            _ => info.Signature,
        };
    }

    // The letter of the integer that the instruction reads or writes, from the number in its name.
    private static char Raw(Opcode opcode)
    {
        string digits = new(opcode.ToString()["V128".Length..].SkipWhile(c => !char.IsDigit(c)).TakeWhile(c => c != 'x').Where(char.IsDigit).ToArray());
        bool extends = opcode is >= Opcode.V128Load8x8S and <= Opcode.V128Load32x2U;
        return extends ? 'L' : digits switch { "8" => 'B', "16" => 'W', "32" => 'D', "64" => 'L', _ => '?' };
    }

    private static char Letter(Type type) =>
        type == typeof(Vector128<byte>) ? 'v'
        : type == typeof(int) ? 'i'
        : type == typeof(long) ? 'I'
        : type == typeof(float) ? 'f'
        : type == typeof(double) ? 'F'
        : type == typeof(byte) ? 'B'
        : type == typeof(ushort) ? 'W'
        : type == typeof(uint) ? 'D'
        : type == typeof(ulong) ? 'L'
        : '?';
}
