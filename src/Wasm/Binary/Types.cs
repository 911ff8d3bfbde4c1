namespace Chain.Wasm.Binary;

/// <summary>A composite type: what a type definition defines (core specification, "Structure / Types").</summary>
public abstract record CompositeType;

/// <summary>A function type.</summary>
public sealed record FunctionType(ValueType[] Parameters, ValueType[] Results) : CompositeType
{
    public bool Equals(FunctionType? other) =>
        other is not null && Parameters.AsSpan().SequenceEqual(other.Parameters) && Results.AsSpan().SequenceEqual(other.Results);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (ValueType type in Parameters) hash.Add(type);
        hash.Add(-1);
        foreach (ValueType type in Results) hash.Add(type);
        return hash.ToHashCode();
    }

    public override string ToString() => $"({string.Join(' ', Parameters)}) -> ({string.Join(' ', Results)})";
}

/// <summary>A field of a struct, or the element of an array.</summary>
public readonly record struct FieldType(ValueType Storage, bool Mutable)
{
    public override string ToString() => Mutable ? $"(mut {Storage})" : Storage.ToString();
}

/// <summary>A structure type.</summary>
public sealed record StructType(FieldType[] Fields) : CompositeType
{
    public override string ToString() => $"struct {{{string.Join(", ", Fields)}}}";
}

/// <summary>An array type.</summary>
public sealed record ArrayType(FieldType Element) : CompositeType
{
    public override string ToString() => $"array {Element}";
}

/// <summary>A type definition: a composite type with what it extends and whether it may be extended.</summary>
/// <param name="Final">Whether no type may extend it.</param>
/// <param name="Supertypes">The type indices it extends; validation allows at most one.</param>
/// <param name="Composite">What it is.</param>
/// <param name="IsAbbreviated">Whether the binary form leaves out <c>sub</c>, as it may for a final type without supertypes.</param>
/// <param name="Offset">Its byte offset in the module.</param>
public sealed record SubType(bool Final, uint[] Supertypes, CompositeType Composite, bool IsAbbreviated, long Offset);

/// <summary>A group of types that may refer to one another.</summary>
/// <param name="FirstIndex">The type index of its first member.</param>
/// <param name="Types">Its members.</param>
/// <param name="IsAbbreviated">Whether the binary form leaves out <c>rec</c>, as it may for one member.</param>
public sealed record RecursiveGroup(uint FirstIndex, SubType[] Types, bool IsAbbreviated);

/// <summary>The size limits of a memory (in pages) or a table (in elements).</summary>
/// <param name="Minimum">The initial size.</param>
/// <param name="Maximum">The largest size, or <see langword="null"/> where the type sets none.</param>
/// <param name="Is64">Whether addresses are i64 rather than i32.</param>
/// <param name="IsShared">Whether it is shared between threads; the validator refuses it (the threads proposal is not in 3.0).</param>
public readonly record struct Limits(ulong Minimum, ulong? Maximum, bool Is64 = false, bool IsShared = false)
{
    public ValueType AddressType => Is64 ? ValueType.I64 : ValueType.I32;

    public override string ToString() => $"{(Is64 ? "i64 " : "")}{Minimum}{(Maximum is { } maximum ? $" {maximum}" : "")}";
}

/// <summary>The type of a memory; its limits count pages of 64 KiB.</summary>
public readonly record struct MemoryType(Limits Limits)
{
    /// <summary>The size of a page in bytes.</summary>
    public const int PageSize = 65536;

    public override string ToString() => $"memory {Limits}";
}

/// <summary>The type of a table; its limits count elements.</summary>
public readonly record struct TableType(ValueType Element, Limits Limits)
{
    public override string ToString() => $"table {Limits} {Element}";
}

/// <summary>The type of a global.</summary>
public readonly record struct GlobalType(ValueType Value, bool Mutable)
{
    public override string ToString() => Mutable ? $"(mut {Value})" : Value.ToString();
}

/// <summary>What an import or export is.</summary>
public enum ExternalKind : byte
{
    Function = 0,
    Table = 1,
    Memory = 2,
    Global = 3,
    Tag = 4,
}
