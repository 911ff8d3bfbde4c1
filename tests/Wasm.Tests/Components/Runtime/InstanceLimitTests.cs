using System.Diagnostics;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Tests.Components.Runtime;

/// <summary>What ends an instance, and what a hostile component cannot do to its host.</summary>
public sealed class InstanceLimitTests
{
    private static readonly PrimitiveType U8 = PrimitiveType.Of(PrimitiveKind.U8), U32 = PrimitiveType.Of(PrimitiveKind.U32);

    [Fact]
    public void InstancesInsideOneAnotherAreBounded()
    {
        var error = Assert.Throws<WasmLimitException>(() => Make(Nested(levels: 5_000, each: 1)));
        Assert.Equal("hostile: component instances inside one another, expected at most 100", error.Message);
    }

    [Fact]
    public void InstancesOfOneComponentAreBounded()
    {
        var error = Assert.Throws<WasmLimitException>(() => Make(Nested(levels: 20, each: 10)));
        Assert.Equal("hostile: it makes too many component instances, expected at most 10000", error.Message);
    }

    [Fact]
    public void TheWorkOfAnInstantiationIsBounded()
    {
        // A component that puts a thousand exports together a thousand times, instantiated a hundred times.
        var inner = new ComponentBuilder();
        uint core = inner.Core(new GuestModule().Function("f", [], [], [Guest.End]));
        uint function = inner.CoreAlias(CoreSort.Func, core, "f");
        (string, CoreSort, uint)[] exports = [.. Enumerable.Range(0, 1_000).Select(i => ($"f{i}", CoreSort.Func, function))];
        for (int i = 0; i < 1_000; i++) inner.CoreExports(exports);
        var outer = new ComponentBuilder();
        uint component = outer.Component(inner);
        for (int i = 0; i < 100; i++) outer.Instance(component);

        var error = Assert.Throws<WasmLimitException>(() => Make(outer));
        Assert.Equal("hostile: it takes too long to instantiate, expected at most 20000000 steps", error.Message);
    }

    [Fact]
    public void AFunctionTypeThatIsTooLargeIsRefusedWhenItIsCalled()
    {
        TupleType large = new([.. Enumerable.Repeat(U8, 4_100)]);
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance echo = ValuePropertyTests.Instantiate(EchoComponents.InMemory(large, CanonOptionKind.Utf8), store);
        ComponentInstance forward = ValuePropertyTests.Instantiate(EchoComponents.ForwardInMemory(large, CanonOptionKind.Utf8), store, echo);
        ComponentValue value = new TupleValue([.. Enumerable.Repeat(new IntegerValue(PrimitiveKind.U8, 1), 4_100)]);

        Assert.Equal(EchoComponents.Wrapped(value), echo.GetFunction(null, "f").Invoke(EchoComponents.Arguments(value)));
        var error = Assert.Throws<WasmLimitException>(() => forward.GetFunction(null, "g").Invoke(EchoComponents.Arguments(value)));
        Assert.Equal("a function's type consists of 8223 value types, expected at most 4000 to call it", error.Message);
    }

    [Fact]
    public void AFunctionTypeOfManyLargeVariantsIsRefusedAtOnce()
    {
        VariantType variant = new([.. Enumerable.Range(0, 90_000).Select(i => new Case($"n{i}", i == 0 ? U8 : null))]);
        TupleType large = new([.. Enumerable.Repeat(variant, 30)]);
        using var store = new ComponentStore(Guest.Managed);
        var error = Assert.Throws<WasmLimitException>(() => ValuePropertyTests.Instantiate(EchoComponents.InMemory(large, CanonOptionKind.Utf8), store));
        Assert.Equal("a function's type has too many parts, expected at most 1000000", error.Message);
    }

    [Fact]
    public void ALongListOfFixedLengthIsMovedInALoop()
    {
        ListType list = new(U8, 100_000);
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance echo = ValuePropertyTests.Instantiate(EchoComponents.InMemory(list, CanonOptionKind.Utf8), store);
        ComponentInstance forward = ValuePropertyTests.Instantiate(EchoComponents.ForwardInMemory(list, CanonOptionKind.Utf8), store, echo);
        ComponentValue value = new ListValue([.. Enumerable.Range(0, 100_000).Select(i => (ComponentValue)new IntegerValue(PrimitiveKind.U8, (byte)i))]);
        Assert.Equal(EchoComponents.Wrapped(value), forward.GetFunction(null, "g").Invoke(EchoComponents.Arguments(value)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AHostFunctionThatWaitsIsToldOfTheDeadlineAndOfCancellation(bool byTime)
    {
        using var stop = new CancellationTokenSource();
        using var store = new ComponentStore(Guest.Managed);
        ComponentFunction g = Waiting(store);
        if (byTime) store.SetDeadline(TimeSpan.FromMilliseconds(100));
        else store.SetDeadline(TimeSpan.FromMinutes(5), stop.Token);
        if (!byTime) stop.CancelAfter(100);

        long start = Stopwatch.GetTimestamp();
        Assert.Throws<OperationCanceledException>(() => g.Invoke(new IntegerValue(PrimitiveKind.U32, 1)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0.05, 60);

        // A new deadline is a new beginning for instances that are reset or made now.
        store.SetDeadline(Timeout.InfiniteTimeSpan);
        Assert.False(store.Cancellation.IsCancellationRequested);
    }

    [Fact]
    public void AWaitThatHasBegunIsToldOfANewDeadline()
    {
        using var store = new ComponentStore(Guest.Managed);
        store.SetDeadline(TimeSpan.FromMinutes(5));
        CancellationToken token = store.Cancellation;
        store.SetDeadline(TimeSpan.FromMilliseconds(1));
        Assert.True(token.WaitHandle.WaitOne(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public void AnExitEndsItsInstanceAlone()
    {
        using var store = new ComponentStore(Guest.Managed);
        HostInterface host = new HostInterface("").Function("h", (uint code) => code == 0 ? 0u : throw new GuestExitException((int)code));
        PreparedComponent prepared = new ComponentLinker(Guest.Managed).Add(host).Prepare(EchoComponents.ForwardFlat(U32, CanonOptionKind.Utf8, "h", "g"));
        ComponentInstance first = prepared.Instantiate(store), second = prepared.Instantiate(store);

        Assert.Equal(3, Assert.Throws<GuestExitException>(() => Call(first, 3)).ExitCode);
        Assert.Throws<ComponentTrapException>(() => Call(first, 0));
        Assert.Equal(0u, Call(second, 0));
        first.Reset();
        Assert.Equal(0u, Call(first, 0));
    }

    [Fact]
    public void AnInstanceIsNotResetWhileItRuns()
    {
        ComponentInstance? instance = null;
        using var store = new ComponentStore(Guest.Managed);
        HostInterface host = new HostInterface("").Function("h", (uint x) =>
        {
            Assert.Throws<InvalidOperationException>(instance!.Reset);
            return x;
        });
        instance = new ComponentLinker(Guest.Managed).Add(host).Prepare(EchoComponents.ForwardFlat(U32, CanonOptionKind.Utf8, "h", "g")).Instantiate(store);
        Assert.Equal(5u, Call(instance, 5));
    }

    [Fact]
    public void AResetForgetsWhatAnInstanceHasWritten()
    {
        var builder = new ComponentBuilder();
        byte[] count =
        [
            .. Guest.Const(16), .. Guest.Const(16), Guest.Load, 2, 0, .. Guest.Const(1), Guest.Add, Guest.StoreI32, 2, 0,
            .. Guest.Const(16), Guest.Load, 2, 0, Guest.End,
        ];
        uint core = builder.Core(new GuestModule().Function("count", [], GuestModule.I32, count));
        builder.LiftExport(core, "count", builder.Function([], ComponentBuilder.Use(PrimitiveKind.U32)));
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance instance = ValuePropertyTests.Instantiate(builder.Compile(), store);
        var next = instance.GetFunction(null, "count").CreateDelegate<Func<uint>>();
        Assert.Equal([1u, 2u], [next(), next()]);
        instance.Reset();
        Assert.Equal(1u, next());
    }

    private static uint Call(ComponentInstance instance, uint argument) => instance.GetFunction(null, "g").CreateDelegate<Func<uint, uint>>()(argument);

    private static ComponentFunction Waiting(ComponentStore store)
    {
        HostInterface host = new HostInterface("").Function("h", (ComponentStore caller, uint x) =>
        {
            CancellationToken cancellation = caller.Cancellation;
            cancellation.WaitHandle.WaitOne(TimeSpan.FromMinutes(2));
            cancellation.ThrowIfCancellationRequested();
            return x;
        });
        return new ComponentLinker(Guest.Managed).Add(host).Prepare(EchoComponents.ForwardFlat(U32, CanonOptionKind.Utf8, "h", "g"))
            .Instantiate(store).GetFunction(null, "g");
    }

    private static void Make(ComponentBuilder builder)
    {
        using var store = new ComponentStore(Guest.Managed);
        new ComponentLinker(Guest.Managed).Prepare(builder.Compile("hostile")).Instantiate(store);
    }

    // Components each of which instantiates the one before it, all of them side by side.
    private static ComponentBuilder Nested(int levels, int each)
    {
        var builder = new ComponentBuilder();
        uint before = builder.Component(new ComponentBuilder());
        for (int level = 0; level < levels; level++)
        {
            var next = new ComponentBuilder();
            uint outer = next.Outer(Sort.Component, before);
            for (int i = 0; i < each; i++) next.Instance(outer);
            before = builder.Component(next);
        }

        builder.Instance(before);
        return builder;
    }
}
