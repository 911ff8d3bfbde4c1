using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Cli.Bench;

/// <summary>Calls that can be asked about, and what is to be expected of the answers.</summary>
internal sealed class LineageStarts
{
    /// <summary>Calls that read what 100 traces wrote: about 1,000 ancestors.</summary>
    public List<long> Wide { get; } = [];

    /// <summary>Calls that end a session of 100 requests, each of which read what the one before it wrote: about 1,000 ancestors.</summary>
    public List<long> Deep { get; } = [];

    /// <summary>Calls that read what 100 of <see cref="Wide"/> wrote: about 100,000 ancestors.</summary>
    public List<long> Huge { get; } = [];

    /// <summary>Roots of traces whose data was read by a call of <see cref="Wide"/>, and that call.</summary>
    public List<(long From, long To)> Pairs { get; } = [];

    /// <summary>Any calls.</summary>
    public List<long> Any { get; } = [];

    /// <summary>The trace of a million calls, and the one that is 10,000 deep; 0 when there is none.</summary>
    public long Million { get; set; }

    /// <inheritdoc cref="Million"/>
    public long TenThousandDeep { get; set; }
}

/// <summary>
/// A record of a given size in the shape of a shop's: bursts of 64 traces at once over some days; events of ten calls, sessions whose requests read the
/// state of the request before, hourly totals that read 100 events each, and reports that read 100 totals each. Stored as a recorder stores it.
/// </summary>
internal sealed class LineageLoad
{
    private const int FanIn = 100;

    // Events from which a total takes its hundred, in no order.
    private const int Recent = 2_000;
    private const int Batch = 25_000;
    private const int Burst = 64;

    private readonly Random _random = new(7);
    private readonly LabelStore _labels = new();
    private readonly CallNames _names = new();
    private readonly CallSiteId[] _front;
    private readonly CallSiteId[] _middle;
    private readonly CallSiteId[] _back;
    private readonly CallSiteId _total;
    private readonly CallSiteId _report;
    private readonly LabelId[] _users;
    private readonly LabelId _rare;
    private readonly StateKeyId[] _keys;
    private readonly int _lane;
    private readonly StoreWriter _writer;
    private readonly List<CallRecord> _calls = [];
    private readonly List<FlowRecord> _flows = [];
    private readonly Dictionary<long, (long Last, int Length)> _sessions = [];
    private readonly List<(long Call, LabelId Label)> _events = [];
    private readonly List<long> _totals = [];
    private readonly List<Task> _writing = [];
    private int _made;

    private LineageLoad(NpgsqlDataSource database, NodeRegistration node)
    {
        _lane = node.FirstLane;
        _writer = new StoreWriter(database, new ProcessNames(_labels, _names), node.Id, TimeSpan.FromMinutes(5));
        _front = Sites(6, _ => "outside", i => $"shop/front{i}", "handle");
        _middle = Sites(12, i => $"shop/front{i / 2}", i => $"shop/middle{i}", "work");
        _back = Sites(24, i => $"shop/middle{i / 2}", i => $"shop/back{i}", "store");
        _total = Sites(1, _ => "outside", _ => "shop/totals", "sum")[0];
        _report = Sites(1, _ => "outside", _ => "shop/reports", "print")[0];
        _users = [.. Enumerable.Range(0, 64).Select(i => _labels.Intern(Tracer.Tags.Label.Parse($"pii,user=u{i}")))];
        _rare = _labels.Intern(Tracer.Tags.Label.Parse("secret"));
        _keys = [.. Enumerable.Range(0, 1000).Select(i => _names.Intern(new StateKey("shop/front0", "default", $"key{i}")))];
    }

    public LineageStarts Starts { get; } = new();

    /// <param name="database">An empty store.</param>
    /// <param name="calls">How many calls, besides the two large traces.</param>
    /// <param name="days">Over how many days, of which the last is today.</param>
    /// <param name="progress">Gets the calls made so far.</param>
    /// <param name="cancellation">Stops it.</param>
    public static async Task<LineageStarts> StoreAsync(NpgsqlDataSource database, int calls, int days, IProgress<int>? progress, CancellationToken cancellation)
    {
        NodeRegistration node = await NodeRegistration.RegisterAsync(database, Guid.NewGuid(), "bench", 2048, cancellation);
        var load = new LineageLoad(database, node);
        long end = CallId.At(DateTimeOffset.UtcNow).StartMicroseconds, begin = end - (long)TimeSpan.FromDays(days).TotalMicroseconds;
        while (load._made < calls)
        {
            long now = begin + (long)((end - begin) * (load._made / (double)calls));
            load.AddBurst(now);
            if (load._calls.Count < Batch) continue;
            await load.FlushAsync();
            progress?.Report(load._made);
            cancellation.ThrowIfCancellationRequested();
        }

        await load.FlushAsync();
        if (calls >= 1_000_000)
        {
            // Not within an hour of others: a question about an hour would be one about a million calls.
            long apart = (long)TimeSpan.FromHours(2).TotalMicroseconds;
            load.Starts.Million = await load.AddLargeAsync(end + apart, 1_000_000, deep: false);
            load.Starts.TenThousandDeep = await load.AddLargeAsync(end + apart + 5_000_000, 10_000, deep: true);
        }

        return load.Starts;
    }

    private void AddBurst(long now)
    {
        for (int trace = 0; trace < Burst; trace++)
        {
            int lane = trace * 32;
            long start = now + _random.Next(5_000);
            int kind = _random.Next(100);
            if (kind < 55) AddEvent(start, lane);
            else AddRequest(start, lane);
        }

        // One total for each hundred events on average, and one report for each hundred totals.
        for (int ready = (_events.Count - Recent) / FanIn; ready > 0; ready--) AddTotal(now + 20_000 + ready, 2046);
        if (_totals.Count >= FanIn) AddReport(now + 30_000, 2047);
    }

    private void AddEvent(long start, int lane)
    {
        LabelId label = Label();
        long root = AddTree(start, lane, label);
        _events.Add((root, label));
        if (_random.Next(1000) == 0) Starts.Any.Add(root);
    }

    // A user's requests in a row: each reads what the one before it left.
    private void AddRequest(long start, int lane)
    {
        long session = _random.Next(2_000);
        LabelId label = _users[session % _users.Length];
        (long last, int length) = _sessions.GetValueOrDefault(session);
        long root = AddTree(start, lane, label);
        if (length > 0) AddFlow(root, 0, last, label, _keys[session % _keys.Length]);
        if (length == FanIn)
        {
            Starts.Deep.Add(root);
            _sessions.Remove(session);
        }
        else
        {
            _sessions[session] = (root, length + 1);
        }
    }

    private void AddTotal(long start, int lane)
    {
        long root = Add(start, lane, 0, 0, _total, default, _users[0], 900);
        for (int i = 0; i < FanIn; i++)
        {
            int pick = _random.Next(_events.Count);
            (long source, LabelId label) = _events[pick];
            _events[pick] = _events[^1];
            _events.RemoveAt(_events.Count - 1);
            AddFlow(root, i, source, label, _keys[i]);
            if (i == 0 && _random.Next(4) == 0) Starts.Pairs.Add((source, root));
        }

        if (_random.Next(3) == 0) Starts.Wide.Add(root);
        _totals.Add(root);
    }

    private void AddReport(long start, int lane)
    {
        long root = Add(start, lane, 0, 0, _report, default, _users[0], 900);
        for (int i = 0; i < FanIn; i++) AddFlow(root, i, _totals[i], _users[0], _keys[i]);
        _totals.Clear();
        Starts.Huge.Add(root);
    }

    // Ten calls on average: one, two to four, one to three each.
    private long AddTree(long start, int lane, LabelId label)
    {
        int pick = _random.Next(1 << 20);
        long at = start;
        int next = 1;
        long root = CallId.From(start, _lane + lane).Value;
        int middles = _random.Next(2, 5);
        for (int m = 0; m < middles; m++)
        {
            at += _random.Next(20, 200);
            long middle = CallId.From(at, _lane + lane + next++).Value;
            long began = at;
            int backs = _random.Next(1, 4);
            for (int b = 0; b < backs; b++)
            {
                at += _random.Next(10, 100);
                int lasts = _random.Next(20, 400);
                Add(at, lane + next++, root, middle, _back[(pick + m + b) % _back.Length], label, label, lasts);
                at += lasts;
            }

            Add(middle, root, root, _middle[(pick + m) % _middle.Length], label, label, at + 10 - began);
        }

        Add(root, root, 0, _front[pick % _front.Length], default, label, at + 50 - start);
        return root;
    }

    private async Task<long> AddLargeAsync(long start, int calls, bool deep)
    {
        long root = Add(start, 0, 0, 0, _front[0], default, _users[1], 3_000_000), parent = root;
        for (int i = 1; i < calls; i++)
        {
            // Wide: a thousand middle calls with about a thousand calls each.
            bool middle = !deep && i % 1000 == 1;
            long id = Add(start + i, i % 2000, root, middle ? root : parent, middle ? _middle[0] : _back[i % 3], _users[1], _users[1], deep ? 20_000 - i : middle ? 990 : 1);
            if (middle || deep) parent = id;
            if (_calls.Count >= Batch) await FlushAsync();
        }

        await FlushAsync();
        return root;
    }

    private LabelId Label() => _random.Next(1000) switch { 0 => _rare, < 200 => _users[_random.Next(_users.Length)], _ => default };

    private long Add(long start, int lane, long trace, long parent, CallSiteId site, LabelId labelIn, LabelId labelOut, long lasts) =>
        Add(CallId.From(start, _lane + lane).Value, trace, parent, site, labelIn, labelOut, lasts);

    private long Add(long id, long trace, long parent, CallSiteId site, LabelId labelIn, LabelId labelOut, long lasts)
    {
        _made++;
        _calls.Add(new CallRecord
        {
            Id = new CallId(id), Trace = trace == 0 ? id : trace, Parent = new CallId(parent), Site = site, LabelIn = labelIn, LabelOut = labelOut,
            Duration = lasts * 1000, SizeIn = 200, SizeOut = 700, Copies = 2,
            Outcome = _random.Next(200) == 0 ? CallOutcome.ErrorResult : CallOutcome.Returned,
        });
        return id;
    }

    private void AddFlow(long destination, int ordinal, long source, LabelId label, StateKeyId key) =>
        _flows.Add(new FlowRecord { Destination = new CallId(destination), Ordinal = (short)ordinal, Source = new CallId(source), Label = label, State = key });

    // The store encodes one batch while it writes the one before.
    private async Task FlushAsync()
    {
        var batch = new RecordBatch(_calls.ToArray(), _flows.ToArray());
        _calls.Clear();
        _flows.Clear();
        await Task.WhenAll(_writing);
        _writing.Clear();
        _writing.Add(_writer.WriteAsync(batch));
        if (_made == 0) await _writing[0];
    }

    private CallSiteId[] Sites(int count, Func<int, string> caller, Func<int, string> callee, string function) =>
        [.. Enumerable.Range(0, count).Select(i => _names.Intern(new CallSite(new ComponentRef(caller(i)), new ComponentRef(callee(i), "sha256:00"), new FunctionRef(function))))];
}
