using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Tests.Components.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Chain.Wasm.Tests.Components.Runtime;

/// <summary>Random values of random types on their ways through guests.</summary>
public sealed class ValuePropertyTests
{
    private static readonly CanonOptionKind[] Encodings = [CanonOptionKind.Utf8, CanonOptionKind.Utf16, CanonOptionKind.Latin1Utf16];

    [Fact]
    public void AGuestGivesBackTheValueItGot() => Check(60, one =>
    {
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance echo = Instantiate(EchoComponents.InMemory(one.Type, one.First), store);
        ComponentFunction function = echo.GetFunction(null, "f");
        foreach (ComponentValue value in one.Values) AssertSame(EchoComponents.Wrapped(value), function.Invoke(EchoComponents.Arguments(value)));
    });

    [Fact]
    public void AValueMovesFromGuestToGuestAndBackThroughMemory() => Check(60, one =>
    {
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance echo = Instantiate(EchoComponents.InMemory(one.Type, one.First), store);
        ComponentInstance forward = Instantiate(EchoComponents.ForwardInMemory(one.Type, one.Second), store, echo);
        ComponentFunction function = forward.GetFunction(null, "g");
        foreach (ComponentValue value in one.Values) AssertSame(EchoComponents.Wrapped(value), function.Invoke(EchoComponents.Arguments(value)));
    });

    [Fact]
    public void AValueMovesFromGuestToGuestAsFlatValues() => Check(60, one =>
    {
        var seen = new ArgumentInterceptor("h");
        using var store = new ComponentStore(Guest.Managed) { Interceptor = seen };
        CompiledComponent inner = EchoComponents.ForwardFlat(one.Type, one.First, "h", "f");
        ComponentInstance callee = new ComponentLinker(Guest.Managed).AddRoute("h").Prepare(inner).Instantiate(store);
        ComponentInstance caller = Instantiate(EchoComponents.ForwardFlat(one.Type, one.Second, "f", "g"), store, callee);
        ComponentFunction function = caller.GetFunction(null, "g");
        foreach (ComponentValue value in one.Values)
        {
            seen.Arguments.Clear();
            ComponentValue? result = function.Invoke(value);
            Assert.Equal(["g", "f", "h"], seen.Arguments.Select(call => call.Function));
            foreach ((_, ComponentValue argument) in seen.Arguments) AssertSame(value, argument);
            if (EchoComponents.IsSingle(one.Type)) AssertSame(value, result!);
        }
    }, EchoComponents.IsFlat);

    internal static ComponentInstance Instantiate(CompiledComponent component, ComponentStore store, ComponentInstance? provider = null)
    {
        var linker = new ComponentLinker(Guest.Managed);
        if (provider is not null) linker.Add(provider);
        return linker.Prepare(component).Instantiate(store);
    }

    private static void AssertSame(ComponentValue expected, ComponentValue? found) => Assert.True(expected.Equals(found), "the value has changed");

    private static void Check(int cases, Action<Case> property, Func<ValType, bool>? filter = null)
    {
        Gen<ValType> types = Gen.Frequency(
            (6, Gen.Choose(0, 4).SelectMany(WaveGenerator.TypeOf)),
            (1, Gen.Choose(250, 300).Select(cases => (ValType)Large(cases))),
            (1, Gen.Choose(1, 32).Select(labels => (ValType)new FlagsType(Names(labels)))),
            (1, Gen.Choose(17, 40).SelectMany(_ => WaveGenerator.TypeOf(1), (length, item) => (ValType)new ListType(item, (uint)length))));
        Gen<Case> values = types.Where(type => filter?.Invoke(type) ?? true).SelectMany(
            type => WaveGenerator.ValueOf(type).ArrayOf(4).SelectMany(
                _ => Gen.Elements(Encodings).Two(), (values, encodings) => new Case(type, values, encodings.Item1, encodings.Item2)));
        FsCheck.Check.One(Config.QuickThrowOnFailure.WithMaxTest(cases), Prop.ForAll(Arb.From(values), property));
    }

    private static string[] Names(int count) => [.. Enumerable.Range(0, count).Select(i => $"n{i}")];

    // More cases than a byte can count, some of them with payloads whose flat forms differ.
    private static VariantType Large(int cases) => new([.. Names(cases).Select((name, i) => new Chain.Wasm.Components.Types.Case(name, (i % 5) switch
    {
        0 => PrimitiveType.Of(PrimitiveKind.F32),
        1 => PrimitiveType.Of(PrimitiveKind.String),
        2 => new TupleType([PrimitiveType.Of(PrimitiveKind.F64), PrimitiveType.Of(PrimitiveKind.S8)]),
        3 => new OptionType(PrimitiveType.Of(PrimitiveKind.U64)),
        _ => null,
    }))]);

    internal sealed record Case(ValType Type, ComponentValue[] Values, CanonOptionKind First, CanonOptionKind Second)
    {
        public override string ToString() => $"{Chain.Wasm.Components.Validation.TypeMatching.Describe(Type)}, {First} and {Second}";
    }

    /// <summary>Notes the first argument of each call, and answers calls of one function with it.</summary>
    private sealed class ArgumentInterceptor(string answered) : CallInterceptor
    {
        public List<(string Function, ComponentValue Value)> Arguments { get; } = [];

        public override CallDecision OnCall(ComponentCall call)
        {
            Arguments.Add((call.Function, call.Arguments[0]));
            return call.Function == answered ? CallDecision.Answer(call.Type.Result is null ? null : call.Arguments[0]) : CallDecision.Proceed;
        }
    }
}
