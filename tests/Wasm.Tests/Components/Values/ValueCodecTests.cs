using System.Buffers;
using System.Text;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Tests.Components.Values;

public sealed class ValueCodecTests
{
    private static readonly ValType U8 = PrimitiveType.Of(PrimitiveKind.U8);
    private static readonly ValType U64 = PrimitiveType.Of(PrimitiveKind.U64);
    private static readonly ValType Text = PrimitiveType.Of(PrimitiveKind.String);
    private static readonly ValType Own = new HandleType(true, new ResourceType(new ResourceIdentity()));

    public static TheoryData<string, ValType, ComponentValue> Forms() => new()
    {
        { "01", PrimitiveType.Of(PrimitiveKind.Bool), new BoolValue(true) },
        { "FF", PrimitiveType.Of(PrimitiveKind.S8), new IntegerValue(PrimitiveKind.S8, -1) },
        { "01", PrimitiveType.Of(PrimitiveKind.S32), new IntegerValue(PrimitiveKind.S32, -1) },
        { "FFFFFFFFFFFFFFFFFF01", PrimitiveType.Of(PrimitiveKind.S64), new IntegerValue(PrimitiveKind.S64, long.MinValue) },
        { "AC02", U64, new IntegerValue(PrimitiveKind.U64, 300) },
        { "0000C07F", PrimitiveType.Of(PrimitiveKind.F32), new FloatValue(PrimitiveKind.F32, BitConverter.Int64BitsToDouble(-1)) },
        { "000000000000F87F", PrimitiveType.Of(PrimitiveKind.F64), new FloatValue(PrimitiveKind.F64, BitConverter.Int64BitsToDouble(-1)) },
        { "80EC07", PrimitiveType.Of(PrimitiveKind.Char), new CharValue(new Rune(0x1F600)) },
        { "035A6F6B", Text, new StringValue("Zok") },
        { "03EFBFBD", Text, new StringValue("\ud800") },
        { "03010203", new ListType(U8, null), new ListValue([1, 2, 3]) },
        { "0102", new ListType(U8, 2), new ListValue([1, 2]) },
        { "0101610A", new MapType(Text, U8), new ListValue(new ComponentValue[] { new TupleValue([new StringValue("a"), new IntegerValue(PrimitiveKind.U8, 10)]) }) },
        { "0107", new OptionType(U8), new OptionValue(new IntegerValue(PrimitiveKind.U8, 7)) },
        { "00", new OptionType(U8), new OptionValue(null) },
        { "01", new ResultType(U8, null), new ResultValue(false, null) },
        { "01", new EnumType(["a", "b"]), new EnumValue("b") },
        { "0101", new FlagsType(["a", "b", "c", "d", "e", "f", "g", "h", "i"]), new FlagsValue(["a", "i"]) },
        { "00", new RecordType([]), new RecordValue([]) },
        { "00", new TupleType([]), new TupleValue([]) },
        { "020000", new ListType(new RecordType([]), null), new ListValue(new ComponentValue[] { new RecordValue([]), new RecordValue([]) }) },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void ValuesHaveThisForm(string bytes, ValType type, ComponentValue value)
    {
        var output = new ArrayBufferWriter<byte>();
        ValueCodec.Write(output, value, type);
        Assert.Equal(bytes, Convert.ToHexString(output.WrittenSpan));
        if (value is not StringValue { Value: "\ud800" }) Assert.Equal(value, ValueCodec.Read(output.WrittenSpan, type));
    }

    public static TheoryData<string, ValType, string> Malformed() => new()
    {
        { "", U8, "malformed value at 0x0: expected a number, found the end" },
        { "02", PrimitiveType.Of(PrimitiveKind.Bool), "malformed value at 0x0: expected a bool, 0 or 1, found 2" },
        { "80808004", PrimitiveType.Of(PrimitiveKind.U16), "malformed value at 0x0: expected a number of the type u16, found more bits than it has" },
        { "8000", U64, "malformed value at 0x0: expected a number in its shortest form" },
        { "FFFFFFFFFFFFFFFFFF02", U64, "malformed value at 0x0: expected a number, found more than 64 bits" },
        { "80B003", PrimitiveType.Of(PrimitiveKind.Char), "malformed value at 0x0: expected a char, found 0xd800" },
        { "0000", PrimitiveType.Of(PrimitiveKind.F32), "malformed value at 0x0: expected an f32, found 2 bytes" },
        { "02C328", Text, "malformed value at 0x1: a string that is not UTF-8" },
        { "FFFFFFFFFFFFFFFFFF01", Text, "malformed value at 0x0: expected 18446744073709551615 bytes of a string, found 0 bytes for them" },
        { "0500", new ListType(U64, null), "malformed value at 0x0: expected 5 items, found 1 bytes for them" },
        { "FFFFFFFF0F00", new ListType(new TupleType([]), null), "malformed value at 0x0: expected 4294967295 items, found 1 bytes for them" },
        { "0001", new ListType(U64, uint.MaxValue), "malformed value at 0x0: expected 4294967295 items, found 2 bytes for them" },
        { "01", new RecordType([]), "malformed value at 0x0: expected a zero byte, for a value without parts" },
        { "02", new OptionType(U8), "malformed value at 0x0: expected the number of a case, less than 2, found 2" },
        { "04", new FlagsType(["a", "b"]), "malformed value at 0x0: expected 2 flags, found a bit that is none of them" },
        { "0700", U8, "malformed value at 0x1: expected the end, found 1 more bytes" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void WhatIsNoValueIsToldWithItsPlace(string bytes, ValType type, string message) =>
        Assert.Equal(message, Assert.Throws<MalformedValueException>(() => ValueCodec.Read(Convert.FromHexString(bytes), type)).Message);

    [Fact]
    public void FewBytesCannotStandForMuchMemory()
    {
        // Every byte of the list is 91 values inside one another.
        ValType deep = U8;
        for (int i = 0; i < 90; i++) deep = new TupleType([deep]);
        byte[] bytes = [0x80, 0x08, .. new byte[1024]];
        Assert.Equal(1024, ((ListValue)Read(10 << 20)).Items.Count);
        var refused = Assert.Throws<MalformedValueException>(() => Read(1 << 20));
        Assert.EndsWith("values of more than 1048576 bytes of memory", refused.Message, StringComparison.Ordinal);

        ComponentValue Read(long mostMemory) => new ValueReader(bytes, mostMemory).Read(new ListType(deep, null));
    }

    [Fact]
    public void MoreBytesThanTheLimitAreNeitherWrittenNorRead()
    {
        var type = new ListType(U8, null);
        var large = new ListValue(new byte[ValueCodec.MostBytes]);
        Assert.Throws<WasmLimitException>(() => ValueCodec.Write(new ArrayBufferWriter<byte>(), large, type));
        Assert.Throws<MalformedValueException>(() => ValueCodec.Read(new byte[ValueCodec.MostBytes + 1], type));
    }

    public static TheoryData<ValType> Bound() =>
    [
        Own, new ListType(Own, null), new OptionType(new HandleType(false, new ResourceType(new ResourceIdentity()))), new StreamType(U8), new FutureType(null),
        PrimitiveType.Of(PrimitiveKind.ErrorContext), new RecordType([new Field("a", U8), new Field("b", new ResultType(null, Own))]),
    ];

    [Theory]
    [MemberData(nameof(Bound))]
    public void WhatIsHeldInASiloCannotLeaveIt(ValType type)
    {
        Assert.False(ValueCodec.CanCross(new FuncType(false, [new Parameter("a", U8), new Parameter("b", type)], null)));
        Assert.False(ValueCodec.CanCross(new FuncType(false, [], type)));
        Assert.Throws<BoundValueException>(() => ValueCodec.Write(new ArrayBufferWriter<byte>(), new StringValue(""), type));
        Assert.Throws<BoundValueException>(() => ValueCodec.Read([0], type));
    }

    [Fact]
    public void TheTypeThatCannotLeaveIsNamed() =>
        Assert.Equal(
            "a value of type list<resource> cannot leave its silo: what it stands for is held there",
            Assert.Throws<BoundValueException>(() => ValueCodec.Read([0], new ListType(Own, null))).Message);

    [Fact]
    public void AValueOfAnotherTypeIsTheHostsMistake()
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Throws<ArgumentException>(() => ValueCodec.Write(output, new StringValue("a"), U8));
        Assert.Throws<ArgumentException>(() => ValueCodec.Write(output, new IntegerValue(PrimitiveKind.U8, 256), U8));
        Assert.Throws<ArgumentException>(() => ValueCodec.Write(output, new EnumValue("c"), new EnumType(["a", "b"])));
        Assert.Throws<ArgumentException>(() => ValueCodec.WriteArguments(output, [], new FuncType(false, [new Parameter("a", U8)], null)));
        Assert.Throws<ArgumentException>(() => ValueCodec.WriteResult(output, null, new FuncType(false, [], U8)));
    }
}
