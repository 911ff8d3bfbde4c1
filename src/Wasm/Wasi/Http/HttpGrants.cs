using System.Globalization;
using System.Net;

namespace Chain.Wasm.Wasi.Http;

/// <summary>
/// To where a guest may make requests: nowhere unless it is said. Immutable; safe for any thread. A grant is one of
/// <list type="bullet">
/// <item><c>api.example.org</c>: that host at the scheme's own port (80 or 443);</item>
/// <item><c>api.example.org:8080</c>, <c>api.example.org:*</c>: at that port, at every port;</item>
/// <item><c>*.example.org</c>: every name below it, at any depth, but not <c>example.org</c>;</item>
/// <item><c>192.0.2.7</c>, <c>[2001:db8::7]:8080</c>, <c>10.0.0.0/8</c>: that address, those addresses.</item>
/// </list>
/// A granted name leads to addresses of the public internet; to others (loopback, private, link-local with the clouds' metadata services, …)
/// only where the address is granted too. <c>localhost</c> leads to loopback addresses, and to none else.
/// </summary>
public sealed class HttpGrants
{
    private readonly Grant[] grants;

    private HttpGrants(Grant[] grants) => this.grants = grants;

    /// <summary>No grant.</summary>
    public static HttpGrants None { get; } = new([]);

    /// <summary>Reads grants.</summary>
    /// <exception cref="FormatException">One is none of the forms; the message quotes it and says what is expected.</exception>
    public static HttpGrants Parse(IEnumerable<string> grants) => new([.. grants.Select(Read)]);

    /// <summary>Whether one of the grants is for an authority as a request names it, at the ports of either scheme.</summary>
    public bool Names(string authority) => HttpAuthority.Parse(authority) is { } target && (Allow(target, 443) || Allow(target, 80));

    /// <summary>Whether a request may go to a host, before its name is looked up.</summary>
    internal bool Allow(HttpAuthority target, int defaultPort)
    {
        int port = target.Port ?? defaultPort;
        return Array.Exists(grants, grant => grant.HasPort(port, defaultPort) && (target.Address is { } address ? grant.HasAddress(address) : grant.HasName(target.Host)));
    }

    /// <summary>Whether a request to a host that is allowed may go to an address that the host has.</summary>
    internal bool AllowAddress(HttpAuthority target, IPAddress address, int defaultPort)
    {
        address = AddressRanges.Plain(address);
        if (target.Address is { } literal) return literal.Equals(address);
        if (target.IsLocalhost) return IPAddress.IsLoopback(address);
        return AddressRanges.IsPublic(address)
            || Array.Exists(grants, grant => grant.HasPort(target.Port ?? defaultPort, defaultPort) && grant.HasAddress(address));
    }

    private static Grant Read(string text)
    {
        string host = text;
        (bool any, int? port) = (false, null);
        int colon = text.LastIndexOf(':');
        bool isBareIPv6 = text.Count(character => character == ':') > 1 && !text.StartsWith('[');
        if (colon > text.LastIndexOf(']') && !isBareIPv6)
        {
            host = text[..colon];
            string digits = text[(colon + 1)..];
            any = digits == "*";
            if (!any)
            {
                if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number is 0 or > 65535) throw Bad(text);
                port = number;
            }
        }

        if (host.IndexOf('/') is var slash and >= 0)
        {
            string prefix = host[..slash].Trim('[', ']');
            return IPNetwork.TryParse(prefix + host[slash..], out IPNetwork network) ? new Grant(null, false, network, port, any) : throw Bad(text);
        }

        bool isBelow = host.StartsWith("*.", StringComparison.Ordinal);
        HttpAuthority? authority = HttpAuthority.Parse(isBareIPv6 ? $"[{host}]" : isBelow ? host[2..] : host);
        if (authority is not { Port: null } || (isBelow && authority.Address is not null)) throw Bad(text);
        return authority.Address is { } address
            ? new Grant(null, false, new IPNetwork(address, address.GetAddressBytes().Length * 8), port, any)
            : new Grant(authority.Host, isBelow, null, port, any);
    }

    private static FormatException Bad(string text) =>
        new($"'{text}' is no host to allow: expected HOST, HOST:PORT, *.DOMAIN, an IP address ([…] around IPv6 with a port) or a network such as 10.0.0.0/8");

    private sealed record Grant(string? Name, bool IsBelow, IPNetwork? Addresses, int? Port, bool AnyPort)
    {
        public bool HasPort(int port, int defaultPort) => AnyPort || port == (Port ?? defaultPort);

        public bool HasName(string host) =>
            Name is not null && (IsBelow ? host.Length > Name.Length + 1 && host.EndsWith("." + Name, StringComparison.Ordinal) : host == Name);

        public bool HasAddress(IPAddress address) => Addresses is { } network && network.Contains(address);
    }
}
