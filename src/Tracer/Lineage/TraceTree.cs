using Chain.Tracer.Calls;

namespace Chain.Tracer.Lineage;

/// <summary>A trace as a tree, or the part of it that was asked for. Calls are named by their index. Immutable.</summary>
public sealed class TraceTree
{
    private readonly List<CallRow> _rows;
    private readonly NameCatalog _names;
    private readonly int[][] _children;
    private readonly HashSet<long> _cut;

    private TraceTree(TraceId id, List<CallRow> rows, long total, HashSet<long> cut, CallId at, NameCatalog names)
    {
        rows.Sort((a, b) => a.Id.CompareTo(b.Id));
        (Id, _rows, Total, _cut, _names) = (id, rows, total, cut, names);
        var index = new Dictionary<long, int>(rows.Count);
        for (int i = 0; i < rows.Count; i++) index[rows[i].Id] = i;
        var children = new List<int>?[rows.Count];
        var roots = new List<int>();
        for (int i = 0; i < rows.Count; i++)
        {
            if (index.TryGetValue(rows[i].Parent, out int parent) && parent != i) (children[parent] ??= []).Add(i);
            else roots.Add(i);
        }

        _children = new int[rows.Count][];
        for (int i = 0; i < rows.Count; i++) _children[i] = children[i] is { } some ? [.. some] : [];
        if (!at.IsNone)
        {
            if (!index.TryGetValue(at.Value, out int first)) throw new LineageException($"there is no call {at} in this trace");
            roots = [first];
        }

        Roots = roots;
        foreach (CallRow row in rows) Ended = Math.Max(Ended, (row.Id >> CallId.LaneBits) + (long)row.Duration);
    }

    /// <summary>The trace.</summary>
    public TraceId Id { get; }

    /// <summary>How many calls of the trace the store has.</summary>
    public long Total { get; }

    /// <summary>How many calls are here.</summary>
    public int Count => _rows.Count;

    /// <summary>Whether only the upper part of a large trace was read.</summary>
    public bool IsPart { get; private init; }

    /// <summary>Whether all calls of the trace are here.</summary>
    public bool IsWhole => Count == Total;

    /// <summary>Calls whose parent is not here: the root, and those whose parent is a stranger, runs still, or was lost.</summary>
    public IReadOnlyList<int> Roots { get; }

    /// <summary>The earliest start, in microseconds since <see cref="CallId.Epoch"/>.</summary>
    public long Started => _rows[0].Id >> CallId.LaneBits;

    /// <summary>The latest end, likewise.</summary>
    public long Ended { get; }

    /// <summary>A call.</summary>
    public CallInfo Info(int call) => CallRows.Info(_names, _rows[call]);

    /// <summary>The calls made by a call that are here, by start.</summary>
    public IReadOnlyList<int> Children(int call) => _children[call];

    /// <summary>Whether the call made calls that are not here.</summary>
    public bool IsCut(int call) => _cut.Contains(_rows[call].Id);

    /// <summary>Whether two calls are alike enough to be folded into one line: the same function of the same component, on the same silo, ended alike.</summary>
    public bool AreAlike(int a, int b)
    {
        if (_rows[a].Shape == _rows[b].Shape) return true;
        (CallShape one, CallShape two) = (_names.Shape(_rows[a].Shape), _names.Shape(_rows[b].Shape));
        return one.Callee.Name == two.Callee.Name && one.Function == two.Function && one.Outcome == two.Outcome
            && one.Host == two.Host && one.Attempt == two.Attempt;
    }

    internal static TraceTree Whole(TraceId id, List<CallRow> rows, CallId at, NameCatalog names) => new(id, rows, rows.Count, [], at, names);

    internal static TraceTree Part(TraceId id, List<CallRow> rows, long total, HashSet<long> cut, NameCatalog names) => new(id, rows, total, cut, default, names) { IsPart = true };
}
