using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Http;

/// <summary>Why a header was not taken (<c>wasi:http/types</c>, <c>header-error</c>).</summary>
public sealed record HeaderError : IVariant<HeaderError>
{
    private static readonly HeaderError[] All = [new(0), new(1), new(2)];

    private HeaderError(int @case) => Case = @case;

    public static IReadOnlyList<(string Label, Type? Payload)> Cases { get; } = [("invalid-syntax", null), ("forbidden", null), ("immutable", null)];

    /// <summary>The name or the value is not one of HTTP.</summary>
    public static HeaderError InvalidSyntax => All[0];

    /// <summary>The header belongs to the host.</summary>
    public static HeaderError Forbidden => All[1];

    /// <summary>These fields cannot be changed.</summary>
    public static HeaderError Immutable => All[2];

    public int Case { get; }

    public object? Payload => null;

    public static HeaderError Create(int @case, object? payload) => All[@case];

    public override string ToString() => Cases[Case].Label;
}
