using System.Runtime.InteropServices;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>
/// The instructions that move many bytes or elements, and those that change a memory's or a table's size. Indices and lengths come
/// zero-extended. Each checks its whole range before it changes anything.
/// </summary>
internal static unsafe class BulkOperations
{
    // What is moved between two looks at the deadline: well below a millisecond's work, but for pages that are touched for the first time.
    private const ulong Part = 1 << 20;
    private const int PartElements = 1 << 17;

    public static long MemoryGrow(ManagedInstance instance, int memory, ulong pages) => instance.Memories[memory].Grow(pages);

    public static void MemoryCopy(ManagedInstance instance, int to, int from, ulong target, ulong source, ulong length)
    {
        ManagedMemory targetMemory = instance.Memories[to], sourceMemory = instance.Memories[from];
        CheckMemory(targetMemory, target, length);
        CheckMemory(sourceMemory, source, length);
        byte* into = (byte*)targetMemory.Base + target, outOf = (byte*)sourceMemory.Base + source;
        // Where the ranges overlap the parts go in the order that reads each byte before it is overwritten.
        bool downwards = into > outOf;
        while (length > Part)
        {
            length -= Part;
            ulong at = downwards ? length : 0;
            Buffer.MemoryCopy(outOf + at, into + at, Part, Part);
            if (!downwards)
            {
                into += Part;
                outOf += Part;
            }

            CheckDeadline(instance);
        }

        Buffer.MemoryCopy(outOf, into, length, length);
    }

    public static void MemoryFill(ManagedInstance instance, int memory, ulong target, int value, ulong length)
    {
        ManagedMemory filled = instance.Memories[memory];
        CheckMemory(filled, target, length);
        byte* at = (byte*)filled.Base + target;
        for (; length > Part; length -= Part, at += Part)
        {
            NativeMemory.Fill(at, (nuint)Part, (byte)value);
            CheckDeadline(instance);
        }

        NativeMemory.Fill(at, (nuint)length, (byte)value);
    }

    public static void MemoryInit(ManagedInstance instance, int segment, int memory, ulong target, ulong source, ulong length)
    {
        ReadOnlySpan<byte> data = instance.DataSegment(segment);
        ManagedMemory filled = instance.Memories[memory];
        if (!InRange(source, length, (ulong)data.Length)) throw new WasmTrapException(TrapKind.MemoryOutOfBounds);
        CheckMemory(filled, target, length);
        data.Slice((int)source, (int)length).CopyTo(new Span<byte>((byte*)filled.Base + target, (int)length));
    }

    public static void DataDrop(ManagedInstance instance, int segment) => instance.DroppedData[segment] = true;

    public static object? TableGet(ManagedInstance instance, int table, ulong index) => instance.Tables[table][index];

    public static void TableSet(ManagedInstance instance, int table, ulong index, object? value) => instance.Tables[table].Set(index, value);

    public static long TableSize(ManagedInstance instance, int table) => instance.Tables[table].Count;

    public static long TableGrow(ManagedInstance instance, int table, object? value, ulong elements) =>
        instance.Tables[table].GrowBy(elements, value);

    public static void TableFill(ManagedInstance instance, int table, ulong target, object? value, ulong length)
    {
        object?[] elements = instance.Tables[table].Elements;
        CheckTable(elements, target, length);
        int at = (int)target, left = (int)length;
        for (; left > PartElements; left -= PartElements, at += PartElements)
        {
            Array.Fill(elements, value, at, PartElements);
            CheckDeadline(instance);
        }

        Array.Fill(elements, value, at, left);
    }

    public static void TableCopy(ManagedInstance instance, int to, int from, ulong target, ulong source, ulong length)
    {
        object?[] targetElements = instance.Tables[to].Elements, sourceElements = instance.Tables[from].Elements;
        CheckTable(targetElements, target, length);
        CheckTable(sourceElements, source, length);
        Array.Copy(sourceElements, (long)source, targetElements, (long)target, (long)length);
    }

    public static void TableInit(ManagedInstance instance, int segment, int table, ulong target, ulong source, ulong length)
    {
        object?[] items = instance.ElementSegment(segment);
        object?[] elements = instance.Tables[table].Elements;
        CheckTable(items, source, length);
        CheckTable(elements, target, length);
        Array.Copy(items, (long)source, elements, (long)target, (long)length);
    }

    public static void ElemDrop(ManagedInstance instance, int segment) => instance.Elements[segment] = [];

    public static bool InRange(ulong start, ulong length, ulong size) => start <= size && length <= size - start;

    private static void CheckDeadline(ManagedInstance instance)
    {
        if (Volatile.Read(ref instance.Interrupt) != 0) throw new WasmTrapException(TrapKind.Deadline);
    }

    private static void CheckMemory(ManagedMemory memory, ulong start, ulong length)
    {
        if (!InRange(start, length, (ulong)memory.ByteLength)) throw new WasmTrapException(TrapKind.MemoryOutOfBounds);
    }

    private static void CheckTable(object?[] elements, ulong start, ulong length)
    {
        if (!InRange(start, length, (ulong)elements.Length)) throw new WasmTrapException(TrapKind.TableOutOfBounds);
    }
}
