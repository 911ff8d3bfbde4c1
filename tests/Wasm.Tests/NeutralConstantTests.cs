using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;

namespace Chain.Wasm.Tests;

public sealed class NeutralConstantTests
{
    // Each export takes the bits of an f32, computes x*1 or x-0 in its own way, and returns the bits of the result: a the constant in a local,
    // b beside the operation, c and e as lanes, d as a splat.
    private const string Bytes =
          "0061736d0100000001060160017f017f030605000000000007150501610000016200010163000201650003016400040a7905"
        + "1201017d430000803f21012000be200194bc0b0c002000be430000803f94bc0b20002000befd13fd0c0000803f0000803f00"
        + "00803f0000803ffde601fd1f00bc0b20002000befd13fd0c00000000000000000000000000000000fde501fd1f00bc0b1500"
        + "2000befd13430000803ffd13fde601fd1f00bc0b";

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    [InlineData("c")]
    [InlineData("d")]
    [InlineData("e")]
    public void ASignallingNaNIsQuietedEvenByAnOperationThatChangesNothing(string export)
    {
        using Store store = new ManagedEngine().CreateStore();
        Function function = store.Engine.Compile(Convert.FromHexString(Bytes)).Instantiate(store).GetFunction(export);
        Assert.Equal(0x7FE00000, function.Invoke(Value.FromI32(0x7FA00000))[0].I32);
        Assert.Equal(0x3FC00000, function.Invoke(Value.FromI32(0x3FC00000))[0].I32);
    }
}
