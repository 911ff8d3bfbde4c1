using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Chain.Wasm.Wasi.Http;

/// <summary>
/// Where a request goes: a host in its one normal form and a port (RFC 3986, section 3.2). Names are in lower case and in ASCII (punycode) without a last
/// dot; an IPv4 address inside an IPv6 one is that IPv4 address.
/// </summary>
/// <param name="Host">A name or an address; an IPv6 address without brackets.</param>
/// <param name="Port">1 to 65535, or <see langword="null"/> where none is said.</param>
/// <param name="Address">The host where it is an address.</param>
internal sealed record HttpAuthority(string Host, int? Port, IPAddress? Address)
{
    private const int LongestHost = 253;

    private static readonly IdnMapping Idn = new() { AllowUnassigned = false, UseStd3AsciiRules = false };

    /// <summary>Whether the name is one that always means this machine (RFC 6761, section 6.3).</summary>
    public bool IsLocalhost => Address is null && (Host == "localhost" || Host.EndsWith(".localhost", StringComparison.Ordinal));

    /// <summary>The host as it stands in a URI.</summary>
    public string UriHost => Address is { AddressFamily: AddressFamily.InterNetworkV6 } ? $"[{Host}]" : Host;

    /// <summary>Reads <c>host</c> or <c>host:port</c>; not a user, a path or anything else.</summary>
    /// <returns><see langword="null"/> when it is something else.</returns>
    public static HttpAuthority? Parse(string text)
    {
        string host = text;
        int? port = null;
        int colon = text.LastIndexOf(':');
        if (colon > text.LastIndexOf(']'))
        {
            if (ParsePort(text.AsSpan(colon + 1)) is not { } number) return null;
            port = number;
            host = text[..colon];
        }

        return ParseHost(host) is { } parsed ? parsed with { Port = port } : null;
    }

    private static int? ParsePort(ReadOnlySpan<char> digits) =>
        digits.Length is > 0 and <= 5 && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= 65535
            ? port
            : null;

    private static HttpAuthority? ParseHost(string host)
    {
        if (host.StartsWith('[')) return ParseIPv6(host);
        string? name = ToAscii(host);
        if (name is null) return null;
        int lastDot = name.LastIndexOf('.');
        if (!LooksNumeric(name.AsSpan(lastDot + 1))) return new HttpAuthority(name, null, null);

        // 127.1, 0x7f.1 and 2130706433 are addresses to some parsers and names to others: only the form that all read alike is taken.
        return IPAddress.TryParse(name, out IPAddress? address) && address.ToString() == name ? new HttpAuthority(name, null, address) : null;
    }

    private static HttpAuthority? ParseIPv6(string host)
    {
        if (!host.EndsWith(']') || host.Contains('%')) return null;
        if (!IPAddress.TryParse(host.AsSpan(1, host.Length - 2), out IPAddress? address) || address.AddressFamily != AddressFamily.InterNetworkV6) return null;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return new HttpAuthority(address.ToString(), null, address);
    }

    private static string? ToAscii(string host)
    {
        if (host.EndsWith('.')) host = host[..^1];
        if (host.Length is 0 or > LongestHost) return null;
        try
        {
            if (!System.Text.Ascii.IsValid(host)) host = Idn.GetAscii(host.ToLowerInvariant());
        }
        catch (ArgumentException)
        {
            return null;
        }

        host = host.ToLowerInvariant();
        foreach (string label in host.Split('.'))
        {
            if (label.Length is 0 or > 63 || !label.All(static character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_')) return null;
        }

        return host.Length <= LongestHost ? host : null;
    }

    // The rule by which browsers tell a number from a name (WHATWG URL, "ends in a number").
    private static bool LooksNumeric(ReadOnlySpan<char> label) =>
        !label.ContainsAnyExceptInRange('0', '9')
        || (label.StartsWith("0x", StringComparison.Ordinal) && label[2..].IndexOfAnyExcept("0123456789abcdef") < 0);

    public override string ToString() => Port is { } port ? $"{UriHost}:{port}" : UriHost;
}
