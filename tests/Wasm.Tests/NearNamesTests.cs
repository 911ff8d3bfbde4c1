using Chain.Wasm.Text;

namespace Chain.Wasm.Tests;

public sealed class NearNamesTests
{
    [Theory]
    [InlineData("totl", "; near: 'total'")]
    [InlineData("totalss", "; near: 'totals', 'total'")]
    [InlineData("TOTAL", "; near: 'total', 'totals'")]
    [InlineData("zzz", "; there are 'total', 'totals', 'greet' and 1 more")]
    public void AMistypedNameFindsItsNeighbours(string wanted, string hint) =>
        Assert.Equal(hint, NearNames.Hint(wanted, ["total", "totals", "greet", "memory"]));

    [Fact]
    public void ThereMayBeNothingToHintAt()
    {
        Assert.Equal("", NearNames.Hint("a", []));
        Assert.Equal("; there is 'only\\u{1b}'", NearNames.Hint("something", ["only\u001B"]));
    }

    [Fact]
    public void EndlessNamesAreNotCompared() =>
        Assert.Equal($"; there is '{new string('a', 80)}…'", NearNames.Hint(new string('b', 1_000_000), [new string('a', 1_000_000)]));
}
