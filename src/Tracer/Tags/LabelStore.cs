namespace Chain.Tracer.Tags;

/// <summary>The interned labels of a process and their joins. Safe for any number of threads; a join seen before takes no lock.</summary>
/// <remarks>
/// At a limit of <see cref="LabelLimits"/> a label is made coarser instead of refused, and <see cref="Coarsened"/> counts it: first its
/// values go (<c>user=alice</c> becomes <c>user=*</c>), then its names (the label becomes <c>*</c>, any secrecy tag). Secrecy is never
/// lost that way, and integrity tags, which vouch for data, may only go.
/// </remarks>
public sealed class LabelStore
{
    private const int JoinSlots = 1 << 14;

    private readonly LabelLimits _limits;
    private readonly Lock _growing = new();
    private readonly Dictionary<Label, int> _ids = [];
    private readonly Join?[] _joins = new Join?[JoinSlots];
    private Entry[] _entries = new Entry[256];
    private int _count;
    private long _coarsened;

    /// <summary>A store that holds only the empty label.</summary>
    public LabelStore(LabelLimits? limits = null)
    {
        _limits = limits ?? new LabelLimits();
        ArgumentOutOfRangeException.ThrowIfLessThan(_limits.Labels, 16, nameof(limits));
        ArgumentOutOfRangeException.ThrowIfLessThan(_limits.TagsPerLabel, 1, nameof(limits));
        Add(Label.Empty);
        Add(Label.Of(Tag.Anything));
    }

    /// <summary>How many labels are interned, the empty one and <c>*</c> included.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>How many times a label was made coarser to stay within the limits.</summary>
    public long Coarsened => Interlocked.Read(ref _coarsened);

    /// <summary>The tags behind an id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not from this store.</exception>
    public Label this[LabelId id]
    {
        get
        {
            Entry[] entries = Volatile.Read(ref _entries);
            if ((uint)id.Value >= (uint)Count) throw new ArgumentOutOfRangeException(nameof(id), id.Value, "no such label in this store");
            return entries[id.Value].Label;
        }
    }

    /// <summary>The id of a label that is interned already.</summary>
    public bool TryFind(Label label, out LabelId id)
    {
        lock (_growing)
        {
            bool found = _ids.TryGetValue(label, out int value);
            id = new LabelId(value);
            return found;
        }
    }

    /// <summary>The id of a label, made coarser first where a limit asks for it.</summary>
    public LabelId Intern(Label label)
    {
        lock (_growing)
        {
            return new LabelId(InternLocked(label));
        }
    }

    /// <summary>The id of the label of data made from both. No allocation and no lock when the pair was joined before.</summary>
    public LabelId Union(LabelId a, LabelId b)
    {
        if (a.Value == b.Value) return a;
        int low = Math.Min(a.Value, b.Value), high = Math.Max(a.Value, b.Value);
        // Nothing to lose by joining with the empty label, unless the other one has integrity tags: those must go.
        if (low == 0 && !Volatile.Read(ref _entries)[high].HasIntegrity) return new LabelId(high);
        ulong pair = ((ulong)(uint)low << 32) | (uint)high;
        ref Join? slot = ref _joins[(int)((pair * 0x9E3779B97F4A7C15) >> (64 - 14))];
        Join? known = Volatile.Read(ref slot);
        if (known is not null && known.Pair == pair) return new LabelId(known.Result);
        return UnionSlow(low, high, pair, ref slot);
    }

    private LabelId UnionSlow(int low, int high, ulong pair, ref Join? slot)
    {
        LabelId result = Intern(Label.Join(this[new LabelId(low)], this[new LabelId(high)]));
        Volatile.Write(ref slot, new Join(pair, result.Value));
        return result;
    }

    private int InternLocked(Label label)
    {
        if (_ids.TryGetValue(label, out int id)) return id;
        bool full = _count >= _limits.Labels - (_limits.Labels / 8);
        if (label.Tags.Length <= _limits.TagsPerLabel && !full) return Add(label);

        Interlocked.Increment(ref _coarsened);
        Label coarse = WithoutValues(label);
        if (_ids.TryGetValue(coarse, out id)) return id;
        if (coarse.Tags.Length <= _limits.TagsPerLabel && _count < _limits.Labels) return Add(coarse);
        return _ids[Label.Of(Tag.Anything)];
    }

    private static Label WithoutValues(Label label)
    {
        var tags = new List<Tag>(label.Tags.Length);
        foreach (Tag tag in label.Tags)
        {
            if (tag.Kind == TagKind.Secrecy) tags.Add(tag.Coarser());
        }

        return Label.Of([.. tags]);
    }

    private int Add(Label label)
    {
        int id = _count;
        Entry[] entries = _entries;
        if (id == entries.Length) Array.Resize(ref entries, entries.Length * 2);
        entries[id] = new Entry(label, label.Tags.Any(tag => tag.Kind == TagKind.Integrity));
        _ids.Add(label, id);
        Volatile.Write(ref _entries, entries);
        Volatile.Write(ref _count, id + 1);
        return id;
    }

    private readonly record struct Entry(Label Label, bool HasIntegrity);

    private sealed record Join(ulong Pair, int Result);
}
