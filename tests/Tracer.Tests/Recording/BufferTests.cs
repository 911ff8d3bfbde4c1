using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Recording.Buffers;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Tests.Recording;

/// <summary>The buffers' files as a killed process leaves them.</summary>
public sealed class BufferTests : IDisposable
{
    private static readonly RecorderOptions Small = new() { Folder = "", BufferSize = 128, BatchSize = 32 };

    private readonly string _folder = TestPostgres.NewFolder();
    private readonly LabelStore _labels = new();
    private readonly CallNames _names = new();

    private string Buffers => Path.Combine(_folder, "buffers");

    [Fact]
    public void WhatIsPublishedAndNotKeptIsFoundOnceWithItsNames()
    {
        RecordBuffers left = Create();
        // Kept; kept after it went round; on its way to be kept; still in the ring; claimed only, with one behind it.
        Put(left, 1, 20);
        Take(left, stage: 0, keep: true);
        Put(left, 21, 450);
        Take(left, stage: 0, keep: true);
        Put(left, 500, 505);
        Take(left, stage: 0, keep: false, most: 3);
        left.Lanes[0].Calls.TryClaim(out _);
        Put(left, 510, 510);
        PutTrace(left, new ForeignTrace(new TraceId(1, 2), "v=1"));

        (Recovered found, List<CallRecord> calls, List<FlowRecord> flows, List<ForeignTrace> traces) = Recover();

        Assert.Equal(new Recovered(7, 7, 0), found);
        Assert.Equal([500, 501, 502, 503, 504, 505, 510], calls.Select(call => call.Id.Value).Order());
        Assert.Equal([500, 501, 502, 503, 504, 505, 510], flows.Select(flow => flow.Destination.Value).Order());
        Assert.Equal([new ForeignTrace(new TraceId(1, 2), "v=1")], traces);
        Assert.Empty(Directory.GetFiles(Buffers));
        Assert.Equal(default, Recover().Found);
    }

    [Fact]
    public void WhatIsInAStageAndInItsRingIsFoundOnce()
    {
        RecordBuffers left = Create();
        Put(left, 1, 10);
        byte[] before = File.ReadAllBytes(BufferFiles.Records(Buffers));
        Take(left, stage: 1, keep: false);
        byte[] after = File.ReadAllBytes(BufferFiles.Records(Buffers));
        // Killed after the records were copied and before the rings' marks moved.
        Section calls = Layout(after).Sections()[0], flows = Layout(after).Sections()[1];
        foreach (Section ring in (Section[])[calls, flows]) before.AsSpan((int)ring.Offset, 8).CopyTo(after.AsSpan((int)ring.Offset));
        File.WriteAllBytes(BufferFiles.Records(Buffers), after);

        (Recovered found, List<CallRecord> records, _, _) = Recover();

        Assert.Equal(new Recovered(10, 10, 0), found);
        Assert.Equal(Enumerable.Range(1, 10).Select(i => (long)i), records.Select(call => call.Id.Value).Order());
    }

    [Fact]
    public void AFlippedBitCostsItsRecordAndNoOther()
    {
        Create();
        RecordBuffers left = Create();
        Put(left, 1, 20);
        byte[] bytes = File.ReadAllBytes(BufferFiles.Records(Buffers)), names = File.ReadAllBytes(BufferFiles.Names(Buffers));
        Section ring = Layout(bytes).Sections()[0];
        for (int bit = 0; bit < 64 * 8; bit += 5)
        {
            byte[] damaged = [.. bytes];
            damaged[ring.Offset + ring.Records + (7 * 64) + (bit / 8)] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(BufferFiles.Records(Buffers), damaged);
            File.WriteAllBytes(BufferFiles.Names(Buffers), names);

            (Recovered found, List<CallRecord> calls, _, _) = Recover();

            Assert.Equal(new Recovered(19, 20, 1), found);
            Assert.DoesNotContain(calls, call => call.Id.Value == 8);
        }

        Assert.Equal(["names.damaged", "records.damaged"], Directory.GetFiles(Buffers).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void ANameThatDoesNotReadCostsItsRecordsAndALabelBecomesAny()
    {
        RecordBuffers left = Create();
        Put(left, 1, 40);
        byte[] names = File.ReadAllBytes(BufferFiles.Names(Buffers));
        // One bit in the text of a label, one in that of a site: whoever has others still has them.
        names[Find(names, "user=u1")] ^= 1;
        names[Find(names, "function-2")] ^= 1;
        File.WriteAllBytes(BufferFiles.Names(Buffers), names);

        (Recovered found, List<CallRecord> calls, _, _, IRecordNames table) = RecoverWithNames();

        Assert.Equal(30, calls.Count);
        Assert.True(found.Damaged > 2);
        Assert.Equal(["function-0", "function-1", "function-3"], calls.Select(call => table.Find(call.Site).Function.Name).Distinct().Order());
        Assert.All(calls, call => Assert.Equal(call.Id.Value % 4 == 1 ? "*" : $"pii,user=u{call.Id.Value % 4}", table.Find(call.LabelOut).ToString()));
    }

    [Fact]
    public void GarbageOfAnyKindIsCountedAndStopsNothing()
    {
        RecordBuffers left = Create();
        Put(left, 1, 30);
        byte[] records = File.ReadAllBytes(BufferFiles.Records(Buffers)), names = File.ReadAllBytes(BufferFiles.Names(Buffers));
        var random = new Random(7);
        for (int round = 0; round < 120; round++)
        {
            (byte[] some, byte[] others) = ([.. records], [.. names]);
            switch (round % 6)
            {
                case 0: random.NextBytes(some); break;
                case 1: some = some[..random.Next(some.Length)]; break;
                case 2: random.NextBytes(some.AsSpan(BufferLayout.HeadSize)); break;
                case 3: random.NextBytes(others); break;
                case 4: others = others[..random.Next(others.Length)]; break;
                default:
                    for (int i = 0; i < 100; i++) some[random.Next(some.Length)] ^= (byte)random.Next(256);
                    break;
            }

            File.WriteAllBytes(BufferFiles.Records(Buffers), some);
            File.WriteAllBytes(BufferFiles.Names(Buffers), others);
            (Recovered found, List<CallRecord> calls, _, _) = Recover();
            Assert.Equal(found.Calls, calls.Count);
            Assert.All(calls, call => Assert.InRange(call.Id.Value, 1, 30));
            if (round % 6 is 0 or 2 or 3) Assert.True(found.Damaged > 0, $"round {round} found no damage");
        }

        foreach (byte[] nothing in (byte[][])[[], new byte[4096], new byte[records.Length]])
        {
            File.WriteAllBytes(BufferFiles.Records(Buffers), nothing);
            Assert.Equal(default, Recover().Found);
        }
    }

    [Fact]
    public void ADiskWithoutRoomForTheBuffersIsToldBeforeAnythingIsRecorded()
    {
        var disk = new FullDisk { FreeForBuffers = 1 << 20 };
        var options = new RecorderOptions { Folder = "" };
        string message = Assert.Throws<StoreException>(() => RecordBuffers.Create(Buffers, 2, options, _labels, _names, disk)).Message;

        Assert.Matches($@"^the recorder's buffers in .*buffers need \d+ MiB, which cannot be had: No space left on device$", message);
        Assert.Empty(Directory.GetFiles(Buffers));
    }

    [RootFact]
    public void ARealDiskThatIsFullRefusesTheBuffersAndOneThatFillsUpUnderThemHarmsNothing()
    {
        using (new SmallDisk(_folder, "1m"))
        {
            Assert.Contains("No space left", Assert.Throws<StoreException>(() => RecordBuffers.Create(Buffers, 1, new RecorderOptions { Folder = "" }, _labels, _names, new SpoolDisk())).Message);
            Assert.Empty(Directory.GetFiles(Buffers));

            RecordBuffers left = Create();
            using (FileStream rest = File.Create(Path.Combine(_folder, "rest")))
            {
                Assert.ThrowsAny<IOException>(() => Enumerable.Range(0, 1000).ToList().ForEach(_ => rest.Write(new byte[4096])));
            }

            // Every slot of the ring, and of a stage, where there is no byte left on the disk.
            Put(left, 1, 500);
            Take(left, stage: 0, keep: true);
            Put(left, 501, 520);
            File.Delete(Path.Combine(_folder, "rest"));
            Assert.Equal(new Recovered(20, 20, 0), Recover().Found);
        }
    }

    [Fact]
    public void WhatTheSpoolsDiskDoesNotTakeStaysWhereItIs()
    {
        Put(Create(), 1, 20);
        var disk = new FullDisk { Free = 100 };
        using (var spool = new Spool(Path.Combine(_folder, "segments"), 1 << 20, 1 << 20, disk))
        {
            Assert.Contains("cannot be moved to the spool: the disk is full", Assert.Throws<StoreException>(() => BufferRecovery.Run(Buffers, spool, 32)).Message);
        }

        Assert.Equal(new Recovered(20, 20, 0), Recover().Found);
    }

    [Fact]
    public void ADiskThatFillsUpLaterStopsNobodyFromRecording()
    {
        var disk = new FullDisk();
        RecordBuffers left = RecordBuffers.Create(Buffers, 1, Small, _labels, _names, disk);
        Put(left, 1, 10);
        disk.FreeForBuffers = 0;
        // More names than there was room for ahead.
        LabelId last = default;
        for (int i = 0; i < 10_000; i++) last = _labels.Intern(Label.Parse($"a-name-that-is-long-enough=to-fill-the-file-{i}"));
        left.Names.Add(default, last, last);
        Assert.True(disk.Refusals > 0);
        Assert.False(left.Names.Covers(default, last, last));
        Put(left, 11, 20, last);

        (Recovered found, List<CallRecord> calls, _, _, IRecordNames table) = RecoverWithNames();

        Assert.Equal(20, calls.Count);
        Assert.All(calls, call => Assert.Equal(call.Id.Value > 10 ? "*" : $"pii,user=u{call.Id.Value % 4}", table.Find(call.LabelOut).ToString()));
        Assert.Equal(1, found.Damaged);
    }

    [Fact]
    public void ABatchEndsAtTheSameTimeInAllLanes()
    {
        // One core's ring is full of calls that are older than most of the other's.
        RecordBuffers buffers = RecordBuffers.Create(Buffers, 2, new RecorderOptions { Folder = "", BufferSize = 1024, BatchSize = 512 }, _labels, _names, new SpoolDisk());
        RecorderLane[] lanes = [.. buffers.Lanes.Select((lane, i) => new RecorderLane(i, lane.Calls, lane.Flows))];
        for (long i = 1; i <= 1000; i++)
        {
            foreach ((RecorderLane lane, long id) in ((RecorderLane, long)[])[(lanes[0], i), (lanes[1], i + 800)])
            {
                Assert.True(lane.Calls.TryClaim(out long position));
                lane.Calls.At(position) = new CallRecord { Id = new CallId(id), Trace = id };
                lane.Calls.Publish(position, check: 0);
            }
        }

        RecordStage<CallRecord> stage = buffers.Stages[0].Calls;
        var batches = new List<long[]>();
        do
        {
            RecorderLane.MoveOldest(lanes, stage);
            batches.Add([.. stage.Records.ToArray().Select(call => call.Id.Value)]);
            stage.Release();
        }
        while (batches[^1].Length > 0);

        Assert.Equal([512, 512, 512, 464, 0], batches.Select(batch => batch.Length));
        Assert.Equal(Enumerable.Range(1, 1000).Concat(Enumerable.Range(801, 1000)).Order().Select(id => (long)id), batches.SelectMany(batch => batch).Order());
        // Of what is in a later batch, hardly anything is older than the newest of an earlier one.
        for (int i = 1; i < 4; i++) Assert.InRange(batches[i].Min(), batches[i - 1].Max() - 64, long.MaxValue);
    }

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    private RecordBuffers Create() => RecordBuffers.Create(Buffers, 1, Small, _labels, _names, new SpoolDisk());

    private static BufferLayout Layout(byte[] file) => BufferLayout.Read(file);

    private static int Find(byte[] bytes, string text) => bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(text));

    // Four sites and four labels in turn, and a flow into each call. Keeps what does not fit.
    private void Put(RecordBuffers buffers, long first, long last, LabelId? label = null)
    {
        (RecordRing<CallRecord> calls, RecordRing<FlowRecord> flows) = buffers.Lanes[0];
        for (long id = first; id <= last; id++)
        {
            CallSiteId site = _names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("a"), new FunctionRef($"function-{id % 4}")));
            LabelId own = label ?? _labels.Intern(Label.Parse($"pii,user=u{id % 4}"));
            if (!buffers.Names.Covers(site, own, own)) buffers.Names.Add(site, own, own);
            if (!calls.TryClaim(out long position))
            {
                Take(buffers, stage: 2, keep: true);
                Assert.True(calls.TryClaim(out position));
            }

            calls.At(position) = new CallRecord { Id = new CallId(id), Trace = id, Site = site, LabelOut = own, Duration = id * 1000 };
            calls.Publish(position, Check(calls.At(position)));
            while (!flows.TryClaim(out position)) Take(buffers, stage: 2, keep: true);
            flows.At(position) = new FlowRecord { Destination = new CallId(id), Source = new CallId(id + 1), Label = own };
            flows.Publish(position, Check(flows.At(position)));
        }

        static uint Check<T>(T record)
            where T : IRingRecord => record.Check();
    }

    private static void PutTrace(RecordBuffers buffers, ForeignTrace trace)
    {
        buffers.ForeignTraces.TryClaim(out long position);
        buffers.ForeignTraces.At(position).Value = trace;
        buffers.ForeignTraces.Publish(position, buffers.ForeignTraces.At(position).Check());
    }

    // To the end, a stage at a time.
    private static void Take(RecordBuffers buffers, int stage, bool keep, int most = int.MaxValue)
    {
        (RecordStage<CallRecord> calls, RecordStage<FlowRecord> flows, _) = buffers.Stages[stage];
        do
        {
            buffers.Lanes[0].Calls.MoveTo(calls, most);
            buffers.Lanes[0].Flows.MoveTo(flows, most);
            bool full = calls.Room == 0 || flows.Room == 0;
            if (!keep) return;
            calls.Release();
            flows.Release();
            if (!full) return;
        }
        while (true);
    }

    private (Recovered Found, List<CallRecord> Calls, List<FlowRecord> Flows, List<ForeignTrace> Traces) Recover()
    {
        (Recovered found, List<CallRecord> calls, List<FlowRecord> flows, List<ForeignTrace> traces, _) = RecoverWithNames();
        return (found, calls, flows, traces);
    }

    private (Recovered Found, List<CallRecord> Calls, List<FlowRecord> Flows, List<ForeignTrace> Traces, IRecordNames Names) RecoverWithNames()
    {
        using var spool = new Spool(Path.Combine(_folder, "segments"), 1, 1 << 20);
        Recovered found = BufferRecovery.Run(Buffers, spool, batchSize: 1000);
        var (calls, flows, traces) = (new List<CallRecord>(), new List<FlowRecord>(), new List<ForeignTrace>());
        IRecordNames names = new NameTable();
        while (spool.Peek() is { } oldest)
        {
            calls.AddRange(oldest.Batch.Calls.Span);
            flows.AddRange(oldest.Batch.Flows.Span);
            traces.AddRange(oldest.Batch.Traces.Span);
            names = oldest.Names;
            spool.Remove(oldest.Batch);
        }

        return (found, calls, flows, traces, names);
    }
}
