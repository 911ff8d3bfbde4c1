using System.Runtime.InteropServices;

namespace Chain.Wasm.Components.CanonicalAbi;

/// <summary>Lists whose elements have the same bytes on both sides.</summary>
internal static class Lists
{
    /// <summary>Copies a list from one guest to another. Answers the address in the second.</summary>
    public static uint Copy(AbiContext from, AbiContext to, uint pointer, uint length, uint elementSize, int alignment)
    {
        Span<byte> source = from.ListAt(pointer, length, elementSize, alignment);
        uint target = to.Allocate(alignment, (uint)source.Length);
        source.CopyTo(to.Memory.Slice(target, (uint)source.Length));
        return target;
    }

    public static T[] Lift<T>(AbiContext from, uint pointer, uint length, uint elementSize)
        where T : unmanaged
    {
        Span<byte> bytes = from.ListAt(pointer, length, elementSize, (int)elementSize);
        from.Charge(32 + (long)bytes.Length);
        return MemoryMarshal.Cast<byte, T>(bytes).ToArray();
    }

    /// <summary>The bytes of a <c>list&lt;u8&gt;</c> where they are.</summary>
    public static ReadOnlySpan<byte> View(AbiContext from, uint pointer, uint length) => from.ListAt(pointer, length, 1, 1);

    public static uint Lower<T>(AbiContext to, ReadOnlySpan<T> items, uint elementSize)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(items);
        uint target = to.AllocateList(items.Length, elementSize, (int)elementSize);
        bytes.CopyTo(to.Memory.Slice(target, (uint)bytes.Length));
        return target;
    }
}
