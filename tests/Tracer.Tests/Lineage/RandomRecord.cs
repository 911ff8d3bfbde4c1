using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Tests.Lineage;

/// <summary>A small random record: traces, flows among them, calls that were lost, strangers' traces, calls shorter than the clock's tick.</summary>
internal sealed class RandomRecord
{
    private static readonly string[] TagTexts = ["pii", "user=alice", "user=bob", "+checked"];

    private readonly Random _random;
    private readonly LabelStore _labels;
    private readonly CallSiteId[] _sites;
    private readonly StateKeyId _key;

    public RandomRecord(int seed, long start, int lane, LabelStore labels, CallNames names)
    {
        _random = new Random(seed);
        _labels = labels;
        _sites = [.. Enumerable.Range(0, 4).Select(i => names.Intern(new CallSite(new ComponentRef($"app/c{i}"), new ComponentRef($"app/c{i + 1}"), new FunctionRef($"f{i}"))))];
        _key = names.Intern(new StateKey("app/c1", "default", "k"));
        int traces = _random.Next(1, 8);
        for (int trace = 0; trace < traces; trace++) AddTrace(start + _random.Next(0, 30), lane + (trace * 16));
        int flows = _random.Next(0, Calls.Count + 1);
        for (int i = 0; i < flows; i++) AddFlow();
        Lost = [.. Calls.Where(_ => _random.Next(25) == 0)];
        foreach (CallRecord call in Lost) Calls.Remove(call);
    }

    public List<CallRecord> Calls { get; } = [];

    public List<CallRecord> Lost { get; }

    public List<FlowRecord> Flows { get; } = [];

    public bool Any(out CallRecord call)
    {
        call = Calls.Count == 0 ? default : Calls[_random.Next(Calls.Count)];
        return Calls.Count > 0;
    }

    public int Next(int most) => _random.Next(most);

    private void AddTrace(long start, int lane)
    {
        var own = new List<CallRecord>();
        bool stranger = _random.Next(6) == 0;
        var parent = new CallId(stranger ? (long)((ulong)_random.NextInt64() | 0x4000_0000_0000_0000) : 0);
        int count = _random.Next(1, 12);
        bool serial = _random.Next(2) == 0;
        for (int i = 0; i < count; i++)
        {
            CallId id = CallId.From(start, lane + i);
            start += _random.Next(0, serial ? 6 : 3);
            CallRecord above = own.Count == 0 ? default : own[_random.Next(own.Count)];
            own.Add(new CallRecord
            {
                Id = id,
                Trace = stranger ? long.MinValue | id.Value : own.Count == 0 ? id.Value : own[0].Id.Value,
                Parent = own.Count == 0 ? parent : above.Id,
                Duration = _random.Next(0, serial ? 3_000 : 20_000),
                Site = _sites[_random.Next(_sites.Length)],
                LabelIn = AnyLabel(),
                LabelOut = AnyLabel(),
                Exact = _random.Next(3) == 0,
            });
            if (stranger) own[i] = own[i] with { Trace = own[0].Trace };
        }

        Calls.AddRange(own);
    }

    private void AddFlow()
    {
        (CallRecord a, CallRecord b) = (Calls[_random.Next(Calls.Count)], Calls[_random.Next(Calls.Count)]);
        if (a.Id == b.Id) return;
        // Mostly from what started earlier, as in life.
        if (a.Id.Value > b.Id.Value && _random.Next(10) > 0) (a, b) = (b, a);
        Flows.Add(new FlowRecord
        {
            Source = a.Id,
            Destination = b.Id,
            Label = AnyLabel(),
            Ordinal = (short)Flows.Count(flow => flow.Destination == b.Id),
            Into = (FlowInto)_random.Next(2),
            State = _random.Next(2) == 0 ? _key : default,
        });
    }

    private LabelId AnyLabel() => _labels.Intern(Label.Of([.. TagTexts.Where(_ => _random.Next(2) == 0).Select(text => Tag.Parse(text))]));
}
