using Chain.Cli.Wasm;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Cli.Tests.Wasm;

public sealed class ValueTextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("-1", -1)]
    [InlineData("+7", 7)]
    [InlineData("4294967295", -1)]
    [InlineData("-2147483648", int.MinValue)]
    [InlineData("0xffff_ffff", -1)]
    [InlineData("0X80", 128)]
    [InlineData("-0x1", -1)]
    [InlineData("1_000", 1000)]
    public void AnI32IsSignedOrUnsignedDecimalOrHexadecimal(string text, int expected)
    {
        Assert.True(ValueText.TryParse(ValueType.I32, text, out Value value));
        Assert.Equal(Value.FromI32(expected), value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("0x")]
    [InlineData("1.5")]
    [InlineData("4294967296")]
    [InlineData("-2147483649")]
    [InlineData("0x100000000")]
    [InlineData("12a")]
    [InlineData(" 1")]
    [InlineData("null")]
    public void AnythingElseIsNoI32(string text) => Assert.False(ValueText.TryParse(ValueType.I32, text, out _));

    [Theory]
    [InlineData("18446744073709551615", -1L)]
    [InlineData("-9223372036854775808", long.MinValue)]
    [InlineData("0x7fffffffffffffff", long.MaxValue)]
    public void AnI64HasBothRanges(string text, long expected)
    {
        Assert.True(ValueText.TryParse(ValueType.I64, text, out Value value));
        Assert.Equal(Value.FromI64(expected), value);
    }

    [Theory]
    [InlineData("18446744073709551616")]
    [InlineData("-9223372036854775809")]
    public void AnI64PastItsRangeIsNone(string text) => Assert.False(ValueText.TryParse(ValueType.I64, text, out _));

    [Theory]
    [InlineData("1.5", 0x3FC00000u)]
    [InlineData("-0", 0x80000000u)]
    [InlineData("1e-45", 1u)]
    [InlineData("inf", 0x7F800000u)]
    [InlineData("-inf", 0xFF800000u)]
    [InlineData("nan", 0x7FC00000u)]
    [InlineData("-nan", 0xFFC00000u)]
    [InlineData("nan:0x1", 0x7F800001u)]
    [InlineData("0x1.8p3", 0x41400000u)]
    [InlineData("0x1p-149", 1u)]
    [InlineData("0x1p-150", 0u)]
    [InlineData("0x1.000001p0", 0x3F800000u)]
    [InlineData("0x1.0000011p0", 0x3F800001u)]
    [InlineData("0x1.fffffep127", 0x7F7FFFFFu)]
    public void AnF32IsTheOneNearestToItsText(string text, uint bits)
    {
        Assert.True(ValueText.TryParse(ValueType.F32, text, out Value value));
        Assert.Equal(bits, (uint)value.Bits);
    }

    [Theory]
    [InlineData("1e39")]
    [InlineData("0x1p128")]
    [InlineData("nan:0x0")]
    [InlineData("nan:0x800000")]
    [InlineData("Infinity")]
    [InlineData("1,5")]
    [InlineData(".5")]
    [InlineData("0x")]
    [InlineData("0x1p")]
    [InlineData("")]
    public void AnythingElseIsNoF32(string text) => Assert.False(ValueText.TryParse(ValueType.F32, text, out _));

    [Theory]
    [InlineData("0.1", 0x3FB999999999999Aul)]
    [InlineData("0x1.999999999999ap-4", 0x3FB999999999999Aul)]
    [InlineData("0x1p-1074", 1ul)]
    [InlineData("0x0.8p-1073", 1ul)]
    [InlineData("0x1.00000000000008p0", 0x3FF0000000000000ul)]
    [InlineData("0x1.00000000000008001p0", 0x3FF0000000000001ul)]
    [InlineData("nan:0x8000000000001", 0x7FF8000000000001ul)]
    public void AnF64IsTheOneNearestToItsText(string text, ulong bits)
    {
        Assert.True(ValueText.TryParse(ValueType.F64, text, out Value value));
        Assert.Equal(bits, value.Bits);
    }

    [Fact]
    public void AVectorIsOneNumberWithTheFirstLaneLast()
    {
        Assert.True(ValueText.TryParse(ValueType.V128, "0x0000000000000002_0000000000000001", out Value value));
        Assert.Equal(1, value.V128[0]);
        Assert.Equal(2, value.V128[8]);
        Assert.Equal("0x00000000000000020000000000000001", ValueText.Format(value, new ManagedEngine()));
        Assert.False(ValueText.TryParse(ValueType.V128, "5", out _));
        Assert.False(ValueText.TryParse(ValueType.V128, "0x1" + new string('0', 32), out _));
    }

    [Fact]
    public void OnlyANullableReferenceCanBeGivenAndOnlyAsNull()
    {
        Assert.True(ValueText.TryParse(ValueType.ExternRef, "null", out Value value));
        Assert.Null(value.Reference);
        Assert.False(ValueText.TryParse(ValueType.ExternRef, "0", out _));
        Assert.False(ValueText.TryParse(ValueType.FuncRef.AsNonNull(), "null", out _));
    }

    [Theory]
    [InlineData(0x7FC00000u, "nan")]
    [InlineData(0xFFC00001u, "-nan:0x400001")]
    [InlineData(0x7F800000u, "inf")]
    [InlineData(0x80000000u, "-0")]
    [InlineData(0x3DCCCCCDu, "0.1")]
    public void FloatsArePrintedInTheFormInWhichTheyAreRead(uint bits, string text)
    {
        Value value = Value.FromF32(BitConverter.UInt32BitsToSingle(bits));
        Assert.Equal(text, ValueText.Format(value, new ManagedEngine()));
        Assert.True(ValueText.TryParse(ValueType.F32, text, out Value again));
        Assert.Equal(value, again);
    }
}
