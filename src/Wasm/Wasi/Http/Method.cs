using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Http;

/// <summary>A request's method (<c>wasi:http/types</c>, <c>method</c>). Two are equal if the same guest value made them.</summary>
public sealed record Method : IVariant<Method>
{
    private const int Other = 9;

    private static readonly Method[] Known =
    [
        new(0, "GET"), new(1, "HEAD"), new(2, "POST"), new(3, "PUT"), new(4, "DELETE"), new(5, "CONNECT"), new(6, "OPTIONS"), new(7, "TRACE"),
        new(8, "PATCH"),
    ];

    private Method(int @case, string name)
    {
        Case = @case;
        Name = name;
    }

    public static IReadOnlyList<(string Label, Type? Payload)> Cases { get; } =
        [.. Known.Select(method => (method.Name.ToLowerInvariant(), (Type?)null)), ("other", typeof(string))];

    public static Method Get => Known[0];

    public int Case { get; }

    /// <summary>As it stands in a request, such as <c>GET</c>.</summary>
    public string Name { get; }

    public object? Payload => Case == Other ? Name : null;

    /// <summary>Whether a request may carry it: an <c>other</c> can be any text (RFC 9110, section 9.1).</summary>
    public bool IsValid => Name.Length <= HttpSyntax.LongestName && HttpSyntax.IsToken(Name);

    public static Method Create(int @case, object? payload) => @case == Other ? new Method(Other, (string)payload!) : Known[@case];

    /// <summary>The method of a request line; methods are case-sensitive.</summary>
    public static Method Of(string name) => Array.Find(Known, method => method.Name == name) ?? new Method(Other, name);

    public override string ToString() => Name;
}
