using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Types;

/// <summary>What kind of type a <see cref="CelType"/> is.</summary>
public enum CelTypeKind
{
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List,
    Map,

    /// <summary><c>type(T)</c>: the type of a type.</summary>
    Type,

    /// <summary>A type with a name and parameters, such as <c>optional_type(T)</c>.</summary>
    Opaque,

    /// <summary>A type whose fields the environment declares.</summary>
    Object,

    /// <summary>A type parameter of an overload, or a variable of the checker.</summary>
    Param,
}

/// <summary>A static type (language definition, "Gradual Type Checking").</summary>
/// <remarks>Immutable; equality is structural.</remarks>
public sealed class CelType : IEquatable<CelType>
{
    private CelType(CelTypeKind kind, string name, params CelType[] parameters)
    {
        Kind = kind;
        Name = name;
        Parameters = parameters;
    }

    public static CelType Dyn { get; } = new(CelTypeKind.Dyn, "dyn");

    public static CelType Null { get; } = new(CelTypeKind.Null, "null_type");

    public static CelType Bool { get; } = new(CelTypeKind.Bool, "bool");

    public static CelType Int { get; } = new(CelTypeKind.Int, "int");

    public static CelType Uint { get; } = new(CelTypeKind.Uint, "uint");

    public static CelType Double { get; } = new(CelTypeKind.Double, "double");

    public static CelType String { get; } = new(CelTypeKind.String, "string");

    public static CelType Bytes { get; } = new(CelTypeKind.Bytes, "bytes");

    public static CelType Timestamp { get; } = new(CelTypeKind.Timestamp, "google.protobuf.Timestamp");

    public static CelType Duration { get; } = new(CelTypeKind.Duration, "google.protobuf.Duration");

    public CelTypeKind Kind { get; }

    /// <summary>The name that <c>type(v)</c> gives.</summary>
    public string Name { get; }

    public IReadOnlyList<CelType> Parameters { get; }

    public static CelType List(CelType element) => new(CelTypeKind.List, "list", element);

    public static CelType Map(CelType key, CelType value) => new(CelTypeKind.Map, "map", key, value);

    public static CelType Type(CelType of) => new(CelTypeKind.Type, "type", of);

    public static CelType Optional(CelType of) => new(CelTypeKind.Opaque, "optional_type", of);

    public static CelType Opaque(string name, params CelType[] parameters) => new(CelTypeKind.Opaque, name, parameters);

    public static CelType Object(string name) => new(CelTypeKind.Object, name);

    public static CelType Param(string name) => new(CelTypeKind.Param, name);

    public bool IsOptional => Kind == CelTypeKind.Opaque && Name == "optional_type";

    /// <summary>Whether the type is, or holds, a type parameter.</summary>
    public bool HasParams => Kind == CelTypeKind.Param || Parameters.Any(p => p.HasParams);

    /// <summary>Whether a value of this runtime kind can be of this type; elements of lists and maps are not looked at.</summary>
    public bool Admits(ValueKind kind) => Kind switch
    {
        CelTypeKind.Dyn or CelTypeKind.Param => true,
        CelTypeKind.Null => kind == ValueKind.Null,
        CelTypeKind.Bool => kind == ValueKind.Bool,
        CelTypeKind.Int => kind == ValueKind.Int,
        CelTypeKind.Uint => kind == ValueKind.Uint,
        CelTypeKind.Double => kind == ValueKind.Double,
        CelTypeKind.String => kind == ValueKind.String,
        CelTypeKind.Bytes => kind == ValueKind.Bytes,
        CelTypeKind.Timestamp => kind == ValueKind.Timestamp,
        CelTypeKind.Duration => kind == ValueKind.Duration,
        CelTypeKind.List => kind == ValueKind.List,
        CelTypeKind.Map => kind == ValueKind.Map,
        CelTypeKind.Type => kind == ValueKind.Type,
        CelTypeKind.Object => kind == ValueKind.Object,
        _ => IsOptional && kind == ValueKind.Optional,
    };

    public bool Equals(CelType? other) =>
        other is not null && (ReferenceEquals(this, other) ||
            (Kind == other.Kind && Name == other.Name && Parameters.SequenceEqual(other.Parameters)));

    public override bool Equals(object? obj) => Equals(obj as CelType);

    public override int GetHashCode() => HashCode.Combine(Kind, Name, Parameters.Count);

    /// <summary>As errors show it: <c>list(int)</c>, <c>map(string, dyn)</c>, <c>timestamp</c>.</summary>
    public override string ToString()
    {
        string name = Kind switch
        {
            CelTypeKind.Null => "null",
            CelTypeKind.Timestamp => "timestamp",
            CelTypeKind.Duration => "duration",
            CelTypeKind.Opaque when IsOptional => "optional",
            _ => Name,
        };
        return Parameters.Count == 0 ? name : $"{name}({string.Join(", ", Parameters)})";
    }
}
