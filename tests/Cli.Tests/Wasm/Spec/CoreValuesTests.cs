using System.Runtime.Intrinsics;
using System.Text.Json;
using Chain.Cli.Wasm.Spec;
using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;

namespace Chain.Cli.Tests.Wasm.Spec;

public sealed class CoreValuesTests
{
    [Theory]
    [InlineData("nan:canonical", 0x7FC00000u, true)]
    [InlineData("nan:canonical", 0xFFC00000u, true)]
    [InlineData("nan:canonical", 0x7FC00001u, false)]
    [InlineData("nan:arithmetic", 0x7FC00001u, true)]
    [InlineData("nan:arithmetic", 0x7F800001u, false)]
    [InlineData("nan:arithmetic", 0x7F800000u, false)]
    [InlineData("2143289344", 0x7FC00000u, true)]
    [InlineData("0", 0x80000000u, false)]
    public void FloatsMatchByBitsOrByPattern(string expected, uint found, bool matches) =>
        Assert.Equal(matches, Matches($$"""{"type":"f32","value":"{{expected}}"}""", Value.FromF32(BitConverter.UInt32BitsToSingle(found))));

    [Theory]
    [InlineData("nan:canonical", 0xFFF8000000000000ul, true)]
    [InlineData("nan:canonical", 0x7FF8000000000001ul, false)]
    [InlineData("nan:arithmetic", 0x7FFC000000000000ul, true)]
    [InlineData("nan:arithmetic", 0x7FF4000000000000ul, false)]
    public void DoublesMatchByPattern(string expected, ulong found, bool matches) =>
        Assert.Equal(matches, Matches($$"""{"type":"f64","value":"{{expected}}"}""", Value.FromF64(BitConverter.UInt64BitsToDouble(found))));

    [Fact]
    public void AValueOfAnotherTypeNeverMatches()
    {
        Assert.False(Matches("""{"type":"i32","value":"1"}""", Value.FromI64(1)));
        Assert.False(Matches("""{"type":"f32","value":"1"}""", Value.FromI32(1)));
        Assert.False(Matches("""{"type":"refnull"}""", Value.FromI32(0)));
    }

    [Fact]
    public void EveryLaneOfAVectorIsCompared()
    {
        const string expected = """{"type":"v128","lane_type":"i16","value":["-1","2","3","4","5","6","7","8"]}""";
        Vector128<byte> vector = Vector128.Create(-1, 2, 3, 4, 5, 6, 7, 8).AsByte();
        Assert.True(Matches(expected, Value.FromV128(vector)));
        Assert.False(Matches(expected, Value.FromV128(vector.WithElement(15, (byte)1))));
        const string nans = """{"type":"v128","lane_type":"f64","value":["nan:canonical","0"]}""";
        Assert.True(Matches(nans, Value.FromV128(Vector128.Create(double.NaN, 0.0).AsByte())));
        Assert.False(Matches(nans, Value.FromV128(Vector128.Create(double.NaN, -0.0).AsByte())));
    }

    [Fact]
    public void OneOfSeveralIsEnough()
    {
        const string expected = """{"type":"either","values":[{"type":"i32","value":"1"},{"type":"i32","value":"2"}]}""";
        Assert.True(Matches(expected, Value.FromI32(2)));
        Assert.False(Matches(expected, Value.FromI32(3)));
    }

    [Fact]
    public void ReferencesMatchByHierarchyNullAndNumber()
    {
        Value host = Value.FromReference(new HostReference(3));
        Value nothing = Value.FromReference(null);
        Assert.True(Matches("""{"type":"externref","value":"3"}""", host));
        Assert.False(Matches("""{"type":"externref","value":"4"}""", host));
        Assert.True(Matches("""{"type":"externref"}""", host));
        Assert.False(Matches("""{"type":"externref"}""", nothing));
        Assert.True(Matches("""{"type":"anyref","value":"null"}""", nothing));
        Assert.False(Matches("""{"type":"anyref","value":"null"}""", host));
        Assert.False(Matches("""{"type":"funcref"}""", host));
        foreach (string type in new[] { "nullref", "nullfuncref", "nullexternref", "nullexnref", "refnull" })
        {
            Assert.True(Matches($$"""{"type":"{{type}}"}""", nothing));
            Assert.False(Matches($$"""{"type":"{{type}}"}""", host));
        }
    }

    [Fact]
    public void ArgumentsAreReadByTypeAndLane()
    {
        Assert.Equal(Value.FromI32(-5), Parse("""{"type":"i32","value":"-5"}"""));
        Assert.Equal(0x7FA00000ul, Parse("""{"type":"f32","value":"2141192192"}""").Bits);
        Assert.Equal(
            Value.FromV128(Vector128.Create(1, -1, 3, 4).AsByte()),
            Parse("""{"type":"v128","lane_type":"i32","value":["1","-1","3","4"]}"""));
        Assert.Equal(new HostReference(7), Parse("""{"type":"externref","value":"7"}""").Reference);
        Assert.Null(Parse("""{"type":"funcref","value":"null"}""").Reference);
    }

    private static bool Matches(string expected, Value found) => CoreValues.Matches(JsonDocument.Parse(expected).RootElement, found, new ManagedEngine());

    private static Value Parse(string json) => CoreValues.Parse(JsonDocument.Parse(json).RootElement);
}
