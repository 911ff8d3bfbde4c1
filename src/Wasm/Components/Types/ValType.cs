namespace Chain.Wasm.Components.Types;

/// <summary>A primitive value type by its byte in the binary format.</summary>
public enum PrimitiveKind : byte
{
    Bool = 0x7F,
    S8 = 0x7E,
    U8 = 0x7D,
    S16 = 0x7C,
    U16 = 0x7B,
    S32 = 0x7A,
    U32 = 0x79,
    S64 = 0x78,
    U64 = 0x77,
    F32 = 0x76,
    F64 = 0x75,
    Char = 0x74,
    String = 0x73,
    ErrorContext = 0x64,
}

/// <summary>A value type (<c>defvaltype</c>).</summary>
public abstract class ValType : AnyType
{
    /// <summary>The value types inside one another, itself counted.</summary>
    internal int Depth { get; private protected init; } = 1;

    /// <summary>Whether a <c>borrow</c> is in it.</summary>
    internal bool HasBorrow { get; private protected init; }

    /// <summary>
    /// Whether a handle, stream, future or error context is in it: what means something only beside the instance that it came from, and so cannot
    /// go to another process.
    /// </summary>
    public bool IsBound { get; private protected init; }

    /// <summary>Whether a value of it can have parts of varying length, for which lowering allocates memory: a list, map or string.</summary>
    public bool HasPointer { get; private protected init; }

    /// <summary>Its layout in a memory with 32-bit addresses.</summary>
    public Layout Layout { get; private protected init; }

    /// <summary>Its layout in a memory with 64-bit addresses; validation bounds its size.</summary>
    internal Layout Layout64 { get; private protected init; }
}

/// <summary>A primitive value type; there is one object of each kind, and further ones where such a type has been given a name.</summary>
public sealed class PrimitiveType : ValType
{
    private static readonly Dictionary<PrimitiveKind, PrimitiveType> All =
        Enum.GetValues<PrimitiveKind>().ToDictionary(kind => kind, kind => new PrimitiveType(kind));

    private PrimitiveType(PrimitiveKind kind)
    {
        Kind = kind;
        HasPointer = kind == PrimitiveKind.String;
        IsBound = kind == PrimitiveKind.ErrorContext;
        Layout = Layout.Of(kind, 4);
        Layout64 = Layout.Of(kind, 8);
    }

    public PrimitiveKind Kind { get; }

    public static PrimitiveType Of(PrimitiveKind kind) => All[kind];
}

/// <summary>A value type that is made of others.</summary>
public abstract class CompoundType : ValType
{
    private protected CompoundType(ReadOnlySpan<ValType?> parts, bool hasPointer = false)
    {
        long size = 1;
        int depth = 1;
        foreach (ValType? part in parts)
        {
            if (part is null) continue;
            size += part.Size;
            depth = Math.Max(depth, part.Depth + 1);
            HasResources |= part.HasResources;
            HasBorrow |= part.HasBorrow;
            IsBound |= part.IsBound;
            hasPointer |= part.HasPointer;
        }

        Size = size;
        Depth = depth;
        HasPointer = hasPointer;
    }
}

/// <summary>A labelled member of a record.</summary>
public readonly record struct Field(string Label, ValType Type);

/// <summary>A case of a variant, with the type of its payload where it has one.</summary>
public readonly record struct Case(string Label, ValType? Type);

public sealed class RecordType : CompoundType
{
    internal RecordType(Field[] fields)
        : base(Array.ConvertAll(fields, field => (ValType?)field.Type))
    {
        Fields = fields;
        Layout = Layout.OfRecord(fields, field => field.Type.Layout);
        Layout64 = Layout.OfRecord(fields, field => field.Type.Layout64);
    }

    public IReadOnlyList<Field> Fields { get; }

    internal override int MemberCount => Fields.Count;
}

public sealed class VariantType : CompoundType
{
    internal VariantType(Case[] cases)
        : base(Array.ConvertAll(cases, one => one.Type))
    {
        Cases = cases;
        Layout = Layout.OfVariant(Array.ConvertAll(cases, one => one.Type?.Layout));
        Layout64 = Layout.OfVariant(Array.ConvertAll(cases, one => one.Type?.Layout64));
    }

    public IReadOnlyList<Case> Cases { get; }

    internal override int MemberCount => Cases.Count;
}

/// <summary>A list; of a fixed length where it has one.</summary>
public sealed class ListType : CompoundType
{
    internal ListType(ValType element, uint? length)
        : base([element], length is null)
    {
        Element = element;
        Length = length;
        Layout = length is { } count ? element.Layout.Times(count) : Layout.Pointers(4);
        Layout64 = length is { } count64 ? element.Layout64.Times(count64) : Layout.Pointers(8);
    }

    public ValType Element { get; }

    public uint? Length { get; }
}

/// <summary>A map: a list of pairs at the boundary.</summary>
public sealed class MapType : CompoundType
{
    internal MapType(ValType key, ValType value)
        : base([key, value], true)
    {
        Key = key;
        Value = value;
        Layout = Layout.Pointers(4);
        Layout64 = Layout.Pointers(8);
    }

    public ValType Key { get; }

    public ValType Value { get; }
}

public sealed class TupleType : CompoundType
{
    internal TupleType(ValType[] types)
        : base(types)
    {
        Types = types;
        Layout = Layout.OfRecord(types, type => type.Layout);
        Layout64 = Layout.OfRecord(types, type => type.Layout64);
    }

    public IReadOnlyList<ValType> Types { get; }

    internal override int MemberCount => Types.Count;
}

public sealed class FlagsType : ValType
{
    internal FlagsType(string[] labels)
    {
        Labels = labels;
        Layout = Layout64 = Layout.OfFlags(labels.Length);
    }

    public IReadOnlyList<string> Labels { get; }

    internal override int MemberCount => Labels.Count;
}

public sealed class EnumType : ValType
{
    internal EnumType(string[] labels)
    {
        Labels = labels;
        Layout = Layout64 = Layout.OfVariant(new Layout?[labels.Length]);
    }

    public IReadOnlyList<string> Labels { get; }

    internal override int MemberCount => Labels.Count;
}

public sealed class OptionType : CompoundType
{
    internal OptionType(ValType type)
        : base([type])
    {
        Type = type;
        Layout = Layout.OfVariant([null, type.Layout]);
        Layout64 = Layout.OfVariant([null, type.Layout64]);
    }

    public ValType Type { get; }
}

public sealed class ResultType : CompoundType
{
    internal ResultType(ValType? ok, ValType? error)
        : base([ok, error])
    {
        Ok = ok;
        Error = error;
        Layout = Layout.OfVariant([ok?.Layout, error?.Layout]);
        Layout64 = Layout.OfVariant([ok?.Layout64, error?.Layout64]);
    }

    public ValType? Ok { get; }

    public ValType? Error { get; }
}

/// <summary>A handle to a resource: <c>own</c> or <c>borrow</c>.</summary>
public sealed class HandleType : ValType
{
    internal HandleType(bool isOwn, ResourceType resource)
    {
        IsOwn = isOwn;
        Resource = resource;
        HasResources = true;
        HasBorrow = !isOwn;
        IsBound = true;
        Layout = Layout64 = Layout.Handle;
    }

    public bool IsOwn { get; }

    public ResourceType Resource { get; }
}

public sealed class StreamType : CompoundType
{
    internal StreamType(ValType? element)
        : base([element])
    {
        Element = element;
        HasPointer = false;
        IsBound = true;
        Layout = Layout64 = Layout.Handle;
    }

    public ValType? Element { get; }
}

public sealed class FutureType : CompoundType
{
    internal FutureType(ValType? element)
        : base([element])
    {
        Element = element;
        HasPointer = false;
        IsBound = true;
        Layout = Layout64 = Layout.Handle;
    }

    public ValType? Element { get; }
}
