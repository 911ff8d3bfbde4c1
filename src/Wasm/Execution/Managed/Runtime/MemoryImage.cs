using Chain.Wasm.Binary;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>
/// The first content of a memory as a file in memory, mapped privately by every instance: a new instance copies only the pages that it writes.
/// Where the system has no such thing, segments are copied as usual.
/// </summary>
internal sealed class MemoryImage
{
    // Below this a copy costs less than the mapping.
    private const int SmallestWorthwhile = 128 * 1024;

    private readonly int file;

    private MemoryImage(int file, nuint mappedBytes)
    {
        this.file = file;
        MappedBytes = mappedBytes;
    }

    /// <summary>The bytes from the base on that the image covers, whole pages.</summary>
    public nuint MappedBytes { get; }

    /// <summary>
    /// The image of a module's memory, or <see langword="null"/> where it is small or its content is not known before instantiation.
    /// </summary>
    public static MemoryImage? Create(Module module)
    {
        if (!VirtualMemory.HasImages || module.ImportCount(ExternalKind.Memory) > 0 || module.Memories.Length == 0) return null;
        ulong size = module.Memories[0].Type.Limits.Minimum * MemoryType.PageSize;
        ulong end = 0, total = 0;
        foreach (DataSegment segment in module.Data)
        {
            if (segment.Mode != SegmentMode.Active) continue;
            if (segment.MemoryIndex != 0 || !TryOffset(module, segment, out ulong offset)) return null;
            // A segment that does not fit has to trap at its turn, after the ones before it.
            if (offset > size || (ulong)segment.Content.Length > size - offset) return null;
            end = Math.Max(end, offset + (ulong)segment.Content.Length);
            total += (ulong)segment.Content.Length;
        }

        // Sparse segments far up would make a large file of zeros.
        if (total < SmallestWorthwhile || end > (2 * total) + (1 << 20) || end > int.MaxValue / 2) return null;
        var content = new byte[VirtualMemory.RoundUp((nuint)end)];
        foreach (DataSegment segment in module.Data)
        {
            if (segment.Mode != SegmentMode.Active) continue;
            TryOffset(module, segment, out ulong offset);
            segment.Content.Span.CopyTo(content.AsSpan((int)offset));
        }

        int file = VirtualMemory.CreateImage(content);
        return file < 0 ? null : new MemoryImage(file, (nuint)content.Length);
    }

    public bool Map(nint address)
    {
        bool mapped = VirtualMemory.MapImage(address, MappedBytes, file);
        GC.KeepAlive(this);
        return mapped;
    }

    ~MemoryImage() => VirtualMemory.CloseImage(file);

    private static bool TryOffset(Module module, DataSegment segment, out ulong offset)
    {
        Expression expression = segment.MemoryOffset!.Value;
        var code = new InstructionReader(
            expression.Code.Span, expression.Offset, module.DisplayName, new InstructionReader.Immediates());
        code.Read(out Instruction first);
        code.Read(out Instruction second);
        offset = first.Bits;
        return first.Opcode is Opcode.I32Const or Opcode.I64Const && second.Opcode == Opcode.End;
    }
}
