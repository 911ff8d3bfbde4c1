using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Tests.Recording;

public sealed class SpoolTests : IDisposable
{
    private readonly string _folder = TestPostgres.NewFolder();
    private readonly ProcessNames _names;
    private readonly CallSiteId _site;
    private readonly LabelId _label;

    public SpoolTests()
    {
        var (labels, names) = (new LabelStore(), new CallNames());
        _names = new ProcessNames(labels, names);
        _site = names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("a", "v"), new FunctionRef("f")));
        _label = labels.Intern(Label.Parse("pii,user=x%20y,+ok"));
    }

    [Fact]
    public void BatchesComeBackInOrderWithTheirNamesAfterARestart()
    {
        using (var spool = new Spool(_folder, 1 << 20, 1 << 10))
        {
            for (int i = 1; i <= 20; i++) Assert.True(spool.TryAppend(Batch(i), _names));
            Assert.Equal(20, spool.Calls);
        }

        using var heir = new Spool(_folder, 1 << 20, 1 << 10);
        Assert.Equal(20, heir.Calls);
        for (int i = 1; i <= 20; i++)
        {
            (RecordBatch batch, IRecordNames names) = heir.Peek()!.Value;
            CallRecord call = batch.Calls.Span[0];
            Assert.Equal(i, call.Id.Value);
            Assert.Equal(("a", "v", "f"),
                (names.Find(call.Site).Callee.Name, names.Find(call.Site).Callee.Version, names.Find(call.Site).Function.Name));
            Assert.Equal("pii,user=x%20y,+ok", names.Find(call.LabelIn).ToString());
            heir.Remove(batch);
        }

        Assert.Null(heir.Peek());
        Assert.True(heir.IsEmpty);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void AFrameKeepsHostAndAttemptAndOneOfTheFirstVersionHasNone()
    {
        var (labels, names) = (new LabelStore(), new CallNames());
        CallSiteId site = names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("a"), new FunctionRef("f"), "s2", 3));
        using var frame = new MemoryStream();
        SpoolFrame.Write(frame, new RecordBatch(new[] { new CallRecord { Id = new CallId(1), Trace = 1, Site = site } }, default), new ProcessNames(labels, names));
        CallSite now = SpoolFrame.Read(frame.GetBuffer(), (int)frame.Length).Names.Find(site);
        Assert.Equal(("s2", 3), (now.Host, now.Attempt));

        // As a process of the first version wrote it: 64 and 40 bytes a record, one label, one site of five names, no key, no trace, one call, no flow.
        using var old = new MemoryStream();
        using (var writer = new BinaryWriter(old, System.Text.Encoding.UTF8, leaveOpen: true))
        {
            writer.Write((64 << 16) | 40);
            writer.Write(1);
            writer.Write(0);
            writer.Write("");
            writer.Write(1);
            writer.Write(7);
            foreach (string name in (string[])["outside", "", "a", "v", "f"]) writer.Write(name);
            writer.Write(0);
            writer.Write(0);
            writer.Write(1);
            writer.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<CallRecord>([new CallRecord { Id = new CallId(9), Trace = 9, Site = new CallSiteId(7) }]));
            writer.Write(0);
        }

        (RecordBatch batch, IRecordNames found) = SpoolFrame.Read(old.GetBuffer(), (int)old.Length);
        Assert.Equal(new CallSite(ComponentRef.Outside, new ComponentRef("a", "v"), new FunctionRef("f")), found.Find(batch.Calls.Span[0].Site));
        Assert.Equal(9, batch.Calls.Span[0].Id.Value);
    }

    [Fact]
    public void ATornEndIsCutOffAndADamagedFrameIsCountedAndKeptAside()
    {
        using (var spool = new Spool(_folder, 1 << 20, 1 << 20))
        {
            for (int i = 1; i <= 3; i++) spool.TryAppend(Batch(i), _names);
        }

        string path = Directory.GetFiles(_folder).Single();
        byte[] bytes = File.ReadAllBytes(path);
        int frame = bytes.Length / 3;
        bytes[frame + 40] ^= 1;
        File.WriteAllBytes(path, [.. bytes, .. bytes[..(frame / 2)]]);

        using var heir = new Spool(_folder, 1 << 20, 1 << 20);
        var seen = new List<long>();
        while (heir.Peek() is { } oldest)
        {
            seen.Add(oldest.Batch.Calls.Span[0].Id.Value);
            heir.Remove(oldest.Batch);
        }

        Assert.Equal([1, 3], seen);
        Assert.Equal(1, heir.Damaged);
        Assert.EndsWith(".damaged", Directory.GetFiles(_folder).Single());
    }

    [Fact]
    public void GarbageInPlaceOfASegmentIsNoBatch()
    {
        Directory.CreateDirectory(_folder);
        var random = new Random(1);
        for (int i = 1; i <= 50; i++)
        {
            byte[] bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            if (i % 2 == 0) Array.Clear(bytes);
            File.WriteAllBytes(Path.Combine(_folder, $"{i:D12}.spool"), bytes);
        }

        using var spool = new Spool(_folder, 1 << 20, 1 << 20);
        Assert.Null(spool.Peek());
    }

    [Fact]
    public void TheLimitIsKept()
    {
        using var spool = new Spool(_folder, 2_000, 500);
        int taken = 0;
        while (spool.TryAppend(Batch(taken + 1), _names)) taken++;
        Assert.InRange(taken, 2, 20);
        Assert.True(spool.Bytes <= 2_000);
        Assert.Equal(taken, spool.Calls);
    }

    [RootFact]
    public void ARealDiskThatIsFullRefusesAndKeepsWhatItHas()
    {
        using (new SmallDisk(_folder, "64k"))
        {
            using (var spool = new Spool(_folder, 1 << 30, 1 << 12))
            {
                int taken = 0;
                while (spool.TryAppend(Batch(taken + 1), _names)) taken++;
                Assert.InRange(taken, 50, 400);
                Assert.False(spool.TryAppend(Batch(taken + 1), _names));

                // Room again: what was there comes back, and new batches are taken.
                for (int i = 1; i <= taken; i++)
                {
                    RecordBatch batch = spool.Peek()!.Value.Batch;
                    Assert.Equal(i, batch.Calls.Span[0].Id.Value);
                    spool.Remove(batch);
                }

                Assert.True(spool.TryAppend(Batch(1), _names));
            }
        }
    }

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    private RecordBatch Batch(long id) =>
        new(new[] { new CallRecord { Id = new CallId(id), Trace = id, Site = _site, LabelIn = _label } }, default);
}
