using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Storage;
using Chain.PolicyEngine.Tests.Policies;
using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording.Journals;
using Npgsql;

namespace Chain.PolicyEngine.Tests.Alerts;

/// <summary>Decisions and violations that a process has left to the next one.</summary>
public sealed class DecisionFramesTests : IDisposable
{
    private const string Yaml = "policy: a\neffect: audit\n---\npolicy: d\neffect: deny\nwhen: data.value('x') == 'y'\nmatch: { tags: x }\n";

    private readonly string _folder = TestPostgres.NewFolder();

    [Fact]
    public void WhatWasAppendedIsReadAsItWas()
    {
        PolicySet set = Sets.Load(Yaml);
        var record = new DecisionRecord(new CallId(1L << 40), PolicyEvent.Declassify, set.Decide(Sets.Call(set, "x/y", "x=*")).Shape, 3);
        Violation violation = AlertStoreTests.Violation(0.123456) with { Trace = new TraceId(1, ulong.MaxValue), Message = "ünïcode \0 and more", Event = PolicyEvent.Result };
        FrameJournal killed = FrameJournal.Open(_folder);
        DecisionFrames.Append(killed, record);
        DecisionFrames.Append(killed, violation);
        DecisionFrames.Append(killed, violation with { Message = new string('m', 5000) });

        using FrameJournal heir = FrameJournal.Open(_folder);
        var read = heir.ReadLeft().Select(static frame => DecisionFrames.Read(frame.Payload)).ToList();
        Assert.Equal((record, null), read[0]);
        DecisionShape shape = read[0].Decision!.Value.Shape;
        Assert.Equal((Verdict.Deny, set.Digest), (shape.Verdict, shape.Set));
        Assert.Equal(set.Policies.Select(static one => one.Digest), shape.Policies);
        Assert.Equal([0, 1], shape.Outcomes);
        Assert.Equal((null, violation), read[1]);
        // What the store keeps of a message.
        Assert.Equal(2000, read[2].Violation!.Message.Length);
    }

    [Fact]
    public void BytesOfAnotherProgramAreRefusedWithAReason()
    {
        PolicySet set = Sets.Load(Yaml);
        FrameJournal killed = FrameJournal.Open(_folder);
        DecisionFrames.Append(killed, new DecisionRecord(new CallId(8), PolicyEvent.Call, set.Decide(Sets.Call(set, "x/y", "x=*")).Shape));
        DecisionFrames.Append(killed, AlertStoreTests.Violation(0));
        using FrameJournal heir = FrameJournal.Open(_folder);
        Assert.Throws<InvalidDataException>(() => DecisionFrames.Read([]));
        Assert.Throws<InvalidDataException>(() => DecisionFrames.Read([9, 1, 2, 3]));
        foreach (LeftFrame frame in heir.ReadLeft())
        {
            for (int length = 0; length < frame.Payload.Length; length++) Assert.Throws<InvalidDataException>(() => DecisionFrames.Read(frame.Payload[..length]));
        }
    }

    [Fact]
    public void AppendingADecisionAllocatesNothing()
    {
        PolicySet set = Sets.Load(Yaml);
        CallFacts facts = Sets.Call(set, "x/y", "x=y");
        using FrameJournal journal = FrameJournal.Open(_folder);
        for (int i = 0; i < 100; i++) Decide(set, facts, journal);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) Decide(set, facts, journal);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [PostgresFact]
    public async Task ViolationsThatAreStoredAlreadyAreLeftOutTheSecondTime()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var store = new AlertStore(database, new AlertOptions());
        Violation first = AlertStoreTests.Violation(0.1234567), second = first with { Call = new CallId(2) }, other = first with { Policy = "another" };
        await store.StoreAsync([first, other]);
        await store.StoreAsync([first, second, other], again: true);
        await store.StoreAsync([first, second, other], again: true);
        await using NpgsqlCommand counts = database.CreateCommand("SELECT (SELECT count(*) FROM violation), (SELECT sum(count)::bigint FROM alert), (SELECT sum(count)::bigint FROM alert_group)");
        await using NpgsqlDataReader row = await counts.ExecuteReaderAsync();
        Assert.True(await row.ReadAsync());
        Assert.Equal((3L, 3L, 3L), (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)));
    }

    [PostgresFact]
    public async Task AViolationIsKeptInItsJournalUntilItIsStored()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        FrameJournal journal = FrameJournal.Open(_folder);
        var pipeline = new AlertPipeline(database, new AlertOptions());
        Violation[] violations = [.. Enumerable.Range(1, 20).Select(static i => AlertStoreTests.Violation(0, policy: $"p{i}") with { Call = new CallId(i) })];

        // While the table is locked nothing can be stored.
        await using (NpgsqlConnection locked = await database.OpenConnectionAsync())
        await using (NpgsqlTransaction transaction = await locked.BeginTransactionAsync())
        {
            await using (var command = new NpgsqlCommand("LOCK TABLE violation", locked)) await command.ExecuteNonQueryAsync();
            foreach (Violation violation in violations) pipeline.Raise(violation, DecisionFrames.Append(journal, violation));
            using FrameJournal heir = FrameJournal.Open(_folder);
            Assert.Equal(20, heir.ReadLeft().Count());
        }

        await pipeline.DisposeAsync();
        Assert.Equal((0L, 0L, 0L), (pipeline.Dropped, pipeline.Deferred, journal.Waiting));
    }

    [PostgresFact]
    public async Task WhatTheQueueHasNoRoomForStaysInTheJournal()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        FrameJournal journal = FrameJournal.Open(_folder);
        var pipeline = new AlertPipeline(database, new AlertOptions { QueueLength = 5 });
        await using (NpgsqlConnection locked = await database.OpenConnectionAsync())
        await using (NpgsqlTransaction transaction = await locked.BeginTransactionAsync())
        {
            await using (var command = new NpgsqlCommand("LOCK TABLE violation", locked)) await command.ExecuteNonQueryAsync();
            for (int i = 1; i <= 1000; i++)
            {
                Violation violation = AlertStoreTests.Violation(0) with { Call = new CallId(i) };
                pipeline.Raise(violation, DecisionFrames.Append(journal, violation));
            }
        }

        await pipeline.DisposeAsync();
        journal.Dispose();
        using FrameJournal heir = FrameJournal.Open(_folder);
        var left = heir.ReadLeft().ToList();
        Assert.True(left.Count >= 400);
        Assert.Equal((0L, (long)left.Count), (pipeline.Dropped, pipeline.Deferred));

        await using (var next = new AlertPipeline(database, new AlertOptions { QueueLength = 5 }))
        {
            foreach (LeftFrame frame in left) await next.RaiseAgainAsync(DecisionFrames.Read(frame.Payload).Violation!, frame.Ticket);
        }

        await using NpgsqlCommand stored = database.CreateCommand("SELECT count(DISTINCT call) * 10000 + count(*) FROM violation");
        Assert.Equal(1000L * 10000 + 1000, await stored.ExecuteScalarAsync());
        Assert.Single(Directory.GetFiles(_folder));
    }

    [PostgresFact]
    public async Task OneThatTheStoreRefusesCostsNoOther()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        using FrameJournal journal = FrameJournal.Open(_folder);
        await using (var pipeline = new AlertPipeline(database, new AlertOptions()))
        {
            // Postgres has no text with a zero in it.
            foreach (string message in (string[])["a", "b\0", "c"])
            {
                Violation violation = AlertStoreTests.Violation(0, policy: "p-" + message[0]) with { Message = message };
                pipeline.Raise(violation, DecisionFrames.Append(journal, violation));
            }

            while (journal.Waiting > 0) await Task.Delay(10);
            Assert.Equal(1, pipeline.Dropped);
        }

        await using NpgsqlCommand stored = database.CreateCommand("SELECT string_agg(message, ',' ORDER BY message) FROM violation");
        Assert.Equal("a,c", await stored.ExecuteScalarAsync());
    }

    [PostgresFact]
    public async Task APipelineThatDoesNotTellYetLeavesNoticesToBeMade()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        using var receiver = new TestReceiver();
        using var http = new HttpClient();
        await using var early = new AlertPipeline(database, new AlertOptions { FirstWait = TimeSpan.Zero }, tells: false);
        early.Raise(AlertStoreTests.Violation(0) with { At = DateTimeOffset.UtcNow });
        await using NpgsqlCommand stored = database.CreateCommand("SELECT count(*) FROM violation");
        while ((long)(await stored.ExecuteScalarAsync())! == 0) await Task.Delay(10);

        // One without receivers would have taken the group for told by now.
        await Task.Delay(300);
        await using var late = new AlertPipeline(database, new AlertOptions { Receivers = [new WebhookReceiver("hook", http, receiver.Url, null)] });
        Assert.Single(await receiver.WaitAsync(1));
    }

    [PostgresFact]
    public async Task ADecisionOfASetThatTheStoreDoesNotKnowIsCountedAndTheOthersAreStored()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        PolicySet known = Sets.Load(Yaml), unknown = Sets.Load("policy: other\neffect: audit\n");
        await new PolicyHistory(database).ActivateAsync(known, "ann", DateTimeOffset.UtcNow);
        var store = new DecisionStore(database);
        DecisionRecord Record(PolicySet set, long call) => new(new CallId(call), PolicyEvent.Call, set.Decide(Sets.Call(set, "x/y", "x=*")).Shape);
        Assert.Equal(1, await store.WriteAsync([Record(known, 1), Record(unknown, 2), Record(known, 3)]));
        await using NpgsqlCommand stored = database.CreateCommand("SELECT string_agg(call::text, ',' ORDER BY call) FROM decision");
        Assert.Equal("1,3", await stored.ExecuteScalarAsync());
    }

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    private static void Decide(PolicySet set, in CallFacts facts, FrameJournal journal) =>
        DecisionFrames.Append(journal, new DecisionRecord(facts.Call, facts.Event, set.Decide(facts).Shape)).Keep();
}
