using Chain.Wasm.Validation;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>A structure that a guest made (core specification, "Structure Instances").</summary>
internal sealed class StructureObject(CanonicalType type, int numbers, int references)
{
    public readonly CanonicalType Type = type;

    /// <summary>The fields that are numbers or vectors, by <see cref="StructureLayout"/>.</summary>
    public readonly ulong[] Numbers = numbers == 0 ? [] : new ulong[numbers];

    /// <summary>The fields that are references.</summary>
    public readonly object?[] References = references == 0 ? [] : new object?[references];
}

/// <summary>An array that a guest made (core specification, "Array Instances").</summary>
/// <param name="type">Its type.</param>
/// <param name="items"><c>byte[] ushort[] int[] long[] float[] double[] Vector128&lt;byte&gt;[] object[]</c>, as the element type has it.</param>
internal sealed class ArrayObject(CanonicalType type, Array items)
{
    public readonly CanonicalType Type = type;
    public readonly Array Items = items;

    /// <summary>The storage type of the items.</summary>
    public Binary.ValueType Element => ((Binary.ArrayType)Type.Composite).Element.Storage;
}

/// <summary>An unboxed scalar; two with one value are the same reference.</summary>
internal sealed class I31Object(int value)
{
    /// <summary>31 bits, zero-extended.</summary>
    public readonly int Value = value & 0x7FFFFFFF;

    public override string ToString() => $"i31 {Value}";
}
