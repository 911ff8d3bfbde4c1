using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Storage;
using Chain.Tests;
using Chain.Tracer.Calls;
using Npgsql;

namespace Chain.PolicyEngine.Tests.Alerts;

public sealed class AlertStoreTests
{
    private static readonly DateTimeOffset Start = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly AlertOptions Options = new()
    {
        FirstWait = TimeSpan.FromSeconds(1),
        Repeat = TimeSpan.FromMinutes(5),
        ResolveAfter = TimeSpan.FromMinutes(15),
        Receivers = [new ConsoleReceiver("log", TextWriter.Null)],
    };

    [PostgresFact]
    public async Task ViolationsOfAGroupMakeOneNoticeAfterTheFirstWait()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var store = new AlertStore(database, Options);
        await store.StoreAsync([Violation(0), Violation(0, caller: "b/c"), Violation(0.5)]);
        await store.StoreAsync([Violation(0.8)]);
        Assert.Equal(0, await store.MakeNoticesAsync(Start.AddSeconds(0.9)));
        Assert.Equal(1, await store.MakeNoticesAsync(Start.AddSeconds(1)));
        Assert.Equal(0, await store.MakeNoticesAsync(Start.AddSeconds(1)));
        Notice notice = Assert.Single(await store.LeaseAsync(Start.AddSeconds(1), 10)).Notice;
        Assert.Equal(("firing", 4L, 4L, "critical"), (notice.Status, notice.New, notice.Total, notice.Severity));
        Assert.Equal([3L, 1L], notice.Alerts.Select(a => a.New));
        Assert.Equal("pii", notice.Labels["policy"]);
    }

    [PostgresFact]
    public async Task AGroupThatGoesOnSaysOnlyWhatIsNewAndNotTooOften()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var store = new AlertStore(database, Options);
        await store.StoreAsync([Violation(0), Violation(0, caller: "b/c")]);
        await store.MakeNoticesAsync(Start.AddSeconds(1));
        await store.StoreAsync([Violation(10)]);
        await store.StoreAsync([Violation(20)]);
        Assert.Equal(0, await store.MakeNoticesAsync(Start.AddSeconds(300)));
        Assert.Equal(1, await store.MakeNoticesAsync(Start.AddSeconds(301)));
        await Send(store, 301);
        Notice second = Assert.Single(await store.LeaseAsync(Start.AddSeconds(301), 10)).Notice;
        Assert.Equal((2L, 4L), (second.New, second.Total));
        Assert.Equal("a/b", Assert.Single(second.Alerts).Labels["caller"]);
    }

    [PostgresFact]
    public async Task AQuietGroupIsResolvedOnceAndBeginsAnewAfterwards()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var store = new AlertStore(database, Options);
        await store.StoreAsync([Violation(0)]);
        await store.MakeNoticesAsync(Start.AddSeconds(1));
        await Send(store, 1);
        Assert.Equal(0, await store.MakeNoticesAsync(Start.AddMinutes(14)));
        Assert.Equal(1, await store.MakeNoticesAsync(Start.AddMinutes(16)));
        Assert.Equal(0, await store.MakeNoticesAsync(Start.AddMinutes(60)));
        Assert.Equal("resolved", Assert.Single(await store.LeaseAsync(Start.AddMinutes(60), 10)).Notice.Status);
        await store.StoreAsync([Violation(3600)]);
        Assert.Equal(1, await store.MakeNoticesAsync(Start.AddSeconds(3601)));
        await using NpgsqlCommand count = database.CreateCommand("SELECT count FROM alert_group");
        Assert.Equal(1L, await count.ExecuteScalarAsync());
    }

    [PostgresFact]
    public async Task ASilenceRecordsAndKeepsQuietUntilItEnds()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var store = new AlertStore(database, Options);
        var silences = new SilenceStore(database);
        long id = await silences.AddAsync(new Silence(0, new Dictionary<string, string> { ["policy"] = "p*", ["caller"] = "a/*" }, Start, Start.AddHours(1), "ann", "migration"));
        await store.StoreAsync([Violation(0)]);
        Assert.Equal(0, await store.MakeNoticesAsync(Start.AddMinutes(30)));
        await store.StoreAsync([Violation(5, caller: "other/c")]);
        Assert.Equal(1, await store.MakeNoticesAsync(Start.AddSeconds(6)));
        Notice notice = Assert.Single(await store.LeaseAsync(Start.AddMinutes(30), 10)).Notice;
        Assert.Equal("other/c", Assert.Single(notice.Alerts).Labels["caller"]);
        Assert.True(await silences.ExpireAsync(id, Start.AddMinutes(40)));
        Assert.False(await silences.ExpireAsync(id, Start.AddMinutes(41)));
        await store.StoreAsync([Violation(2500)]);
        Assert.Equal(1, await store.MakeNoticesAsync(Start.AddSeconds(2600)));
        Assert.Equal([1L, 0L], (await new AlertReader(database).ListAsync(false, 10)).OrderBy(a => a.Labels["caller"]).Select(a => a.Silenced));
        await using NpgsqlCommand recorded = database.CreateCommand("SELECT count(*) FROM violation");
        Assert.Equal(3L, await recorded.ExecuteScalarAsync());
    }

    [PostgresFact]
    public async Task TwoProcessesNeverSendOneNoticeTwice()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        AlertStore[] stores = [new(database, Options), new(database, Options), new(database, Options), new(database, Options)];
        await Task.WhenAll(stores.Select(async (store, i) =>
        {
            // Each in another order, so that they meet at the same groups.
            for (int n = 0; n < 25; n++) await store.StoreAsync([Violation(n % 2, policy: $"p{(n * 7 + i) % 25}", caller: $"a/c{i}"), Violation(0, policy: $"p{n}", caller: $"a/c{i}")]);
        }));
        int[] made = await Task.WhenAll(stores.Select(s => s.MakeNoticesAsync(Start.AddSeconds(10))));
        Assert.Equal(25, made.Sum());
        IReadOnlyList<LeasedNotice>[] leased = await Task.WhenAll(stores.Select(s => s.LeaseAsync(Start.AddSeconds(10), 100)));
        Assert.Equal(25, leased.SelectMany(l => l).Select(l => l.Id).Distinct().Count());
        Assert.Equal(25, leased.Sum(l => l.Count));
        Assert.Equal(200, leased.SelectMany(l => l).Sum(l => l.Notice.New));
    }

    [PostgresFact]
    public async Task ANoticeThatIsNeverAnsweredForIsTakenAgainAndInOrder()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var store = new AlertStore(database, Options);
        await store.StoreAsync([Violation(0)]);
        await store.MakeNoticesAsync(Start.AddSeconds(1));
        Assert.Equal(1, Assert.Single(await store.LeaseAsync(Start.AddSeconds(1), 10)).Attempt);
        await store.StoreAsync([Violation(2)]);
        await store.MakeNoticesAsync(Start.AddSeconds(400));
        LeasedNotice again = Assert.Single(await store.LeaseAsync(Start.AddSeconds(400), 10));
        Assert.Equal((2, 1L), (again.Attempt, again.Notice.Total));
        await store.DeliveredAsync(again.Id, Start.AddSeconds(400));
        Assert.Equal(2L, Assert.Single(await store.LeaseAsync(Start.AddSeconds(401), 10)).Notice.Total);
    }

    internal static Violation Violation(double seconds, string policy = "pii", string caller = "a/b") => new()
    {
        Policy = policy,
        Version = "sha256:1",
        Severity = Severity.Critical,
        Effect = "deny",
        Message = $"{caller} may not",
        Caller = caller,
        Callee = "x/mailer",
        Function = "f",
        Event = PolicyEvent.Call,
        Call = new CallId(1),
        Trace = default,
        At = Start.AddSeconds(seconds),
    };

    private static async Task Send(AlertStore store, double seconds)
    {
        foreach (LeasedNotice notice in await store.LeaseAsync(Start.AddSeconds(seconds), 1)) await store.DeliveredAsync(notice.Id, Start.AddSeconds(seconds));
    }
}
