using System.Buffers;

namespace Chain.Silo.Calls.Remote;

/// <summary>Where values are packed before their size is known.</summary>
internal static class PackedValues
{
    // A buffer that one large value needed is not kept.
    private const int MostKept = 1 << 20;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? own;

    /// <summary>The calling thread's own buffer, with nothing in it: one value after the other.</summary>
    public static ArrayBufferWriter<byte> Empty()
    {
        if (own is null || own.Capacity > MostKept) own = new ArrayBufferWriter<byte>(1024);
        own.ResetWrittenCount();
        return own;
    }
}
