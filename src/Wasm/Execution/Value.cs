using System.Globalization;
using System.Runtime.Intrinsics;
using Chain.Wasm.Binary;

namespace Chain.Wasm.Execution;

/// <summary>
/// A value of a WebAssembly value type, for tools and tests; compiled code and typed delegates never build one.
/// </summary>
public readonly struct Value : IEquatable<Value>
{
    private readonly ulong low;
    private readonly ulong high;

    private Value(ValueKind kind, ulong low, ulong high = 0, object? reference = null)
    {
        Kind = kind;
        this.low = low;
        this.high = high;
        Reference = reference;
    }

    /// <summary>Which member means something.</summary>
    public ValueKind Kind { get; }

    /// <summary>The reference; <see langword="null"/> is the null reference.</summary>
    public object? Reference { get; }

    public int I32 => (int)low;

    public long I64 => (long)low;

    public float F32 => BitConverter.UInt32BitsToSingle((uint)low);

    public double F64 => BitConverter.UInt64BitsToDouble(low);

    public Vector128<byte> V128 => Vector128.Create(low, high).AsByte();

    /// <summary>The bits of a number, zero-extended; the low half of a vector.</summary>
    public ulong Bits => low;

    public static Value FromI32(int value) => new(ValueKind.I32, (uint)value);

    public static Value FromI64(long value) => new(ValueKind.I64, (ulong)value);

    public static Value FromF32(float value) => new(ValueKind.F32, BitConverter.SingleToUInt32Bits(value));

    public static Value FromF64(double value) => new(ValueKind.F64, BitConverter.DoubleToUInt64Bits(value));

    public static Value FromV128(Vector128<byte> value) =>
        new(ValueKind.V128, value.AsUInt64().GetElement(0), value.AsUInt64().GetElement(1));

    /// <param name="reference">
    /// A <see cref="Function"/>, a host object (for <c>externref</c>), an object that the guest made, or <see langword="null"/>.
    /// </param>
    public static Value FromReference(object? reference) => new(ValueKind.Ref, 0, 0, reference);

    /// <summary>The value that a fresh local of the type has.</summary>
    public static Value Default(Binary.ValueType type) => new(type.Kind, 0);

    /// <summary>Equality of bits, so that a NaN equals itself; of references, identity.</summary>
    public bool Equals(Value other) =>
        Kind == other.Kind && low == other.low && high == other.high && ReferenceEquals(Reference, other.Reference);

    public override bool Equals(object? obj) => obj is Value other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Kind, low, high);

    public static bool operator ==(Value left, Value right) => left.Equals(right);

    public static bool operator !=(Value left, Value right) => !left.Equals(right);

    public override string ToString() => Kind switch
    {
        ValueKind.I32 => I32.ToString(CultureInfo.InvariantCulture),
        ValueKind.I64 => I64.ToString(CultureInfo.InvariantCulture),
        ValueKind.F32 => F32.ToString("R", CultureInfo.InvariantCulture),
        ValueKind.F64 => F64.ToString("R", CultureInfo.InvariantCulture),
        ValueKind.V128 => $"0x{high:x16}{low:x16}",
        ValueKind.Ref => Reference?.ToString() ?? "null",
        _ => Kind.ToString(),
    };
}
