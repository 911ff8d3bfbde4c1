using System.Runtime.CompilerServices;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;
using static Chain.Wasm.Tests.Guest;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>Stores, instances and modules: linking, limits, resetting, ending.</summary>
public sealed class EngineStoreTests
{
    private static readonly ValueType Int = ValueType.I32;

    /// <summary>Everything that a reset has to put back: memory, its size, a global, a table, dropped segments.</summary>
    private static ModuleBuilder Stateful(int dataBytes) => new ModuleBuilder().Type([], Int)
        .Memory(8).Table().Global(0x7F, true, I32, 5, End).Add(SectionId.DataCount, 2)
        .Add(SectionId.Element, 0, I32, 0, End, 1, 0).Add(SectionId.Element, 1, 0, 1, 0)
        .Add(SectionId.Data, [0, I32, 0, End, .. Leb((uint)dataBytes), .. Times(dataBytes, 9)]).Add(SectionId.Data, 1, 1, 77)
        .Function(0,
        [
            // The sum of all that may change, before it is changed.
            I32, 0, Load, 2, 0, GetGlobal, 0, Add, Size, 0, Add, Bulk, 16, 0, Add, I32, 0, 0x25, 0, 0xD1, Add,
            .. Const(100), I32, 0, I32, 1, Bulk, 8, 1, 0, .. Const(100), 0x2D, 0, 0, Add,
            I32, 0, I32, 1, StoreI32, 2, 0, .. Const(200_000), I32, 1, StoreI32, 2, 0, I32, 6, SetGlobal, 0, I32, 2, Grow, 0, Drop,
            RefNull, 0x70, I32, 3, Bulk, 15, 0, Drop, I32, 0, RefNull, 0x70, 0x26, 0, Bulk, 9, 1, Bulk, 13, 1, End,
        ])
        .Export("run", ExternalKind.Function, 0).Export("memory", ExternalKind.Memory, 0);

    [Theory]
    [InlineData(4)]
    [InlineData(300_000)]
    public void AResetInstanceIsLikeANewOne(int dataBytes)
    {
        CompiledModule module = Managed.Compile(Stateful(dataBytes).Build());
        using Store store = Managed.CreateStore();
        Instance instance = module.Instantiate(store);
        Func<int> run = instance.GetFunction("run").CreateDelegate<Func<int>>();
        int first = run();
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(TrapKind.MemoryOutOfBounds, Assert.Throws<WasmTrapException>(() => run()).Kind);
            instance.Reset();
            Assert.Equal(8L << 16, instance.GetMemory("memory").ByteLength);
            Assert.Equal(dataBytes > 200_000 ? 9 : 0, instance.GetMemory("memory").Slice(200_000, 1)[0]);
            Assert.Equal(first, run());
        }

        // And what one wrote no other sees.
        Assert.Equal(first, module.Instantiate(store).GetFunction("run").Invoke()[0].I32);
    }

    [Fact]
    public void LinkErrorsNameTheImportAndWhatIsWrong()
    {
        using Store store = Managed.CreateStore(), other = Managed.CreateStore();
        CompiledModule module = Managed.Compile(
            new ModuleBuilder().Type([Int]).Add(SectionId.Import, 3, (byte)'e', (byte)'n', (byte)'v', 1, (byte)'f', 0, 0).Build(), "linked");
        string Message(Action link) => Assert.Throws<WasmLinkException>(link).Message;
        Assert.Equal("linked: unmet import \"env\" \"f\" (function)", Message(() => module.Instantiate(store)));
        Assert.Equal("linked: 1 imports are declared, 0 were given", Message(() => module.Instantiate(store, [])));
        var wrong = new FunctionType([], []);
        Assert.Equal(
            "linked: incompatible import \"env\" \"f\": expected function (i32) -> (), found function () -> ()",
            Message(() => module.Instantiate(store, [store.CreateFunction(wrong, (Action)(() => { }))])));
        Assert.Equal(
            "linked: incompatible import \"env\" \"f\": expected function (i32) -> (), found memory 1",
            Message(() => module.Instantiate(store, [store.CreateMemory(new MemoryType(new Limits(1, null)))])));
        Function foreign = other.CreateFunction(new FunctionType([Int], []), (Action<int>)(_ => { }));
        Assert.StartsWith("the import \"env\" \"f\" belongs to another store", Assert.Throws<ArgumentException>(() => module.Instantiate(store, [foreign])).Message);
        Assert.Throws<ArgumentException>(() => module.Instantiate(new ManagedEngine().CreateStore(), [foreign]));
    }

    [Fact]
    public void FuelIsCountedTheSameEveryTime()
    {
        var engine = new ManagedEngine(new EngineOptions { MeasureFuel = true });
        byte[] count = [Loop, Empty, Get, 0, I32, 1, Sub, 0x22, 0, BrIf, 0, End, End];
        CompiledModule module = engine.Compile(new ModuleBuilder().Type([Int]).Function(0, count).Export("run", ExternalKind.Function, 0).Build());
        long Used(int turns)
        {
            using Store store = engine.CreateStore(new StoreLimits { Fuel = 1_000_000 });
            module.Instantiate(store).GetFunction("run").Invoke(Value.FromI32(turns));
            return 1_000_000 - store.Fuel!.Value;
        }

        Assert.Equal(Used(1000), Used(1000));
        Assert.InRange((double)(Used(10_000) - Used(0 + 1)) / (Used(1001) - Used(1)), 9.9, 10.1);
        using Store small = engine.CreateStore(new StoreLimits { Fuel = 100 });
        Function run = module.Instantiate(small).GetFunction("run");
        Assert.Equal(TrapKind.OutOfFuel, Assert.Throws<WasmTrapException>(() => run.Invoke(Value.FromI32(1_000_000))).Kind);
        Assert.Equal(0, small.Fuel);
        small.Fuel = 1000;
        run.Invoke(Value.FromI32(10));
        Assert.Throws<ArgumentException>(() => Managed.CreateStore(new StoreLimits { Fuel = 1 }));
    }

    [Fact]
    public void NothingOfADisposedStoreCanBeUsed()
    {
        Store store = Managed.CreateStore();
        CompiledModule module = Managed.Compile(Stateful(4).Build());
        Instance instance = module.Instantiate(store);
        Function run = instance.GetFunction("run");
        Func<int> typed = run.CreateDelegate<Func<int>>();
        LinearMemory memory = instance.GetMemory("memory");
        store.Dispose();
        store.Dispose();
        Action[] uses =
        [
            () => run.Invoke(), () => typed(), () => run.CreateDelegate<Func<int>>(), () => memory.Slice(0, 1), () => memory.Grow(1),
            () => _ = memory.ByteLength, () => instance.Reset(), () => module.Instantiate(store), () => store.SetDeadline(TimeSpan.FromSeconds(1)),
            () => store.CreateMemory(new MemoryType(new Limits(1, null))), () => _ = store.ExtraResults, () => _ = store.Fuel,
        ];
        Assert.All(uses, use => Assert.Throws<ObjectDisposedException>(use));
    }

    [Fact]
    public void AStoreInUseIsNeitherResetNorDisposedNorEnteredByAnotherThread()
    {
        using Store store = Managed.CreateStore();
        Instance? instance = null;
        var failures = new List<Exception?>();
        Function host = store.CreateFunction(new FunctionType([], []), (Action)(() =>
        {
            failures.Add(Record.Exception(() => instance!.Reset()));
            failures.Add(Record.Exception(store.Dispose));
            var thread = new Thread(() => failures.Add(Record.Exception(() => instance!.GetFunction("leaf").Invoke())));
            thread.Start();
            thread.Join();
            instance!.GetFunction("leaf").Invoke();
        }));
        instance = new ModuleBuilder().Type([]).ImportFunction(0).Function(0, [Call, 0, End]).Function(0, [End])
            .Export("run", ExternalKind.Function, 1).Export("leaf", ExternalKind.Function, 2).Instantiate(store, host);
        instance.GetFunction("run").Invoke();
        Assert.Equal(3, failures.Count);
        Assert.All(failures, failure => Assert.IsType<InvalidOperationException>(failure));
        instance.Reset();
    }

    [Fact]
    public void ThousandsOfInstancesLeaveNothingBehind()
    {
        CompiledModule module = Managed.Compile(Stateful(200_000).Build());
        void Use(int times)
        {
            for (int i = 0; i < times; i++)
            {
                using Store store = Managed.CreateStore();
                module.Instantiate(store).GetFunction("run").Invoke();
            }

            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Use(200);
        int mappings = Mappings();
        Use(5_000);
        // Each instance would leave two or three behind.
        Assert.InRange(Mappings(), 0, mappings + 2_000);
    }

    private static int Mappings() => OperatingSystem.IsLinux() ? File.ReadLines("/proc/self/maps").Count() : 0;

    [Fact]
    public void AModuleWithoutUsersIsUnloaded()
    {
        WeakReference code = UseOnce();
        for (int i = 0; i < 20 && code.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(code.IsAlive);
    }

    // The assembly of the compiled code, which nothing here refers to any more when this returns.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference UseOnce()
    {
        using Store store = Managed.CreateStore();
        HashSet<System.Reflection.Assembly> before = [.. AppDomain.CurrentDomain.GetAssemblies()];
        Managed.Compile(Of([Call, 1, End]).Function(0, [End]).Build(), "unloaded-module").Instantiate(store).GetFunction("run").Invoke();
        return new WeakReference(AppDomain.CurrentDomain.GetAssemblies()
            .First(assembly => !before.Contains(assembly) && assembly.GetName().Name == "wasm:unloaded-module"));
    }

    [Fact]
    public async Task ManyThreadsCompileInstantiateAndCallOneModule()
    {
        // Function by function and whole: both ways to compile at once from many threads.
        foreach (int eager in new[] { 0, 1 << 20 })
        {
            var engine = new ManagedEngine(new EngineOptions { EagerCodeBytes = eager });
            const int functions = 60;
            var builder = new ModuleBuilder().Type([Int], Int);
            for (int i = 0; i < functions; i++)
                builder.Function(0, i == functions - 1 ? [Get, 0, End] : [Get, 0, I32, 1, Add, Call, (byte)(i + 1), End]);
            CompiledModule module = engine.Compile(builder.Export("run", ExternalKind.Function, 0).Build());
            int[] results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() =>
            {
                using Store store = engine.CreateStore();
                return module.Instantiate(store).GetFunction("run").Invoke(Value.FromI32(i))[0].I32;
            })));
            Assert.Equal(Enumerable.Range(functions - 1, 8), results);
        }
    }

    [Fact]
    public void InstancesShareWhatTheyImport()
    {
        using Store store = Managed.CreateStore();
        Instance owner = new ModuleBuilder().Type([], Int).Memory().Table().Global(0x7F, true, I32, 5, End)
            .Function(0, [I32, 8, Load, 2, 0, GetGlobal, 0, Add, I32, 0, CallIndirect, 0, 0, Add, Size, 0, Add, End])
            .Export("run", ExternalKind.Function, 0).Export("m", ExternalKind.Memory, 0).Export("t", ExternalKind.Table, 0)
            .Export("g", ExternalKind.Global, 0).Instantiate(store);
        External[] shared = [owner.Find("m")!, owner.Find("t")!, owner.Find("g")!];
        Instance user = new ModuleBuilder().Type([], Int).Type([])
            .Add(SectionId.Import, 0, 0, 2, 0, 1).Add(SectionId.Import, 0, 0, 1, 0x70, 0, 1).Add(SectionId.Import, 0, 0, 3, 0x7F, 1)
            .Function(0, [.. Const(1000), End])
            .Function(1, [I32, 8, .. Const(100), StoreI32, 2, 0, I32, 7, SetGlobal, 0, I32, 1, Grow, 0, Drop, End])
            .Add(SectionId.Element, 0, I32, 0, End, 1, 0).Export("change", ExternalKind.Function, 1).Instantiate(store, shared);
        user.GetFunction("change").Invoke();
        Assert.Equal(100 + 7 + 1000 + 2, owner.GetFunction("run").Invoke()[0].I32);
        user.Reset();
        Assert.Equal(100 + 7 + 1000 + 2, owner.GetFunction("run").Invoke()[0].I32);
    }
}
