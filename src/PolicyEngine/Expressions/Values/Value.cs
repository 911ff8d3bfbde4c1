using System.Diagnostics;

namespace Chain.PolicyEngine.Expressions.Values;

/// <summary>The runtime type of a <see cref="Value"/>.</summary>
public enum ValueKind : byte
{
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
    Type,
    Optional,

    /// <summary>An object that the host declared, such as <c>caller</c>.</summary>
    Object,

    /// <summary>An evaluation error; it travels as a value, so that <c>&amp;&amp;</c> and <c>||</c> can absorb it cheaply.</summary>
    Error,
}

/// <summary>
/// A CEL value (language definition, "Values"), 24 bytes, without boxing: numbers, timestamps (seconds and
/// nanoseconds) and durations (nanoseconds) stand in the struct itself.
/// </summary>
/// <remarks>Immutable. The default value is null.</remarks>
[DebuggerDisplay("{ToString()}")]
public readonly struct Value
{
    private readonly object? _object;
    private readonly long _bits;
    private readonly int _nanos;

    private Value(ValueKind kind, long bits, object? reference = null, int nanos = 0)
    {
        Kind = kind;
        _bits = bits;
        _object = reference;
        _nanos = nanos;
    }

    /// <summary>Its runtime type.</summary>
    public ValueKind Kind { get; }

    public static Value Null => default;

    public static Value True => new(ValueKind.Bool, 1);

    public static Value False => new(ValueKind.Bool, 0);

    /// <summary>An optional without a value.</summary>
    public static Value None => new(ValueKind.Optional, 0);

    public static Value Bool(bool value) => new(ValueKind.Bool, value ? 1 : 0);

    public static Value Int(long value) => new(ValueKind.Int, value);

    public static Value Uint(ulong value) => new(ValueKind.Uint, unchecked((long)value));

    public static Value Double(double value) => new(ValueKind.Double, BitConverter.DoubleToInt64Bits(value));

    public static Value String(string value) => new(ValueKind.String, 0, value);

    public static Value Bytes(byte[] value) => new(ValueKind.Bytes, 0, value);

    public static Value Timestamp(Timestamp value) => new(ValueKind.Timestamp, value.Seconds, null, value.Nanos);

    public static Value Duration(long nanoseconds) => new(ValueKind.Duration, nanoseconds);

    public static Value List(ListValue value) => new(ValueKind.List, 0, value);

    public static Value List(params Value[] items) => new(ValueKind.List, 0, new ListValue(items));

    public static Value Map(MapValue value) => new(ValueKind.Map, 0, value);

    /// <summary>A type as a value, such as <c>int</c> or <c>google.protobuf.Timestamp</c>.</summary>
    public static Value Type(string name) => new(ValueKind.Type, 0, name);

    /// <summary>An optional that has <paramref name="value"/>.</summary>
    public static Value Some(Value value) => new(ValueKind.Optional, 1, new Box(value));

    /// <summary>A host's object: <paramref name="type"/> says its fields; <paramref name="bits"/> and <paramref name="payload"/> are the host's.</summary>
    public static Value Object(ObjectShape type, long bits = 0) => new(ValueKind.Object, bits, type);

    /// <summary>An evaluation error.</summary>
    public static Value Error(string message) => new(ValueKind.Error, 0, new EvaluationError(message));

    /// <summary>An evaluation error.</summary>
    public static Value Error(EvaluationError error) => new(ValueKind.Error, 0, error);

    public bool IsError => Kind == ValueKind.Error;

    public bool IsTrue => Kind == ValueKind.Bool && _bits != 0;

    public bool IsFalse => Kind == ValueKind.Bool && _bits == 0;

    public bool AsBool => _bits != 0;

    public long AsInt => _bits;

    public ulong AsUint => unchecked((ulong)_bits);

    public double AsDouble => BitConverter.Int64BitsToDouble(_bits);

    public string AsString => (string)_object!;

    public byte[] AsBytes => (byte[])_object!;

    public Timestamp AsTimestamp => new(_bits, _nanos);

    /// <summary>A duration in nanoseconds.</summary>
    public long AsDuration => _bits;

    public ListValue AsList => (ListValue)_object!;

    public MapValue AsMap => (MapValue)_object!;

    public string AsTypeName => (string)_object!;

    public EvaluationError AsError => (EvaluationError)_object!;

    public ObjectShape AsObject => (ObjectShape)_object!;

    /// <summary>What the host put beside an object.</summary>
    public long ObjectBits => _bits;

    /// <summary>Whether an optional has a value.</summary>
    public bool HasValue => _bits != 0;

    /// <summary>The value of an optional that <see cref="HasValue"/>.</summary>
    public Value Inner => ((Box)_object!).Value;

    /// <summary>The name of the value's type, as <c>type(v)</c> gives it.</summary>
    public string TypeName => Kind switch
    {
        ValueKind.Null => "null_type",
        ValueKind.Bool => "bool",
        ValueKind.Int => "int",
        ValueKind.Uint => "uint",
        ValueKind.Double => "double",
        ValueKind.String => "string",
        ValueKind.Bytes => "bytes",
        ValueKind.Timestamp => "google.protobuf.Timestamp",
        ValueKind.Duration => "google.protobuf.Duration",
        ValueKind.List => "list",
        ValueKind.Map => "map",
        ValueKind.Type => "type",
        ValueKind.Optional => "optional_type",
        ValueKind.Object => AsObject.Name,
        _ => "error",
    };

    /// <summary>For people: CEL's literal where there is one.</summary>
    public override string ToString() => ValueText.Literal(this);

    private sealed class Box(Value value)
    {
        public Value Value { get; } = value;
    }
}
