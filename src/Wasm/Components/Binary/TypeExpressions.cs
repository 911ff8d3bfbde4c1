using Chain.Wasm.Components.Types;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Components.Binary;

/// <summary>A value type where one is used: a primitive one, or a type by index.</summary>
public readonly record struct ValTypeUse
{
    // A type index where it is zero or more; else the primitive type's byte, as a signed 7-bit number.
    private readonly long code;

    private ValTypeUse(long code) => this.code = code;

    public bool IsPrimitive => code < 0;

    public PrimitiveKind Primitive => (PrimitiveKind)(code + 0x80);

    public uint Index => (uint)code;

    /// <summary>The number that the binary format has.</summary>
    internal long Code => code;

    internal static ValTypeUse FromCode(long code) => new(code);
}

/// <summary>A labelled value type: a field or a parameter.</summary>
public readonly record struct LabelledType(string Label, ValTypeUse Type);

/// <summary>A type definition as it stands: types in it are indices.</summary>
public abstract record TypeExpression;

public sealed record PrimitiveExpression(PrimitiveKind Kind) : TypeExpression;

public sealed record RecordExpression(LabelledType[] Fields) : TypeExpression;

public sealed record VariantExpression((string Label, ValTypeUse? Type)[] Cases) : TypeExpression;

/// <summary>A list; of a fixed length where it has one.</summary>
public sealed record ListExpression(ValTypeUse Element, uint? Length) : TypeExpression;

public sealed record TupleExpression(ValTypeUse[] Types) : TypeExpression;

public sealed record FlagsExpression(string[] Labels) : TypeExpression;

public sealed record EnumExpression(string[] Labels) : TypeExpression;

public sealed record OptionExpression(ValTypeUse Type) : TypeExpression;

public sealed record ResultExpression(ValTypeUse? Ok, ValTypeUse? Error) : TypeExpression;

/// <summary>A handle: <c>own</c> or <c>borrow</c>.</summary>
public sealed record HandleExpression(bool IsOwn, uint Resource) : TypeExpression;

public sealed record StreamExpression(ValTypeUse? Element) : TypeExpression;

public sealed record FutureExpression(ValTypeUse? Element) : TypeExpression;

public sealed record MapExpression(ValTypeUse Key, ValTypeUse Value) : TypeExpression;

public sealed record FuncExpression(bool IsAsync, LabelledType[] Parameters, ValTypeUse? Result) : TypeExpression;

public sealed record ComponentExpression(IReadOnlyList<Definition> Declarations) : TypeExpression;

public sealed record InstanceExpression(IReadOnlyList<Definition> Declarations) : TypeExpression;

public sealed record ResourceExpression(ValueType Representation, uint? Destructor) : TypeExpression;
