using System.Buffers.Binary;
using Chain.Tracer.Calls;

namespace Chain.Tracer.Bundles;

/// <summary>Packs calls and flows into the column <c>data</c> of <c>bundle</c>. Reused; for one thread.</summary>
/// <remarks>
/// <para>
/// A byte 1 (the version), then, all integers as LEB128, Z for zigzag: the number n of calls; n × (microseconds since the call before, Z, from the trace's key; the
/// lane less that of the call before, Z); n × parent (0 none; 1 and its id less the key, Z; else its index in this row + 2); n × shape; n × labels; n × duration
/// (4 bytes, little-endian float); n × (size in + 1); n × (size out + 1).
/// </para>
/// <para>
/// Then the number of flows and for each: index of its call less that of the flow before; the call's id less the source's, Z; 0, or 1 + the source's id less its trace's
/// key; label; 2 × state key + part.
/// </para>
/// </remarks>
internal sealed class BundleEncoder
{
    public const byte Version = 1;

    private byte[] _bytes = new byte[64 << 10];
    private int _length;

    /// <param name="trace">The trace's key.</param>
    /// <param name="calls">In the order of their ids.</param>
    /// <param name="flows">In the order of their calls.</param>
    /// <param name="firstCall">Index of the first of these calls among those that the flows count.</param>
    /// <returns>Valid until the next call.</returns>
    public ReadOnlySpan<byte> Encode(long trace, ReadOnlySpan<BundledCall> calls, ReadOnlySpan<BundledFlow> flows, int firstCall = 0)
    {
        int most = 20 + (calls.Length * 64) + (flows.Length * 50);
        if (_bytes.Length < most) _bytes = new byte[most];
        _length = 0;
        _bytes[_length++] = Version;
        Put((ulong)calls.Length);
        EncodeIds(trace, calls);
        EncodeParents(trace, calls);
        foreach (ref readonly BundledCall call in calls) Put((uint)call.Shape);
        foreach (ref readonly BundledCall call in calls) Put((uint)call.Labels);
        foreach (ref readonly BundledCall call in calls)
        {
            BinaryPrimitives.WriteSingleLittleEndian(_bytes.AsSpan(_length), call.Duration);
            _length += 4;
        }

        foreach (ref readonly BundledCall call in calls) Put((uint)(call.SizeIn + 1));
        foreach (ref readonly BundledCall call in calls) Put((uint)(call.SizeOut + 1));
        Put((ulong)flows.Length);
        int before = firstCall;
        foreach (ref readonly BundledFlow flow in flows)
        {
            Put((uint)(flow.Call - before));
            before = flow.Call;
            PutSigned(calls[flow.Call - firstCall].Id - flow.Source);
            bool follows = flow.SourceTrace > 0 && flow.SourceTrace <= flow.Source;
            Put(follows ? 1 + (ulong)(flow.Source - flow.SourceTrace) : 0);
            Put((uint)flow.Label);
            Put(((ulong)(uint)flow.State << 1) + (ushort)flow.Part);
        }

        return _bytes.AsSpan(0, _length);
    }

    private void EncodeIds(long trace, ReadOnlySpan<BundledCall> calls)
    {
        long before = trace;
        foreach (ref readonly BundledCall call in calls)
        {
            PutSigned((call.Id >> CallId.LaneBits) - (before >> CallId.LaneBits));
            PutSigned((call.Id & (CallId.Lanes - 1)) - (before & (CallId.Lanes - 1)));
            before = call.Id;
        }
    }

    private void EncodeParents(long trace, ReadOnlySpan<BundledCall> calls)
    {
        // A parent is mostly among the calls just before; the search begins with the parent of the one before.
        int guess = 0;
        foreach (ref readonly BundledCall call in calls)
        {
            if (call.Parent == 0)
            {
                Put(0);
                continue;
            }

            if (calls[guess].Id != call.Parent) guess = Find(calls, call.Parent);
            if (guess >= 0)
            {
                Put((ulong)guess + 2);
                continue;
            }

            guess = 0;
            Put(1);
            PutSigned(call.Parent - trace);
        }
    }

    private static int Find(ReadOnlySpan<BundledCall> calls, long id)
    {
        int low = 0, high = calls.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (calls[middle].Id == id) return middle;
            if (calls[middle].Id < id) low = middle + 1;
            else high = middle - 1;
        }

        return -1;
    }

    private void PutSigned(long value) => Put((ulong)((value << 1) ^ (value >> 63)));

    private void Put(ulong value)
    {
        byte[] bytes = _bytes;
        int at = _length;
        while (value >= 0x80)
        {
            bytes[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        bytes[at++] = (byte)value;
        _length = at;
    }
}
