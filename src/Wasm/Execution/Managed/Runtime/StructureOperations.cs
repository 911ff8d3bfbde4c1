using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Chain.Wasm.Binary;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>Where a field stands in a <see cref="StructureObject"/>.</summary>
/// <param name="Storage">Its storage type.</param>
/// <param name="Slot">Its place in the numbers or in the references.</param>
internal readonly record struct FieldSlot(Binary.ValueType Storage, int Slot);

/// <summary>Where the fields of a structure type stand. A subtype has its supertype's fields in the same places.</summary>
internal sealed class StructureLayout
{
    public StructureLayout(StructType type)
    {
        Fields = new FieldSlot[type.Fields.Length];
        for (int i = 0; i < Fields.Length; i++)
        {
            Binary.ValueType storage = type.Fields[i].Storage;
            if (storage.IsRef)
            {
                Fields[i] = new FieldSlot(storage, References++);
                continue;
            }

            Fields[i] = new FieldSlot(storage, Numbers);
            Numbers += storage.Kind == ValueKind.V128 ? 2 : 1;
        }

        Bytes = 40 + ArrayBytes(Numbers) + ArrayBytes(References);
    }

    public FieldSlot[] Fields { get; }

    /// <summary>The number of 8-byte places.</summary>
    public int Numbers { get; }

    public int References { get; }

    /// <summary>What a structure takes on the heap, in bytes.</summary>
    public int Bytes { get; }

    private static int ArrayBytes(int items) => items == 0 ? 0 : 24 + (8 * items);
}

/// <summary>The structure instructions (core specification, "Aggregate Instructions").</summary>
internal static class StructureOperations
{
    public static object NewStructure(ManagedInstance instance, int type)
    {
        StructureLayout layout = instance.OwnCode.Layout(type);
        var structure = new StructureObject(instance.OwnCode.TypeAt(type), layout.Numbers, layout.References);
        instance.OwnStore.Heap.Count(structure, layout.Bytes);
        return structure;
    }

    public static int GetI32(object? structure, int slot) => (int)Of(structure).Numbers[slot];

    public static long GetI64(object? structure, int slot) => (long)Of(structure).Numbers[slot];

    public static float GetF32(object? structure, int slot) => BitConverter.UInt32BitsToSingle((uint)Of(structure).Numbers[slot]);

    public static double GetF64(object? structure, int slot) => BitConverter.UInt64BitsToDouble(Of(structure).Numbers[slot]);

    public static Vector128<byte> GetV128(object? structure, int slot)
    {
        ulong[] numbers = Of(structure).Numbers;
        return Vector128.Create(numbers[slot], numbers[slot + 1]).AsByte();
    }

    public static object? GetRef(object? structure, int slot) => Of(structure).References[slot];

    public static void SetI32(object? structure, int value, int slot) => Of(structure).Numbers[slot] = (uint)value;

    public static void SetI64(object? structure, long value, int slot) => Of(structure).Numbers[slot] = (ulong)value;

    public static void SetF32(object? structure, float value, int slot) =>
        Of(structure).Numbers[slot] = BitConverter.SingleToUInt32Bits(value);

    public static void SetF64(object? structure, double value, int slot) =>
        Of(structure).Numbers[slot] = BitConverter.DoubleToUInt64Bits(value);

    public static void SetV128(object? structure, Vector128<byte> value, int slot)
    {
        ulong[] numbers = Of(structure).Numbers;
        numbers[slot] = value.AsUInt64().GetElement(0);
        numbers[slot + 1] = value.AsUInt64().GetElement(1);
    }

    public static void SetRef(object? structure, object? value, int slot) => Of(structure).References[slot] = value;

    public static void SetField(StructureObject structure, FieldSlot field, Value value)
    {
        if (field.Storage.IsRef) SetRef(structure, value.Reference, field.Slot);
        else if (field.Storage.Kind == ValueKind.V128) SetV128(structure, value.V128, field.Slot);
        else structure.Numbers[field.Slot] = value.Bits;
    }

    private static StructureObject Of(object? structure)
    {
        if (structure is null) throw new WasmTrapException(TrapKind.NullStructureReference);
        return Unsafe.As<StructureObject>(structure);
    }
}
