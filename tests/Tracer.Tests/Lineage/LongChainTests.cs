using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Npgsql;

namespace Chain.Tracer.Tests.Lineage;

/// <summary>A session of 3,000 requests of five calls, each of which read what the one before wrote, and now and then what an older one wrote.</summary>
public sealed class LongChainTests
{
    private const int Requests = 3_000;
    private const int Calls = 5;

    [PostgresTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AChainThroughStateIsFollowedToItsBeginningHoweverOftenTheQueryIsCut(bool bundled)
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        List<CallId> roots = await StoreAsync(database);
        if (bundled) await new StoreUpkeep(database, new UpkeepOptions { Retention = null }).RunAsync();
        await using StoreReader reader = await LineageStores.OpenAsync(database);

        LineageResult found = await new LineageQuery(reader).ReachAsync(roots[^1], ValueSide.Out, LineageDirection.Ancestors);

        Assert.Equal((Requests * Calls) - 1, found.Calls.Count);
        Assert.Empty(found.Missing);
        Assert.Equal(Requests - 1 + ((Requests - 1) / 7), found.Edges().Count(edge => edge.Kind is EdgeKind.State));
    }

    [PostgresFact]
    public async Task AChainIsFollowedOverManyDaysOfWhichSomeAreLoose()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        // About seven days: more than one query follows.
        List<CallId> roots = await StoreAsync(database, requests: 210, apart: TimeSpan.FromMinutes(49));
        await new StoreUpkeep(database, new UpkeepOptions { Retention = null }).RunAsync();
        await using (NpgsqlCommand command = database.CreateCommand("INSERT INTO loose (slice, call) SELECT call_slice(id), id FROM unnest($1) id"))
        {
            command.Parameters.AddWithValue(roots.Where((_, i) => i is 40 or 41 or 90 || i == roots.Count - 2).Select(root => root.Value).ToArray());
            Assert.Equal(4, await command.ExecuteNonQueryAsync());
        }

        await using StoreReader reader = await LineageStores.OpenAsync(database);
        foreach (int last in (int[])[roots.Count - 1, roots.Count - 2, 91, 41, 30, 0])
        {
            // From the root, and from a call that only its own row names.
            foreach (CallId from in (CallId[])[roots[last], CallId.From(roots[last].StartMicroseconds + 40, roots[last].Lane)])
            {
                LineageResult found = await new LineageQuery(reader).ReachAsync(from, null, LineageDirection.Ancestors);
                Assert.Equal(last, found.Calls.Count(call => roots.Contains(call.Id) && call.Id.Value < roots[last].Value));
                Assert.Empty(found.Missing);
            }
        }
    }

    [PostgresFact]
    public async Task WhatALimitCutsOffIsSaidToBeCutOff()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        List<CallId> roots = await StoreAsync(database);
        await using StoreReader reader = await LineageStores.OpenAsync(database, new LineageLimits { Calls = 6_000 });
        await using StoreReader narrow = await LineageStores.OpenAsync(database, new LineageLimits { Calls = 20 });

        Assert.True((await new LineageQuery(reader).ReachAsync(roots[^1], ValueSide.Out, LineageDirection.Ancestors)).IsTruncated);
        await Assert.ThrowsAsync<LineageException>(() => new LineageQuery(narrow).PathAsync(roots[0], ValueSide.Out, roots[^1], ValueSide.In));
    }

    private static async Task<List<CallId>> StoreAsync(NpgsqlDataSource database, int requests = Requests, TimeSpan? apart = null)
    {
        NodeRegistration node = await NodeRegistration.RegisterAsync(database, Guid.NewGuid(), "here", 64);
        var (labels, names) = (new LabelStore(), new CallNames());
        CallSiteId site = names.Intern(new CallSite(ComponentRef.Outside, new ComponentRef("app/session"), new FunctionRef("f")));
        StateKeyId key = names.Intern(new StateKey("app/session", "default", "k"));
        long start = CallId.At(new DateTimeOffset(2026, 5, 5, 12, 0, 0, TimeSpan.Zero)).StartMicroseconds;
        var (roots, calls, flows) = (new List<CallId>(), new List<CallRecord>(), new List<FlowRecord>());
        for (int request = 0; request < requests; request++)
        {
            CallId root = CallId.From(start + (request * (long)(apart?.TotalMicroseconds ?? 1000)), node.FirstLane);
            for (int i = 0; i < Calls; i++)
            {
                CallId parent = i == 0 ? default : i < 3 ? root : calls[^1].Id;
                calls.Add(new CallRecord { Id = CallId.From(root.StartMicroseconds + (i * 10), node.FirstLane), Trace = root.Value, Parent = parent, Site = site, Duration = (100 - (i * 10)) * 1000 });
            }

            if (request > 0) flows.Add(new FlowRecord { Destination = root, Source = roots[^1], State = key });
            if (request > 0 && request % 7 == 0) flows.Add(new FlowRecord { Destination = root, Source = roots[request / 3], Ordinal = 1, State = key });
            roots.Add(root);
        }

        await new StoreWriter(database, new ProcessNames(labels, names), node.Id).WriteAsync(new RecordBatch(calls.ToArray(), flows.ToArray()));
        return roots;
    }
}
