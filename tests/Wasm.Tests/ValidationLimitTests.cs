using Chain.Wasm.Binary;
using Chain.Wasm.Validation;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>The limits of <see cref="ModuleLimits"/>, and bodies that are made to be hard to check.</summary>
public sealed class ValidationLimitTests
{
    private static readonly ValueType I32 = ValueType.I32;

    /// <summary>Counts that a section begins with: what is counted, the section, the bytes before the count, the limit.</summary>
    public static TheoryData<string, SectionId, byte[], int> Counts => new()
    {
        { "recursive groups of types", SectionId.Type, [], 1_000_000 },
        { "types", SectionId.Type, [1, 0x4E], 1_000_000 },
        { "parameters", SectionId.Type, [1, 0x60], 1_000 },
        { "results", SectionId.Type, [1, 0x60, 0], 1_000 },
        { "fields", SectionId.Type, [1, 0x5F], 10_000 },
        { "imports", SectionId.Import, [], 1_000_000 },
        { "functions", SectionId.Function, [], 1_000_000 },
        { "tables", SectionId.Table, [], 100_000 },
        { "memories", SectionId.Memory, [], 100 },
        { "tags", SectionId.Tag, [], 1_000_000 },
        { "globals", SectionId.Global, [], 1_000_000 },
        { "exports", SectionId.Export, [], 1_000_000 },
        { "element segments", SectionId.Element, [], 10_000_000 },
        { "elements", SectionId.Element, [1, 1, 0], 10_000_000 },
        { "function bodies", SectionId.Code, [], 1_000_000 },
        { "bytes of a function body", SectionId.Code, [1], 7_654_321 },
        { "data segments", SectionId.Data, [], 100_000 },
    };

    [Theory]
    [MemberData(nameof(Counts))]
    public void ACountPastItsLimitIsRefusedBeforeItIsRead(string what, SectionId section, byte[] before, int limit)
    {
        byte[] module = WithCount(section, before, limit + 1);
        var error = Assert.Throws<InvalidModuleException>(() => ModuleReader.Read(module, "big"));
        Assert.EndsWith($": too many {what}, expected at most {limit}, found {limit + 1}", error.Message);
    }

    [Theory]
    [MemberData(nameof(Counts))]
    public void AHugeCountInATinyFileIsMalformed(string what, SectionId section, byte[] before, int limit)
    {
        byte[] module = WithCount(section, before, int.MaxValue, present: 8);
        var error = Assert.Throws<MalformedModuleException>(() => ModuleReader.Read(module, "tiny"));
        Assert.True(error.Message.Contains($"{what} declared") || error.Message.Contains("unexpected end"), $"{limit}: {error.Message}");
    }

    [Fact]
    public void LocalsUpToTheLimitAreTakenParametersAmongThem()
    {
        ModuleBuilder With(uint locals) => new ModuleBuilder().Type([I32, I32]).Function(0, [0x0B], [(1, ValueType.F64), (locals, I32)]);
        Check(With(49_997));
        Refuse(With(49_998), "too many locals, expected at most 50000, found 50001 (function 0)");
        Refuse(With(uint.MaxValue - 1), "too many locals, expected at most 50000, found 4294967297 (function 0)");
    }

    [Fact]
    public void ImportsCountTowardsTheLimitOfTheirKind()
    {
        var module = new ModuleBuilder();
        for (int i = 0; i < 60; i++) module.Add(SectionId.Import, 0, 0, 2, 0, 1);
        for (int i = 0; i < 40; i++) module.Memory();
        Check(module);
        Refuse(module.Memory(), "too many memories, expected at most 100, found 101");
    }

    [Fact]
    public void ATypeHas63SupertypesAtMost()
    {
        var module = new ModuleBuilder().Add(SectionId.Type, 0x50, 0, 0x60, 0, 0);
        for (byte i = 0; i < 63; i++) module.Add(SectionId.Type, 0x50, 1, i, 0x60, 0, 0);
        Check(module);
        Refuse(module.Add(SectionId.Type, 0x50, 1, 63, 0x60, 0, 0), "type 64: too many supertypes above it, expected at most 63");
    }

    [Fact]
    public void AnArrayHas10000FixedOperandsAtMost()
    {
        ModuleBuilder With(int count)
        {
            var code = new WasmWriter();
            for (int i = 0; i < count; i++) code.WriteBytes([0x41, 0]);
            code.WriteBytes([0xFB, 8, 1]);
            code.WriteUnsigned((ulong)count);
            code.WriteBytes([0x1A, 0x0B]);
            return new ModuleBuilder().Type([]).Add(SectionId.Type, 0x5E, 0x7F, 0).Function(0, code.Written.ToArray());
        }

        Check(With(10_000));
        Refuse(With(10_001), "too many operands for array.new_fixed, expected at most 10000, found 10001 (function 0)");
    }

    [Fact]
    public void MemoriesAndTablesHaveTheSizesOfTheirAddresses()
    {
        Check(new ModuleBuilder().Add(SectionId.Memory, [0, .. Leb(65_536)]));
        Refuse(new ModuleBuilder().Add(SectionId.Memory, [0, .. Leb(65_537)]), "expected at most 65536 pages, found 65537");
        Check(new ModuleBuilder().Add(SectionId.Memory, [4, .. Leb(1UL << 48)]));
        Refuse(new ModuleBuilder().Add(SectionId.Memory, [4, .. Leb((1UL << 48) + 1)]), "expected at most 281474976710656 pages");
        Check(new ModuleBuilder().Add(SectionId.Table, [0x70, 0, .. Leb(uint.MaxValue)]));
        Check(new ModuleBuilder().Add(SectionId.Table, [0x70, 4, .. Leb(ulong.MaxValue)]));
    }

    [Theory]
    [InlineData(0x02)]
    [InlineData(0x03)]
    public void BlocksNestAMillionDeepWithoutUseOfOurStack(byte opcode)
    {
        Check(Nested(opcode, 999_999));
        Refuse(Nested(opcode, 1_000_000), "blocks too deep inside one another, expected at most 1000000 (function 0)");
    }

    [Fact]
    public void OperandsBeyondAMillionAreRefused()
    {
        var code = new WasmWriter();
        for (int i = 0; i < 1001; i++) code.WriteBytes([0x10, 1]);
        code.WriteBytes([0x00, 0x0B]);
        ValueType[] thousand = [.. Enumerable.Repeat(ValueType.I64, 1000)];
        Refuse(
            new ModuleBuilder().Type([]).Type([], thousand).Function(0, code.Written.ToArray()).Function(1, [0x00, 0x0B]),
            "too many operands on the stack, expected at most 1000000 (function 0)");
    }

    [Fact]
    public void ABranchTableMayNameThousandOperandsAMillionTimes()
    {
        ValueType[] thousand = [.. Enumerable.Repeat(ValueType.I64, 1000)];
        var code = new WasmWriter();
        code.WriteBytes([0x02, 0, 0x10, 0, 0x41, 0, 0x0E]);
        code.WriteUnsigned(1_000_000);
        code.WriteBytes(new byte[1_000_001]);
        code.WriteBytes([0x0B, 0x0B]);
        Check(new ModuleBuilder().Type([], thousand).Function(0, code.Written.ToArray()));
    }

    [Fact]
    public void TheFirstBrokenFunctionIsReportedWhateverTheThreadsDo()
    {
        byte[] padding = [.. Enumerable.Repeat((byte)0x01, 200), 0x0B];
        var builder = new ModuleBuilder().Type([]).ImportFunction(0);
        for (int i = 0; i < 5000; i++) builder.Function(0, i is 700 or 760 or 3000 ? [0x6A, .. padding] : padding);
        Module module = ModuleReader.Read(builder.Build(), "threads");
        for (int i = 0; i < 20; i++)
        {
            var error = Assert.Throws<InvalidModuleException>(() => ModuleValidator.Validate(module));
            Assert.Equal(701u, error.FunctionIndex);
        }
    }

    private static ModuleBuilder Nested(byte opcode, int blocks)
    {
        var code = new byte[3 * blocks + 1];
        for (int i = 0; i < blocks; i++) (code[2 * i], code[2 * i + 1]) = (opcode, 0x40);
        code.AsSpan(2 * blocks).Fill(0x0B);
        return new ModuleBuilder().Type([]).Function(0, code);
    }

    private static byte[] WithCount(SectionId section, byte[] before, int count, int? present = null)
    {
        var content = new WasmWriter();
        content.WriteBytes(before);
        content.WriteUnsigned((ulong)count);
        content.WriteBytes(new byte[present ?? count]);
        var module = new WasmWriter();
        module.WriteBytes("\0asm\u0001\0\0\0"u8);
        module.WriteByte((byte)section);
        module.WriteUnsigned((ulong)content.Written.Length);
        module.WriteBytes(content.Written);
        return module.Written.ToArray();
    }

    private static byte[] Leb(ulong value)
    {
        var writer = new WasmWriter();
        writer.WriteUnsigned(value);
        return writer.Written.ToArray();
    }

    private static void Check(ModuleBuilder module) => ModuleValidator.Validate(ModuleReader.Read(module.Build(), "limits"));

    private static void Refuse(ModuleBuilder module, string message)
    {
        var error = Assert.Throws<InvalidModuleException>(() => Check(module));
        Assert.Contains(message, error.Message);
    }
}
