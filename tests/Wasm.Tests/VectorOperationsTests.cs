using System.Reflection;
using System.Runtime.Intrinsics;
using Chain.Tests;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Tests;

public sealed class VectorOperationsTests
{
    [SharedFact("spec/core.tar.gz")]
    public void TheAssertionsOfTheSimdScriptsHold()
    {
        OperationScript script = OperationScript.Run(
            name => name.StartsWith("simd_", StringComparison.Ordinal) || name.Contains("relaxed", StringComparison.Ordinal));
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
