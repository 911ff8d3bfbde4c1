using Chain.Wasm.Binary;
using Chain.Wasm.Validation;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>The validator as a compiler uses it: one instruction after another.</summary>
public sealed class FunctionValidatorTests
{
    private static readonly ValueType I32 = ValueType.I32;
    private static readonly ValueType I64 = ValueType.I64;

    [Fact]
    public void ACompilerSeesOperandsBeforeAnInstructionIsApplied()
    {
        // local.get 0, i64.extend_i32_u, local.get 1, i64.add, end
        FunctionValidator validator = Begin([I32, I64], [I64], 0x20, 0, 0xAD, 0x20, 1, 0x7C, 0x0B);
        Assert.Equal([I32, I64], validator.Locals.ToArray());
        List<string> steps = Steps(validator, v => $"{v.Height} {v.Peek()} {v.Peek(1)}");
        Assert.Equal(
            [
                "LocalGet: 0 bottom bottom", "I64ExtendI32U: 1 i32 bottom", "LocalGet: 1 i64 bottom", "I64Add: 2 i64 i64",
                "End: 1 i64 bottom",
            ],
            steps);
        Assert.Equal(0, validator.FrameCount);
        Assert.False(validator.ReadNext(out _));
    }

    [Fact]
    public void FramesTellTheirTypesAndHeight()
    {
        // i64.const 0, local.get 0, loop (type 1: i32 -> i64), drop, i64.const 1, end, drop, end
        FunctionValidator validator = Begin([I32], [I64], 0x42, 0, 0x20, 0, 0x03, 1, 0x1A, 0x42, 1, 0x0B, 0x1A, 0x0B);
        List<string> steps = Steps(validator, Describe);
        Assert.Equal(
            [
                "I64Const: Call 0 ->i64 label i64", "LocalGet: Call 0 ->i64 label i64", "Loop: Call 0 ->i64 label i64",
                "Drop: Loop 1 i32->i64 label i32", "I64Const: Loop 1 i32->i64 label i32", "End: Loop 1 i32->i64 label i32",
                "Drop: Call 0 ->i64 label i64", "End: Call 0 ->i64 label i64",
            ],
            steps);

        static string Describe(FunctionValidator validator)
        {
            ref readonly ControlFrame frame = ref validator.Frame(0);
            return $"{frame.Opcode} {frame.Height} {string.Join(' ', frame.StartTypes)}->{string.Join(' ', frame.EndTypes)}"
                + $" label {string.Join(' ', frame.LabelTypes)}";
        }
    }

    [Fact]
    public void UnreachableCodeIsToldAndItsOperandsAreBottom()
    {
        // if (local 0) return(local 1) else unreachable; the ends in between
        FunctionValidator validator = Begin(
            [I32, I64], [I64], 0x20, 0, 0x04, 0x40, 0x20, 1, 0x0F, 0x1A, 0x05, 0x0B, 0x00, 0x7C, 0x0B);
        List<string> steps = Steps(validator, v => $"{(v.IsUnreachable ? "dead" : "live")} {v.Frame(0).Opcode} {v.Peek()}");
        Assert.Equal(
            [
                "LocalGet: live Call bottom", "If: live Call i32", "LocalGet: live If bottom", "Return: live If i64",
                "Drop: dead If bottom", "Else: dead If bottom", "End: live Else bottom", "Unreachable: live Call bottom",
                "I64Add: dead Call bottom", "End: dead Call i64",
            ],
            steps);
    }

    [Fact]
    public void OneValidatorServesManyFunctions()
    {
        ModuleContext context = ModuleValidator.ValidateDeclarations(
            ModuleReader.Read(
                new ModuleBuilder().Type([], I32)
                    .Function(0, [0x6A, 0x0B])
                    .Function(0, [0x20, 0, 0xD1, 0x0B], [(1, ValueType.FuncRef.AsNonNull())])
                    .Function(0, [0x20, 0, 0xD1, 0x0B], [(1, ValueType.FuncRef)])
                    .Build(),
                "many"),
            new TypeRegistry());
        var validator = new FunctionValidator(context);
        Assert.Equal(0u, Assert.Throws<InvalidModuleException>(() => validator.ValidateBody(0)).FunctionIndex);
        Assert.Equal(1u, Assert.Throws<InvalidModuleException>(() => validator.ValidateBody(1)).FunctionIndex);
        validator.ValidateBody(2);
    }

    [Fact]
    public void ANonNullableLocalIsSetOnlyInTheBlockThatSetsIt()
    {
        ValueType type = ValueType.FuncRef.AsNonNull();
        ModuleBuilder With(params byte[] code) =>
            new ModuleBuilder().Type([]).Export("f", ExternalKind.Function, 0).Function(0, code, [(1, type)]);
        void Check(ModuleBuilder module) => ModuleValidator.Validate(ModuleReader.Read(module.Build(), "locals"));
        Check(With(0xD2, 0, 0x21, 0, 0x02, 0x40, 0x20, 0, 0x1A, 0x0B, 0x20, 0, 0x1A, 0x0B));
        var error = Assert.Throws<InvalidModuleException>(
            () => Check(With(0x02, 0x40, 0xD2, 0, 0x21, 0, 0x0B, 0x20, 0, 0x1A, 0x0B)));
        Assert.Contains("uninitialized local 0", error.Message);
    }

    private static FunctionValidator Begin(ValueType[] parameters, ValueType[] results, params byte[] code)
    {
        byte[] bytes = new ModuleBuilder().Type(parameters, results).Type([I32], I64).Function(0, code).Build();
        var validator = new FunctionValidator(ModuleValidator.Validate(ModuleReader.Read(bytes, "steps")));
        validator.Begin(0);
        return validator;
    }

    private static List<string> Steps(FunctionValidator validator, Func<FunctionValidator, string> describe)
    {
        var steps = new List<string>();
        while (validator.ReadNext(out Instruction instruction))
        {
            steps.Add($"{instruction.Opcode}: {describe(validator)}");
            validator.Apply(in instruction);
        }

        return steps;
    }
}
