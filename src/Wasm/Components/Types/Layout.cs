namespace Chain.Wasm.Components.Types;

/// <summary>How a value type lies in memory (Canonical ABI, "Alignment" and "Element Size").</summary>
/// <param name="Size">Bytes, a multiple of the alignment.</param>
/// <param name="Alignment">Bytes: 1, 2, 4 or 8.</param>
public readonly record struct Layout(long Size, int Alignment)
{
    // Far past every limit, and far from overflow where two such are added.
    private const long Largest = 1L << 60;

    /// <summary>An index into a table of handles.</summary>
    internal static Layout Handle => new(4, 4);

    /// <summary>A pointer and a length.</summary>
    internal static Layout Pointers(int pointerSize) => new(2 * pointerSize, pointerSize);

    internal static Layout Of(PrimitiveKind kind, int pointerSize)
    {
        int size = kind switch
        {
            PrimitiveKind.Bool or PrimitiveKind.S8 or PrimitiveKind.U8 => 1,
            PrimitiveKind.S16 or PrimitiveKind.U16 => 2,
            PrimitiveKind.S64 or PrimitiveKind.U64 or PrimitiveKind.F64 => 8,
            _ => 4,
        };
        return kind == PrimitiveKind.String ? Pointers(pointerSize) : new Layout(size, size);
    }

    internal static Layout OfFlags(int labels)
    {
        int size = labels <= 8 ? 1 : labels <= 16 ? 2 : 4;
        return new Layout(size, size);
    }

    internal static Layout OfRecord<T>(IReadOnlyList<T> members, Func<T, Layout> layout)
    {
        long size = 0;
        int alignment = 1;
        foreach (T member in members)
        {
            Layout one = layout(member);
            size = Math.Min(AlignTo(size, one.Alignment) + one.Size, Largest);
            alignment = Math.Max(alignment, one.Alignment);
        }

        return new Layout(AlignTo(size, alignment), alignment);
    }

    /// <param name="payloads">One a case; <see langword="null"/> where it has none.</param>
    internal static Layout OfVariant(Layout?[] payloads)
    {
        int discriminant = DiscriminantSize(payloads.Length);
        int caseAlignment = 1;
        long largest = 0;
        foreach (Layout? payload in payloads)
        {
            if (payload is not { } one) continue;
            caseAlignment = Math.Max(caseAlignment, one.Alignment);
            largest = Math.Max(largest, one.Size);
        }

        int alignment = Math.Max(discriminant, caseAlignment);
        return new Layout(AlignTo(AlignTo(discriminant, caseAlignment) + largest, alignment), alignment);
    }

    /// <summary>That many of it, one after another.</summary>
    internal Layout Times(uint count) => new(Size > Largest / count ? Largest : Size * count, Alignment);

    /// <summary>The bytes of the number that a variant's case is written as.</summary>
    internal static int DiscriminantSize(int cases) => cases <= 1 << 8 ? 1 : cases <= 1 << 16 ? 2 : 4;

    internal static long AlignTo(long size, int alignment) => (size + alignment - 1) / alignment * alignment;
}
