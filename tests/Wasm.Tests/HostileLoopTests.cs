using System.Diagnostics;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using Xunit.Abstractions;
using static Chain.Wasm.Tests.Guest;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>Guests that never end by themselves. How long after its deadline each one ended is in the test's output.</summary>
public sealed class HostileLoopTests(ITestOutputHelper output)
{
    // What is asserted is generous, for machines that do much else; what is measured on an idle one is a few milliseconds.
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Deadline = TimeSpan.FromMilliseconds(60);

    private const uint OneGiB = 1u << 30;

    private static byte[] Forever(params byte[] code) => [Loop, Empty, .. code, Br, 0, End, End];

    private static byte[] Countdown { get; } = [Get, 0, Eqz, If, Empty, Return, End, Get, 0, I32, 1, Sub, Call, 0, Get, 0, I32, 1, Sub, Call, 0, End];

    /// <summary>Modules with an endless <c>run</c>.</summary>
    public static TheoryData<string> Guests => [.. Modules.Keys];

    private static readonly Dictionary<string, Func<ModuleBuilder>> Modules = new()
    {
        ["an empty loop"] = () => Of(Forever()),
        ["a loop in a try_table"] = () => Of([TryTable, Empty, 0, Loop, Empty, Br, 0, End, End, End]),
        ["a loop in a try_table that catches all"] = () => Of([Block, Empty, TryTable, Empty, 1, 2, 0, Loop, Empty, Br, 0, End, End, End, End]),
        ["a try_table in a loop"] = () => Of([Loop, Empty, TryTable, Empty, 0, Br, 1, End, End, End]),
        ["a loop with calls"] = () => Of(Forever(Call, 1)).Function(0, [End]),
        ["a loop of conditions"] = () => Of([Loop, Empty, I32, 1, BrIf, 0, End, End]),
        ["a loop by br_table"] = () => Of([Loop, Empty, I32, 7, BrTable, 1, 0, 0, End, End]),
        ["a loop that throws and catches"] = () => Of(
            Forever(Block, Empty, TryTable, Empty, 1, 2, 0, Throw, 0, End, End)).Add(SectionId.Tag, 0, 0),
        ["a tail call of itself"] = () => Of([ReturnCall, 0, End]),
        ["two that tail call one another"] = () => Of([ReturnCall, 1, End]).Function(0, [ReturnCall, 0, End]),
        ["a tail call through a table"] = () => Of([I32, 0, ReturnCallIndirect, 0, 0, End]).Table().Add(SectionId.Element, 0, I32, 0, End, 1, 0),
        ["a tail call through a reference"] = () => Of([RefFunc, 0, ReturnCallRef, 0, End]),
        ["a tail call with more arguments than registers"] = () => new ModuleBuilder().Type(Many(20, ValueType.I64)).Type([])
            .Function(0, [.. Each(20, i => [Get, (byte)i]), ReturnCall, 0, End]).Function(1, [.. Times(20, I64, 1), Call, 0, End])
            .Export("run", ExternalKind.Function, 1),
        ["a recursion that branches"] = () => new ModuleBuilder().Type([ValueType.I32]).Type([])
            .Function(0, Countdown).Function(1, [.. Const(500), Call, 0, End]).Export("run", ExternalKind.Function, 1),
        ["fills of 1 GiB"] = () => Of(Forever([I32, 0, I32, 1, .. Const((int)OneGiB), Bulk, 11, 0])).Add(SectionId.Memory, [0, .. Leb(16384)]),
        ["copies of 1 GiB upwards"] = () => Of(
            Forever([I32, 1, I32, 0, .. Const((int)OneGiB - 1), Bulk, 10, 0, 0])).Add(SectionId.Memory, [0, .. Leb(16384)]),
        ["copies of 1 GiB downwards"] = () => Of(
            Forever([I32, 0, I32, 1, .. Const((int)OneGiB - 1), Bulk, 10, 0, 0])).Add(SectionId.Memory, [0, .. Leb(16384)]),
        ["a table that grows"] = () => Of(Forever(RefNull, 0x70, I32, 1, Bulk, 15, 0, Drop)).Table(),
        ["fills of a table"] = () => Of(
            Forever([I32, 0, RefNull, 0x70, .. Const(9_000_000), Bulk, 17, 0])).Add(SectionId.Table, [0x70, 0, .. Leb(9_000_000)]),
        ["arrays of 64 MiB"] = () => Of(Forever([.. Const(64 << 20), Gc, 7, 1, Drop])).Add(SectionId.Type, 0x5E, 0x78, 1),
        ["structures"] = () => Of(Forever(Gc, 1, 1, Drop)).Add(SectionId.Type, 0x5F, 1, 0x7F, 1),
    };

    [Theory]
    [MemberData(nameof(Guests))]
    public void AnEndlessGuestEndsAtItsDeadline(string guest)
    {
        using Store store = Managed.CreateStore();
        Function run = Modules[guest]().Instantiate(store).GetFunction("run");
        // The first time with what the JIT takes, the second without.
        for (int i = 0; i < 2; i++)
        {
            var watch = Stopwatch.StartNew();
            store.SetDeadline(Deadline);
            var trap = Assert.Throws<WasmTrapException>(() => run.Invoke());
            TimeSpan late = watch.Elapsed - Deadline;
            output.WriteLine($"{guest}: {late.TotalMilliseconds:0.0} ms after its deadline");
            Assert.Equal(TrapKind.Deadline, trap.Kind);
            Assert.InRange(late, TimeSpan.FromMilliseconds(-20), Late);
        }
    }

    [Theory]
    [MemberData(nameof(Guests))]
    public async Task AnEndlessGuestEndsWhenItIsCancelled(string guest)
    {
        using Store store = Managed.CreateStore();
        Function run = Modules[guest]().Instantiate(store).GetFunction("run");
        using var cancellation = new CancellationTokenSource();
        store.SetDeadline(Timeout.InfiniteTimeSpan, cancellation.Token);
        Task<WasmTrapException> ended = Task.Factory.StartNew(
            () => Assert.Throws<WasmTrapException>(() => run.Invoke()), TaskCreationOptions.LongRunning);
        await Task.Delay(20);
        await cancellation.CancelAsync();
        Assert.Equal(TrapKind.Deadline, (await ended.WaitAsync(Late + Late)).Kind);
    }

    [Fact]
    public async Task GuestsThatHoldEveryThreadOfThePoolEndToo()
    {
        int guests = 4 * Environment.ProcessorCount;
        CompiledModule module = Managed.Compile(Of(Forever()).Build());
        Task<TrapKind>[] runs = [.. Enumerable.Range(0, guests).Select(_ => Task.Run(() =>
        {
            using Store store = Managed.CreateStore();
            Function run = module.Instantiate(store).GetFunction("run");
            store.SetDeadline(Deadline);
            return Assert.Throws<WasmTrapException>(() => run.Invoke()).Kind;
        }))];
        Assert.All(await Task.WhenAll(runs).WaitAsync(TimeSpan.FromSeconds(30)), kind => Assert.Equal(TrapKind.Deadline, kind));
    }

    [Fact]
    public void ADeadlineThatPassesInsideAHostFunctionEndsTheGuestAfterIt()
    {
        using Store store = Managed.CreateStore();
        Function sleep = store.CreateFunction(new FunctionType([], []), (Action)(() => Thread.Sleep(Deadline + Deadline)));
        Function run = new ModuleBuilder().Type([]).ImportFunction(0).Function(0, [Call, 0, .. Forever()])
            .Export("run", ExternalKind.Function, 1).Instantiate(store, sleep).GetFunction("run");
        store.SetDeadline(Deadline);
        Assert.Equal(TrapKind.Deadline, Assert.Throws<WasmTrapException>(() => run.Invoke()).Kind);
    }

    [Fact]
    public void ADeadlineStaysUntilTheNextOne()
    {
        using Store store = Managed.CreateStore();
        Instance instance = Of(Forever()).Function(0, [End]).Export("leaf", ExternalKind.Function, 1).Instantiate(store);
        Function run = instance.GetFunction("run"), leaf = instance.GetFunction("leaf");
        store.SetDeadline(TimeSpan.Zero);
        Assert.Equal(TrapKind.Deadline, Assert.Throws<WasmTrapException>(() => leaf.Invoke()).Kind);
        Assert.Equal(TrapKind.Deadline, Assert.Throws<WasmTrapException>(() => run.Invoke()).Kind);
        store.SetDeadline(TimeSpan.FromHours(1));
        leaf.Invoke();
        store.SetDeadline(Deadline);
        Assert.Equal(TrapKind.Deadline, Assert.Throws<WasmTrapException>(() => run.Invoke()).Kind);
        store.SetDeadline(Timeout.InfiniteTimeSpan);
        leaf.Invoke();
    }

    [Fact]
    public void AStartFunctionEndsAtTheDeadlineToo()
    {
        using Store store = Managed.CreateStore();
        store.SetDeadline(Deadline);
        ModuleBuilder module = Of(Forever()).Add(SectionId.Start, 0);
        Assert.Equal(TrapKind.Deadline, Assert.Throws<WasmTrapException>(() => module.Instantiate(store)).Kind);
    }

    [Fact]
    public void AnExtendedDeadlineLetsTheGuestGoOn()
    {
        using Store store = Managed.CreateStore();
        Function extend = store.CreateFunction(new FunctionType([], []), (Action)(() => store.SetDeadline(TimeSpan.FromMinutes(1))));
        Function late = store.CreateFunction(new FunctionType([], []), (Action)(() => Thread.Sleep(Deadline + Deadline)));
        // Past its deadline when the host extends it; the loop and the calls after that run.
        Function run = new ModuleBuilder().Type([]).ImportFunction(0).ImportFunction(0)
            .Function(0, [Call, 0, Call, 1, Call, 3, End]).Function(0, [End])
            .Export("run", ExternalKind.Function, 2).Instantiate(store, late, extend).GetFunction("run");
        store.SetDeadline(Deadline);
        run.Invoke();
    }
}
