using System.Runtime.InteropServices;
using Chain.Wasm.Components.CanonicalAbi.Compilation;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.CanonicalAbi;

/// <summary>
/// One side of a call: the options of its canonical definition, resolved in an instance (Canonical ABI, "Lifting and Lowering Context").
/// </summary>
internal sealed class AbiContext(InstanceState instance, LinearMemory? memory, Func<int, int, int, int, int>? realloc, StringEncoding encoding)
{
    /// <summary>The most bytes of a string or list.</summary>
    public const uint MaxByteLength = (1 << 28) - 1;

    /// <summary>
    /// The most bytes of the host's memory that the values of one call take, as estimated: many elements of a small list can share the bytes of one
    /// large string. Enough for the longest string there is.
    /// </summary>
    public const long MaxLiftedBytes = 1L << 29;

    private long liftable = MaxLiftedBytes;

    public InstanceState Instance { get; } = instance;

    public StringEncoding Encoding { get; } = encoding;

    public LinearMemory Memory => memory!;

    /// <summary>The bytes that its guest was given in memory since somebody set this to zero: strings, lists, and what has no room in core values.</summary>
    public long Received { get; set; }

    /// <summary>Allocates in the guest's memory.</summary>
    public uint Allocate(int alignment, uint bytes) => Reallocate(0, 0, alignment, bytes);

    public uint Reallocate(uint old, uint oldBytes, int alignment, uint bytes)
    {
        Instance.MayLeave = false;
        uint pointer = 0;
        try
        {
            pointer = (uint)realloc!((int)old, (int)oldBytes, alignment, (int)bytes);
        }
        catch (WasmGuestException exception)
        {
            AdapterRuntime.TrapOnThrow(exception);
        }

        Instance.MayLeave = true;
        if ((pointer & (uint)(alignment - 1)) != 0) throw new ComponentTrapException("realloc return: result not aligned");
        if (pointer + (ulong)bytes > (ulong)memory!.ByteLength) throw new ComponentTrapException("realloc return: beyond end of memory");
        Received += (long)bytes - oldBytes;
        return pointer;
    }

    /// <summary>The bytes at an address, which must be aligned and inside the memory.</summary>
    public Span<byte> At(uint pointer, uint bytes, int alignment)
    {
        if ((pointer & (uint)(alignment - 1)) != 0) throw new ComponentTrapException($"unaligned pointer 0x{pointer:x}, expected a multiple of {alignment}");
        if (pointer + (ulong)bytes > (ulong)memory!.ByteLength)
            throw new ComponentTrapException($"pointer out of bounds of memory: 0x{pointer:x} and {bytes} bytes, the memory has {memory.ByteLength}");
        return memory.Slice(pointer, bytes);
    }

    /// <summary>The first of the bytes at an address, for generated code.</summary>
    public ref byte RefAt(uint pointer, uint bytes, int alignment) => ref MemoryMarshal.GetReference(At(pointer, bytes, alignment));

    /// <summary>The bytes of a list.</summary>
    public Span<byte> ListAt(uint pointer, uint length, uint elementSize, int alignment)
    {
        ulong bytes = (ulong)length * elementSize;
        if (bytes > MaxByteLength) throw new ComponentTrapException($"list of {bytes} bytes is too long, expected at most {MaxByteLength}");
        return At(pointer, (uint)bytes, alignment);
    }

    public ref byte ListRefAt(uint pointer, uint length, uint elementSize, int alignment) =>
        ref MemoryMarshal.GetReference(ListAt(pointer, length, elementSize, alignment));

    /// <summary>Allocates a list.</summary>
    public uint AllocateList(int length, uint elementSize, int alignment)
    {
        ulong bytes = (ulong)length * elementSize;
        if (bytes > MaxByteLength) throw new ComponentTrapException($"list of {bytes} bytes is too long, expected at most {MaxByteLength}");
        return Allocate(alignment, (uint)bytes);
    }

    // What the host takes over.

    /// <summary>Begins to count what the host takes of one call.</summary>
    public void BeginLifting() => liftable = MaxLiftedBytes;

    /// <summary>Counts bytes of the host's memory, before they are taken.</summary>
    public void Charge(long bytes)
    {
        liftable -= bytes;
        if (liftable < 0) throw new ComponentTrapException($"the values of one call are too large, expected at most {MaxLiftedBytes} bytes");
    }

    /// <summary>Counts an array, for generated code.</summary>
    public void ChargeItems(uint length, int bytesEach) => Charge(32 + ((long)length * bytesEach));

    // Handles.

    public Representation LiftOwn(int index, RuntimeResourceType type) => Instance.Handles.RemoveOwn(index, type);

    public Representation LiftBorrow(int index, RuntimeResourceType type, CallScope scope) => Instance.Handles.Lend(index, type, scope);

    public int LowerOwn(Representation representation, RuntimeResourceType type) => Instance.Handles.Add(type, representation, isOwn: true, null);

    public int LowerBorrow(Representation representation, RuntimeResourceType type, CallScope scope)
    {
        if (type.Implementer == Instance) return representation.Guest;
        scope.Borrows++;
        return Instance.Handles.Add(type, representation, isOwn: false, scope);
    }

    /// <summary>Checks the number of a character.</summary>
    public static int CheckChar(int value) =>
        (uint)value is < 0xD800 or (>= 0xE000 and < 0x110000)
            ? value
            : throw new ComponentTrapException($"invalid char 0x{(uint)value:x}, expected a Unicode scalar value");

    /// <summary>Checks the number of a case.</summary>
    public static int CheckCase(int value, int cases) =>
        (uint)value < (uint)cases ? value : throw new ComponentTrapException($"invalid discriminant {(uint)value}, expected less than {cases}");
}
