using System.Buffers;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Tests.Components.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Chain.Wasm.Tests.Components.Values;

public sealed class ValueCodecPropertyTests
{
    [Fact]
    public void WhatIsWrittenReadsBackAsTheSameValue() =>
        Check(WaveGenerator.TypedValue(), pair => ValueCodec.Read(Written(pair.Value, pair.Type), pair.Type).Equals(pair.Value));

    [Fact]
    public void ArgumentsAndResultsReadBackAsTheSameValues() =>
        Check(Gen.Choose(0, 4).SelectMany(count => WaveGenerator.TypedValue().ArrayOf(count)), pairs =>
        {
            var type = new FuncType(false, [.. pairs.Select((pair, i) => new Parameter("p" + i, pair.Type))], pairs.FirstOrDefault().Type);
            ComponentValue[] values = [.. pairs.Select(pair => pair.Value)];
            var arguments = new ArrayBufferWriter<byte>();
            ValueCodec.WriteArguments(arguments, values, type);
            var result = new ArrayBufferWriter<byte>();
            ValueCodec.WriteResult(result, values.FirstOrDefault(), type);
            return ValueCodec.CanCross(type)
                && ValueCodec.ReadArguments(arguments.WrittenSpan, type).SequenceEqual(values)
                && ValueCodec.ReadResult(result.WrittenSpan, type) == values.FirstOrDefault();
        });

    [Fact]
    public void EveryValueTakesAByte() => Check(WaveGenerator.TypedValue(), pair => Written(pair.Value, pair.Type).Length > 0);

    [Fact]
    public void NoPartOfAValueIsAValue() =>
        Check(WaveGenerator.TypedValue(), pair =>
        {
            byte[] bytes = Written(pair.Value, pair.Type);
            for (int length = 0; length < bytes.Length; length++) Assert.Throws<MalformedValueException>(() => ValueCodec.Read(bytes.AsSpan(0, length), pair.Type));
            Assert.Throws<MalformedValueException>(() => ValueCodec.Read([.. bytes, 0], pair.Type));
            return true;
        });

    [Fact]
    public void DamagedBytesAreAValueOrMalformed() =>
        Check(
            WaveGenerator.TypedValue().SelectMany(
                _ => Gen.Choose(0, int.MaxValue).SelectMany(_ => Gen.Choose(0, 1023), (place, change) => (place, change)),
                (pair, damage) => (Bytes: Damage(Written(pair.Value, pair.Type), damage.place, damage.change), pair.Type)),
            pair => IsJudged(pair.Bytes, pair.Type));

    [Fact]
    public void AnyBytesAreAValueOrMalformed() =>
        Check(
            Gen.Choose(0, 4).SelectMany(WaveGenerator.TypeOf).SelectMany(
                _ => Gen.Choose(0, 40).SelectMany(count => Gen.OneOf(Gen.Choose(0, 3), Gen.Choose(0, 255)).ArrayOf(count)),
                (type, bytes) => (Bytes: Array.ConvertAll(bytes, one => (byte)one), Type: type)),
            pair => IsJudged(pair.Bytes, pair.Type));

    // What was taken is a value of the type, and but for NaNs it has no other form.
    private static bool IsJudged(byte[] bytes, ValType type)
    {
        ComponentValue value;
        try
        {
            value = ValueCodec.Read(bytes, type);
        }
        catch (MalformedValueException e)
        {
            Assert.InRange(e.Offset, 0, bytes.Length);
            return true;
        }

        byte[] again = Written(value, type);
        return again.Length == bytes.Length && ValueCodec.Read(again, type).Equals(value);
    }

    private static byte[] Damage(byte[] bytes, int place, int change)
    {
        int at = place % bytes.Length;
        return (change / 256) switch
        {
            0 => [.. bytes[..at], (byte)change, .. bytes[(at + 1)..]],
            1 => [.. bytes[..at], .. bytes[(at + 1)..]],
            2 => [.. bytes[..at], (byte)change, .. bytes[at..]],
            _ => [.. bytes[..at], (byte)(bytes[at] ^ (1 << (change % 8))), .. bytes[(at + 1)..]],
        };
    }

    private static byte[] Written(ComponentValue value, ValType type)
    {
        var output = new ArrayBufferWriter<byte>();
        ValueCodec.Write(output, value, type);
        return output.WrittenSpan.ToArray();
    }

    private static void Check<T>(Gen<T> values, Func<T, bool> property) =>
        FsCheck.Check.One(Config.QuickThrowOnFailure.WithMaxTest(1_000), Prop.ForAll(Arb.From(values), property));
}
