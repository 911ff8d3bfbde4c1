using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Chain.Wasm.Binary;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>The array instructions (core specification, "Aggregate Instructions").</summary>
internal static class ArrayOperations
{
    // What one array may take, so that a guest cannot ask the process for everything at once.
    private const long LargestBytes = 1L << 28;

    // Below this an array is made first and counted then.
    private const long LargeBytes = 1 << 16;

    // The objects around the items.
    private const int ObjectBytes = 56;

    public static object NewArray(ManagedInstance instance, int type, int length)
    {
        Binary.ValueType storage = instance.OwnCode.Context.ArrayTypeAt((uint)type).Element.Storage;
        long bytes = ObjectBytes + ((uint)length * (long)SizeOf(storage));
        if (bytes > LargestBytes) throw new WasmTrapException(TrapKind.AllocationTooLarge);
        GuestHeap heap = instance.OwnStore.Heap;
        if (bytes > LargeBytes) heap.Require(bytes);
        Array items = storage.Kind switch
        {
            ValueKind.I8 => new byte[length],
            ValueKind.I16 => new ushort[length],
            ValueKind.I32 => new int[length],
            ValueKind.I64 => new long[length],
            ValueKind.F32 => new float[length],
            ValueKind.F64 => new double[length],
            ValueKind.V128 => new Vector128<byte>[length],
            _ => new object?[length],
        };
        var array = new ArrayObject(instance.OwnCode.TypeAt(type), items);
        heap.Count(array, bytes);
        return array;
    }

    public static object NewFromData(ManagedInstance instance, int type, int segment, int source, int length)
    {
        ReadOnlySpan<byte> data = instance.DataSegment(segment);
        int size = SizeOf(instance.OwnCode.Context.ArrayTypeAt((uint)type).Element.Storage);
        if (!BulkOperations.InRange((uint)source, (uint)length * (ulong)size, (ulong)data.Length))
            throw new WasmTrapException(TrapKind.MemoryOutOfBounds);
        object array = NewArray(instance, type, length);
        CopyData(Of(array).Items, 0, data.Slice(source, length * size), length);
        return array;
    }

    public static object NewFromElements(ManagedInstance instance, int type, int segment, int source, int length)
    {
        object?[] items = instance.ElementSegment(segment);
        if (!BulkOperations.InRange((uint)source, (uint)length, (ulong)items.Length))
            throw new WasmTrapException(TrapKind.TableOutOfBounds);
        object array = NewArray(instance, type, length);
        Array.Copy(items, source, Of(array).Items, 0, length);
        return array;
    }

    public static int Length(object? array) => Of(array).Items.Length;

    public static int GetI8S(object? array, int index) => (sbyte)Items<byte>(array, index)[index];

    public static int GetI8U(object? array, int index) => Items<byte>(array, index)[index];

    public static int GetI16S(object? array, int index) => (short)Items<ushort>(array, index)[index];

    public static int GetI16U(object? array, int index) => Items<ushort>(array, index)[index];

    public static int GetI32(object? array, int index) => Items<int>(array, index)[index];

    public static long GetI64(object? array, int index) => Items<long>(array, index)[index];

    public static float GetF32(object? array, int index) => Items<float>(array, index)[index];

    public static double GetF64(object? array, int index) => Items<double>(array, index)[index];

    public static Vector128<byte> GetV128(object? array, int index) => Items<Vector128<byte>>(array, index)[index];

    public static object? GetRef(object? array, int index) => Items<object?>(array, index)[index];

    public static void SetI8(object? array, int index, int value) => Items<byte>(array, index)[index] = (byte)value;

    public static void SetI16(object? array, int index, int value) => Items<ushort>(array, index)[index] = (ushort)value;

    public static void SetI32(object? array, int index, int value) => Items<int>(array, index)[index] = value;

    public static void SetI64(object? array, int index, long value) => Items<long>(array, index)[index] = value;

    public static void SetF32(object? array, int index, float value) => Items<float>(array, index)[index] = value;

    public static void SetF64(object? array, int index, double value) => Items<double>(array, index)[index] = value;

    public static void SetV128(object? array, int index, Vector128<byte> value) => Items<Vector128<byte>>(array, index)[index] = value;

    public static void SetRef(object? array, int index, object? value) => Items<object?>(array, index)[index] = value;

    /// <summary>Sets an item of an array of any type.</summary>
    public static void SetItem(object? array, int index, Value value)
    {
        switch (Of(array).Items)
        {
            case byte[]: SetI8(array, index, value.I32); break;
            case ushort[]: SetI16(array, index, value.I32); break;
            case int[]: SetI32(array, index, value.I32); break;
            case long[]: SetI64(array, index, value.I64); break;
            case float[]: SetF32(array, index, value.F32); break;
            case double[]: SetF64(array, index, value.F64); break;
            case Vector128<byte>[]: SetV128(array, index, value.V128); break;
            default: SetRef(array, index, value.Reference); break;
        }
    }

    public static void FillI8(object? array, int start, int value, int length) => Range<byte>(array, start, length).Fill((byte)value);

    public static void FillI16(object? array, int start, int value, int length) => Range<ushort>(array, start, length).Fill((ushort)value);

    public static void FillI32(object? array, int start, int value, int length) => Range<int>(array, start, length).Fill(value);

    public static void FillI64(object? array, int start, long value, int length) => Range<long>(array, start, length).Fill(value);

    public static void FillF32(object? array, int start, float value, int length) => Range<float>(array, start, length).Fill(value);

    public static void FillF64(object? array, int start, double value, int length) => Range<double>(array, start, length).Fill(value);

    public static void FillV128(object? array, int start, Vector128<byte> value, int length) =>
        Range<Vector128<byte>>(array, start, length).Fill(value);

    public static void FillRef(object? array, int start, object? value, int length) => Range<object?>(array, start, length).Fill(value);

    public static void Copy(object? target, int targetStart, object? source, int sourceStart, int length)
    {
        Array to = Of(target).Items, from = Of(source).Items;
        CheckRange(to, targetStart, length);
        CheckRange(from, sourceStart, length);
        Array.Copy(from, sourceStart, to, targetStart, length);
    }

    public static void InitData(ManagedInstance instance, int segment, object? array, int target, int source, int length)
    {
        Array items = Of(array).Items;
        ReadOnlySpan<byte> data = instance.DataSegment(segment);
        int size = SizeOf(Of(array).Element);
        CheckRange(items, target, length);
        if (!BulkOperations.InRange((uint)source, (uint)length * (ulong)size, (ulong)data.Length))
            throw new WasmTrapException(TrapKind.MemoryOutOfBounds);
        CopyData(items, target, data.Slice(source, length * size), length);
    }

    public static void InitElements(ManagedInstance instance, int segment, object? array, int target, int source, int length)
    {
        Array items = Of(array).Items;
        object?[] elements = instance.ElementSegment(segment);
        CheckRange(items, target, length);
        if (!BulkOperations.InRange((uint)source, (uint)length, (ulong)elements.Length))
            throw new WasmTrapException(TrapKind.TableOutOfBounds);
        Array.Copy(elements, source, items, target, length);
    }

    private static int SizeOf(Binary.ValueType storage) => storage.Kind switch
    {
        ValueKind.I8 => 1,
        ValueKind.I16 => 2,
        ValueKind.I32 or ValueKind.F32 => 4,
        ValueKind.V128 => 16,
        _ => 8,
    };

    private static void CopyData(Array items, int target, ReadOnlySpan<byte> data, int length)
    {
        switch (items)
        {
            case byte[] bytes: data.CopyTo(bytes.AsSpan(target)); break;
            case ushort[] shorts: MemoryMarshal.Cast<byte, ushort>(data).CopyTo(shorts.AsSpan(target, length)); break;
            case int[] ints: MemoryMarshal.Cast<byte, int>(data).CopyTo(ints.AsSpan(target, length)); break;
            case long[] longs: MemoryMarshal.Cast<byte, long>(data).CopyTo(longs.AsSpan(target, length)); break;
            case float[] floats: MemoryMarshal.Cast<byte, float>(data).CopyTo(floats.AsSpan(target, length)); break;
            case double[] doubles: MemoryMarshal.Cast<byte, double>(data).CopyTo(doubles.AsSpan(target, length)); break;
            default: MemoryMarshal.Cast<byte, Vector128<byte>>(data).CopyTo(((Vector128<byte>[])items).AsSpan(target, length)); break;
        }
    }

    private static ArrayObject Of(object? array)
    {
        if (array is null) throw new WasmTrapException(TrapKind.NullArrayReference);
        return Unsafe.As<ArrayObject>(array);
    }

    private static T[] Items<T>(object? array, int index)
    {
        T[] items = Unsafe.As<T[]>(Of(array).Items);
        if ((uint)index >= (uint)items.Length) throw new WasmTrapException(TrapKind.ArrayOutOfBounds);
        return items;
    }

    private static Span<T> Range<T>(object? array, int start, int length)
    {
        T[] items = Unsafe.As<T[]>(Of(array).Items);
        CheckRange(items, start, length);
        return items.AsSpan(start, length);
    }

    private static void CheckRange(Array items, int start, int length)
    {
        if (!BulkOperations.InRange((uint)start, (uint)length, (ulong)items.Length)) throw new WasmTrapException(TrapKind.ArrayOutOfBounds);
    }
}
