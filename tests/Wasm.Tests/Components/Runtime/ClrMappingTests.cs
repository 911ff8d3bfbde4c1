using System.Text;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests.Components.Runtime;

/// <summary>CLR types at both ends of a guest: a function of the host's that it imports, and a delegate for its export, against trees.</summary>
public sealed class ClrMappingTests
{
    private static readonly PrimitiveType U8 = Of(PrimitiveKind.U8), U32 = Of(PrimitiveKind.U32), Text = Of(PrimitiveKind.String);

    private static readonly RecordType LineType = new([new Field("name", Text), new Field("qty", U32)]);

    private static readonly VariantType FigureType =
        new([new Case("none", null), new Case("circle", Of(PrimitiveKind.F64)), new Case("label", Text), new Case("line", LineType)]);

    private static readonly CanonOptionKind[] Encodings = [CanonOptionKind.Utf8, CanonOptionKind.Utf16, CanonOptionKind.Latin1Utf16];

    [Flags]
    private enum Rights : byte
    {
        None = 0,
        Read = 1,
        ReadWrite = 2,
        Admin = 4,
    }

    private enum Shade : long
    {
        Dark,
        VeryLight,
    }

    [Fact]
    public void Numbers()
    {
        Same(Of(PrimitiveKind.Bool), (true, new BoolValue(true)), (false, new BoolValue(false)));
        Same(Of(PrimitiveKind.S8), (sbyte.MinValue, Number(PrimitiveKind.S8, -128)), ((sbyte)127, Number(PrimitiveKind.S8, 127)));
        Same(U8, (byte.MaxValue, Number(PrimitiveKind.U8, 255)), ((byte)0, Number(PrimitiveKind.U8, 0)));
        Same(Of(PrimitiveKind.S16), (short.MinValue, Number(PrimitiveKind.S16, -32768)), ((short)-1, Number(PrimitiveKind.S16, -1)));
        Same(Of(PrimitiveKind.U16), (ushort.MaxValue, Number(PrimitiveKind.U16, 65535)), ((ushort)1, Number(PrimitiveKind.U16, 1)));
        Same(Of(PrimitiveKind.S32), (int.MinValue, Number(PrimitiveKind.S32, int.MinValue)), (-1, Number(PrimitiveKind.S32, -1)));
        Same(U32, (uint.MaxValue, Number(PrimitiveKind.U32, uint.MaxValue)), (7u, Number(PrimitiveKind.U32, 7)));
        Same(Of(PrimitiveKind.S64), (long.MinValue, Number(PrimitiveKind.S64, long.MinValue)), (-1L, Number(PrimitiveKind.S64, -1)));
        Same(Of(PrimitiveKind.U64), (ulong.MaxValue, Number(PrimitiveKind.U64, -1)), (1UL, Number(PrimitiveKind.U64, 1)));
        Same(Of(PrimitiveKind.F32), (-0f, new FloatValue(PrimitiveKind.F32, -0.0)), (1.5f, new FloatValue(PrimitiveKind.F32, 1.5)));
        Same(Of(PrimitiveKind.F64), (double.Epsilon, new FloatValue(PrimitiveKind.F64, double.Epsilon)), (-1.5, new FloatValue(PrimitiveKind.F64, -1.5)));
        Same(Of(PrimitiveKind.Char), (new Rune(0x1F600), new CharValue(new Rune(0x1F600))), (new Rune('x'), new CharValue(new Rune('x'))));
    }

    [Fact]
    public void TextsAndLists()
    {
        Same(Text, ("Zoë 😀", new StringValue("Zoë 😀")), ("", new StringValue("")));
        Same(Text, ("ÿ", new StringValue("ÿ")), (new string('é', 300), new StringValue(new string('é', 300))));
        Same(new ListType(U8, null), ((byte[])[1, 2, 255], new ListValue((byte[])[1, 2, 255])), ([], new ListValue((byte[])[])));
        Same(new ListType(U32, null), ((uint[])[1, uint.MaxValue], List(Number(PrimitiveKind.U32, 1), Number(PrimitiveKind.U32, uint.MaxValue))), ([], List()));
        Same(new ListType(Of(PrimitiveKind.Bool), null), ((bool[])[true, false], List(new BoolValue(true), new BoolValue(false))), ([], List()));
        Same(new ListType(Text, null), ((string[])["a", "ü"], List(new StringValue("a"), new StringValue("ü"))), ([], List()));
        Same(
            new ListType(new ListType(Text, null), null),
            ((string[][])[["a"], []], List(List(new StringValue("a")), List())),
            ([["b", "c"]], List(List(new StringValue("b"), new StringValue("c")))));
        Same(
            new ListType(LineType, null),
            ((Line[])[new("a", 1), new("b", 2)], List(LineValue("a", 1), LineValue("b", 2))),
            ([new("c", 3)], List(LineValue("c", 3))));
        Same(
            new MapType(Text, U32),
            (((string, uint)[])[("a", 1)], List(new TupleValue([new StringValue("a"), Number(PrimitiveKind.U32, 1)]))),
            ([], List()));
        Same(
            new ListType(Of(PrimitiveKind.U16), 3),
            ((ushort[])[1, 2, 3], List(Number(PrimitiveKind.U16, 1), Number(PrimitiveKind.U16, 2), Number(PrimitiveKind.U16, 3))),
            ([0, 0, 9], List(Number(PrimitiveKind.U16, 0), Number(PrimitiveKind.U16, 0), Number(PrimitiveKind.U16, 9))));
    }

    [Fact]
    public void LongListsOfFixedLength()
    {
        // Too many for flat values: inside a list they lie in memory.
        ListType type = new(new ListType(Text, 20), null);
        string[] texts = [.. Enumerable.Range(0, 20).Select(i => $"é{i}")];
        Same(type, ((string[][])[texts], List(List([.. texts.Select(text => new StringValue(text))]))), ([], List()));
    }

    [Fact]
    public void RecordsAndTuples()
    {
        Same(LineType, (new Line("a", 1), LineValue("a", 1)), (new Line("", 0), LineValue("", 0)));
        Same(LineType, (new LineStruct("a", 1), LineValue("a", 1)), (new LineStruct("b", 2), LineValue("b", 2)));
        Same(
            new RecordType([new Field("first-line", LineType), new Field("rest", new ListType(LineType, null))]),
            (new Order(new Line("a", 1), [new("b", 2)]), new RecordValue([("first-line", LineValue("a", 1)), ("rest", List(LineValue("b", 2)))])),
            (new Order(new Line("c", 3), []), new RecordValue([("first-line", LineValue("c", 3)), ("rest", List())])));
        Same(
            new TupleType([U8, Text]),
            (((byte)1, "a"), new TupleValue([Number(PrimitiveKind.U8, 1), new StringValue("a")])),
            (((byte)2, ""), new TupleValue([Number(PrimitiveKind.U8, 2), new StringValue("")])));
        Same(
            new TupleType([U8, Text, U8, Of(PrimitiveKind.U64), U8, U8, U8, U8, Of(PrimitiveKind.F64)]),
            (((byte)1, "a", (byte)3, 4UL, (byte)5, (byte)6, (byte)7, (byte)8, 9.0), Nine("a", 4, 9)),
            (((byte)1, "b", (byte)3, 0UL, (byte)5, (byte)6, (byte)7, (byte)8, -9.0), Nine("b", 0, -9)));
        Same(
            new ListType(new TupleType([.. Enumerable.Repeat(U8, 16)]), null),
            (new[] { Sixteen }, List(new TupleValue([.. Enumerable.Range(1, 16).Select(i => Number(PrimitiveKind.U8, i))]))),
            ([], List()));
    }

    [Fact]
    public void CasesAndLabels()
    {
        Same(new EnumType(["dark", "very-light"]), (Shade.VeryLight, new EnumValue("very-light")), (Shade.Dark, new EnumValue("dark")));
        Same(
            new FlagsType(["read", "read-write", "admin"]),
            (Rights.Read | Rights.Admin, new FlagsValue(["read", "admin"])),
            (Rights.None, new FlagsValue([])));
        Same(FigureType, (Figure.Create(0, null), new VariantValue("none", null)), (Figure.Create(1, 2.5), new VariantValue("circle", new FloatValue(PrimitiveKind.F64, 2.5))));
        Same(
            new ListType(FigureType, null),
            ((Figure[])[Figure.Create(2, "a"), Figure.Create(3, new Line("b", 2))], List(new VariantValue("label", new StringValue("a")), new VariantValue("line", LineValue("b", 2)))),
            ([Figure.Create(0, null)], List(new VariantValue("none", null))));
    }

    [Fact]
    public void OptionsAndResults()
    {
        Same(new OptionType(U32), ((uint?)5, new OptionValue(Number(PrimitiveKind.U32, 5))), (null, new OptionValue(null)));
        Same(new OptionType(Text), ("a", new OptionValue(new StringValue("a"))), ((string?)null, new OptionValue(null)));
        Same(new OptionType(LineType), (new Line("a", 1), new OptionValue(LineValue("a", 1))), ((Line?)null, new OptionValue(null)));
        Same(
            new ListType(new OptionType(U8), null),
            ((byte?[])[1, null, 2], List(new OptionValue(Number(PrimitiveKind.U8, 1)), new OptionValue(null), new OptionValue(Number(PrimitiveKind.U8, 2)))),
            ([null], List(new OptionValue(null))));
        Same(new ResultType(Text, U32), ((Result<string, uint>)"a", new ResultValue(true, new StringValue("a"))), (7u, new ResultValue(false, Number(PrimitiveKind.U32, 7))));
        Same(new ResultType(null, null), ((Result<Unit, Unit>)Result<Unit, Unit>.FromValue(default), new ResultValue(true, null)), (Result<Unit, Unit>.FromError(default), new ResultValue(false, null)));
        Same(new ResultType(null, Text), ((Result<Unit, string>)default(Unit), new ResultValue(true, null)), ("bad", new ResultValue(false, new StringValue("bad"))));
        Same(
            new ResultType(new OptionType(new ListType(U8, null)), new EnumType(["dark", "very-light"])),
            ((Result<byte[]?, Shade>)(byte[])[1], new ResultValue(true, new OptionValue(new ListValue((byte[])[1])))),
            (Shade.VeryLight, new ResultValue(false, new EnumValue("very-light"))));
    }

    [Fact]
    public void BytesAreSeenWhereTheyAre()
    {
        byte[]? seen = null;
        ComponentStore? caller = null;
        SpanTaker take = (store, bytes) =>
        {
            (caller, seen) = (store, bytes.ToArray());
            return (uint)bytes.Length;
        };
        using var store = new ComponentStore(Guest.Managed);
        ComponentInstance instance = Link(Through(new ListType(U8, null), U32, CanonOptionKind.Utf8), take, store);
        var bytes = instance.GetFunction(null, "g").CreateDelegate<SpanGiver>();

        Assert.Equal(3u, bytes([1, 2, 3]));
        Assert.Equal([1, 2, 3], seen);
        Assert.Same(store, caller);
    }

    [Theory]
    [InlineData(typeof(Func<uint, string>), "UInt32 cannot stand for string")]
    [InlineData(typeof(Func<string, byte[]>), "Byte[] cannot stand for string")]
    [InlineData(typeof(Action<string>), "Void cannot stand for string")]
    [InlineData(typeof(Func<string>), "the delegate takes 0 parameters, the function 1")]
    public void ADelegateOfOtherTypesIsRefused(Type type, string message)
    {
        using var store = new ComponentStore(Guest.Managed);
        ComponentFunction function = Link(Through(Text, Text, CanonOptionKind.Utf8), (string text) => text, store).GetFunction(null, "g");
        var create = typeof(ComponentFunction).GetMethod(nameof(ComponentFunction.CreateDelegate))!.MakeGenericMethod(type);
        Exception error = Assert.Throws<System.Reflection.TargetInvocationException>(() => create.Invoke(function, null)).InnerException!;
        Assert.Equal(message, Assert.IsType<ArgumentException>(error).Message);
    }

    private delegate uint SpanTaker(ComponentStore store, ReadOnlySpan<byte> bytes);

    private delegate uint SpanGiver(ReadOnlySpan<byte> bytes);

    private static (byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte) Sixteen =>
        (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);

    // The guest passes the first value on to the host, which answers the second; once through trees and once through a delegate.
    private static void Same<T>(ValType type, (T Clr, ComponentValue Tree) first, (T Clr, ComponentValue Tree) second)
    {
        foreach (CanonOptionKind encoding in Encodings)
        {
            foreach (((T Clr, ComponentValue Tree) given, (T Clr, ComponentValue Tree) answered) in new[] { (first, second), (second, first) })
            {
                var seen = new List<T>();
                using var store = new ComponentStore(Guest.Managed);
                Func<T, T> host = value =>
                {
                    seen.Add(value);
                    return answered.Clr;
                };
                ComponentFunction function = Link(Through(type, type, encoding), host, store).GetFunction(null, "g");

                Assert.Equal(answered.Tree, function.Invoke(given.Tree));
                Assert.Equivalent(answered.Clr, function.CreateDelegate<Func<T, T>>()(given.Clr), strict: true);
                Assert.Equal(2, seen.Count);
                Assert.All(seen, value => Assert.Equivalent(given.Clr, value, strict: true));
            }
        }
    }

    private static ComponentInstance Link(CompiledComponent component, Delegate host, ComponentStore store) =>
        new ComponentLinker(Guest.Managed).Add(new HostInterface("").Function("h", host)).Prepare(component).Instantiate(store);

    /// <summary>Imports <c>h: func(x: T) -> U</c> and exports it as <c>g</c>.</summary>
    private static CompiledComponent Through(ValType type, ValType result, CanonOptionKind encoding)
    {
        var builder = new ComponentBuilder();
        uint function = builder.Function([("x", builder.Use(type, imports: true))], builder.Use(result, imports: true));
        uint lowered = builder.Lower(builder.Import("h", Sort.Func, function), builder.Options(encoding));
        ValueType[] flat = [.. Flattening.Flatten(type)!];
        List<ValueType>? returned = Flattening.Flatten(result);
        byte[] push = Guest.Each(flat.Length, i => [Guest.Get, (byte)i]);
        GuestModule module = returned is { Count: 1 }
            ? new GuestModule(("h", flat, [.. returned])).Function("g", flat, [.. returned], [.. push, Guest.Call, 1, Guest.End])
            : new GuestModule(("h", [.. flat, ValueType.I32], [])).Function(
                "g", flat, GuestModule.I32, [.. push, .. Guest.Const(8), Guest.Call, 1, .. Guest.Const(8), Guest.End]);
        builder.LiftExport(builder.Core(module, ("h", lowered)), "g", function, builder.Options(encoding, postReturn: returned is not { Count: 1 }));
        return builder.Compile();
    }

    private static PrimitiveType Of(PrimitiveKind kind) => PrimitiveType.Of(kind);

    private static IntegerValue Number(PrimitiveKind kind, long value) => new(kind, value);

    private static ListValue List(params ComponentValue[] items) => new(items);

    private static RecordValue LineValue(string name, uint quantity) => new([("name", new StringValue(name)), ("qty", Number(PrimitiveKind.U32, quantity))]);

    private static TupleValue Nine(string text, long fourth, double last) => new(
    [
        Number(PrimitiveKind.U8, 1), new StringValue(text), Number(PrimitiveKind.U8, 3), Number(PrimitiveKind.U64, fourth), Number(PrimitiveKind.U8, 5),
        Number(PrimitiveKind.U8, 6), Number(PrimitiveKind.U8, 7), Number(PrimitiveKind.U8, 8), new FloatValue(PrimitiveKind.F64, last),
    ]);

    private sealed record Line(string Name, uint Qty);

    private readonly record struct LineStruct(string Name, uint Qty);

    private sealed record Order(Line FirstLine, Line[] Rest);

    private sealed record Figure(int Case, object? Payload) : IVariant<Figure>
    {
        public static IReadOnlyList<(string Label, Type? Payload)> Cases { get; } =
            [("none", null), ("circle", typeof(double)), ("label", typeof(string)), ("line", typeof(Line))];

        public static Figure Create(int @case, object? payload) => new(@case, payload);
    }
}
