using System.Net;
using Chain.Wasm.Wasi.Http;

namespace Chain.Wasm.Tests.Wasi.Http;

/// <summary>Where grants reach, and where not.</summary>
public sealed class HttpGrantsTests
{
    [Theory]
    // A host at the scheme's own port.
    [InlineData("example.org", "example.org", true)]
    [InlineData("example.org", "EXAMPLE.org", true)]
    [InlineData("Example.ORG", "example.org.", true)]
    [InlineData("example.org.", "example.org", true)]
    [InlineData("example.org", "example.org:80", true)]
    [InlineData("example.org", "example.org:8080", false)]
    [InlineData("example.org", "example.org:443", false)]
    [InlineData("example.org:8080", "example.org:8080", true)]
    [InlineData("example.org:8080", "example.org", false)]
    [InlineData("example.org:*", "example.org:1234", true)]
    [InlineData("example.org:80", "example.org", true)]
    // Neighbours of a granted host.
    [InlineData("example.org", "www.example.org", false)]
    [InlineData("example.org", "example.org.evil.test", false)]
    [InlineData("example.org", "notexample.org", false)]
    [InlineData("example.org", "example.or", false)]
    [InlineData("*.example.org", "www.example.org", true)]
    [InlineData("*.example.org", "a.b.example.org", true)]
    [InlineData("*.example.org", "example.org", false)]
    [InlineData("*.example.org", "evilexample.org", false)]
    [InlineData("*.example.org", ".example.org", false)]
    [InlineData("*.example.org:81", "www.example.org:81", true)]
    // One name in two writings.
    [InlineData("bücher.example", "xn--bcher-kva.example", true)]
    [InlineData("xn--bcher-kva.example", "BÜCHER.example", true)]
    [InlineData("bucher.example", "bücher.example", false)]
    // Look-alikes: a Cyrillic letter, a fullwidth one.
    [InlineData("example.org", "ex\u0430mple.org", false)]
    [InlineData("example.org", "\uFF45xample.org", false)]
    // Users and other things in the authority.
    [InlineData("example.org", "user@example.org", false)]
    [InlineData("example.org", "example.org@evil.test", false)]
    [InlineData("example.org", "example.org:80@evil.test", false)]
    [InlineData("example.org", "evil.test#example.org", false)]
    [InlineData("example.org", "evil.test/example.org", false)]
    [InlineData("example.org", "example.org\\evil.test", false)]
    [InlineData("example.org", "example.org evil.test", false)]
    [InlineData("example.org", "example.org\r\nhost: evil.test", false)]
    [InlineData("example.org", "example.org:", false)]
    [InlineData("example.org", "example.org:+80", false)]
    [InlineData("example.org", "example.org:080000", false)]
    [InlineData("example.org", "example.org:0", false)]
    [InlineData("example.org", "example.org:65616", false)]
    [InlineData("example.org", "example%2eorg", false)]
    [InlineData("example.org", "", false)]
    // Addresses are granted as addresses only.
    [InlineData("127.0.0.1", "127.0.0.1", true)]
    [InlineData("127.0.0.1", "[::ffff:127.0.0.1]", true)]
    [InlineData("127.0.0.1", "[::ffff:7f00:1]", true)]
    [InlineData("127.0.0.1", "127.0.0.2", false)]
    [InlineData("127.0.0.1", "localhost", false)]
    [InlineData("localhost", "127.0.0.1", false)]
    [InlineData("*.0.0.1:80", "127.0.0.1", false)]
    [InlineData("127.0.0.1", "127.1", false)]
    [InlineData("127.0.0.1", "2130706433", false)]
    [InlineData("127.0.0.1", "0x7f000001", false)]
    [InlineData("127.0.0.1", "0177.0.0.1", false)]
    [InlineData("127.0.0.1", "127.0.0.1.", true)]
    [InlineData("::1", "[::1]", true)]
    [InlineData("[::1]:8080", "[::1]:8080", true)]
    [InlineData("[::1]", "[0:0:0:0:0:0:0:1]", true)]
    [InlineData("[::1]", "::1", false)]
    [InlineData("[fe80::1]", "[fe80::1%25eth0]", false)]
    [InlineData("10.0.0.0/8", "10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "11.1.2.3", false)]
    [InlineData("10.0.0.0/8:81", "10.1.2.3:81", true)]
    [InlineData("fd00::/8", "[fd12::1]", true)]
    public void AGrantReachesWhatItSays(string grant, string authority, bool isAllowed)
    {
        HttpGrants grants;
        try
        {
            grants = HttpGrants.Parse([grant]);
        }
        catch (FormatException)
        {
            // One that cannot be given grants nothing.
            Assert.False(isAllowed);
            return;
        }

        Assert.Equal(isAllowed, HttpAuthority.Parse(authority) is { } target && grants.Allow(target, 80));
    }

    [Theory]
    [InlineData("http://example.org")]
    [InlineData("example.org/path")]
    [InlineData("user@example.org")]
    [InlineData("example.org:0")]
    [InlineData("example.org:99999")]
    [InlineData("example.org:http")]
    [InlineData("*")]
    [InlineData("*.")]
    [InlineData("a.*.example.org")]
    [InlineData("*.127.0.0.1")]
    [InlineData("127.1")]
    [InlineData("10.0.0.0/33")]
    [InlineData("")]
    [InlineData(" ")]
    public void WhatIsNoGrantIsQuoted(string grant)
    {
        FormatException failure = Assert.Throws<FormatException>(() => HttpGrants.Parse([grant]));
        Assert.StartsWith($"'{grant}' is no host to allow: expected HOST", failure.Message);
    }

    [Theory]
    [InlineData("example.org", "93.184.216.34", true)]
    [InlineData("example.org", "2606:2800:220:1::1", true)]
    [InlineData("example.org", "127.0.0.1", false)]
    [InlineData("example.org", "169.254.169.254", false)]
    [InlineData("example.org", "10.0.0.1", false)]
    [InlineData("example.org", "172.31.255.255", false)]
    [InlineData("example.org", "172.32.0.1", true)]
    [InlineData("example.org", "192.168.1.1", false)]
    [InlineData("example.org", "100.64.0.1", false)]
    [InlineData("example.org", "0.0.0.0", false)]
    [InlineData("example.org", "255.255.255.255", false)]
    [InlineData("example.org", "224.0.0.1", false)]
    [InlineData("example.org", "::1", false)]
    [InlineData("example.org", "::", false)]
    [InlineData("example.org", "::ffff:127.0.0.1", false)]
    [InlineData("example.org", "::127.0.0.1", false)]
    [InlineData("example.org", "fe80::1", false)]
    [InlineData("example.org", "fd00:ec2::254", false)]
    [InlineData("example.org", "ff02::1", false)]
    [InlineData("example.org", "64:ff9b::7f00:1", false)]
    [InlineData("example.org", "64:ff9b::5db8:d822", true)]
    [InlineData("example.org", "2002:7f00:1::", false)]
    [InlineData("example.org 10.0.0.0/8", "10.0.0.1", true)]
    [InlineData("example.org 10.0.0.0/8:8080", "10.0.0.1", false)]
    [InlineData("example.org 127.0.0.1", "127.0.0.1", true)]
    [InlineData("example.org 127.0.0.1", "::ffff:127.0.0.1", true)]
    public void AGrantedNameLeadsToPublicAddressesUnlessTheAddressIsGrantedToo(string grants, string address, bool isAllowed) =>
        Assert.Equal(isAllowed, HttpGrants.Parse(grants.Split(' ')).AllowAddress(HttpAuthority.Parse("example.org")!, IPAddress.Parse(address), 80));

    [Theory]
    [InlineData("localhost", "127.0.0.1", true)]
    [InlineData("api.localhost", "::1", true)]
    [InlineData("localhost", "93.184.216.34", false)]
    [InlineData("localhost", "10.0.0.1", false)]
    public void LocalhostLeadsToThisMachineAlone(string name, string address, bool isAllowed) =>
        Assert.Equal(isAllowed, HttpGrants.Parse([name]).AllowAddress(HttpAuthority.Parse(name)!, IPAddress.Parse(address), 80));
}
