namespace Chain.Tracer.Bundles;

/// <summary>Call ids to indexes: a hash table of nothing but numbers, for hundreds of thousands of them. For one thread.</summary>
internal sealed class CallIndex
{
    // 0 is an empty place, so that id has one of its own. Linear probing, at most half full.
    private long[] _ids;
    private int[] _indexes;
    private int _shift;
    private int _count;
    private int _zero = -1;

    public CallIndex(int capacity = 64)
    {
        int length = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(64, capacity * 2));
        (_ids, _indexes, _shift) = (new long[length], new int[length], Shift(length));
    }

    /// <summary>The index of an id; -1 when there is none.</summary>
    public int Find(long id)
    {
        if (id == 0) return _zero;
        int mask = _ids.Length - 1;
        for (int at = Home(id); ; at = (at + 1) & mask)
        {
            if (_ids[at] == id) return _indexes[at];
            if (_ids[at] == 0) return -1;
        }
    }

    /// <summary>The index of an id, which becomes <paramref name="index"/> when there is none.</summary>
    public int GetOrAdd(long id, int index)
    {
        if (id == 0) return _zero < 0 ? _zero = index : _zero;
        if (_count * 2 >= _ids.Length) Grow();
        int mask = _ids.Length - 1;
        int at = Home(id);
        for (; _ids[at] != 0; at = (at + 1) & mask)
        {
            if (_ids[at] == id) return _indexes[at];
        }

        (_ids[at], _indexes[at]) = (id, index);
        _count++;
        return index;
    }

    private static int Shift(int length) => 64 - System.Numerics.BitOperations.Log2((uint)length);

    private int Home(long id) => (int)(((ulong)id * 0x9E3779B97F4A7C15) >> _shift);

    private void Grow()
    {
        (long[] ids, int[] indexes) = (_ids, _indexes);
        int length = ids.Length * 4;
        (_ids, _indexes, _shift, _count) = (new long[length], new int[length], Shift(length), 0);
        for (int i = 0; i < ids.Length; i++)
        {
            if (ids[i] != 0) GetOrAdd(ids[i], indexes[i]);
        }
    }
}
