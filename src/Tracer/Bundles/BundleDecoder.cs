using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Chain.Tracer.Calls;
using Chain.Tracer.Storage;

namespace Chain.Tracer.Bundles;

/// <summary>Unpacks what <see cref="BundleEncoder"/> packed, into arrays of its own. Reused; for one thread.</summary>
internal sealed class BundleDecoder
{
    private BundledCall[] _calls = new BundledCall[256];
    private int[] _parents = new int[256];
    private BundledFlow[] _flows = new BundledFlow[256];
    private int _count;
    private int _flowCount;

    /// <summary>The calls in the order of their ids; valid until the next bundle, as everything here.</summary>
    public ReadOnlySpan<BundledCall> Calls => _calls.AsSpan(0, _count);

    /// <summary>For each call the index of its parent among them; -1 when it has none there.</summary>
    public ReadOnlySpan<int> Parents => _parents.AsSpan(0, _count);

    /// <summary>The flows into the calls; none where they were not asked for.</summary>
    public ReadOnlySpan<BundledFlow> Flows => _flows.AsSpan(0, _flowCount);

    /// <param name="trace">The trace's key.</param>
    /// <param name="data">The bytes.</param>
    /// <param name="withFlows">Whether the flows are of use.</param>
    /// <exception cref="StoreException">The bytes are not a bundle's.</exception>
    public void Decode(long trace, ReadOnlySpan<byte> data, bool withFlows = true)
    {
        try
        {
            if (data[0] != BundleEncoder.Version) throw new StoreException($"the bundle of trace {new CallId(trace)} has version {data[0]}, this Chain knows {BundleEncoder.Version}");
            int at = 1;
            DecodeCalls(trace, data, ref at);
            _flowCount = 0;
            if (withFlows) DecodeFlows(data, ref at);
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException or OverflowException)
        {
            throw new StoreException($"the bundle of trace {new CallId(trace)} is damaged", e);
        }
    }

    // Optimised from the first call on: the first questions of a process unpack thousands of bundles before the runtime would come round to it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void DecodeCalls(long trace, ReadOnlySpan<byte> data, ref int at)
    {
        _count = Count(data, ref at);
        if (_calls.Length < _count) (_calls, _parents) = (new BundledCall[_count * 2], new int[_count * 2]);
        Span<BundledCall> calls = _calls.AsSpan(0, _count);
        Span<int> parents = _parents.AsSpan(0, _count);
        long start = trace >> CallId.LaneBits, lane = trace & (CallId.Lanes - 1);
        for (int i = 0; i < calls.Length; i++)
        {
            start += GetSigned(data, ref at);
            lane += GetSigned(data, ref at);
            calls[i] = new BundledCall((start << CallId.LaneBits) | lane, 0, 0, 0, 0, 0, 0);
        }

        for (int i = 0; i < calls.Length; i++)
        {
            ulong code = Get(data, ref at);
            parents[i] = code < 2 ? -1 : checked((int)(code - 2));
            long parent = code == 0 ? 0 : code == 1 ? trace + GetSigned(data, ref at) : calls[parents[i]].Id;
            calls[i] = calls[i] with { Parent = parent };
        }

        // The columns one after the other, each at a place of its own, so that a call is written once.
        int shapes = at, labels = Skip(data, shapes, calls.Length), durations = Skip(data, labels, calls.Length);
        int sizesIn = durations + (calls.Length * 4), sizesOut = Skip(data, sizesIn, calls.Length);
        for (int i = 0; i < calls.Length; i++)
        {
            float duration = BinaryPrimitives.ReadSingleLittleEndian(data[durations..]);
            durations += 4;
            calls[i] = new BundledCall(calls[i].Id, calls[i].Parent, (int)Get(data, ref shapes), (int)Get(data, ref labels), duration,
                (short)((int)Get(data, ref sizesIn) - 1), (short)((int)Get(data, ref sizesOut) - 1));
        }

        at = sizesOut;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void DecodeFlows(ReadOnlySpan<byte> data, ref int at)
    {
        _flowCount = Count(data, ref at);
        if (_flows.Length < _flowCount) _flows = new BundledFlow[_flowCount * 2];
        int call = 0;
        for (int i = 0; i < _flowCount; i++)
        {
            call += (int)Get(data, ref at);
            long source = _calls.AsSpan(0, _count)[call].Id - GetSigned(data, ref at);
            ulong trace = Get(data, ref at);
            int label = (int)Get(data, ref at);
            ulong state = Get(data, ref at);
            _flows[i] = new BundledFlow(call, source, trace == 0 ? 0 : source - (long)(trace - 1), label, (short)(state & 1), (int)(state >> 1));
        }
    }

    // Each takes more than a byte, so damaged bytes cannot ask for much memory.
    private static int Count(ReadOnlySpan<byte> data, ref int at)
    {
        ulong count = Get(data, ref at);
        return count <= (ulong)data.Length ? (int)count : throw new IndexOutOfRangeException();
    }

    private static int Skip(ReadOnlySpan<byte> data, int at, int count)
    {
        for (; count > 0; at++)
        {
            if (data[at] < 0x80) count--;
        }

        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Get(ReadOnlySpan<byte> data, ref int at)
    {
        byte first = data[at++];
        return first < 0x80 ? first : GetLong(data, ref at, first);
    }

    private static ulong GetLong(ReadOnlySpan<byte> data, ref int at, byte first)
    {
        ulong value = first & 0x7FU;
        for (int shift = 7; ; shift += 7)
        {
            byte next = data[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
            if (shift > 63) throw new OverflowException();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long GetSigned(ReadOnlySpan<byte> data, ref int at)
    {
        ulong value = Get(data, ref at);
        return (long)(value >> 1) ^ -(long)(value & 1);
    }
}
