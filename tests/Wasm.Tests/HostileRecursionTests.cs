using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using static Chain.Wasm.Tests.Guest;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>Guests that use up the stack. Where the engine were wrong, the process would be gone.</summary>
public sealed class HostileRecursionTests
{
    /// <summary>Modules whose <c>run</c> never stops calling.</summary>
    public static TheoryData<string> Guests => [.. Modules.Keys];

    private static readonly Dictionary<string, Func<ModuleBuilder>> Modules = new()
    {
        ["itself"] = () => Of([Call, 0, End]),
        ["itself inside a try_table"] = () => Of([Block, Empty, TryTable, Empty, 1, 2, 0, Call, 0, End, End, End]),
        ["one another"] = () => Of([Call, 1, End]).Function(0, [Call, 0, End]),
        ["itself through a table"] = () => Of([I32, 0, CallIndirect, 0, 0, End]).Table().Add(SectionId.Element, 0, I32, 0, End, 1, 0),
        ["itself through a reference"] = () => Of([RefFunc, 0, CallRef, 0, End]),
        ["itself with 1,000 parameters"] = () => new ModuleBuilder().Type(Many(1000, ValueType.I64)).Type([])
            .Function(0, [.. Each(1000, i => [Get, .. Leb((uint)i)]), Call, 0, End]).Function(1, [.. Times(1000, I64, 1), Call, 0, End])
            .Export("run", ExternalKind.Function, 1),
        ["itself with 1,000 vectors"] = () => new ModuleBuilder().Type(Many(1000, ValueType.V128)).Type([])
            .Function(0, [.. Each(1000, i => [Get, .. Leb((uint)i)]), Call, 0, End])
            .Function(1, [.. Times(1000, [0xFD, 12, .. new byte[16]]), Call, 0, End]).Export("run", ExternalKind.Function, 1),
        ["itself with 1,000 results"] = () => new ModuleBuilder().Type([], Many(1000, ValueType.I64)).Type([])
            .Function(0, [Call, 0, End]).Function(1, [Call, 0, .. Times(1000, Drop), End]).Export("run", ExternalKind.Function, 1),
        ["itself with 3,000 locals"] = () => WithLocals(3_000, ValueType.I64),
        ["itself with 20,000 locals"] = () => WithLocals(20_000, ValueType.I32),
        ["itself with 20,000 vectors"] = () => WithLocals(20_000, ValueType.V128),
        ["itself with 10,000 operands"] = () => Of([.. Each(10_000, _ => [Size, 0]), Call, 0, .. Times(10_000, Drop), End]).Memory(),
        ["itself with 5,000 vectors made by operations"] = () => Of(
            [.. Times(5_000, [I32, 1, 0xFD, 15]), .. Times(4_999, 0xFD, 0x6E), Drop, Call, 0, End]),
    };

    // Every local is written before the call and read after it, so that the frame has to hold them all.
    private static ModuleBuilder WithLocals(int count, ValueType type)
    {
        byte[] zero = type == ValueType.I32 ? [I32, 1] : type == ValueType.I64 ? [I64, 1] : [0xFD, 12, .. new byte[16]];
        return new ModuleBuilder().Type([])
            .Function(
                0,
                [.. Each(count, i => [.. zero, Set, .. Leb((uint)i)]), Call, 0, .. Each(count, i => [Get, .. Leb((uint)i), Drop]), End],
                [((uint)count, type)])
            .Export("run", ExternalKind.Function, 0);
    }

    [Theory]
    [MemberData(nameof(Guests))]
    public void EndlessRecursionIsATrap(string calls)
    {
        using Store store = Managed.CreateStore();
        Function run = Modules[calls]().Instantiate(store).GetFunction("run");
        for (int i = 0; i < 2; i++) Overflows(run);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(256)]
    [InlineData(384)]
    [InlineData(1024)]
    public void TheEndOfASmallThreadCountsToo(int kilobytes)
    {
        foreach (string calls in new[] { "itself", "itself with 1,000 vectors", "itself with 3,000 locals", "itself through a table" })
        {
            using Store store = Managed.CreateStore(new StoreLimits { StackBytes = 64 << 20 });
            Function run = Modules[calls]().Instantiate(store).GetFunction("run");
            OnThread(kilobytes * 1024, () => Overflows(run));
        }
    }

    [Fact]
    public void FunctionsAreCompiledAtTheEndOfTheStackToo()
    {
        // Each function of the chain is new when it is called, the last ones with little stack left for the JIT.
        const int functions = 1500;
        var module = new ModuleBuilder().Type([ValueType.I32], ValueType.I32);
        byte[] work = Times(100, Get, 0, I32, 3, 0x6C, Load, 2, 0, Set, 0);
        for (int i = 0; i < functions; i++)
            module.Function(0, [.. work, Get, 0, Call, .. Leb((uint)Math.Min(i + 1, functions - 1)), Get, 0, Add, End], [(100, ValueType.I64)]);
        byte[] bytes = module.Memory().Export("run", ExternalKind.Function, 0).Build();
        using Store store = Managed.CreateStore(new StoreLimits { StackBytes = 64 << 20 });
        Function run = Managed.Compile(bytes).Instantiate(store).GetFunction("run");
        OnThread(400 * 1024, () =>
            Assert.Equal(TrapKind.StackOverflow, Assert.Throws<WasmTrapException>(() => run.Invoke(Value.FromI32(0))).Kind));
    }

    [Fact]
    public void RecursionThroughTheHostIsATrap()
    {
        using Store store = Managed.CreateStore();
        Action? again = null;
        Function back = store.CreateFunction(new FunctionType([], []), (Action)(() => again!()));
        Function run = new ModuleBuilder().Type([]).ImportFunction(0).Function(0, [Call, 0, End])
            .Export("run", ExternalKind.Function, 1).Instantiate(store, back).GetFunction("run");
        again = run.CreateDelegate<Action>();
        Overflows(run);
        again = () => run.Invoke();
        Overflows(run);
    }

    [Fact]
    public void RecursionBetweenTwoInstancesIsATrap()
    {
        using Store store = Managed.CreateStore();
        Instance first = Of([I32, 0, CallIndirect, 0, 0, End]).Table().Export("table", ExternalKind.Table, 0).Instantiate(store);
        new ModuleBuilder().Type([]).Add(SectionId.Import, 0, 0, 0, 0).Add(SectionId.Import, 0, 0, 1, 0x70, 0, 1)
            .Function(0, [Call, 0, End]).Add(SectionId.Element, 0, I32, 0, End, 1, 1)
            .Instantiate(store, first.GetFunction("run"), first.Find("table")!);
        Overflows(first.GetFunction("run"));
    }

    [Fact]
    public void RecursionBetweenTwoStoresIsATrap()
    {
        using Store one = Managed.CreateStore(), two = Managed.CreateStore();
        Function? runOne = null, runTwo = null;
        byte[] bytes = new ModuleBuilder().Type([]).ImportFunction(0).Function(0, [Call, 0, End]).Export("run", ExternalKind.Function, 1).Build();
        CompiledModule module = Managed.Compile(bytes);
        runOne = module.Instantiate(one, [one.CreateFunction(new FunctionType([], []), (Action)(() => runTwo!.Invoke()))]).GetFunction("run");
        runTwo = module.Instantiate(two, [two.CreateFunction(new FunctionType([], []), (Action)(() => runOne.Invoke()))]).GetFunction("run");
        Overflows(runOne);
        Overflows(runTwo);
    }

    [Fact]
    public void AThrowFromTheDepthUnwindsEverything()
    {
        // Recursion down to 1,000, then a guest exception that is caught at the top.
        using Store store = Managed.CreateStore();
        Function run = new ModuleBuilder().Type([ValueType.I32]).Type([]).Add(SectionId.Tag, 0, 1)
            .Function(0, [Get, 0, Eqz, If, Empty, Throw, 0, End, Get, 0, I32, 1, Sub, Call, 0, End])
            .Function(1, [Block, Empty, TryTable, Empty, 1, 2, 0, .. Const(1000), Call, 0, End, Unreachable, End, End])
            .Export("run", ExternalKind.Function, 1).Instantiate(store).GetFunction("run");
        run.Invoke();
    }

    private static void Overflows(Function run) =>
        Assert.Equal(TrapKind.StackOverflow, Assert.Throws<WasmTrapException>(() => run.Invoke()).Kind);
}
