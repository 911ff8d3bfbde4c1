using System.Diagnostics;
using System.Globalization;
using System.Text;
using Chain.Tests;
using Chain.Tracer.Recording.Journals;

namespace Chain.Tracer.Tests.Recording;

/// <summary>The journal's files as a killed process leaves them, and a process that is.</summary>
public sealed class FrameJournalTests : IDisposable
{
    private static readonly FrameJournalOptions Small = new() { SegmentSize = 4096, MostSegments = 4 };

    private readonly string _folder = TestPostgres.NewFolder();

    [Fact]
    public void WhatIsNotKeptIsFoundByEveryProcessUntilItIs()
    {
        FrameJournal killed = FrameJournal.Open(_folder, Small);
        FrameTicket[] tickets = [.. Enumerable.Range(0, 50).Select(i => Append(killed, i))];
        foreach (FrameTicket ticket in tickets.Where((_, i) => i % 5 == 0)) ticket.Keep();
        string[] waiting = [.. Enumerable.Range(0, 50).Where(i => i % 5 != 0).Select(Text)];

        FrameJournal second = FrameJournal.Open(_folder, Small);
        LeftFrame[] found = [.. second.ReadLeft()];
        Assert.Equal(waiting, found.Select(TextOf));
        found[3].Ticket.Keep();
        FrameTicket own = Append(second, 77);

        using FrameJournal third = FrameJournal.Open(_folder, Small);
        LeftFrame[] again = [.. third.ReadLeft()];
        Assert.Equal([.. waiting, Text(77)], again.Select(TextOf));
        foreach (LeftFrame frame in again) frame.Ticket.Keep();
        Assert.Equal(0, third.Damaged);

        using FrameJournal fourth = FrameJournal.Open(_folder, Small);
        Assert.Empty(fourth.ReadLeft());
        Assert.False(own.IsNone);
    }

    [Fact]
    public void AProcessThatStopsInOrderLeavesWhatWaitsAndNothingElse()
    {
        FrameJournal kept = FrameJournal.Open(_folder, Small);
        for (int i = 0; i < 500; i++) Append(kept, i).Keep();
        kept.Dispose();
        Assert.Empty(Directory.GetFiles(_folder));

        FrameJournal waits = FrameJournal.Open(_folder, Small);
        FrameTicket late = Append(waits, 1);
        waits.Dispose();
        Assert.Single(Directory.GetFiles(_folder));
        Assert.True(Append(waits, 2).IsNone);
        late.Keep();
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void FilesAreUsedAgainAndWhatWasInThemIsNotFound()
    {
        FrameJournal killed = FrameJournal.Open(_folder, Small);
        for (int i = 0; i < 20_000; i++) Append(killed, i).Keep();
        Append(killed, 20_000);
        Append(killed, 20_001);
        Assert.InRange(Directory.GetFiles(_folder).Length, 1, 2);
        Assert.Equal(0, killed.Unprotected);

        using FrameJournal heir = FrameJournal.Open(_folder, Small);
        Assert.Equal([Text(20_000), Text(20_001)], heir.ReadLeft().Select(TextOf));
    }

    [Fact]
    public void AFlippedBitCostsItsFrameAndNoOther()
    {
        FrameJournal killed = FrameJournal.Open(_folder, Small);
        for (int i = 0; i < 10; i++) Append(killed, i);
        string file = Directory.GetFiles(_folder).Single();
        byte[] sound = File.ReadAllBytes(file);
        (int offset, int length) = JournalLayout.Read(sound, out _)[4];
        int state = offset + JournalLayout.StateOffset;
        for (int bit = 0; bit < (JournalLayout.FrameHead + length) * 8; bit++)
        {
            int at = offset + (bit / 8);
            // Its state has no checksum: what is not 'kept' waits.
            if (at >= state && at < state + 4) continue;
            byte[] damaged = [.. sound];
            damaged[at] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(file, damaged);

            using FrameJournal heir = FrameJournal.Open(_folder, Small);
            LeftFrame[] found = [.. heir.ReadLeft()];
            Assert.Equal(Enumerable.Range(0, 10).Where(i => i != 4).Select(Text), found.Select(TextOf));
            foreach (LeftFrame frame in found) frame.Ticket.Keep();
            heir.Dispose();
            // A mark that says 'taken' by chance is one that its writer did not live to finish.
            Assert.Equal(heir.Damaged > 0, File.Exists(Path.ChangeExtension(file, ".damaged")));
            File.Delete(Path.ChangeExtension(file, ".damaged"));
            Assert.Empty(Directory.GetFiles(_folder));
        }
    }

    [Fact]
    public void ATornTailCostsWhatIsInItOnly()
    {
        FrameJournal killed = FrameJournal.Open(_folder, Small);
        for (int i = 0; i < 10; i++) Append(killed, i);
        string file = Directory.GetFiles(_folder).Single();
        byte[] sound = File.ReadAllBytes(file);
        int tail = JournalLayout.Read(sound, out _)[^1].Offset;
        // Cut off anywhere in the last frame, or never written from there on.
        for (int cut = tail; cut < tail + JournalLayout.FrameHead + 4; cut++)
        {
            byte[] zeros = [.. sound[..cut], .. new byte[sound.Length - cut]];
            foreach (byte[] torn in (byte[][])[sound[..cut], zeros])
            {
                File.WriteAllBytes(file, torn);
                using FrameJournal heir = FrameJournal.Open(_folder, Small);
                LeftFrame[] found = [.. heir.ReadLeft()];
                Assert.Equal(Enumerable.Range(0, 9).Select(Text), found.Select(TextOf));
                foreach (LeftFrame frame in found) frame.Ticket.Keep();
                File.Delete(Path.ChangeExtension(file, ".damaged"));
            }
        }
    }

    [Fact]
    public void AFrameWhoseWriterDiedInTheMiddleIsPassedOverAndNotHeldForDamage()
    {
        FrameJournal killed = FrameJournal.Open(_folder, Small);
        for (int i = 0; i < 3; i++) Append(killed, i);
        string file = Directory.GetFiles(_folder).Single();
        byte[] bytes = File.ReadAllBytes(file);
        // As it stands before the last store: the place is taken, and half of the payload is there.
        int offset = JournalLayout.Read(bytes, out _)[1].Offset;
        uint salt = BitConverter.ToUInt32(bytes, 8);
        BitConverter.TryWriteBytes(bytes.AsSpan(offset), JournalLayout.Taken(salt));
        bytes.AsSpan(offset + JournalLayout.FrameHead + 3, 4).Clear();
        File.WriteAllBytes(file, bytes);

        using FrameJournal heir = FrameJournal.Open(_folder, Small);
        Assert.Equal([Text(0), Text(2)], heir.ReadLeft().Select(TextOf));
        Assert.Equal(0, heir.Damaged);
    }

    [Fact]
    public void ADiskThatIsFullCostsProtectionUntilThereIsRoomAndNothingWaits()
    {
        var disk = new FullDisk { FreeForBuffers = 0 };
        using FrameJournal journal = FrameJournal.Open(_folder, Small, disk);
        Assert.True(Append(journal, 1).IsNone);
        Assert.Equal(1, journal.Unprotected);
        Assert.Empty(Directory.GetFiles(_folder));

        disk.FreeForBuffers = 1 << 20;
        // It looks again after a while.
        FrameTicket ticket;
        while ((ticket = Append(journal, 2)).IsNone) Thread.Sleep(20);
        FrameJournal heir = FrameJournal.Open(_folder, Small);
        Assert.Equal(Text(2), TextOf(heir.ReadLeft().First()));
    }

    [Fact]
    public void WhenAllFilesAreFullFramesAreCountedAsUnprotectedUntilOneIsKept()
    {
        using FrameJournal journal = FrameJournal.Open(_folder, Small);
        var tickets = new List<FrameTicket>();
        while (Append(journal, tickets.Count) is { IsNone: false } ticket) tickets.Add(ticket);
        Assert.Equal((Small.MostSegments, 1), (Directory.GetFiles(_folder).Length, journal.Unprotected));
        Assert.True(tickets.Count > 300);

        foreach (FrameTicket ticket in tickets) ticket.Keep();
        Assert.False(Append(journal, 1).IsNone);
        Assert.True(journal.Append(new byte[5000]).IsNone);
        Assert.False(Append(journal, 2).IsNone);
        Assert.Equal(2, journal.Unprotected);
    }

    [Fact]
    public async Task ManyThreadsAtOnceLoseNothingAndKeepNothingTwice()
    {
        FrameJournal killed = FrameJournal.Open(_folder, new FrameJournalOptions { SegmentSize = 4096, MostSegments = 10_000 });
        var waiting = new System.Collections.Concurrent.ConcurrentBag<string>();
        var tickets = System.Threading.Channels.Channel.CreateUnbounded<FrameTicket>();
        Task keeping = Task.Run(async () =>
        {
            await foreach (FrameTicket ticket in tickets.Reader.ReadAllAsync()) ticket.Keep();
        });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                int number = (thread * 100_000) + i;
                FrameTicket ticket = Append(killed, number);
                Assert.False(ticket.IsNone);
                // One of each hundred waits for good.
                if (i % 100 == 0) waiting.Add(Text(number));
                else if (i % 2 == 0) ticket.Keep();
                else tickets.Writer.TryWrite(ticket);
            }
        })));
        tickets.Writer.Complete();
        await keeping;

        using FrameJournal heir = FrameJournal.Open(_folder, Small);
        Assert.Equal(waiting.Order(StringComparer.Ordinal), heir.ReadLeft().Select(TextOf).Order(StringComparer.Ordinal));
        Assert.Equal(0, heir.Damaged);
    }

    [Fact]
    public void AppendingAllocatesNothing()
    {
        using FrameJournal journal = FrameJournal.Open(_folder);
        byte[] payload = new byte[200];
        journal.Append(payload, payload).Keep();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) journal.Append(payload, payload).Keep();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task WhatAProcessAppendedBeforeItWasKilledIsFound()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, "journal", _folder]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        var acknowledged = new List<string>();
        while (acknowledged.Count < 20_000)
            acknowledged.Add(await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"the appending process ended with {process.ExitCode}"));
        process.Kill();
        string rest = await process.StandardOutput.ReadToEndAsync();
        int whole = rest.LastIndexOf('\n');
        if (whole >= 0) acknowledged.AddRange(rest[..whole].Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await process.WaitForExitAsync();

        using FrameJournal heir = FrameJournal.Open(_folder);
        var found = heir.ReadLeft().Select(static frame => Encoding.UTF8.GetString(frame.Payload)).ToList();
        Assert.Equal(found.Count, found.Distinct().Count());
        Assert.Empty(acknowledged.Except(found).Take(3));
        Assert.Equal(0, heir.Damaged);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static FrameTicket Append(FrameJournal journal, int number)
    {
        byte[] text = Encoding.UTF8.GetBytes(Text(number));
        return journal.Append(text.AsSpan(0, 2), text.AsSpan(2));
    }

    // Of many lengths.
    private static string Text(int number) => number.ToString("D6", CultureInfo.InvariantCulture) + new string('x', number % 29);

    private static string TextOf(LeftFrame frame) => Encoding.UTF8.GetString(frame.Payload);
}
