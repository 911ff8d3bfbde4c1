using Chain.Wasm.Binary;

namespace Chain.Wasm.Execution.Managed.Runtime;

/// <summary>
/// A linear memory in reserved address space. The page before its base is a header that holds the length in bytes at
/// <c>base - 8</c>, so that compiled code needs only the base.
/// </summary>
internal sealed unsafe class ManagedMemory : LinearMemory
{
    /// <summary>Where the length stands, from the base.</summary>
    public const int LengthOffset = -8;

    private readonly ManagedStore store;
    private readonly MemoryType type;
    private readonly nuint header = VirtualMemory.PageSize;
    private readonly nuint reservedBytes;
    private nint region;
    private nuint committedBytes;
    private nuint imageBytes;

    /// <exception cref="WasmLimitException">The store allows less, or there is no address space.</exception>
    public ManagedMemory(ManagedStore store, MemoryType type, MemoryImage? image)
    {
        this.store = store;
        this.type = type;
        if (type.Limits.Minimum > (ulong)store.Limits.MemoryBytes / MemoryType.PageSize)
        {
            throw new WasmLimitException(
                $"a memory of {type.Limits.Minimum} pages of 64 KiB is larger than the limit of {store.Limits.MemoryBytes} bytes");
        }

        ulong minimum = type.Limits.Minimum * MemoryType.PageSize;
        ulong largest = Math.Min((ulong)store.Limits.MemoryBytes, LargestPages * MemoryType.PageSize);
        largest = Math.Max(largest / MemoryType.PageSize * MemoryType.PageSize, minimum);
        reservedBytes = VirtualMemory.RoundUp((nuint)largest);
        store.TakeMemory((long)minimum);
        try
        {
            region = VirtualMemory.Reserve(header + reservedBytes);
        }
        catch (WasmLimitException)
        {
            store.ReturnMemory((long)minimum);
            throw;
        }

        Base = region + (nint)header;
        bool mapped = image is not null && image.Map(Base);
        imageBytes = mapped ? image!.MappedBytes : 0;
        HasImage = mapped;
        committedBytes = VirtualMemory.RoundUp((nuint)minimum);
        if (!VirtualMemory.Commit(region, header)
            || !VirtualMemory.Commit(Base + (nint)imageBytes, committedBytes - Math.Min(committedBytes, imageBytes)))
        {
            store.ReturnMemory((long)minimum);
            Release();
            throw new WasmLimitException($"the system has no {minimum} bytes for a memory");
        }

        ByteLengthUnchecked = minimum;
        store.Own(this);
    }

    /// <summary>The address of byte 0; it never changes.</summary>
    public nint Base { get; }

    /// <summary>Whether the data segments are in it already.</summary>
    public bool HasImage { get; }

    public override MemoryType Type =>
        type with { Limits = type.Limits with { Minimum = CheckedByteLength / MemoryType.PageSize } };

    public override long ByteLength => (long)CheckedByteLength;

    /// <summary>The store it belongs to.</summary>
    public ManagedStore Store => store;

    private ref ulong ByteLengthUnchecked => ref *(ulong*)(Base + LengthOffset);

    // What the host asks for after the store is gone would be a read of memory that is somebody else's by then.
    private ref ulong CheckedByteLength
    {
        get
        {
            ObjectDisposedException.ThrowIf(region == 0, typeof(Store));
            return ref ByteLengthUnchecked;
        }
    }

    // 65,536 pages is what 32 bits of address reach; with 64 it is what a process can address.
    private ulong LargestPages => Math.Min(type.Limits.Maximum ?? ulong.MaxValue, type.Limits.Is64 ? 1UL << 31 : 1UL << 16);

    public override Span<byte> Slice(ulong address, ulong length)
    {
        ulong size = CheckedByteLength;
        if (address > size || length > size - address || length > int.MaxValue) throw new WasmTrapException(TrapKind.MemoryOutOfBounds);
        return new Span<byte>((byte*)Base + address, (int)length);
    }

    public override long Grow(ulong pages)
    {
        ulong old = CheckedByteLength;
        long oldPages = (long)(old / MemoryType.PageSize);
        if (pages == 0) return oldPages;
        if (pages > (reservedBytes - old) / MemoryType.PageSize) return -1;
        ulong grown = old + (pages * MemoryType.PageSize);
        if (grown / MemoryType.PageSize > LargestPages) return -1;
        if (!store.TryTakeMemory((long)(grown - old))) return -1;
        nuint needed = VirtualMemory.RoundUp((nuint)grown);
        if (needed > committedBytes)
        {
            if (!VirtualMemory.Commit(Base + (nint)committedBytes, needed - committedBytes))
            {
                store.ReturnMemory((long)(grown - old));
                return -1;
            }

            committedBytes = needed;
        }

        ByteLengthUnchecked = grown;
        return oldPages;
    }

    /// <summary>Makes it as it was when it was new: its first size, and its image or zeros.</summary>
    public void Reset()
    {
        ulong minimum = type.Limits.Minimum * MemoryType.PageSize;
        nuint keep = Math.Max(VirtualMemory.RoundUp((nuint)minimum), imageBytes);
        store.ReturnMemory((long)(CheckedByteLength - minimum));
        VirtualMemory.Discard(Base, Math.Min(committedBytes, keep));
        if (committedBytes > keep)
        {
            VirtualMemory.Decommit(Base + (nint)keep, committedBytes - keep);
            committedBytes = keep;
        }

        ByteLengthUnchecked = minimum;
    }

    /// <summary>Gives the address space back; nothing may run in it any more.</summary>
    public void Release()
    {
        nint old = Interlocked.Exchange(ref region, 0);
        if (old == 0) return;
        VirtualMemory.Release(old, header + reservedBytes);
        GC.SuppressFinalize(this);
    }

    ~ManagedMemory()
    {
        nint old = Interlocked.Exchange(ref region, 0);
        if (old != 0) VirtualMemory.Release(old, header + reservedBytes);
    }
}
