using System.Globalization;
using System.Text;
using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Components.Values;

/// <summary>
/// A value of a component's value type as a tree, for tools and tests; calls between components never build one. Immutable; equality is by
/// structure, and any NaN equals any NaN, as the Component Model has only one.
/// </summary>
public abstract class ComponentValue : IEquatable<ComponentValue>
{
    private protected ComponentValue()
    {
    }

    public abstract bool Equals(ComponentValue? other);

    public sealed override bool Equals(object? obj) => obj is ComponentValue other && Equals(other);

    public abstract override int GetHashCode();

    public static bool operator ==(ComponentValue? left, ComponentValue? right) => left?.Equals(right) ?? right is null;

    public static bool operator !=(ComponentValue? left, ComponentValue? right) => !(left == right);
}

public sealed class BoolValue(bool value) : ComponentValue
{
    public bool Value { get; } = value;

    public override bool Equals(ComponentValue? other) => other is BoolValue same && same.Value == Value;

    public override int GetHashCode() => Value.GetHashCode();
}

/// <summary>An integer of one of the eight types.</summary>
/// <param name="kind">Which of them.</param>
/// <param name="bits">The value, sign-extended where the type is signed and zero-extended where it is not.</param>
public sealed class IntegerValue(PrimitiveKind kind, long bits) : ComponentValue
{
    public PrimitiveKind Kind { get; } = kind;

    /// <summary>The value; of a <c>u64</c> past the largest <c>s64</c>, its bits.</summary>
    public long Signed { get; } = bits;

    /// <summary>The value of an unsigned type.</summary>
    public ulong Unsigned => (ulong)Signed;

    public override bool Equals(ComponentValue? other) => other is IntegerValue same && same.Kind == Kind && same.Signed == Signed;

    public override int GetHashCode() => HashCode.Combine(Kind, Signed);

    public override string ToString() => Kind == PrimitiveKind.U64
        ? Unsigned.ToString(CultureInfo.InvariantCulture)
        : Signed.ToString(CultureInfo.InvariantCulture);
}

/// <summary>An <c>f32</c> or <c>f64</c>.</summary>
/// <param name="kind">Which of them.</param>
/// <param name="value">The value, which every <c>f32</c> has exactly.</param>
public sealed class FloatValue(PrimitiveKind kind, double value) : ComponentValue
{
    public PrimitiveKind Kind { get; } = kind;

    public double Value { get; } = value;

    // Zero and minus zero are two values.
    public override bool Equals(ComponentValue? other) =>
        other is FloatValue same && same.Kind == Kind
        && (double.IsNaN(Value) ? double.IsNaN(same.Value) : BitConverter.DoubleToInt64Bits(Value) == BitConverter.DoubleToInt64Bits(same.Value));

    public override int GetHashCode() => HashCode.Combine(Kind, double.IsNaN(Value) ? 0 : Value);
}

/// <summary>A Unicode scalar value.</summary>
public sealed class CharValue(Rune value) : ComponentValue
{
    public Rune Value { get; } = value;

    public override bool Equals(ComponentValue? other) => other is CharValue same && same.Value == Value;

    public override int GetHashCode() => Value.GetHashCode();
}

public sealed class StringValue(string value) : ComponentValue
{
    public string Value { get; } = value;

    public override bool Equals(ComponentValue? other) => other is StringValue same && same.Value == Value;

    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);
}

/// <summary>A list, of fixed length or not; a map is a list of tuples of two.</summary>
public sealed class ListValue(IReadOnlyList<ComponentValue> items) : ComponentValue
{
    /// <summary>A <c>list&lt;u8&gt;</c>, which keeps its bytes together.</summary>
    public ListValue(byte[] bytes)
        : this(new ByteItems(bytes))
    {
    }

    public IReadOnlyList<ComponentValue> Items { get; } = items;

    /// <summary>The bytes of a <c>list&lt;u8&gt;</c> made of bytes, or <see langword="null"/>.</summary>
    public byte[]? Bytes => (Items as ByteItems)?.Bytes;

    public override bool Equals(ComponentValue? other)
    {
        if (other is not ListValue same) return false;
        return Bytes is { } mine && same.Bytes is { } theirs ? mine.AsSpan().SequenceEqual(theirs) : Items.SequenceEqual(same.Items);
    }

    public override int GetHashCode() => Members.Hash(Items);

    private sealed class ByteItems(byte[] bytes) : IReadOnlyList<ComponentValue>
    {
        public byte[] Bytes { get; } = bytes;

        public int Count => Bytes.Length;

        public ComponentValue this[int index] => new IntegerValue(PrimitiveKind.U8, Bytes[index]);

        public IEnumerator<ComponentValue> GetEnumerator()
        {
            foreach (byte item in Bytes) yield return new IntegerValue(PrimitiveKind.U8, item);
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}

/// <summary>A record; its fields in the order of the type.</summary>
public sealed class RecordValue(IReadOnlyList<(string Label, ComponentValue Value)> fields) : ComponentValue
{
    public IReadOnlyList<(string Label, ComponentValue Value)> Fields { get; } = fields;

    public override bool Equals(ComponentValue? other) => other is RecordValue same && Fields.SequenceEqual(same.Fields);

    public override int GetHashCode() => Members.Hash(Fields);
}

public sealed class TupleValue(IReadOnlyList<ComponentValue> items) : ComponentValue
{
    public IReadOnlyList<ComponentValue> Items { get; } = items;

    public override bool Equals(ComponentValue? other) => other is TupleValue same && Items.SequenceEqual(same.Items);

    public override int GetHashCode() => Members.Hash(Items);
}

/// <summary>A variant: the label of a case, and its payload where it has one.</summary>
public sealed class VariantValue(string label, ComponentValue? payload) : ComponentValue
{
    public string Label { get; } = label;

    public ComponentValue? Payload { get; } = payload;

    public override bool Equals(ComponentValue? other) => other is VariantValue same && same.Label == Label && same.Payload == Payload;

    public override int GetHashCode() => HashCode.Combine(Label, Payload);
}

public sealed class EnumValue(string label) : ComponentValue
{
    public string Label { get; } = label;

    public override bool Equals(ComponentValue? other) => other is EnumValue same && same.Label == Label;

    public override int GetHashCode() => Label.GetHashCode(StringComparison.Ordinal);
}

/// <summary>An option: a value, or none.</summary>
public sealed class OptionValue(ComponentValue? value) : ComponentValue
{
    public ComponentValue? Value { get; } = value;

    public override bool Equals(ComponentValue? other) => other is OptionValue same && same.Value == Value;

    public override int GetHashCode() => HashCode.Combine(typeof(OptionValue), Value);
}

/// <summary>A result: success or error, each with a payload where the type has one.</summary>
public sealed class ResultValue(bool isOk, ComponentValue? payload) : ComponentValue
{
    public bool IsOk { get; } = isOk;

    public ComponentValue? Payload { get; } = payload;

    public override bool Equals(ComponentValue? other) => other is ResultValue same && same.IsOk == IsOk && same.Payload == Payload;

    public override int GetHashCode() => HashCode.Combine(IsOk, Payload);
}

/// <summary>The labels of those flags that are set, in the order of the type.</summary>
public sealed class FlagsValue(IReadOnlyList<string> labels) : ComponentValue
{
    public IReadOnlyList<string> Labels { get; } = labels;

    public override bool Equals(ComponentValue? other) => other is FlagsValue same && Labels.SequenceEqual(same.Labels);

    public override int GetHashCode() => Members.Hash(Labels);
}

/// <summary>
/// A resource that a handle stands for, held by the host. Two are equal if they stand for the same resource.
/// </summary>
/// <param name="isOwn">Whether it is an <c>own</c> handle, which the host must pass on or drop.</param>
/// <param name="resource">The resource: the host's own object, or what stands for a guest's.</param>
public sealed class ResourceValue(bool isOwn, object resource) : ComponentValue
{
    public bool IsOwn { get; } = isOwn;

    public object Resource { get; } = resource;

    public override bool Equals(ComponentValue? other) => other is ResourceValue same && same.IsOwn == IsOwn && same.Resource.Equals(Resource);

    public override int GetHashCode() => Resource.GetHashCode();
}

internal static class Members
{
    public static int Hash<T>(IReadOnlyList<T> items)
    {
        var hash = default(HashCode);
        foreach (T item in items) hash.Add(item);
        return hash.ToHashCode();
    }
}
