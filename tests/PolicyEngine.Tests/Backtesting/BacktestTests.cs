using Chain.PolicyEngine.Backtesting;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Storage;
using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.PolicyEngine.Tests.Backtesting;

public sealed class BacktestTests
{
    [PostgresFact]
    public async Task AChangeThatIsKnownByConstructionIsFoundExactly()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        (int calls, int denied) = await RecordedCalls.WriteAsync(database, 20_000);
        var labels = new LabelStore();
        BacktestReport report = await RunAsync(database, labels, RecordedCalls.Before, RecordedCalls.After);
        Assert.Equal((calls, (long)denied), (report.Calls, report.Changed));
        BacktestGroup group = Assert.Single(report.Groups);
        Assert.Equal(("allow", "deny: pii-stays-inside", true, PolicyEvent.Call, (long)denied), (group.Before, group.After, group.VerdictChanges, group.Event, group.Count));
        Assert.Equal("clinic/mailer", group.Link.Callee.Name);
        Assert.Equal(["clinic/intake"], group.Example.Facts.Passed.ToArray().Select(s => s.Component.Name));
        Assert.Equal("clinic,pii=alice", labels[group.Example.Facts.Data].ToString());
        Assert.Equal(1, group.Example.Facts.Depth);
    }

    [PostgresFact]
    public async Task TheSameSetChangesNothing()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        await RecordedCalls.WriteAsync(database, 500);
        BacktestReport report = await RunAsync(database, new LabelStore(), RecordedCalls.After, RecordedCalls.After);
        Assert.Equal(0, report.Changed);
        Assert.True(report.Decisions >= report.Calls * 4, "both sets are asked about arguments and results");
    }

    [PostgresTheory]
    [InlineData(CallOutcome.Returned, 4)]
    [InlineData(CallOutcome.Denied, 2)]
    [InlineData(CallOutcome.NotStarted, 2)]
    [InlineData(CallOutcome.Lost, 2)]
    public async Task ACallWhoseResultNobodySawHasNoneToDecideOn(CallOutcome outcome, int decisions)
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        (int calls, _) = await RecordedCalls.WriteAsync(database, 100, outcome);
        BacktestReport report = await RunAsync(database, new LabelStore(), RecordedCalls.After, RecordedCalls.After);
        Assert.Equal((calls, (long)calls * decisions), (report.Calls, report.Decisions));
    }

    [PostgresFact]
    public async Task WithoutASetBeforeTheRecordItselfIsComparedWith()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        (_, int denied) = await RecordedCalls.WriteAsync(database, 300);
        BacktestReport report = await RunAsync(database, new LabelStore(), null, RecordedCalls.After);
        Assert.Equal(denied, report.Changed);
        Assert.Equal("allow (recorded)", Assert.Single(report.Groups).Before);
    }

    [PostgresFact]
    public async Task OnlyTheCallsOfTheTimeAskedForAreRead()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        await RecordedCalls.WriteAsync(database, 50);
        var labels = new LabelStore();
        long count = 0;
        await foreach (StoredCallBatch batch in new CallHistory(database).ReadAsync(labels, DateTimeOffset.UtcNow.AddMinutes(-30), DateTimeOffset.UtcNow)) count += batch.Calls.Length;
        Assert.Equal(0, count);
    }

    [PostgresFact]
    public async Task HistoryKnowsEverySetThatWasActive()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var history = new PolicyHistory(database);
        Assert.Null(await history.ActiveAsync(new LabelStore()));
        const string tricky = "set: s\ndefault: deny\n---\n# about it\npolicy: p\neffect: deny\nwhen: |\n  data.has('pii') &&\n    !chain.passed('x')\nmessage: \"a {{ caller.name }}\"\ntests:\n  - given: { data: pii }\n    expect: deny\n--- # next\npolicy: q\neffect: allow";
        PolicySet first = PolicyLoader.Load([new PolicyFile("p.yaml", tricky)], new LabelStore());
        PolicySet second = PolicyLoader.Load([new PolicyFile("p.yaml", RecordedCalls.After)], new LabelStore());
        DateTimeOffset now = DateTimeOffset.UtcNow;
        Assert.True(await history.ActivateAsync(first, "ann", now));
        Assert.False(await history.ActivateAsync(first, "bob", now));
        Assert.Equal(first.Digest, (await history.ActiveAsync(new LabelStore()))!.Digest);
        Assert.True(await history.ActivateAsync(second, "bob", now));
        Assert.True(await history.ActivateAsync(first, "cy", now));
        Assert.Equal(first.Digest, (await history.ActiveAsync(new LabelStore()))!.Digest);
        IReadOnlyList<PolicyActivation> activations = await history.ActivationsAsync(10);
        Assert.Equal(["cy", "bob", "ann"], activations.Select(a => a.Author));
        Assert.Equal(["none", "pii-stays-inside"], activations[1].Policies.Keys);
        Assert.Equal(Verdict.Deny, activations[0].Default);
    }

    [PostgresFact]
    public async Task AProcessThatWatchesTakesAChangedSetAtOnce()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var labels = new LabelStore();
        var active = new ActivePolicies(PolicySet.Empty(labels));
        var history = new PolicyHistory(database);
        using var stop = new CancellationTokenSource();
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        active.Changed += (_, _) => changed.TrySetResult();
        Task watching = history.WatchAsync(active, e => Assert.Fail(e.Message), stop.Token);
        PolicySet set = PolicyLoader.Load([new PolicyFile("p.yaml", RecordedCalls.After)], new LabelStore());
        await history.ActivateAsync(set, "ann", DateTimeOffset.UtcNow);
        await changed.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(set.Digest, active.Current.Digest);
        Assert.Same(labels, active.Current.Labels);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
    }

    [PostgresFact]
    public async Task DecisionsAreRecordedOnceWithTheirPolicies()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        PolicySet set = PolicyLoader.Load([new PolicyFile("p.yaml", "policy: a\neffect: audit\n---\npolicy: d\neffect: deny\nwhen: data.value('x') == 'y'\nmatch: { tags: x }\n")], new LabelStore());
        await new PolicyHistory(database).ActivateAsync(set, "ann", DateTimeOffset.UtcNow);
        Decision decision = set.Decide(GivenCallFacts.Of(new GivenCall { Callee = "x/y", Data = ["x=*"] }, set.Labels));
        var store = new DecisionStore(database);
        DecisionRecord[] records = [new(new CallId(8), PolicyEvent.Call, decision.Shape), new(new CallId(16), PolicyEvent.Call, decision.Shape)];
        await store.WriteAsync(records);
        await store.WriteAsync(records);
        await using NpgsqlCommand query = database.CreateCommand("""
            SELECT string_agg(d.call || ' ' || s.verdict || ' ' || array_to_string(s.outcomes, ',') || ' ' ||
                   (SELECT string_agg(p.name, ',' ORDER BY p.name) FROM policy p WHERE p.id = ANY (s.policies)), '; ' ORDER BY d.call)
            FROM decision d JOIN decision_shape s ON s.id = d.shape
            """);
        Assert.Equal("8 1 0,1 a,d; 16 1 0,1 a,d", await query.ExecuteScalarAsync());
    }

    private static Task<BacktestReport> RunAsync(NpgsqlDataSource database, LabelStore labels, string? before, string after)
    {
        PolicySet? old = before is null ? null : PolicyLoader.Load([new PolicyFile("before.yaml", before)], labels);
        PolicySet changed = PolicyLoader.Load([new PolicyFile("after.yaml", after)], labels);
        return new Backtest(old, changed).RunAsync(new CallHistory(database).ReadAsync(labels, CallId.Epoch, DateTimeOffset.UtcNow.AddDays(1)));
    }
}
