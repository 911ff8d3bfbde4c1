using System.Net;
using System.Net.Sockets;

namespace Chain.Wasm.Wasi.Http;

/// <summary>Which addresses are on the public internet, and which lead to this machine, its networks or their services (IANA special-purpose registries).</summary>
internal static class AddressRanges
{
    private static readonly IPNetwork[] Special =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10",
            "ff00::/8",
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork Translated = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    public static bool IsPublic(IPAddress address)
    {
        address = Plain(address);
        return !Array.Exists(Special, network => network.Contains(address)) && (Inner(address) is not { } inner || IsPublic(inner));
    }

    /// <summary>The address that <paramref name="address"/> is, where an IPv4 address stands in the form of an IPv6 one.</summary>
    public static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    // The IPv4 address that a gateway makes of an IPv6 one.
    private static IPAddress? Inner(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return null;
        byte[] bytes = address.GetAddressBytes();
        if (Translated.Contains(address)) return new IPAddress(bytes.AsSpan(12, 4));
        return SixToFour.Contains(address) ? new IPAddress(bytes.AsSpan(2, 4)) : null;
    }
}
