using Chain.Cli.Output;

namespace Chain.Cli.Tests.Output;

public sealed class ListingTests
{
    [Fact]
    public void ColumnsAreAlignedAndLinesEndWithTheirText()
    {
        var list = new Listing("things", "name", "count#", "note");
        list.Add("a", "1", "");
        list.Add("longer", "1,000", "x");
        Assert.Equal("things\n  name    count  note\n  a           1\n  longer  1,000  x\n\n", Plain(list));
    }

    [Fact]
    public void OneEndlessCellDoesNotWidenTheOthers()
    {
        var list = new Listing("things", "name", "note");
        list.Add(new string('x', 10_000), "1");
        list.Add("b", "2");
        Assert.Contains($"\n  b{new string(' ', 61)}2\n", Plain(list));
    }

    [Fact]
    public void CellsAreOneLineWithoutControls()
    {
        var list = new Listing("things", "name");
        list.Add("a\nb\u001B[31m\u202Ec");
        Assert.Equal("things\n  name\n  a\\u{a}b\\u{1b}[31m\\u{202e}c\n\n", Plain(list));
    }

    private static string Plain(Listing list)
    {
        var text = new StringWriter();
        list.WritePlain(text);
        return text.ToString();
    }
}
