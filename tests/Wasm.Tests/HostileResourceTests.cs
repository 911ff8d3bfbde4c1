using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using Chain.Wasm.Text;
using static Chain.Wasm.Tests.Guest;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>Guests that want too much of something else than time and stack, and modules that are made to be hard to compile.</summary>
public sealed class HostileResourceTests
{
    private static readonly ValueType Int = ValueType.I32;

    [Fact]
    public void MemoryGrowsToTheLimitAndThenAnswersMinusOne()
    {
        using Store store = Managed.CreateStore(new StoreLimits { MemoryBytes = 100 << 16 });
        Instance instance = new ModuleBuilder().Type([Int], Int).Function(0, [Get, 0, Grow, 0, End]).Memory()
            .Export("grow", ExternalKind.Function, 0).Export("memory", ExternalKind.Memory, 0).Instantiate(store);
        Func<int, int> grow = instance.GetFunction("grow").CreateDelegate<Func<int, int>>();
        Assert.Equal(-1, grow(100));
        Assert.Equal(1, grow(98));
        Assert.Equal(99, grow(1));
        Assert.Equal(-1, grow(1));
        Assert.Equal(-1, grow(-1));
        Assert.Equal(100, grow(0));
        Assert.Equal(100L << 16, instance.GetMemory("memory").ByteLength);
    }

    [Fact]
    public void TheMemoriesOfAStoreShareItsLimit()
    {
        using Store store = Managed.CreateStore(new StoreLimits { MemoryBytes = 10 << 16 });
        ModuleBuilder module = new ModuleBuilder().Memory(6);
        module.Instantiate(store);
        var error = Assert.Throws<WasmLimitException>(() => module.Instantiate(store));
        Assert.Equal("393216 bytes of memory on top of 393216 are over the store's limit of 655360", error.Message);
        Assert.Throws<WasmLimitException>(() => new ModuleBuilder().Memory(11).Instantiate(store));
        new ModuleBuilder().Memory(4).Instantiate(store);
    }

    [Fact]
    public void AMemoryOf65536PagesIsOverTheDefaultLimit()
    {
        using Store store = Managed.CreateStore();
        Assert.Throws<WasmLimitException>(() => new ModuleBuilder().Add(SectionId.Memory, [0, .. Leb(65536)]).Instantiate(store));
        byte[] largest = [4, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40];
        Assert.Throws<WasmLimitException>(() => new ModuleBuilder().Add(SectionId.Memory, largest).Instantiate(store));
    }

    [Fact]
    public void TablesHaveTheirLimitToo()
    {
        using Store store = Managed.CreateStore(new StoreLimits { TableElements = 100 });
        Assert.Throws<WasmLimitException>(() => new ModuleBuilder().Add(SectionId.Table, [0x70, 0, .. Leb(101)]).Instantiate(store));
        Assert.Throws<WasmLimitException>(() => new ModuleBuilder().Add(SectionId.Table, [0x70, 0, .. Leb(uint.MaxValue)]).Instantiate(store));
        byte[] most = [0x70, 4, .. Times(9, 0xFF), 1];
        Assert.Throws<WasmLimitException>(() => new ModuleBuilder().Add(SectionId.Table, most).Instantiate(store));
        Func<int, int> grow = new ModuleBuilder().Type([Int], Int).Function(0, [RefNull, 0x70, Get, 0, Bulk, 15, 0, End]).Table()
            .Export("grow", ExternalKind.Function, 0).Instantiate(store).GetFunction("grow").CreateDelegate<Func<int, int>>();
        Assert.Equal(-1, grow(100));
        Assert.Equal(1, grow(99));
        Assert.Equal(-1, grow(1));
        Assert.Equal(-1, grow(int.MinValue));
    }

    [Fact]
    public void AStoreHoldsOnlySoManyInstances()
    {
        using Store store = Managed.CreateStore(new StoreLimits { Instances = 2 });
        for (int i = 0; i < 2; i++) new ModuleBuilder().Instantiate(store);
        var error = Assert.Throws<WasmLimitException>(() => new ModuleBuilder().Instantiate(store));
        Assert.Equal("the store's limit of 2 instances is reached", error.Message);
    }

    // A list: the global holds the last node, each node the one before it.
    private static ModuleBuilder List(params byte[] payload) => new ModuleBuilder().Type([])
        .Add(SectionId.Type, 0x4E, 1, 0x5F, 2, 0x63, 1, 1, 0x6E, 1)
        .Add(SectionId.Global, 0x63, 1, 1, RefNull, 1, End)
        .Function(0, [Loop, Empty, GetGlobal, 0, .. payload, Gc, 0, 1, SetGlobal, 0, Br, 0, End, End])
        .Export("run", ExternalKind.Function, 0);

    public static TheoryData<string, byte[]> Hoards => new()
    {
        { "nodes", [RefNull, 0x71] },
        { "boxed scalars", [I32, 5, Gc, 28] },
        { "arrays of 64 KiB", [.. Const(1 << 16), Gc, 7, 2] },
        { "arrays of 16 MiB", [.. Const(16 << 20), Gc, 7, 2] },
    };

    [Theory]
    [MemberData(nameof(Hoards))]
    public void AGuestThatHoardsObjectsTrapsBeforeTheProcessSuffers(string what, byte[] payload)
    {
        const long limit = 64 << 20;
        using Store store = Managed.CreateStore(new StoreLimits { HeapBytes = limit });
        store.SetDeadline(TimeSpan.FromMinutes(1));
        Function run = List(payload).Add(SectionId.Type, 0x5E, 0x78, 1).Instantiate(store).GetFunction("run");
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Assert.Equal(TrapKind.AllocationTooLarge, Assert.Throws<WasmTrapException>(() => run.Invoke()).Kind);
        long held = GC.GetTotalMemory(forceFullCollection: true) - before;
        // Other tests run beside this one, so both bounds are wide.
        Assert.True(held is > limit / 8 and < 8 * limit, $"{what}: {held >> 20} MiB held");
    }

    [Fact]
    public void AGuestThatDropsItsObjectsGoesOn()
    {
        using Store store = Managed.CreateStore(new StoreLimits { HeapBytes = 16 << 20 });
        store.SetDeadline(TimeSpan.FromMinutes(1));
        // 20,000 arrays of 16 KiB, 320 MB in all, one held at a time.
        ModuleBuilder module = new ModuleBuilder().Type([]).Add(SectionId.Type, 0x5E, 0x78, 1).Add(SectionId.Global, 0x6E, 1, RefNull, 0x71, End);
        byte[] body =
        [
            Loop, Empty, .. Const(16 << 10), Gc, 7, 1, SetGlobal, 0,
            Get, 0, I32, 1, Add, 0x22, 0, .. Const(20_000), 0x48, BrIf, 0, End, End,
        ];
        module.Function(0, body, [(1, Int)]).Export("run", ExternalKind.Function, 0).Instantiate(store).GetFunction("run").Invoke();
    }

    [Theory]
    [InlineData(7, -1)]
    [InlineData(7, int.MaxValue)]
    [InlineData(7, 1 << 29)]
    public void AnArrayThatIsTooLargeIsATrap(byte operation, int length)
    {
        using Store store = Managed.CreateStore();
        Function run = Of([.. Const(length), Gc, operation, 1, Drop, End]).Add(SectionId.Type, 0x5E, 0x7E, 1).Instantiate(store).GetFunction("run");
        Assert.Equal(TrapKind.AllocationTooLarge, Assert.Throws<WasmTrapException>(() => run.Invoke()).Kind);
    }

    [Fact]
    public void ABranchTableOf100000WaysRuns()
    {
        const int ways = 100_000;
        byte[] code =
        [
            Block, Empty, Block, Empty, Block, Empty, Get, 0, BrTable, .. Leb(ways), .. Each(ways, i => [(byte)(i % 3)]), 2,
            End, I32, 10, Return, End, I32, 20, Return, End, I32, 30, End,
        ];
        Func<int, int> run = One(code);
        Assert.Equal([10, 20, 30, 10, 30, 30], new[] { 0, 1, 2, 99_999, 100_000, -1 }.Select(run));
    }

    [Fact]
    public void ABranchTableWithManyTargetsRuns()
    {
        const int ways = 20_000;
        byte[] code =
        [
            .. Times(ways, Block, Empty), Get, 0, BrTable, .. Leb(ways - 1), .. Each(ways, i => Leb((uint)i)),
            .. Each(ways, i => [End, .. Const(i), Return]), End,
        ];
        Func<int, int> run = One(code);
        Assert.Equal([0, 1, 777, 19_999, 19_999], new[] { 0, 1, 777, 19_999, -1 }.Select(run));
    }

    [Theory]
    [InlineData(49_998)]
    [InlineData(10_000)]
    public void AFunctionWithVeryManyLocalsRuns(int locals)
    {
        // Every local is the sum of the one before it and 1.
        byte[] code = [.. Each(locals, i => [Get, .. Leb((uint)i), I32, 1, Add, Set, .. Leb((uint)i + 1)]), Get, .. Leb((uint)locals), End];
        Assert.Equal(locals + 5, One(code, ((uint)locals, Int))(5));
    }

    [Fact]
    public void AFunctionWith60000LocalsIsRefused()
    {
        var error = Assert.Throws<InvalidModuleException>(() => One([Get, 0, End], (60_000, Int)));
        Assert.Contains("too many locals, expected at most 50000, found 60001 (function 0", error.Message);
    }

    [Theory]
    [InlineData("block")]
    [InlineData("if")]
    public void BlocksNestVeryDeep(string what)
    {
        const int depth = 100_000;
        byte[] code = what == "block"
            ? [.. Times(depth, Block, Empty), Get, 0, BrTable, .. Leb(1), 0, .. Leb(depth - 1), .. Times(depth, End), I32, 7, End]
            : [.. Times(depth, Get, 0, If, Empty), .. Times(depth, End), I32, 7, End];
        byte[] bytes = Single(code).Build();
        Assert.Equal(7, Run(bytes)(1));
        using var text = new StringWriter();
        new ModuleText(ModuleReader.Read(bytes, "deep")).Write(text);
        Assert.InRange(text.GetStringBuilder().Length, depth, 300 * depth);
    }

    [Theory]
    [InlineData(1_500, true)]
    [InlineData(9_000, false)]
    public void LoopsNestAsDeepAsTheJitCanBear(int depth, bool runs)
    {
        byte[] code = [.. Times(depth, Loop, Empty), .. Times(depth, Get, 0, BrIf, 0, End), I32, 7, End];
        RunsOrIsRefused(code, runs);
    }

    [Theory]
    [InlineData(500, true)]
    [InlineData(5_000, false)]
    public void TryTablesNestAsDeepAsTheJitCanBear(int depth, bool runs)
    {
        byte[] code = [.. Times(depth, TryTable, Empty, 0), .. Times(depth, End), I32, 7, End];
        RunsOrIsRefused(code, runs);
    }

    [Fact]
    public void ManyCallsWithAThousandResultsAreRefusedAndTheOtherFunctionsRun()
    {
        // Eight kilobytes that would be 28 MB of CIL.
        byte[] code = [.. Times(1000, Block, Empty, Call, 1, Br, 0, End), Get, 0, End];
        byte[] bytes = new ModuleBuilder().Type([Int], Int).Type([], Many(1000, ValueType.I64))
            .Function(0, code).Function(1, [Unreachable, End]).Function(0, [Get, 0, End])
            .Export("run", ExternalKind.Function, 0).Export("other", ExternalKind.Function, 2).Build();
        using Store store = Managed.CreateStore();
        Instance instance = Managed.Compile(bytes, "wide").Instantiate(store);
        for (int i = 0; i < 2; i++)
        {
            var error = Assert.Throws<WasmLimitException>(() => instance.GetFunction("run").Invoke(Value.FromI32(1)));
            Assert.StartsWith("wide: function 0 'run' is too large to compile: expected at most about ", error.Message);
        }

        Assert.Equal(3, instance.GetFunction("other").Invoke(Value.FromI32(3))[0].I32);
    }

    [Fact]
    public void WritesOverManyPendingOperandsAreCompiledInOneSweep()
    {
        const int operands = 100_000;
        byte[] code = [Get, 0, .. Times(operands, I32, 0), .. Times(operands, I32, 9, Set, 1), .. Times(operands, Drop), Drop, Get, 1, End];
        using Store store = Managed.CreateStore(new StoreLimits { StackBytes = 64 << 20 });
        Func<int, int>? run = null;
        OnThread(80 << 20, () =>
        {
            run = Single(code, (1, Int)).Instantiate(store).GetFunction("run").CreateDelegate<Func<int, int>>();
            Assert.Equal(9, run(1));
        });
    }

    [Fact]
    public void ManyFunctionTypesAreCompiledQuickly()
    {
        ValueType[] kinds = [Int, ValueType.I64, ValueType.F32, ValueType.F64];
        var module = new ModuleBuilder().Type([Int], Int).Function(0, [Get, 0, End]).Export("run", ExternalKind.Function, 0);
        for (int i = 1; i < 3_000; i++)
        {
            var parameters = new List<ValueType>();
            for (int rest = i; rest > 0; rest /= 4) parameters.Add(kinds[rest % 4]);
            module.Type([.. parameters]).Function((uint)i, [End]);
        }

        Assert.Equal(7, Run(module.Build())(7));
    }

    [Fact]
    public void ATrapInTheStartFunctionIsTheInstantiations()
    {
        using Store store = Managed.CreateStore();
        ModuleBuilder module = Of([Unreachable, End]).Add(SectionId.Start, 0);
        Assert.Equal(TrapKind.Unreachable, Assert.Throws<WasmTrapException>(() => module.Instantiate(store)).Kind);
        Of([End]).Instantiate(store).GetFunction("run").Invoke();
    }

    [Fact]
    public void ASegmentThatDoesNotFitLeavesTheOnesBeforeIt()
    {
        using Store store = Managed.CreateStore();
        LinearMemory memory = store.CreateMemory(new MemoryType(new Limits(1, null)));
        ModuleBuilder module = new ModuleBuilder().Add(SectionId.Import, 0, 0, 2, 0, 1)
            .Add(SectionId.Data, 0, I32, 0, End, 1, 42).Add(SectionId.Data, [0, .. Const(65535), End, 2, 1, 1]);
        Assert.Equal(TrapKind.MemoryOutOfBounds, Assert.Throws<WasmTrapException>(() => module.Instantiate(store, memory)).Kind);
        Assert.Equal(42, memory.Slice(0, 1)[0]);
        Assert.Equal(0, memory.Slice(65535, 1)[0]);
    }

    private static ModuleBuilder Single(byte[] code, params (uint, ValueType)[] locals) =>
        new ModuleBuilder().Type([Int], Int).Function(0, code, locals).Export("run", ExternalKind.Function, 0);

    private static Func<int, int> One(byte[] code, params (uint, ValueType)[] locals) => Run(Single(code, locals).Build());

    private static Func<int, int> Run(byte[] module)
    {
        Store store = Managed.CreateStore();
        return Managed.Compile(module, "hard").Instantiate(store).GetFunction("run").CreateDelegate<Func<int, int>>();
    }

    private static void RunsOrIsRefused(byte[] code, bool runs)
    {
        Func<int, int> run = One(code);
        if (runs) Assert.Equal(7, run(0));
        else Assert.Contains("too large to compile", Assert.Throws<WasmLimitException>(() => run(0)).Message);
    }
}
