using System.Buffers;
using System.Collections.Frozen;

namespace Chain.Wasm.Wasi.Http;

/// <summary>
/// What may stand in an HTTP message (RFC 9110, RFC 9112), and what of it belongs to the host. Everything that a guest says of a message goes
/// through here first: the client and the server below write what they are given.
/// </summary>
internal static class HttpSyntax
{
    /// <summary>The longest name of a method, a scheme or a header, in characters.</summary>
    public const int LongestName = 1024;

    private const string TokenCharacters = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static readonly SearchValues<char> Token = SearchValues.Create(TokenCharacters);

    private static readonly SearchValues<byte> ValueBytes =
        SearchValues.Create([(byte)'\t', .. Enumerable.Range(0x20, 0x5F).Select(code => (byte)code), .. Enumerable.Range(0x80, 0x80).Select(code => (byte)code)]);

    // Visible ASCII but '#', which would begin a fragment.
    private static readonly SearchValues<char> PathCharacters =
        SearchValues.Create([.. Enumerable.Range('!', '~' - '!' + 1).Select(code => (char)code).Where(character => character != '#')]);

    // Those of one connection (RFC 9110, section 7.6.1), and the one that would say another host than was granted.
    private static readonly FrozenSet<string> Forbidden = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "connection", "host", "http2-settings", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "transfer-encoding", "upgrade");

    private static readonly FrozenSet<string> NeverInTrailers = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "authorization", "cache-control", "content-encoding", "content-length", "content-range", "content-type", "cookie", "expect", "host",
        "max-forwards", "set-cookie", "trailer");

    /// <summary>A <c>token</c> (RFC 9110, section 5.6.2), which names of methods and of fields are.</summary>
    public static bool IsToken(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExcept(Token);

    /// <summary>A field's name.</summary>
    public static bool IsFieldName(string name) => name.Length <= LongestName && IsToken(name);

    /// <summary>A field's value (RFC 9110, section 5.5): no control characters but the tab, so neither a line's end nor NUL.</summary>
    public static bool IsFieldValue(ReadOnlySpan<byte> value) => !value.ContainsAnyExcept(ValueBytes);

    /// <summary>A header that is the host's: no guest sets it, and none sees it.</summary>
    public static bool IsForbidden(string name) => Forbidden.Contains(name);

    /// <summary>A field that would change, after the fact, how a message is read (RFC 9110, section 6.5.1).</summary>
    public static bool IsForbiddenTrailer(string name) => IsForbidden(name) || NeverInTrailers.Contains(name);

    /// <summary>A path with its query, either of which may be empty; no blank, which would end it in the request line.</summary>
    public static bool IsPathWithQuery(string text) => (text.Length == 0 || text[0] is '/' or '?') && !text.AsSpan().ContainsAnyExcept(PathCharacters);
}
