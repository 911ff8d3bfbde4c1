using Chain.Cli.Traces;

namespace Chain.Cli.Tests.Lineage;

public sealed class WaterfallScreenTests
{
    private static readonly ScreenLine[] Lines =
    [
        new("06be730eb0f86660", "2.09 ms", 0, 1, 0, "shop/front5 handle", "– → pii,user=u48", false),
        new("06be730eb11e0663", "999.9 µs", 0.2, 0.5, 1, "shop/middle6 work", "error  pii,user=u48", true),
        new("", "", 0, -1, 2, "… 1,000,000 alike, slowest 1.1 ms: --all", "", false),
        new("06be730eb127c664", "1 µs", 0.99, 0, 60, "shop/" + new string('x', 80) + " store", string.Join(',', Enumerable.Range(0, 40).Select(i => $"tag{i}")), false),
        new("06be730eb15ca665", "", 0, -1, 61, "… 12 deeper: --at, --depth", "", false),
    ];

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    [InlineData(300)]
    public void EachLineTakesOneRowWithItsIdWhole(int width)
    {
        List<string> rows = [.. new WaterfallScreen(Lines, width).Rows().Select(row => string.Concat(row.Select(piece => piece.Text)))];
        Assert.Equal(Lines.Length + 1, rows.Count);
        Assert.All(rows, row => Assert.True(row.Length < width, $"{row.Length} of {width}: {row}"));
        Assert.All(Lines.Zip(rows.Skip(1)), pair => Assert.StartsWith(pair.First.Id, pair.Second, StringComparison.Ordinal));
        Assert.Contains("(60) sh", rows[4], StringComparison.Ordinal);
    }

    [Fact]
    public void BarsLieOnTheTraceTimeAndWhatFitsIsNotCut()
    {
        List<string> rows = [.. new WaterfallScreen(Lines[..3], 120).Rows().Select(row => string.Concat(row.Select(piece => piece.Text)).TrimEnd())];
        Assert.Equal("call                  took                         of                   data", rows[0]);
        Assert.Equal("06be730eb0f86660   2.09 ms ━━━━━━━━━━━━━━━━━━━━━━━ shop/front5 handle   – → pii,user=u48", rows[1]);
        Assert.Equal("06be730eb11e0663  999.9 µs     ━━━━━━━━━━━━          shop/middle6 work  error  pii,user=u48", rows[2]);
        Assert.EndsWith("    … 1,000,000 alike, slowest 1.1 ms: --all", rows[3], StringComparison.Ordinal);
    }
}
