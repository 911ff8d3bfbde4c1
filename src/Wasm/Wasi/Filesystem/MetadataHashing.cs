using System.Buffers.Binary;
using System.Security.Cryptography;
using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>
/// Hashes of what tells a file, and its state, from others. Keyed, so that no guest finds inode numbers in them; the key lives as long as the process.
/// </summary>
internal static class MetadataHashing
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    public static Result<MetadataHashValue, ErrorCode> Of(Result<NodeStat, ErrorCode> stat)
    {
        if (stat.IsError) return stat.Error;
        NodeStat node = stat.Value;
        Span<byte> input = stackalloc byte[36];
        BinaryPrimitives.WriteUInt64LittleEndian(input, node.Device);
        BinaryPrimitives.WriteUInt64LittleEndian(input[8..], node.Inode);
        BinaryPrimitives.WriteUInt64LittleEndian(input[16..], node.Size);
        BinaryPrimitives.WriteUInt64LittleEndian(input[24..], node.Modification?.Seconds ?? 0);
        BinaryPrimitives.WriteUInt32LittleEndian(input[32..], node.Modification?.Nanoseconds ?? 0);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(Key, input, hash);
        return new MetadataHashValue(BinaryPrimitives.ReadUInt64LittleEndian(hash), BinaryPrimitives.ReadUInt64LittleEndian(hash[8..]));
    }
}
