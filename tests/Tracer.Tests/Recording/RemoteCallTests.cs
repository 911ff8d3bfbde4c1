using System.Text.Json.Nodes;
using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Chain.Tracer.Telemetry;
using Chain.Tracer.Tests.Telemetry;
using Npgsql;

namespace Chain.Tracer.Tests.Recording;

/// <summary>A call that one silo starts and ends while another runs its callee.</summary>
public sealed class RemoteCallTests : IAsyncLifetime
{
    private static readonly CallSite Site = new(new ComponentRef("clinic/front"), new ComponentRef("clinic/records"), new FunctionRef("get"));
    private static readonly CallSite Inner = new(new ComponentRef("clinic/records"), new ComponentRef("clinic/audit"), new FunctionRef("note"));

    private readonly LabelStore _labels = new();
    private readonly CallNames _names = new();
    private readonly List<string> _folders = [];
    private NpgsqlDataSource _database = null!;

    public async Task InitializeAsync() => _database = await TestPostgres.NewDatabaseAsync();

    public async Task DisposeAsync()
    {
        foreach (string folder in _folders) Directory.Delete(folder, recursive: true);
        await _database.DisposeAsync();
    }

    [PostgresFact]
    public async Task AttemptsAreCallsOfTheirOwnWithTheirHostsAndOutcomes()
    {
        CallRecorder recorder = await OpenAsync("s1");
        ActiveCall root = recorder.Start(default, _names.Intern(Site), default);
        ActiveCall first = recorder.Start(root.Context, _names.Intern(Site), default);
        recorder.End(first, new CallEnd { Outcome = CallOutcome.NotStarted, Site = _names.Intern(Site with { Host = "s2" }) });
        ActiveCall second = recorder.Start(root.Context, _names.Intern(Site with { Attempt = 2 }), default);
        recorder.End(second, new CallEnd { Outcome = CallOutcome.Lost, Site = _names.Intern(Site with { Host = "s3", Attempt = 2 }) });
        recorder.End(root, default);
        await recorder.DisposeAsync();

        Assert.Equal(
            ["1 clinic/records s1 s1 1 0", "2 clinic/records s1 s2 1 6", "3 clinic/records s1 s3 2 7"],
            await RowsAsync("SELECT row_number() OVER (ORDER BY id) || ' ' || callee || ' ' || node || ' ' || host || ' ' || attempt || ' ' || outcome FROM call_view ORDER BY id"));
        await using var reader = new StoreReader(await TestPostgres.ConnectionStringAsync(_database), new LineageLimits());
        TraceTree tree = await new TraceQuery(reader).OpenAsync(root.Id.Value);
        CallShape[] shapes = [.. Enumerable.Range(0, tree.Count).Select(i => tree.Info(i).Shape).OrderBy(shape => shape.Attempt).ThenBy(shape => shape.Host, StringComparer.Ordinal)];
        Assert.Equal([("", 1, CallOutcome.Returned), ("s2", 1, CallOutcome.NotStarted), ("s3", 2, CallOutcome.Lost)], shapes.Select(shape => (shape.Host, shape.Attempt, shape.Outcome)));
        Assert.False(tree.AreAlike(tree.Children(tree.Roots[0])[0], tree.Children(tree.Roots[0])[1]));

        var prov = new MemoryStream();
        ProvJson.Write(prov, [.. Enumerable.Range(0, tree.Count).Select(tree.Info)], []);
        JsonNode activity = JsonNode.Parse(prov.ToArray())!["activity"]!;
        Assert.Equal(("s3", 2, "Lost"), ((string)activity[$"chain:call-{second.Id}"]!["chain:silo"]!, (int)activity[$"chain:call-{second.Id}"]!["chain:attempt"]!,
            (string)activity[$"chain:call-{second.Id}"]!["chain:outcome"]!));
        Assert.Null(activity[$"chain:call-{root.Id}"]!["chain:silo"]);

        var csv = new StringWriter();
        await new StoreExport(_database).WriteAsync(ExportRecords.Calls, ExportFormat.Csv, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), csv);
        Assert.Contains(",s3,2,lost,", csv.ToString());
        Assert.Contains(",s2,1,not-started,", csv.ToString());
    }

    [PostgresFact]
    public async Task TheSiloThatRunsTheCalleeAddsCallsAndFlowsToTheCallersTrace()
    {
        CallRecorder caller = await OpenAsync("s1"), callee = await OpenAsync("s2");
        ActiveCall before = caller.Start(default, _names.Intern(Site), default);
        caller.End(before, default);
        ActiveCall root = caller.Start(default, _names.Intern(Site), default);
        ActiveCall call = caller.Start(root.Context, _names.Intern(Site), default);

        ActiveCall here = ActiveCall.StartedElsewhere(call.Context, call.Parent, _names.Intern(Site), default);
        ActiveCall child = callee.Start(here.Context, _names.Intern(Inner), default);
        callee.Flow(here, 0, before.Context, default, FlowInto.Input, _names.Intern(new StateKey("clinic/records", "default", "k")));
        callee.End(child, default);
        await callee.FlushAsync();

        caller.End(call, new CallEnd { Site = _names.Intern(Site with { Host = "s2" }) });
        caller.End(root, default);
        await caller.DisposeAsync();
        await callee.DisposeAsync();

        Assert.Equal((root.Id.Value, call.Id), (child.TraceKey, child.Parent));
        Assert.Equal([$"{root.Id.Value} {call.Id.Value} s2"], await RowsAsync($"SELECT trace || ' ' || parent || ' ' || node FROM call_view WHERE id = {child.Id.Value}"));
        Assert.Equal([$"{before.Id.Value} 0 k"], await RowsAsync($"SELECT src || ' ' || n || ' ' || key FROM flow JOIN state_key k ON k.id = state WHERE dst = {call.Id.Value}"));
        Assert.Equal(["1 s1 s2"], await RowsAsync($"SELECT count(*) || ' ' || min(node) || ' ' || min(host) FROM call_view WHERE id = {call.Id.Value}"));
    }

    [PostgresFact]
    public async Task AForeignTraceGoesOnOnTheOtherSilo()
    {
        CallRecorder caller = await OpenAsync("s1"), callee = await OpenAsync("s2");
        CallContext outside = new Propagator(_labels).Extract("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", default, default).Context;
        ActiveCall call = caller.Start(outside, _names.Intern(Site), default);
        ActiveCall here = ActiveCall.StartedElsewhere(call.Context, call.Parent, _names.Intern(Site), default);
        callee.End(callee.Start(here.Context, _names.Intern(Inner), default), default);
        caller.End(call, default);
        await caller.DisposeAsync();
        await callee.DisposeAsync();

        Assert.Equal([$"{outside.Trace.Key} 2"], await RowsAsync("SELECT trace || ' ' || count(*) FROM call_view GROUP BY trace"));
        Assert.Throws<ArgumentException>(() => ActiveCall.StartedElsewhere(default, default, default, default));
    }

    [PostgresFact]
    public async Task SpansSayTheSiloAndTheAttempt()
    {
        using var receiver = new OtlpReceiver();
        await using var export = new SpanExport(new SpanExportOptions { Endpoint = receiver.Endpoint });
        CallRecorder recorder = await OpenAsync("s1", export);
        ActiveCall first = recorder.Start(default, _names.Intern(Site), default);
        recorder.End(first, default);
        ActiveCall second = recorder.Start(default, _names.Intern(Site), default);
        recorder.End(second, new CallEnd { Outcome = CallOutcome.NotStarted, Site = _names.Intern(Site with { Host = "s2", Attempt = 3 }) });
        await recorder.FlushAsync();
        await export.FlushAsync(TimeSpan.FromSeconds(20));
        await recorder.DisposeAsync();

        Dictionary<string, ReceivedSpan> spans = receiver.Spans.ToDictionary(span => span.SpanId);
        ReceivedSpan one = spans[first.Id.ToString()], two = spans[second.Id.ToString()];
        Assert.Equal(("s2", "3", 2, "not-started"), (two.Attributes["chain.silo"], two.Attributes["chain.attempt"], two.Status, two.StatusMessage));
        Assert.False(one.Attributes.ContainsKey("chain.silo") || one.Attributes.ContainsKey("chain.attempt"));
    }

    private async Task<CallRecorder> OpenAsync(string name, IRecordObserver? export = null)
    {
        _folders.Add(TestPostgres.NewFolder());
        return await CallRecorder.OpenAsync(_database, _labels, _names, new RecorderOptions { Folder = _folders[^1], Name = name }, export);
    }

    private async Task<List<string>> RowsAsync(string sql)
    {
        await using NpgsqlCommand command = _database.CreateCommand(sql);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await row.ReadAsync()) rows.Add(row.GetString(0));
        return rows;
    }
}
