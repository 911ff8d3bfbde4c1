namespace Chain.Wasm.Binary;

/// <summary>
/// An abstract heap type by its byte in the binary format, read as a signed 7-bit number; see <see cref="HeapType"/>.
/// </summary>
public enum AbstractHeapType : sbyte
{
    NoExn = -0x0C,
    NoFunc = -0x0D,
    NoExtern = -0x0E,
    None = -0x0F,
    Func = -0x10,
    Extern = -0x11,
    Any = -0x12,
    Eq = -0x13,
    I31 = -0x14,
    Struct = -0x15,
    Array = -0x16,
    Exn = -0x17,
}

/// <summary>What a reference points to: an abstract heap type, or a type of the module by index.</summary>
public readonly record struct HeapType
{
    private HeapType(int value) => Value = value;

    /// <summary>A type index where it is zero or more, else an <see cref="AbstractHeapType"/>.</summary>
    internal int Value { get; }

    public bool IsConcrete => Value >= 0;

    /// <summary>The heap type below all others. No module can write it: it is that of a reference which unreachable code made up.</summary>
    internal static HeapType Bottom { get; } = new(-1);

    internal bool IsBottom => Value == -1;

    /// <summary>The type index.</summary>
    public uint Index => (uint)Value;

    public AbstractHeapType Abstract => (AbstractHeapType)Value;

    public static HeapType Of(AbstractHeapType type) => new((int)type);

    public static HeapType OfIndex(uint index) => new(checked((int)index));

    internal static HeapType FromRaw(int value) => new(value);

    /// <summary>The name in the text format.</summary>
    public override string ToString() => IsConcrete ? $"{Index}" : IsBottom ? "bottom" : Abstract.ToString().ToLowerInvariant();
}

/// <summary>The kind of a <see cref="ValueType"/>.</summary>
public enum ValueKind : byte
{
    /// <summary>The type of an operand that unreachable code made up; it matches every type.</summary>
    Bottom,
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref,

    /// <summary>Storage only: an 8-bit field of a struct or an array.</summary>
    I8,

    /// <summary>Storage only: a 16-bit field of a struct or an array.</summary>
    I16,
}

/// <summary>
/// A value type (or, for fields, a storage type) of WebAssembly 3.0. Type indices in it are those of the module it was read from.
/// </summary>
public readonly record struct ValueType
{
    private const int NullableBit = 1 << 4;
    private const int HeapShift = 8;
    private readonly int bits;

    private ValueType(int bits) => this.bits = bits;

    public static ValueType Bottom => new((int)ValueKind.Bottom);
    public static ValueType I32 => new((int)ValueKind.I32);
    public static ValueType I64 => new((int)ValueKind.I64);
    public static ValueType F32 => new((int)ValueKind.F32);
    public static ValueType F64 => new((int)ValueKind.F64);
    public static ValueType V128 => new((int)ValueKind.V128);
    public static ValueType I8 => new((int)ValueKind.I8);
    public static ValueType I16 => new((int)ValueKind.I16);
    public static ValueType FuncRef => Ref(HeapType.Of(AbstractHeapType.Func), true);
    public static ValueType ExternRef => Ref(HeapType.Of(AbstractHeapType.Extern), true);
    public static ValueType ExnRef => Ref(HeapType.Of(AbstractHeapType.Exn), true);

    public ValueKind Kind => (ValueKind)(bits & 0xF);

    public bool IsRef => Kind == ValueKind.Ref;

    public bool IsBottom => Kind == ValueKind.Bottom;

    /// <summary>A number type.</summary>
    public bool IsNumeric => Kind is ValueKind.I32 or ValueKind.I64 or ValueKind.F32 or ValueKind.F64;

    /// <summary>Whether it is a storage type that is no value type.</summary>
    public bool IsPacked => Kind is ValueKind.I8 or ValueKind.I16;

    /// <summary>Whether a reference may be null.</summary>
    public bool IsNullable => (bits & NullableBit) != 0;

    /// <summary>Whether a fresh local, field or table slot of this type has a value.</summary>
    public bool IsDefaultable => !IsRef || IsNullable;

    /// <summary>What a reference points to.</summary>
    public HeapType Heap => HeapType.FromRaw(bits >> HeapShift);

    public static ValueType Ref(HeapType heap, bool nullable) =>
        new((int)ValueKind.Ref | (nullable ? NullableBit : 0) | (heap.Value << HeapShift));

    public static ValueType Ref(AbstractHeapType heap, bool nullable) => Ref(HeapType.Of(heap), nullable);

    /// <summary>The same reference type without null.</summary>
    public ValueType AsNonNull() => new(bits & ~NullableBit);

    /// <summary>The value type that a field of this storage type is read as: i32 for the packed ones.</summary>
    public ValueType Unpacked() => IsPacked ? I32 : this;

    // Written out because validation compares types at every instruction, in unoptimised code at first.
    public bool Equals(ValueType other) => bits == other.bits;

    public override int GetHashCode() => bits;

    /// <summary>The name in the text format, such as <c>i32</c> or <c>(ref null 3)</c>.</summary>
    public override string ToString()
    {
        if (!IsRef) return Kind.ToString().ToLowerInvariant();
        if (!IsNullable) return $"(ref {Heap})";
        return Heap.IsConcrete ? $"(ref null {Heap})" : Heap.Abstract switch
        {
            AbstractHeapType.None => "nullref",
            AbstractHeapType.NoFunc => "nullfuncref",
            AbstractHeapType.NoExtern => "nullexternref",
            AbstractHeapType.NoExn => "nullexnref",
            _ => $"{Heap}ref",
        };
    }
}
