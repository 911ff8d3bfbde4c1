using Chain.Wasm.Binary;

namespace Chain.Wasm.Tests.Text;

public sealed class NameSectionTests
{
    private static readonly byte[] Header = [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0];

    [Fact]
    public void EveryIndexSpaceHasItsNames()
    {
        NameSection names = Names(
        [
            0, 2, 1, (byte)'m',
            4, 4, 1, 5, 1, (byte)'t',
            7, 4, 1, 2, 1, (byte)'g',
            10, 6, 1, 5, 1, 1, 1, (byte)'f',
        ]);
        Assert.Equal("m", names.Module);
        Assert.Equal("t", names.Types[5]);
        Assert.Equal("g", names.Globals[2]);
        Assert.Equal("f", names.Fields(5)[1]);
        Assert.Empty(names.Fields(4));
        Assert.Empty(names.Tags);
    }

    [Fact]
    public void ADamagedSectionCountsAsFarAsItGoes()
    {
        NameSection names = Names([0, 2, 1, (byte)'m', 1, 0x7F, 0x7F]);
        Assert.Equal("m", names.Module);
        Assert.Null(names.Function(0));
    }

    [Fact]
    public void ProducersAreReadAndADamagedSectionIsNone()
    {
        byte[] content = [9, .. "producers"u8, 1, 3, .. "sdk"u8, 1, 2, .. "wc"u8, 1, .. "7"u8];
        Module module = ModuleReader.Read((byte[])[.. Header, 0, (byte)content.Length, .. content]);
        ProducersField field = Assert.Single(ToolSections.Producers(module));
        Assert.Equal(("sdk", ("wc", "7")), (field.Name, field.Values[0]));
        content = content[..^1];
        Assert.Empty(ToolSections.Producers(ModuleReader.Read((byte[])[.. Header, 0, (byte)content.Length, .. content])));
    }

    private static NameSection Names(byte[] subsections)
    {
        byte[] content = [4, .. "name"u8, .. subsections];
        return ModuleReader.Read((byte[])[.. Header, 0, (byte)content.Length, .. content]).Names;
    }
}
