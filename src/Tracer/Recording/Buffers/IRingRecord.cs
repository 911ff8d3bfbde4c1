using System.Numerics;
using System.Runtime.CompilerServices;

namespace Chain.Tracer.Recording.Buffers;

/// <summary>A record that can lie in a ring.</summary>
internal interface IRingRecord
{
    /// <summary>A digest of the record, by which one that is torn or damaged is told. Cheap; no protection against anybody who means harm.</summary>
    uint Check();
}

/// <summary>The digest of a record of eight words.</summary>
internal static class RecordCheck
{
    // Whoever ends a call pays for this. A checksum over the bytes would have to wait until they are written.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Of(long a, long b, long c, long d, long e, long f, ulong g, ulong h)
    {
        ulong mixed = (ulong)a ^ BitOperations.RotateLeft((ulong)b, 9) ^ BitOperations.RotateLeft((ulong)c, 18) ^ BitOperations.RotateLeft((ulong)d, 27) ^
            BitOperations.RotateLeft((ulong)e, 36) ^ BitOperations.RotateLeft((ulong)f, 45) ^ BitOperations.RotateLeft(g, 54) ^ ~h;
        return (uint)((mixed * 0x9E3779B97F4A7C15) >> 32);
    }
}
