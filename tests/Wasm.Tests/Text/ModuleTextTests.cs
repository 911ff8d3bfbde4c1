using Chain.Tests;
using Chain.Wasm.Binary;
using Chain.Wasm.Text;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests.Text;

public sealed class ModuleTextTests
{
    [SharedFact("spec/core.tar.gz")]
    public void EveryReadableModuleOfTheSuiteHasATextWithOneLineAnInstruction()
    {
        int modules = 0;
        foreach ((string name, byte[] bytes) in SpecArchive.Binaries("core"))
        {
            Module module;
            int instructions;
            try
            {
                module = ModuleReader.Read(bytes, name);
                instructions = CountInstructions(module);
            }
            catch (MalformedModuleException)
            {
                continue;
            }

            var text = new StringWriter();
            new ModuleText(module, offsets: true).Write(text);
            string[] lines = text.ToString().Split('\n');
            Assert.True(instructions == lines.Count(line => line.StartsWith("(;@", StringComparison.Ordinal)), name);
            Assert.DoesNotContain(lines, line => line.Any(char.IsControl));
            modules++;
        }

        Assert.True(modules > 5000, $"only {modules} modules were readable");
    }

    [Fact]
    public void ADeclarationHasTheTextOfTheSpecification()
    {
        byte[] module = new ModuleBuilder()
            .Type([ValueType.I32])
            .Add(SectionId.Type, 0x4E, 0x02, 0x50, 0x00, 0x5F, 0x02, 0x78, 0x01, 0x7F, 0x00, 0x4F, 0x01, 0x01, 0x5F, 0x03, 0x78, 0x01, 0x7F, 0x00, 0x63, 0x02, 0x01)
            .ImportFunction(0)
            .Add(SectionId.Table, 0x40, 0x00, 0x64, 0x70, 0x01, 0x01, 0x02, 0xD2, 0x00, 0x0B)
            .Add(SectionId.Memory, 0x05, 0x01, 0x02)
            .Add(SectionId.Tag, 0x00, 0x00)
            .Global(0x7E, true, 0x42, 0x01, 0x42, 0x02, 0x7C, 0x0B)
            .Export("a\"\u001B", ExternalKind.Memory, 0)
            .Add(SectionId.Start, 0)
            .Add(SectionId.Element, 0x07, 0x70, 0x01, 0xD0, 0x70, 0x0B)
            .Add(SectionId.Element, 0x00, 0x41, 0x00, 0x0B, 0x01, 0x00)
            .Add(SectionId.Data, 0x01, 0x02, (byte)'\\', 0x80)
            .Build();
        var text = new StringWriter();
        new ModuleText(ModuleReader.Read(module)).Write(text);
        Assert.Equal(
            """
            (module
              (type (;0;) (func (param i32)))
              (rec
                (type (;1;) (sub (struct (field (mut i8)) (field i32))))
                (type (;2;) (sub final 1 (struct (field (mut i8)) (field i32) (field (mut (ref null 2))))))
              )
              (import "" "" (func (;0;) (type 0) (param i32)))
              (tag (;0;) (type 0) (param i32))
              (table (;0;) 1 2 (ref func) ref.func 0)
              (memory (;0;) i64 1 2)
              (global (;0;) (mut i64) i64.const 1 i64.const 2 i64.add)
              (export "a\"\u{1b}" (memory 0))
              (start 0)
              (elem (;0;) declare funcref (item ref.null func))
              (elem (;1;) (offset i32.const 0) func 0)
              (data (;0;) "\5c\80")
            )

            """,
            text.ToString());
    }

    [Fact]
    public void NamesThatAreNoIdentifiersAreQuotedAndTheSecondOfANameIsANumber()
    {
        byte[] module = new ModuleBuilder()
            .Type([])
            .Function(0, [0x10, 0x00, 0x10, 0x01, 0x10, 0x02, 0x0B], name: "a b\n")
            .Function(0, [0x0B], name: "same")
            .Function(0, [0x0B], name: "same")
            .Build();
        var text = new StringWriter();
        new ModuleText(ModuleReader.Read(module)).WriteFunction(text, 0);
        Assert.Equal("(func $\"a b\\u{a}\" (;0;) (type 0)\n  call $\"a b\\u{a}\"\n  call $same\n  call 2\n)\n", text.ToString());
    }

    [Fact]
    public void BillionsOfDeclaredLocalsAreNotWrittenOut()
    {
        byte[] module = new ModuleBuilder().Type([]).Function(0, [0x0B], [(uint.MaxValue, ValueType.I32)]).Build();
        var text = new StringWriter();
        new ModuleText(ModuleReader.Read(module)).WriteFunction(text, 0);
        Assert.True(text.ToString().Length < 1_000_000);
        Assert.Contains("more locals than any engine takes", text.ToString());
    }

    [Fact]
    public void NestingDoesNotMakeTheTextQuadratic()
    {
        const int depth = 50_000;
        var code = new byte[(3 * depth) + 1];
        for (int i = 0; i < depth; i++)
        {
            code[2 * i] = 0x02;
            code[(2 * i) + 1] = 0x40;
        }

        Array.Fill(code, (byte)0x0B, 2 * depth, depth + 1);
        byte[] module = new ModuleBuilder().Type([]).Function(0, code).Build();
        var text = new StringWriter();
        new ModuleText(ModuleReader.Read(module)).WriteFunction(text, 0);
        Assert.True(text.ToString().Length < 250 * depth);
    }

    [Fact]
    public void AMalformedBodyIsWrittenUpToTheFault()
    {
        byte[] module = new ModuleBuilder().Type([]).Function(0, [0x01, 0xFF, 0x0B]).Build();
        var text = new StringWriter();
        var writer = new ModuleText(ModuleReader.Read(module, "x.wasm"));
        var error = Assert.Throws<MalformedModuleException>(() => writer.WriteFunction(text, 0));
        Assert.Equal("(func (;0;) (type 0)\n  nop\n)\n", text.ToString());
        Assert.Contains("illegal opcode 0xff", error.Message);
    }

    private static int CountInstructions(Module module)
    {
        var immediates = new InstructionReader.Immediates();
        int count = 0;
        foreach (FunctionBody body in module.Bodies)
        {
            var reader = new InstructionReader(body.Bytes.Span, body.Offset, module.DisplayName, immediates);
            reader.ReadLocals([]);
            while (!reader.AtEnd)
            {
                reader.Read(out Instruction instruction);
                // The last end closes the function and is its parenthesis.
                if (!(instruction.Opcode == Opcode.End && reader.AtEnd)) count++;
            }
        }

        return count;
    }
}
