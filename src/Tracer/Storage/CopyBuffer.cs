using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Chain.Tracer.Storage;

/// <summary>
/// Rows in the binary format of COPY (PostgreSQL manual, COPY, "Binary Format"). Reused from batch to batch; for one thread.
/// </summary>
internal sealed class CopyBuffer
{
    // The signature, then no flags and no header extension.
    private static ReadOnlySpan<byte> Header =>
        [(byte)'P', (byte)'G', (byte)'C', (byte)'O', (byte)'P', (byte)'Y', 10, 0xFF, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private byte[] _bytes = new byte[1 << 20];
    private int _length;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    public void Begin()
    {
        _length = 0;
        Header.CopyTo(_bytes);
        _length = Header.Length;
    }

    /// <summary>Starts a row. <paramref name="room"/> is at least the bytes of its fields, four more for each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Row(short fields, int room)
    {
        if (_length + room + 4 > _bytes.Length) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + room + 4));
        BinaryPrimitives.WriteInt16BigEndian(_bytes.AsSpan(_length), fields);
        _length += 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Long(long value)
    {
        Span<byte> at = _bytes.AsSpan(_length, 12);
        BinaryPrimitives.WriteInt32BigEndian(at, 8);
        BinaryPrimitives.WriteInt64BigEndian(at[4..], value);
        _length += 12;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Int(int value)
    {
        Span<byte> at = _bytes.AsSpan(_length, 8);
        BinaryPrimitives.WriteInt32BigEndian(at, 4);
        BinaryPrimitives.WriteInt32BigEndian(at[4..], value);
        _length += 8;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Real(float value) => Int(BitConverter.SingleToInt32Bits(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Short(short value)
    {
        Span<byte> at = _bytes.AsSpan(_length, 6);
        BinaryPrimitives.WriteInt32BigEndian(at, 2);
        BinaryPrimitives.WriteInt16BigEndian(at[4..], value);
        _length += 6;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Null()
    {
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(_length), -1);
        _length += 4;
    }

    /// <summary>A <c>bytea</c>.</summary>
    public void Bytes(ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(_length), value.Length);
        value.CopyTo(_bytes.AsSpan(_length + 4));
        _length += value.Length + 4;
    }

    /// <summary>A <c>bigint[]</c> of one dimension; it takes 24 bytes and 12 for each element.</summary>
    public void Longs(ReadOnlySpan<long> values)
    {
        const int BigInt = 20;
        Span<byte> at = _bytes.AsSpan(_length);
        ReadOnlySpan<int> header = [20 + (values.Length * 12), 1, 0, BigInt, values.Length, 1];
        for (int i = 0; i < header.Length; i++) BinaryPrimitives.WriteInt32BigEndian(at[(i * 4)..], header[i]);
        _length += header.Length * 4;
        foreach (long value in values) Long(value);
    }

    public void End()
    {
        if (_length + 2 > _bytes.Length) Array.Resize(ref _bytes, _bytes.Length + 2);
        BinaryPrimitives.WriteInt16BigEndian(_bytes.AsSpan(_length), -1);
        _length += 2;
    }
}
