using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.CanonicalAbi;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Tests.Components.Runtime;

/// <summary>The host calls <c>g</c> of an instance, which calls <c>f</c> of another, which calls <c>h</c> of the host.</summary>
public sealed class InterceptorTests
{
    private static readonly ListType Bytes = new(PrimitiveType.Of(PrimitiveKind.U8), null);
    private static readonly PrimitiveType U32 = PrimitiveType.Of(PrimitiveKind.U32);

    [Fact]
    public void EveryCallAcrossABoundaryIsShownWithItsOutcome()
    {
        foreach (bool typed in (bool[])[false, true])
        {
            var seen = new Script();
            using var store = new ComponentStore(Guest.Managed) { Interceptor = seen };
            ComponentFunction g = Linked(store, U32, (uint x) => x + 1);

            uint result = typed ? g.CreateDelegate<Func<uint, uint>>()(41) : (uint)((IntegerValue)g.Invoke(Number(41))!).Unsigned;

            Assert.Equal(42u, result);
            Assert.Equal(
                [
                    "Export g(41)", "Internal f(41)", "Import h(41)", "h Returned 42", "f result 42", "f Returned 42", "g Returned 42",
                ],
                seen.Events);
        }
    }

    public static TheoryData<string, string> Endings() => new()
    {
        { "refuse", "Refused" },
        { "trap", "Trapped" },
        { "deadline", "LimitHit" },
        { "cancelled", "LimitHit" },
        { "exit", "Exited" },
        { "fail", "Failed" },
    };

    [Theory]
    [MemberData(nameof(Endings))]
    public void ACallThatDoesNotReturnIsShownWithTheReason(string ending, string outcome)
    {
        foreach (bool typed in (bool[])[false, true])
        {
            var seen = new Script();
            if (ending == "refuse") seen.Decide = call => call.Function == "h" ? CallDecision.Refuse("not allowed") : CallDecision.Proceed;
            using var store = new ComponentStore(Guest.Managed) { Interceptor = seen };
            ComponentFunction g = Linked(store, U32, uint (uint _) => ending switch
            {
                "trap" => throw new ComponentTrapException("bad luck"),
                "deadline" => throw new WasmTrapException(TrapKind.Deadline),
                "cancelled" => throw new OperationCanceledException(),
                "exit" => throw new GuestExitException(3),
                _ => throw new InvalidOperationException("broken"),
            });

            Exception? error = Record.Exception(() => typed ? g.CreateDelegate<Func<uint, uint>>()(1) : (object?)g.Invoke(Number(1)));

            Assert.NotNull(error);
            Assert.Equal([$"h {outcome}", $"f {outcome}", $"g {outcome}"], seen.Events.Skip(3));
            Assert.Contains("cannot enter", Assert.Throws<ComponentTrapException>(() => g.Invoke(Number(1))).Message);
        }
    }

    [Fact]
    public void ARefusedExportCanBeCalledAgain()
    {
        foreach (bool typed in (bool[])[false, true])
        {
            var seen = new Script { Decide = _ => CallDecision.Refuse("not now") };
            using var store = new ComponentStore(Guest.Managed) { Interceptor = seen };
            ComponentFunction g = Linked(store, U32, (uint x) => x);
            var call = g.CreateDelegate<Func<uint, uint>>();

            var refusal = Assert.Throws<CallRefusedException>(() => typed ? call(1) : (object?)g.Invoke(Number(1)));

            Assert.Equal("not now", refusal.Message);
            Assert.Equal(["Export g(1)", "g Refused"], seen.Events);
            seen.Decide = null;
            Assert.Equal(1u, call(1));
        }
    }

    [Fact]
    public void AnAnswerStandsInTheCalleesPlace()
    {
        int called = 0;
        var seen = new Script { Decide = call => call.Function == "h" ? CallDecision.Answer(Number(7)) : CallDecision.Proceed };
        using var store = new ComponentStore(Guest.Managed) { Interceptor = seen };
        ComponentFunction g = Linked(store, U32, (uint _) => (uint)called++);

        Assert.Equal(Number(7), g.Invoke(Number(1)));
        Assert.Equal(0, called);
        Assert.Contains("h Answered", seen.Events);

        seen.Decide = call => call.Function == "h" ? CallDecision.Answer(new BoolValue(true)) : CallDecision.Proceed;
        seen.Events.Clear();
        Assert.Throws<ArgumentException>(() => g.Invoke(Number(1)));
        Assert.Contains("h Failed", seen.Events);
    }

    [Fact]
    public void AResultIsRefusedOrReplacedBeforeTheCallerHasIt()
    {
        var seen = new Script { Judge = call => CallDecision.Answer(Number(99)) };
        using var store = new ComponentStore(Guest.Managed) { Interceptor = seen };
        ComponentFunction g = Linked(store, U32, (uint x) => x);
        Assert.Equal(Number(99), g.Invoke(Number(1)));
        Assert.Contains("f Answered", seen.Events);

        seen.Judge = _ => CallDecision.Refuse("secret");
        Assert.Equal("secret", Assert.Throws<CallRefusedException>(() => g.Invoke(Number(1))).Message);
        Assert.Contains("f Refused", seen.Events);
    }

    [Fact]
    public void ARoutedCallGoesToAnotherStore()
    {
        using var other = new ComponentStore(Guest.Managed);
        ComponentFunction target = new ComponentLinker(Guest.Managed).Add(Host((uint x) => x * 2))
            .Prepare(EchoComponents.ForwardFlat(U32, CanonOptionKind.Utf8, "h", "f")).Instantiate(other).GetFunction(null, "f");
        var seen = new Script { Decide = call => call.Function == "f" ? CallDecision.Route(target) : CallDecision.Proceed };
        using var store = new ComponentStore(Guest.Managed) { Interceptor = seen };
        CompiledComponent caller = EchoComponents.ForwardFlat(U32, CanonOptionKind.Utf8, "f", "g");
        ComponentFunction g = new ComponentLinker(Guest.Managed).AddRoute("f").Prepare(caller).Instantiate(store).GetFunction(null, "g");

        Assert.Equal(Number(42), g.Invoke(Number(21)));
        Assert.Equal(Number(42), g.Invoke(Number(21)));

        // What is not routed must not go where the call before went.
        seen.Decide = null;
        Assert.Equal("wasm trap: no component answers f", Assert.Throws<ComponentTrapException>(() => g.Invoke(Number(1))).Message);
    }

    [Fact]
    public void ARouteWithoutAnInterceptorTraps()
    {
        using var store = new ComponentStore(Guest.Managed);
        CompiledComponent caller = EchoComponents.ForwardFlat(U32, CanonOptionKind.Utf8, "f", "g");
        ComponentFunction g = new ComponentLinker(Guest.Managed).AddRoute("f").Prepare(caller).Instantiate(store).GetFunction(null, "g");
        Assert.Equal("wasm trap: no component answers f", Assert.Throws<ComponentTrapException>(() => g.Invoke(Number(1))).Message);
    }

    [Fact]
    public void ARouteToAFunctionOfAnotherTypeIsRefused()
    {
        using var other = new ComponentStore(Guest.Managed);
        ComponentFunction target = new ComponentLinker(Guest.Managed).Add(Host((byte x) => x))
            .Prepare(EchoComponents.ForwardFlat(PrimitiveType.Of(PrimitiveKind.U8), CanonOptionKind.Utf8, "h", "f")).Instantiate(other).GetFunction(null, "f");
        var seen = new Script { Decide = call => call.Function == "f" ? CallDecision.Route(target) : CallDecision.Proceed };
        using var store = new ComponentStore(Guest.Managed) { Interceptor = seen };
        CompiledComponent caller = EchoComponents.ForwardFlat(U32, CanonOptionKind.Utf8, "f", "g");
        ComponentFunction g = new ComponentLinker(Guest.Managed).AddRoute("f").Prepare(caller).Instantiate(store).GetFunction(null, "g");
        Assert.Equal("the function that the call is routed to is of another type", Assert.Throws<InvalidOperationException>(() => g.Invoke(Number(1))).Message);
        Assert.Contains("f Failed", seen.Events);
    }

    [Fact]
    public void ArgumentsCannotBeAskedForWhenTheCallerHasGoneOn()
    {
        ComponentCall? kept = null;
        var seen = new Script { ReadsArguments = false, Decide = call => { kept = call; return CallDecision.Proceed; } };
        using var store = new ComponentStore(Guest.Managed) { Interceptor = seen };
        Linked(store, U32, (uint x) => x).Invoke(Number(1));
        Assert.Throws<InvalidOperationException>(() => kept!.Arguments);
        Assert.Null(kept!.Result);
    }

    [Fact]
    public void WhatWentFromGuestToGuestIsMeasuredAsEachGotIt()
    {
        var sizes = new List<(string, long, long, bool)>();
        var seen = new Script { Ended = call => sizes.Add((call.Function, call.ArgumentBytes, call.ResultBytes, call.HasCopied)) };
        using var flat = new ComponentStore(Guest.Managed) { Interceptor = seen };
        Linked(flat, U32, (uint x) => x).Invoke(Number(1));

        // Nothing lies in the memory of a guest, and the host has none.
        Assert.Equal([("h", 0, 0, false), ("f", 4, 4, false), ("g", 0, 0, false)], sizes);

        sizes.Clear();
        using var store = new ComponentStore(Guest.Managed) { Interceptor = seen };
        PrimitiveType text = PrimitiveType.Of(PrimitiveKind.String);
        ComponentInstance echo = ValuePropertyTests.Instantiate(EchoComponents.InMemory(text, CanonOptionKind.Utf8), store);
        ComponentInstance forward = ValuePropertyTests.Instantiate(EchoComponents.ForwardInMemory(text, CanonOptionKind.Utf16), store, echo);
        ComponentFunction function = forward.GetFunction(null, "g");
        for (int i = 0; i < 2; i++) function.Invoke(EchoComponents.Arguments(new StringValue("naïve")));

        // (string, u8) is 12 bytes, sixteen u64 after it 144 together; the string 6 bytes of UTF-8 there and 10 of UTF-16 here.
        Assert.Equal([("f", 144 + 6, 12 + 10, true), ("f", 144 + 6, 12 + 10, true)], sizes.Where(static one => one.Item1 == "f"));

        sizes.Clear();
        seen.Judge = _ => CallDecision.Refuse("secret");
        Assert.Throws<CallRefusedException>(() => function.Invoke(EchoComponents.Arguments(new StringValue("naïve"))));
        Assert.Contains(("f", 144 + 6, 0, true), sizes);
    }

    [Fact]
    public void NothingIsPaidWhereThereIsNoInterceptor()
    {
        using var store = new ComponentStore(Guest.Managed);
        var g = (LiftedFunction)Linked(store, U32, (uint x) => x);
        Assert.Same(g.CoreDelegate, g.EntryDelegate);

        using var blind = new ComponentStore(Guest.Managed) { Interceptor = new Script { Blind = true } };
        var unseen = (LiftedFunction)Linked(blind, U32, (uint x) => x);
        Assert.Same(unseen.CoreDelegate, unseen.EntryDelegate);
        Assert.Equal(Number(1), unseen.Invoke(Number(1)));
        Assert.Empty(((Script)blind.Interceptor).Events);
    }

    [Fact]
    public void AnExportWhoseResultIsNoValueHasTrapped()
    {
        foreach (bool typed in (bool[])[false, true])
        {
            var seen = new Script();
            using var store = new ComponentStore(Guest.Managed) { Interceptor = seen };
            var builder = new ComponentBuilder();
            uint core = builder.Core(new GuestModule().Function("f", [], GuestModule.I32, [.. Guest.Const(0xD800), Guest.End]));
            builder.LiftExport(core, "f", builder.Function([], ComponentBuilder.Use(PrimitiveKind.Char)));
            ComponentFunction f = ValuePropertyTests.Instantiate(builder.Compile(), store).GetFunction(null, "f");

            Assert.Throws<ComponentTrapException>(() => typed ? f.CreateDelegate<Func<System.Text.Rune>>()() : (object?)f.Invoke());
            Assert.Equal(["Export f()", "f Trapped"], seen.Events);
        }
    }

    [Fact]
    public void AListThatIsTooLargeToShowEndsTheCall()
    {
        // A list of 2^20 lists in one megabyte, all of them the same megabyte.
        using var store = new ComponentStore(Guest.Managed) { Interceptor = new Script() };
        ListType lists = new(new ListType(PrimitiveType.Of(PrimitiveKind.Bool), null), null);
        CompiledComponent hostile = Hostile(lists);
        ComponentInstance instance = new ComponentLinker(Guest.Managed).AddRoute("h").Prepare(hostile).Instantiate(store);
        long before = GC.GetAllocatedBytesForCurrentThread();

        var trap = Assert.Throws<ComponentTrapException>(() => instance.GetFunction(null, "run").Invoke());

        Assert.StartsWith("wasm trap: the values of one call are too large", trap.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 * CanonicalBytes);
    }

    [Fact]
    public void AListThatIsTooLargeForTheHostEndsTheCall()
    {
        using var store = new ComponentStore(Guest.Managed);
        ListType lists = new(new ListType(PrimitiveType.Of(PrimitiveKind.Bool), null), null);
        HostInterface host = new HostInterface("").Function("h", (bool[][] _) => { });
        ComponentInstance instance = new ComponentLinker(Guest.Managed).Add(host).Prepare(Hostile(lists)).Instantiate(store);
        long before = GC.GetAllocatedBytesForCurrentThread();

        var trap = Assert.Throws<ComponentTrapException>(() => instance.GetFunction(null, "run").Invoke());

        Assert.StartsWith("wasm trap: the values of one call are too large", trap.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 * CanonicalBytes);
    }

    private const long CanonicalBytes = AbiContext.MaxLiftedBytes;

    // Fills memory with pairs of zero and the length of all memory, and calls h with a list of all of them.
    private static CompiledComponent Hostile(ListType type)
    {
        const int memory = 16 << 16;
        var builder = new ComponentBuilder();
        uint function = builder.Function([("x", builder.Use(type, imports: true))]);
        uint lowered = builder.Lower(builder.Import("h", Sort.Func, function), builder.Options());
        byte[] code =
        [
            Guest.Loop, Guest.Empty,
            Guest.Get, 0, .. Guest.Const(0), Guest.StoreI32, 2, 0, Guest.Get, 0, .. Guest.Const(memory), Guest.StoreI32, 2, 4,
            Guest.Get, 0, .. Guest.Const(8), Guest.Add, 0x22, 0, .. Guest.Const(memory), 0x49, Guest.BrIf, 0, Guest.End,
            .. Guest.Const(0), .. Guest.Const(memory / 8), Guest.Call, 1, Guest.End,
        ];
        GuestModule module = new GuestModule(("h", GuestModule.Types(2), [])).Function("run", [], [], code, (1, Wasm.Binary.ValueType.I32));
        builder.LiftExport(builder.Core(module, ("h", lowered)), "run", builder.Function([]));
        return builder.Compile("hostile");
    }

    private static ComponentFunction Linked(ComponentStore store, ValType type, Delegate host)
    {
        ComponentInstance callee = new ComponentLinker(Guest.Managed).Add(Host(host))
            .Prepare(EchoComponents.ForwardFlat(type, CanonOptionKind.Utf8, "h", "f")).Instantiate(store);
        return ValuePropertyTests.Instantiate(EchoComponents.ForwardFlat(type, CanonOptionKind.Utf16, "f", "g"), store, callee).GetFunction(null, "g");
    }

    private static HostInterface Host(Delegate function) => new HostInterface("").Function("h", function);

    private static IntegerValue Number(uint value) => new(PrimitiveKind.U32, value);

    /// <summary>Decides as it is told, and notes what it sees.</summary>
    private sealed class Script : CallInterceptor
    {
        public List<string> Events { get; } = [];

        public Func<ComponentCall, CallDecision>? Decide { get; set; }

        public Func<ComponentCall, CallDecision>? Judge { get; set; }

        public Action<ComponentCall>? Ended { get; init; }

        public bool ReadsArguments { get; init; } = true;

        public bool Blind { get; init; }

        public override bool Observes(ComponentFunction callee) => !Blind;

        public override CallDecision OnCall(ComponentCall call)
        {
            if (ReadsArguments) Events.Add($"{call.Direction} {call.Function}({string.Join(", ", call.Arguments)})");
            return Decide?.Invoke(call) ?? CallDecision.Proceed;
        }

        public override CallDecision OnResult(ComponentCall call)
        {
            Events.Add($"{call.Function} result {call.Result}");
            return Judge?.Invoke(call) ?? CallDecision.Proceed;
        }

        public override void OnOutcome(ComponentCall call, CallOutcome outcome, Exception? error)
        {
            Events.Add($"{call.Function} {outcome}{(outcome == CallOutcome.Returned ? " " + call.Result : "")}");
            Ended?.Invoke(call);
        }
    }
}
