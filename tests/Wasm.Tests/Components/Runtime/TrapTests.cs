using System.Text;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Execution;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests.Components.Runtime;

/// <summary>The traps of the canonical ABI, on each of its paths: to the host as trees, to the host's types, and to another guest.</summary>
public sealed class TrapTests
{
    // Where functions put their results, and where those point to.
    private const int Result = 16, Data = 64;

    private static readonly PrimitiveType Text = PrimitiveType.Of(PrimitiveKind.String), Byte = PrimitiveType.Of(PrimitiveKind.U8);
    private static readonly ListType Words = new(PrimitiveType.Of(PrimitiveKind.U32), null);

    private enum Shade
    {
        Dark,
        Light,
    }

    public static TheoryData<string, string> BadResults()
    {
        var data = new TheoryData<string, string>();
        foreach (BadResult one in BadResult.All) data.Add(one.Name, one.Message);
        return data;
    }

    [Theory]
    [MemberData(nameof(BadResults))]
    public void ABadResultTraps(string name, string message)
    {
        BadResult bad = BadResult.All.Single(one => one.Name == name);
        foreach (Action<ComponentInstance> call in (Action<ComponentInstance>[])
                 [one => one.GetFunction(null, "f").Invoke(), one => bad.CallTyped(one.GetFunction(null, "f")), Forwarded(bad)])
        {
            using var store = new ComponentStore(Guest.Managed);
            ComponentInstance instance = ValuePropertyTests.Instantiate(Returning(bad), store);
            var trap = Assert.Throws<ComponentTrapException>(() => call(instance));
            Assert.StartsWith("wasm trap: " + message, trap.Message);
            AssertEnded(() => instance.GetFunction(null, "f").Invoke());
        }
    }

    [Theory]
    [InlineData(CanonOptionKind.Utf16, 4097, "realloc return: result not aligned")]
    [InlineData(CanonOptionKind.Latin1Utf16, 1, "realloc return: result not aligned")]
    [InlineData(CanonOptionKind.Utf8, -2, "realloc return: beyond end of memory")]
    [InlineData(CanonOptionKind.Utf8, (16 << 16) - 2, "realloc return: beyond end of memory")]
    public void ABadPointerFromReallocTraps(CanonOptionKind encoding, int pointer, string message)
    {
        byte[] realloc = [.. Guest.Const(pointer), Guest.End];
        foreach (Action<ComponentInstance> call in CallsWithText)
        {
            using var store = new ComponentStore(Guest.Managed);
            ComponentInstance instance = ValuePropertyTests.Instantiate(TakingText(realloc, encoding), store);
            Assert.StartsWith("wasm trap: " + message, Assert.Throws<ComponentTrapException>(() => call(instance)).Message);
            AssertEnded(() => instance.GetFunction(null, "f").Invoke(new StringValue("again")));
        }
    }

    [Fact]
    public void ATrapInReallocPassesThrough()
    {
        foreach (Action<ComponentInstance> call in CallsWithText)
        {
            using var store = new ComponentStore(Guest.Managed);
            ComponentInstance instance = ValuePropertyTests.Instantiate(TakingText([Guest.Unreachable, Guest.End], CanonOptionKind.Utf8), store);
            Assert.Equal(TrapKind.Unreachable, Assert.Throws<WasmTrapException>(() => call(instance)).Kind);
            AssertEnded(() => instance.GetFunction(null, "f").Invoke(new StringValue("again")));
        }
    }

    [Theory]
    [InlineData("realloc")]
    [InlineData("post-return")]
    [InlineData("new")]
    [InlineData("drop")]
    public void NothingIsCalledWhileReallocOrPostReturnRuns(string where)
    {
        foreach (CallInterceptor? interceptor in (CallInterceptor?[])[null, new RecordingInterceptor()])
        {
            int called = 0;
            using var store = new ComponentStore(Guest.Managed) { Interceptor = interceptor };
            var host = new HostInterface("").Function("h", () => { called++; });
            ComponentInstance instance = new ComponentLinker(Guest.Managed).Add(host).Prepare(Leaving(where)).Instantiate(store);

            var trap = Assert.Throws<ComponentTrapException>(() => instance.GetFunction(null, "f").Invoke(new StringValue("text")));

            Assert.Equal("wasm trap: cannot leave component instance", trap.Message);
            Assert.Equal(0, called);
        }
    }

    [Fact]
    public void AnInstanceIsNotEnteredWhileItRuns()
    {
        ComponentInstance? instance = null;
        using var store = new ComponentStore(Guest.Managed);
        var host = new HostInterface("").Function("h", () => { instance!.GetFunction(null, "f").Invoke(new StringValue("inner")); });
        instance = new ComponentLinker(Guest.Managed).Add(host).Prepare(Leaving("body")).Instantiate(store);

        var trap = Assert.Throws<ComponentTrapException>(() => instance.GetFunction(null, "f").Invoke(new StringValue("outer")));

        Assert.Equal("wasm trap: cannot enter component instance", trap.Message);
    }

    [Theory]
    [InlineData("f")]
    [InlineData("realloc")]
    [InlineData("post-return")]
    public void AnExceptionDoesNotLeaveAComponent(string where)
    {
        foreach (Action<ComponentInstance> call in CallsWithText)
        {
            using var store = new ComponentStore(Guest.Managed);
            ComponentInstance instance = ValuePropertyTests.Instantiate(Throwing(where), store);
            var trap = Assert.Throws<ComponentTrapException>(() => call(instance));
            Assert.Equal("wasm trap: an exception left the component", trap.Message);
            AssertEnded(() => instance.GetFunction(null, "f").Invoke(new StringValue("again")));
        }
    }

    [Fact]
    public void ATrapEndsItsInstanceAloneAndAResetBringsItBack()
    {
        using var store = new ComponentStore(Guest.Managed);
        BadResult bad = BadResult.All[0];
        PreparedComponent prepared = new ComponentLinker(Guest.Managed).Prepare(Returning(bad));
        ComponentInstance first = prepared.Instantiate(store), second = prepared.Instantiate(store);

        Assert.Throws<ComponentTrapException>(() => first.GetFunction(null, "f").Invoke());
        Assert.Null(second.GetFunction(null, "fine").Invoke());
        AssertEnded(() => first.GetFunction(null, "fine").Invoke());
        first.Reset();
        Assert.Null(first.GetFunction(null, "fine").Invoke());
    }

    [Fact]
    public void AnArgumentThatDoesNotFitDoesNotEndTheInstance()
    {
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance instance = ValuePropertyTests.Instantiate(EchoComponents.InMemory(Text, CanonOptionKind.Utf8), store);
        ComponentFunction function = instance.GetFunction(null, "f");
        ComponentValue[] wrong = EchoComponents.Arguments(new BoolValue(true)), right = EchoComponents.Arguments(new StringValue("x"));

        Assert.Throws<ArgumentException>(() => function.Invoke(wrong));
        Assert.Throws<ArgumentException>(() => function.Invoke(right[..3]));
        Assert.Equal(right[0], function.Invoke(right));

        ComponentInstance taker = ValuePropertyTests.Instantiate(TakingText(null, CanonOptionKind.Utf8), store);
        var take = taker.GetFunction(null, "f").CreateDelegate<Action<string>>();
        Assert.Throws<ArgumentNullException>(() => take(null!));
        take("right");
    }

    [Fact]
    public void AnIntegerBeyondItsTypeIsRefused()
    {
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance instance = ValuePropertyTests.Instantiate(EchoComponents.InMemory(Byte, CanonOptionKind.Utf8), store);
        var error = Assert.Throws<ArgumentException>(() => instance.GetFunction(null, "f").Invoke(
            EchoComponents.Arguments(new IntegerValue(PrimitiveKind.U8, 256))));
        Assert.Equal("256 is no u8", error.Message);
    }

    private static readonly Action<ComponentInstance>[] CallsWithText =
    [
        one => one.GetFunction(null, "f").Invoke(new StringValue("text")),
        one => one.GetFunction(null, "f").CreateDelegate<Action<string>>()("text"),
        CallThroughAnother,
    ];

    private static void AssertEnded(Action call) =>
        Assert.Equal("wasm trap: cannot enter component instance", Assert.Throws<ComponentTrapException>(call).Message);

    // Passes a text on from a guest of the same store.
    private static void CallThroughAnother(ComponentInstance callee)
    {
        ComponentInstance caller = ValuePropertyTests.Instantiate(EchoComponents.ForwardFlat(Text, CanonOptionKind.Utf16, "f", "g"), callee.Store, callee);
        caller.GetFunction(null, "g").Invoke(new StringValue("text"));
    }

    private static Action<ComponentInstance> Forwarded(BadResult bad) => callee =>
    {
        var builder = new ComponentBuilder();
        uint f = builder.Function([], builder.Use(bad.Type, imports: true));
        uint lowered = builder.Lower(builder.Import("f", Sort.Func, f), builder.Options(bad.CallerEncoding));
        ValueType[] parameters = bad.IsFlat ? [] : GuestModule.I32, results = bad.IsFlat ? GuestModule.I32 : [];
        byte[] code = bad.IsFlat ? [Guest.Call, 1, Guest.Drop, Guest.End] : [.. Guest.Const(128), Guest.Call, 1, Guest.End];
        uint core = builder.Core(new GuestModule(("f", parameters, results)).Function("g", [], [], code), ("f", lowered));
        builder.LiftExport(core, "g", builder.Function([]));
        ValuePropertyTests.Instantiate(builder.Compile(), callee.Store, callee).GetFunction(null, "g").Invoke();
    };

    /// <summary>Exports <c>f</c>, which gives the bad result, and <c>fine</c>, which does nothing.</summary>
    private static CompiledComponent Returning(BadResult bad)
    {
        var builder = new ComponentBuilder();
        uint core = builder.Core(new GuestModule()
            .Function("f", [], GuestModule.I32, [.. bad.Code, Guest.End])
            .Function("fine", [], [], [Guest.End]));
        builder.LiftExport(core, "f", builder.Function([], builder.Use(bad.Type, imports: false)), builder.Options(bad.Encoding));
        builder.LiftExport(core, "fine", builder.Function([]));
        return builder.Compile();
    }

    /// <summary>Exports <c>f: func(s: string)</c>, perhaps with a <c>realloc</c> of its own.</summary>
    private static CompiledComponent TakingText(byte[]? realloc, CanonOptionKind encoding)
    {
        var builder = new ComponentBuilder();
        uint core = builder.Core(new GuestModule()
            .Function("realloc", GuestModule.Types(4), GuestModule.I32, realloc ?? [Guest.Get, 0, Guest.End])
            .Function("f", GuestModule.Types(2), [], [Guest.End]));
        CanonOption[] options = builder.Options(encoding);
        if (realloc is not null) options[2] = new CanonOption(CanonOptionKind.Realloc, builder.CoreAlias(CoreSort.Func, core, "realloc"));
        builder.LiftExport(core, "f", builder.Function([("x", ComponentBuilder.Use(PrimitiveKind.String))]), options);
        return builder.Compile();
    }

    /// <summary>Imports <c>h</c>; exports <c>f: func(s: string)</c>, which calls out where it is said to.</summary>
    private static CompiledComponent Leaving(string where)
    {
        var builder = new ComponentBuilder();
        uint lowered = builder.Lower(builder.Import("h", Sort.Func, builder.Function([])));
        uint resource = builder.Resource();
        var module = new GuestModule(("h", [], []), ("new", GuestModule.I32, GuestModule.I32), ("drop", GuestModule.I32, []));
        byte[] leave = where switch
        {
            "new" => [.. Guest.Const(1), Guest.Call, 2, Guest.Drop],
            "drop" => [.. Guest.Const(1), Guest.Call, 3],
            _ => [Guest.Call, 1],
        };
        module.Function("leaving-realloc", GuestModule.Types(4), GuestModule.I32, [.. leave, .. Guest.Const(Data), Guest.End]);
        module.Function("f", GuestModule.Types(2), [], where == "body" ? [Guest.Call, 1, Guest.End] : [Guest.End]);
        module.Function("after", [], [], [Guest.Call, 1, Guest.End]);
        uint core = builder.Core(
            module, ("h", lowered), ("new", builder.Canon(CanonKind.ResourceNew, resource)), ("drop", builder.Canon(CanonKind.ResourceDrop, resource)));
        List<CanonOption> options = [.. builder.Options()];
        if (where is "realloc" or "new" or "drop")
            options[2] = new CanonOption(CanonOptionKind.Realloc, builder.CoreAlias(CoreSort.Func, core, "leaving-realloc"));
        if (where == "post-return") options.Add(new CanonOption(CanonOptionKind.PostReturn, builder.CoreAlias(CoreSort.Func, core, "after")));
        builder.LiftExport(core, "f", builder.Function([("x", ComponentBuilder.Use(PrimitiveKind.String))]), [.. options]);
        return builder.Compile();
    }

    /// <summary>Exports <c>f: func(s: string)</c>; one of its parts throws.</summary>
    private static CompiledComponent Throwing(string where)
    {
        var builder = new ComponentBuilder();
        byte[] Code(string name, params byte[] otherwise) => name == where ? [Guest.Throw, 0, Guest.End] : [.. otherwise, Guest.End];
        uint core = builder.Core(new GuestModule()
            .Tag()
            .Function("realloc", GuestModule.Types(4), GuestModule.I32, Code("realloc", Guest.Const(Data)))
            .Function("f", GuestModule.Types(2), [], Code("f"))
            .Function("after", [], [], Code("post-return")));
        CanonOption[] options = builder.Options();
        options[2] = new CanonOption(CanonOptionKind.Realloc, builder.CoreAlias(CoreSort.Func, core, "realloc"));
        builder.LiftExport(
            core, "f", builder.Function([("x", ComponentBuilder.Use(PrimitiveKind.String))]),
            [.. options, new CanonOption(CanonOptionKind.PostReturn, builder.CoreAlias(CoreSort.Func, core, "after"))]);
        return builder.Compile();
    }

    /// <summary>A result that is no value of its type.</summary>
    private sealed record BadResult(
        string Name, ValType Type, byte[] Code, string Message, Action<ComponentFunction> CallTyped, CanonOptionKind Encoding = CanonOptionKind.Utf8)
    {
        private static readonly Action<ComponentFunction> AsText = one => one.CreateDelegate<Func<string>>()();
        private static readonly Action<ComponentFunction> AsWords = one => one.CreateDelegate<Func<uint[]>>()();

        public static BadResult[] All { get; } =
        [
            new("unaligned result", Text, Guest.Const(18), "unaligned pointer 0x12, expected a multiple of 4", AsText),
            new("result out of bounds", Text, Guest.Const((16 << 16) - 4), "pointer out of bounds of memory", AsText),
            new("result at the end of addresses", Text, Guest.Const(-4), "pointer out of bounds of memory", AsText),
            new("string out of bounds", Text, Pair((16 << 16) - 1, 2), "pointer out of bounds of memory", AsText),
            new("string whose end wraps around", Text, Pair(-1, 2), "pointer out of bounds of memory", AsText),
            new("empty string out of bounds", Text, Pair((16 << 16) + 1, 0), "pointer out of bounds of memory", AsText),
            new("string too long", Text, Pair(0, 1 << 28), "string of 268435456 bytes is too long", AsText),
            new("string far too long", Text, Pair(0, -1), "string of 4294967295 bytes is too long", AsText),
            new("bad utf8", Text, [.. Pair(Data, 2, 0xA9C3 << 8)], "invalid utf8", AsText),
            new("cut off utf8", Text, [.. Pair(Data, 1, 0xC3)], "invalid utf8", AsText),
            new("a surrogate in utf8", Text, [.. Pair(Data, 3, 0x80A0ED)], "invalid utf8", AsText),
            new("unaligned utf16", Text, Pair(Data + 1, 1), "unaligned pointer", AsText, CanonOptionKind.Utf16),
            new("utf16 too long", Text, Pair(0, 1 << 27), "string of 268435456 bytes is too long", AsText, CanonOptionKind.Utf16),
            new("half a pair in utf16", Text, Pair(Data, 2, 0x0041_D800), "invalid utf16", AsText, CanonOptionKind.Utf16),
            new("a pair the wrong way about", Text, Pair(Data, 2, unchecked((int)0xD800_DC00)), "invalid utf16", AsText, CanonOptionKind.Utf16),
            new("unaligned latin1", Text, Pair(Data + 1, 1), "unaligned pointer", AsText, CanonOptionKind.Latin1Utf16),
            new("half a pair in tagged utf16", Text, Pair(Data, 1 | (1 << 31), 0xDC00), "invalid utf16", AsText, CanonOptionKind.Latin1Utf16),
            new("tagged utf16 too long", Text, Pair(0, (1 << 27) | (1 << 31)), "string of 268435456 bytes is too long", AsText, CanonOptionKind.Latin1Utf16),
            new("unaligned list", Words, Pair(Data + 2, 1), "unaligned pointer", AsWords),
            new("unaligned empty list", Words, Pair(Data + 2, 0), "unaligned pointer", AsWords),
            new("list out of bounds", Words, Pair((16 << 16) - 4, 2), "pointer out of bounds of memory", AsWords),
            new("list too long", Words, Pair(0, 1 << 26), "list of 268435456 bytes is too long", AsWords),
            new("list whose size wraps around", Words, Pair(0, (1 << 30) + 1), "list of 4294967300 bytes is too long", AsWords),
            new("list of lists with a bad one", new ListType(Words, null), Pair(Data, 1, 2, 1), "unaligned pointer 0x2", one => one.CreateDelegate<Func<uint[][]>>()()),
            new("a surrogate as char", PrimitiveType.Of(PrimitiveKind.Char), Guest.Const(0xD800), "invalid char 0xd800", one => one.CreateDelegate<Func<Rune>>()()),
            new("a char too large", PrimitiveType.Of(PrimitiveKind.Char), Guest.Const(0x110000), "invalid char 0x110000", one => one.CreateDelegate<Func<Rune>>()()),
            new("a negative char", PrimitiveType.Of(PrimitiveKind.Char), Guest.Const(-1), "invalid char 0xffffffff", one => one.CreateDelegate<Func<Rune>>()()),
            new("enum beyond its cases", new EnumType(["dark", "light"]), Guest.Const(2), "invalid discriminant 2", one => one.CreateDelegate<Func<Shade>>()()),
            new("negative enum", new EnumType(["dark", "light"]), Guest.Const(-1), "invalid discriminant 4294967295", one => one.CreateDelegate<Func<Shade>>()()),
            new("option beyond its cases", new OptionType(Byte), Words1(2), "invalid discriminant 2", one => one.CreateDelegate<Func<byte?>>()()),
            new("flat result beyond its cases", new ResultType(null, null), Guest.Const(256), "invalid discriminant 256", one => one.CreateDelegate<Func<Result<Unit, Unit>>>()()),
            new("result beyond its cases", new ResultType(Byte, Text), Words1(3), "invalid discriminant 3", one => one.CreateDelegate<Func<Result<byte, string>>>()()),
            new("a bad char in a list", new ListType(PrimitiveType.Of(PrimitiveKind.Char), null), Pair(Data, 1, 0xDFFF), "invalid char 0xdfff", one => one.CreateDelegate<Func<Rune[]>>()()),
        ];

        public bool IsFlat => Flattening.Flatten(Type)!.Count == 1;

        // Another than the callee's, so that strings are read and not copied.
        public CanonOptionKind CallerEncoding => Encoding == CanonOptionKind.Utf8 ? CanonOptionKind.Utf16 : CanonOptionKind.Utf8;

        // Stores two words at the result's address, and others where they may point to.
        private static byte[] Pair(int first, int second, params int[] data) =>
            [.. Store(Result, first), .. Store(Result + 4, second), .. data.SelectMany((word, i) => Store(Data + (4 * i), word)), .. Guest.Const(Result)];

        private static byte[] Words1(int word) => [.. Store(Result, word), .. Guest.Const(Result)];

        private static byte[] Store(int address, int word) => [.. Guest.Const(address), .. Guest.Const(word), Guest.StoreI32, 2, 0];
    }
}

/// <summary>Notes calls and their outcomes.</summary>
internal sealed class RecordingInterceptor : CallInterceptor
{
    public List<string> Events { get; } = [];

    public override CallDecision OnCall(ComponentCall call)
    {
        Events.Add($"{call.Direction} {call.CallerPath}>{call.Interface}#{call.Function}");
        return CallDecision.Proceed;
    }

    public override void OnOutcome(ComponentCall call, CallOutcome outcome, Exception? error) => Events.Add($"{call.Function} {outcome}");
}
