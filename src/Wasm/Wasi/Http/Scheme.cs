using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Http;

/// <summary>A URI's scheme (<c>wasi:http/types</c>, <c>scheme</c>).</summary>
public sealed record Scheme : IVariant<Scheme>
{
    private const int Other = 2;

    private Scheme(int @case, string name)
    {
        Case = @case;
        Name = name;
    }

    public static IReadOnlyList<(string Label, Type? Payload)> Cases { get; } = [("HTTP", null), ("HTTPS", null), ("other", typeof(string))];

    public static Scheme Http { get; } = new(0, "http");

    public static Scheme Https { get; } = new(1, "https");

    public int Case { get; }

    /// <summary>As it stands in a URI, such as <c>https</c>.</summary>
    public string Name { get; }

    public object? Payload => Case == Other ? Name : null;

    /// <summary>Whether a URI may begin with it: an <c>other</c> can be any text (RFC 3986, section 3.1).</summary>
    public bool IsValid => Name.Length is > 0 and <= HttpSyntax.LongestName && char.IsAsciiLetter(Name[0])
        && Name.All(character => char.IsAsciiLetterOrDigit(character) || character is '+' or '-' or '.');

    public static Scheme Create(int @case, object? payload) => @case switch
    {
        0 => Http,
        1 => Https,
        _ => new Scheme(Other, (string)payload!),
    };

    /// <summary>The scheme of a URI, in any case of letters.</summary>
    public static Scheme Of(string name) =>
        name.Equals("http", StringComparison.OrdinalIgnoreCase) ? Http
        : name.Equals("https", StringComparison.OrdinalIgnoreCase) ? Https
        : new Scheme(Other, name);

    public override string ToString() => Name;
}
