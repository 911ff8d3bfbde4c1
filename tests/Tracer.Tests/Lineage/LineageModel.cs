using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Chain.Tracer.Recording;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Tests.Lineage;

/// <summary>The rules of docs/lineage.md as plainly as they can be written: every edge in a list, every search the simplest there is.</summary>
internal sealed class LineageModel
{
    private readonly LabelStore _labels;
    private readonly Dictionary<CallId, CallRecord> _calls;
    private readonly Tag? _tag;

    public LineageModel(RandomRecord record, LabelStore labels, Tag? tag)
    {
        _labels = labels;
        _tag = tag;
        _calls = record.Calls.ToDictionary(call => call.Id);
        var everybody = new HashSet<CallId>(_calls.Keys);
        everybody.UnionWith(record.Calls.Where(call => !call.Parent.IsNone).Select(call => call.Parent));
        everybody.UnionWith(record.Flows.SelectMany(flow => (CallId[])[flow.Source, flow.Destination]));
        foreach (CallId call in everybody) Add(new(call, ValueSide.In), new(call, ValueSide.Out));
        foreach (CallRecord call in record.Calls)
        {
            if (call.Parent.IsNone) continue;
            Add(new(call.Parent, ValueSide.In), new(call.Id, ValueSide.In));
            bool exact = _calls.TryGetValue(call.Parent, out CallRecord parent) && parent.Exact;
            if (exact) continue;
            Add(new(call.Id, ValueSide.Out), new(call.Parent, ValueSide.Out));
            foreach (CallRecord other in record.Calls)
            {
                bool sibling = other.Parent == call.Parent && other.Id != call.Id;
                if (sibling && other.Id.StartMicroseconds + (other.Duration / 1000) <= call.Id.StartMicroseconds) Add(new(other.Id, ValueSide.Out), new(call.Id, ValueSide.In));
            }
        }

        foreach (FlowRecord flow in record.Flows)
        {
            if (tag is { } asked && !Has(flow.Label, asked)) continue;
            Add(new(flow.Source, ValueSide.Out), new(flow.Destination, (ValueSide)flow.Into));
        }
    }

    public HashSet<(CallValue From, CallValue To)> Edges { get; } = [];

    public bool Carries(CallValue value) =>
        _tag is not { } tag || !_calls.TryGetValue(value.Call, out CallRecord call) || Has(value.Side == ValueSide.In ? call.LabelIn : call.LabelOut, tag);

    /// <summary>Every value that is reached, and in how many steps.</summary>
    public Dictionary<CallValue, int> Distances(IEnumerable<CallValue> start, LineageDirection direction)
    {
        ILookup<CallValue, CallValue> next = direction == LineageDirection.Ancestors ? Edges.ToLookup(e => e.To, e => e.From) : Edges.ToLookup(e => e.From, e => e.To);
        var distances = new Dictionary<CallValue, int>();
        var queue = new Queue<CallValue>();
        foreach (CallValue value in start)
        {
            if (Carries(value) && distances.TryAdd(value, 0)) queue.Enqueue(value);
        }

        while (queue.TryDequeue(out CallValue value))
        {
            foreach (CallValue other in next[value])
            {
                if (distances.TryAdd(other, distances[value] + 1)) queue.Enqueue(other);
            }
        }

        return distances;
    }

    private void Add(CallValue from, CallValue to)
    {
        if (Carries(from) && Carries(to)) Edges.Add((from, to));
    }

    private bool Has(LabelId label, Tag tag)
    {
        foreach (Tag own in _labels[label].Tags)
        {
            if (own.Covers(tag) || (own.Kind == tag.Kind && own.Name == tag.Name && tag.Value.Length == 0)) return true;
        }

        return false;
    }
}
