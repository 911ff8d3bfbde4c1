using Chain.Tracer.Tags;

namespace Chain.Tracer.Tests.Tags;

public sealed class LabelTests
{
    [Theory]
    [InlineData("pii")]
    [InlineData("user=alice")]
    [InlineData("+reviewed=by%20bob")]
    [InlineData("note=%C3%A4%2C%3D%25%2A")]
    [InlineData("tenant=*")]
    [InlineData("*")]
    [InlineData("medical,pii,user=alice,+reviewed")]
    [InlineData("")]
    public void TheTextFormReadsBackAsItWas(string text) => Assert.Equal(text, Label.Parse(text).ToString());

    [Theory]
    [InlineData("=x")]
    [InlineData("a=")]
    [InlineData("a b")]
    [InlineData("a=b c")]
    [InlineData("a=%zz")]
    [InlineData("a=%C3")]
    [InlineData("a=%2A")]
    [InlineData("+*")]
    [InlineData("*=x")]
    [InlineData("a,,b")]
    [InlineData("ä")]
    public void AMalformedTextIsRefused(string text)
    {
        Assert.False(Label.TryParse(text, out _));
        Assert.Throws<FormatException>(() => Label.Parse(text));
    }

    [Fact]
    public void NamesAndValuesHaveALimit()
    {
        Assert.Equal(64, Tag.Create(new string('a', 64)).Name.Length);
        Assert.Contains("1 to 64", Assert.Throws<FormatException>(() => Tag.Create(new string('a', 65))).Message);
        Assert.Contains("at most 128 bytes", Assert.Throws<FormatException>(() => Tag.Create("a", new string('ä', 65))).Message);
    }

    [Fact]
    public void SecrecyJoinsByUnionAndIntegrityByIntersection()
    {
        Label joined = Label.Join(Label.Parse("pii,+reviewed,+signed"), Label.Parse("medical,+signed"));
        Assert.Equal("medical,pii,+signed", joined.ToString());
        Assert.Equal("pii", Label.Join(Label.Parse("pii,+signed"), Label.Empty).ToString());
    }

    [Fact]
    public void ACoarseTagStandsForWhatItCovers()
    {
        Label label = Label.Parse("user=*,user=alice,pii");
        Assert.Equal("pii,user=*", label.ToString());
        Assert.True(label.Has(Tag.Parse("user=bob")));
        Assert.False(label.Has(Tag.Parse("medical")));
        Assert.True(Label.Of(Tag.Anything).Has(Tag.Parse("medical=x")));
        Assert.False(Label.Of(Tag.Anything).Has(Tag.Parse("+signed")));
    }
}
