using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Tags;
using Chain.Tracer.Telemetry;
using Npgsql;

namespace Chain.Tracer.Tests.Telemetry;

public sealed class SpanExportTests
{
    [PostgresFact]
    public async Task SpansHaveTheIdsParentsLinksStatusAndAttributesOfTheCalls()
    {
        using var receiver = new OtlpReceiver();
        await using var export = new SpanExport(new SpanExportOptions { Endpoint = receiver.Endpoint, ServiceName = "clinic" });
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var (labels, names) = (new LabelStore(), new CallNames());
        string folder = TestPostgres.NewFolder();
        CallRecorder recorder = await CallRecorder.OpenAsync(database, labels, names, new RecorderOptions { Folder = folder }, export);
        LabelId pii = labels.Intern(Label.Parse("pii,user=alice"));
        CallSiteId entry = names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("clinic/front"), new FunctionRef("handle")));
        CallSiteId inner = names.Intern(new CallSite(new ComponentRef("clinic/front"), new ComponentRef("clinic/mailer", "sha256:ab"),
            new FunctionRef("send")));
        StateKeyId key = names.Intern(new StateKey("clinic/front", "inbox", "last"));
        const string Stranger = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        CallContext outside = new Propagator(labels).Extract(Stranger, "vendor=abc", default).Context;

        ActiveCall native = recorder.Start(default, entry, default);
        ActiveCall first = recorder.Start(native.Context, inner, pii);
        recorder.End(first, new CallEnd { LabelOut = pii, SizeIn = 5, SizeOut = 7, Copies = 2 });
        ActiveCall second = recorder.Start(native.Context, inner, pii);
        recorder.Flow(second, 0, first.Context, pii);
        recorder.End(second, new CallEnd { Outcome = CallOutcome.Denied });
        recorder.End(native, default);
        ActiveCall foreign = recorder.Start(outside, entry, default);
        recorder.Flow(foreign, 0, native.Context, pii, FlowInto.Input, key);
        recorder.End(foreign, new CallEnd { Outcome = CallOutcome.Trapped });
        await recorder.FlushAsync();
        await export.FlushAsync(TimeSpan.FromSeconds(20));
        await recorder.DisposeAsync();
        Directory.Delete(folder, recursive: true);

        Dictionary<string, ReceivedSpan> spans = receiver.Spans.ToDictionary(span => span.SpanId);
        Assert.Equal(4, spans.Count);
        Assert.All(receiver.Services, service => Assert.Equal("clinic", service));
        ReceivedSpan root = spans[native.Id.ToString()], one = spans[first.Id.ToString()], two = spans[second.Id.ToString()],
            strange = spans[foreign.Id.ToString()];
        Assert.Equal((native.Context.Trace.ToString(), "", "handle", 2, 0),
            (root.TraceId, root.ParentId, root.Name, root.Kind, root.Status));
        Assert.Equal((root.TraceId, root.SpanId, "send", 1, 0), (one.TraceId, one.ParentId, one.Name, one.Kind, one.Status));
        Assert.Equal((root.TraceId, root.SpanId, 2, "denied"), (two.TraceId, two.ParentId, two.Status, two.StatusMessage));
        Assert.Equal(("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "vendor=abc", 2, "trapped"),
            (strange.TraceId, strange.ParentId, strange.State, strange.Status, strange.StatusMessage));
        Assert.Equal((one.TraceId, one.SpanId), (Assert.Single(two.Links).TraceId, two.Links[0].SpanId));
        Assert.Equal((root.TraceId, root.SpanId, "inbox/last"),
            (Assert.Single(strange.Links).TraceId, strange.Links[0].SpanId, strange.Links[0].Attributes["chain.state"]));
        Assert.Equal("pii,user=alice", one.Attributes["chain.label.in"]);
        Assert.Equal(("clinic/front", "clinic/mailer", "sha256:ab", "send"), (one.Attributes["chain.caller"],
            one.Attributes["chain.callee"], one.Attributes["chain.callee.version"], one.Attributes["chain.function"]));
        Assert.Equal(("5", "7", "2", "returned"), (one.Attributes["chain.size.in"], one.Attributes["chain.size.out"],
            one.Attributes["chain.copies"], one.Attributes["chain.outcome"]));
        Assert.Equal((ulong)(first.Id.Start.UtcDateTime - DateTime.UnixEpoch).Ticks * 100, one.Start);
        Assert.True(one.End > one.Start && one.End <= root.End);
    }

    [PostgresFact]
    public async Task SamplingTheExportDoesNotTouchTheRecord()
    {
        using var receiver = new OtlpReceiver();
        await using var export = new SpanExport(new SpanExportOptions { Endpoint = receiver.Endpoint, Ratio = 0.25 });
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var (labels, names) = (new LabelStore(), new CallNames());
        string folder = TestPostgres.NewFolder();
        CallRecorder recorder = await CallRecorder.OpenAsync(database, labels, names, new RecorderOptions { Folder = folder }, export);
        CallSiteId site = names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("a"), new FunctionRef("f")));
        for (int i = 0; i < 4_000; i++)
        {
            ActiveCall root = recorder.Start(default, site, default);
            recorder.End(recorder.Start(root.Context, site, default), default);
            recorder.End(root, default);
        }

        await recorder.FlushAsync();
        await export.FlushAsync(TimeSpan.FromSeconds(30));
        await recorder.DisposeAsync();
        Directory.Delete(folder, recursive: true);

        await using NpgsqlCommand count = database.CreateCommand("SELECT count(*) FROM call");
        Assert.Equal(8_000L, await count.ExecuteScalarAsync());
        Assert.Equal(0, export.Dropped);
        Assert.Equal(receiver.Spans.Count, export.Exported);
        Assert.InRange(receiver.Spans.Count, 1_600, 2_400);
        // Whole traces or nothing of them.
        Assert.All(receiver.Spans.GroupBy(span => span.TraceId), trace => Assert.Equal(2, trace.Count()));
    }

    [PostgresFact]
    public async Task ACollectorThatIsAwayCostsSpansAndNoRecords()
    {
        await using var export = new SpanExport(new SpanExportOptions { Endpoint = new Uri("http://127.0.0.1:9/v1/traces"),
            WaitingBatches = 1 });
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var (labels, names) = (new LabelStore(), new CallNames());
        string folder = TestPostgres.NewFolder();
        CallRecorder recorder = await CallRecorder.OpenAsync(database, labels, names,
            new RecorderOptions { Folder = folder, BatchSize = 1000 }, export);
        CallSiteId site = names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("a"), new FunctionRef("f")));
        for (int i = 0; i < 50_000; i++) recorder.End(recorder.Start(default, site, default), default);
        await recorder.FlushAsync();
        await recorder.DisposeAsync();
        Directory.Delete(folder, recursive: true);

        await using NpgsqlCommand count = database.CreateCommand("SELECT count(*) FROM call");
        Assert.Equal(50_000L, await count.ExecuteScalarAsync());
    }
}
