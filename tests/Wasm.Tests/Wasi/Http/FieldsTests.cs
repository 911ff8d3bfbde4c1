using System.Text;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Http;

namespace Chain.Wasm.Tests.Wasi.Http;

/// <summary>The resource <c>fields</c>.</summary>
public sealed class FieldsTests
{
    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    [Fact]
    public void NamesAreEqualWhateverTheirCase()
    {
        var fields = new Fields();
        Assert.False(fields.Append("X-One", Bytes("1")).IsError);
        Assert.False(fields.Append("x-one", Bytes("2")).IsError);
        Assert.Equal([Bytes("1"), Bytes("2")], fields.Get("X-ONE"));
        Assert.True(fields.Has("x-One"));
        Assert.False(fields.Delete("x-oNe").IsError);
        Assert.False(fields.Has("X-One"));
        Assert.Empty(fields.Get("X-One"));
    }

    [Fact]
    public void SetReplacesAllValuesOfAName()
    {
        Fields fields = Fields.FromList([("a", Bytes("1")), ("b", Bytes("2")), ("A", Bytes("3"))]).Value;
        Assert.False(fields.Set("a", [Bytes("4"), Bytes("5")]).IsError);
        Assert.Equal([("b", "2"), ("a", "4"), ("a", "5")], fields.Entries().Select(entry => (entry.Name, Encoding.Latin1.GetString(entry.Value))));
    }

    [Theory]
    [InlineData("x\r\ny", "1")]
    [InlineData("x y", "1")]
    [InlineData("x:", "1")]
    [InlineData("", "1")]
    [InlineData("x\0", "1")]
    [InlineData("é", "1")]
    [InlineData("x", "1\r\nset-cookie: a=b")]
    [InlineData("x", "1\n2")]
    [InlineData("x", "1\r2")]
    [InlineData("x", "1\02")]
    [InlineData("x", "\u007f")]
    public void WhatIsNoHeaderIsInvalidSyntax(string name, string value)
    {
        var fields = new Fields();
        Assert.Equal(HeaderError.InvalidSyntax, fields.Append(name, Bytes(value)).Error);
        Assert.Equal(HeaderError.InvalidSyntax, fields.Set(name, [Bytes(value)]).Error);
        Assert.Equal(HeaderError.InvalidSyntax, Fields.FromList([(name, Bytes(value))]).Error);
        Assert.Equal(0, fields.Count);
    }

    [Theory]
    [InlineData("Host")]
    [InlineData("connection")]
    [InlineData("Transfer-Encoding")]
    [InlineData("UPGRADE")]
    [InlineData("keep-alive")]
    [InlineData("proxy-connection")]
    [InlineData("Proxy-Authorization")]
    [InlineData("te")]
    [InlineData("http2-settings")]
    public void HeadersOfTheHostAreForbidden(string name)
    {
        var fields = new Fields();
        Assert.Equal(HeaderError.Forbidden, fields.Append(name, Bytes("x")).Error);
        Assert.Equal(HeaderError.Forbidden, fields.Set(name, []).Error);
        Assert.Equal(HeaderError.Forbidden, fields.Delete(name).Error);
        Assert.Equal(HeaderError.Forbidden, Fields.FromList([("a", Bytes("x")), (name, Bytes("x"))]).Error);
    }

    [Fact]
    public void BytesPastAsciiAndTabsAreValues()
    {
        var fields = new Fields();
        Assert.False(fields.Append("x", [9, 0x20, 0x80, 0xFF]).IsError);
        Assert.Equal([[9, 0x20, 0x80, 0xFF]], fields.Get("x"));
    }

    [Fact]
    public void FieldsOfAMessageAreImmutableAndTheirCloneIsNot()
    {
        Fields fields = Fields.OfMessage([("X-A", Bytes("1"))]);
        Assert.Equal("x-a", Assert.Single(fields.Entries()).Name);
        Assert.Equal(HeaderError.Immutable, fields.Append("x", Bytes("1")).Error);
        Assert.Equal(HeaderError.Immutable, fields.Set("x", []).Error);
        Assert.Equal(HeaderError.Immutable, fields.Delete("x-a").Error);
        Fields clone = fields.Clone();
        Assert.False(clone.Append("x", Bytes("1")).IsError);
        Assert.Equal(2, clone.Count);
        Assert.Equal(1, fields.Count);
    }

    [Fact]
    public void WhatAGuestCopiesOfAMessageNamesNoOtherHost()
    {
        Fields clone = Fields.OfMessage([("Host", Bytes("inner")), ("Transfer-Encoding", Bytes("chunked")), ("a", Bytes("1"))]).Clone();
        Assert.Equal("a", Assert.Single(clone.Entries()).Name);
    }

    [Fact]
    public void HeadersGivenToAMessageCannotBeChangedAnyMore()
    {
        var headers = new Fields();
        var request = new OutgoingRequest(headers);
        Assert.Equal(HeaderError.Immutable, headers.Append("x", Bytes("1")).Error);
        Assert.Equal(HeaderError.Immutable, request.Headers.Append("x", Bytes("1")).Error);
        Assert.Equal(HeaderError.Immutable, new OutgoingResponse(new Fields()).Headers.Delete("x").Error);
    }

    [Fact]
    public void MoreEntriesOrBytesThanFieldsMayHaveTrap()
    {
        var many = new Fields();
        for (int i = 0; i < Fields.MostEntries; i++) many.Append("x", []);
        Assert.Throws<ComponentTrapException>(() => many.Append("x", []));
        var large = new Fields();
        Assert.Throws<ComponentTrapException>(() => large.Append("x", Enumerable.Repeat((byte)'a', Fields.MostBytes).ToArray()));
        Assert.Throws<FieldsTooLargeException>(() => Fields.OfMessage(Enumerable.Repeat(("x", Array.Empty<byte>()), Fields.MostEntries + 1)));
    }

    [Fact]
    public void RemovedEntriesMakeRoomAgain()
    {
        var fields = new Fields();
        byte[] half = [.. Enumerable.Repeat((byte)'a', (Fields.MostBytes / 2) + 1)];
        for (int i = 0; i < 10; i++) Assert.False(fields.Set("x", [half]).IsError);
    }
}
