using Chain.Silo.Applications.Storage;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Chain.Tracer.Calls;
using Npgsql;

namespace Chain.Silo.Tests.Hosting;

/// <summary>Two nodes on one store: whichever deploys, both run it.</summary>
public sealed class SharedStoreTests : IAsyncLifetime, IDisposable
{
    private const string Stricter = WardFiles.Policies + "\n---\npolicy: noted\nmatch: { callee: ward/anonymizer }\neffect: audit\n";

    private readonly WardFiles ward = new();
    private NpgsqlDataSource database = null!;
    private string connection = "";
    private StoreNode a = null!;
    private StoreNode b = null!;

    public async Task InitializeAsync()
    {
        if (Tracer.Storage.PostgresBinaries.Search() is null) return;
        database = await TestPostgres.NewDatabaseAsync();
        connection = await TestPostgres.ConnectionStringAsync(database);
        a = await StoreNode.StartAsync(connection, "a");
        b = await StoreNode.StartAsync(connection, "b");
    }

    public async Task DisposeAsync()
    {
        if (database is null) return;
        await a.DisposeAsync();
        await b.DisposeAsync();
        await database.DisposeAsync();
    }

    public void Dispose() => ward.Dispose();

    [PostgresFact]
    public async Task WhatOneNodeDeploysRollsBackOrRemovesTheOtherDoesToo()
    {
        await a.DeployAsync(ward.Folder);
        await b.UntilAsync(1);
        Assert.Equal(a.Node.Policies.Digest, b.Node.Policies.Digest);
        await ExpectAnswerAsync(b);

        ward.Write("policies.yaml", Stricter);
        Deployment second = await b.DeployAsync(ward.Folder);
        Assert.Equal((2, true), (second.Version.Number, second.HasChanged));
        await a.UntilAsync(2);
        Assert.Equal(["noted", "pii-stays-inside"], a.Node.Policies.Policies.Select(static policy => policy.Name).Order());

        await a.Applications.RollbackAsync("ward", null, "tester");
        await b.UntilAsync(1);
        Assert.Equal(["pii-stays-inside"], b.Node.Policies.Policies.Select(static policy => policy.Name));
        await ExpectAnswerAsync(b);

        await b.Applications.RemoveAsync("ward", "tester");
        await a.UntilAsync(null);
        await StoreNode.UntilAsync(() => a.Node.Policies.Policies.Count == 0);
        await Assert.ThrowsAsync<KeyNotFoundException>(() => ExpectAnswerAsync(a));

        // Each change once, whoever followed it.
        Assert.Equal(3L, await CountAsync("application_activation"));
        Assert.Equal(4L, await CountAsync("policy_activation"));
        Assert.Empty(a.Lines.Concat(b.Lines));
    }

    [PostgresFact]
    public async Task NodesThatDeployAtOnceAgreeInTheEnd()
    {
        using var otherVersion = new WardFiles(WardFiles.Manifest.Replace("path: anonymizer.wasm", "path: anonymizer.wasm\n    instances: warm"));
        using var otherApplication = new WardFiles(WardFiles.Manifest.Replace("application: ward", "application: other"));
        otherApplication.Write("policies.yaml", WardFiles.Policies.Replace("pii-stays-inside", "theirs").Replace("ward/", "other/"));
        Deployment[] made = await Task.WhenAll(a.DeployAsync(ward.Folder), b.DeployAsync(otherVersion.Folder), b.DeployAsync(otherApplication.Folder));
        Assert.Equal([("other", 1), ("ward", 1), ("ward", 2)], made.Select(static one => (one.Version.Application, one.Version.Number)).Order());

        int active = (await a.Applications.Store.ActiveAsync("ward"))!.Number;
        Assert.Equal(2, active);
        foreach (StoreNode node in (StoreNode[])[a, b])
        {
            await node.UntilAsync(active);
            await node.UntilAsync(1, "other");
            await StoreNode.UntilAsync(() => node.Node.Policies.Policies.Count == 2);
            await ExpectAnswerAsync(node);
        }

        // The same again, at once: it is there already.
        string latest = made[0].Version.Number == active ? ward.Folder : otherVersion.Folder;
        Deployment[] same = await Task.WhenAll(a.DeployAsync(latest), b.DeployAsync(latest));
        Assert.Equal([(2, false), (2, false)], same.Select(static one => (one.Version.Number, one.HasChanged)));
        Assert.Equal(3L, await CountAsync("application_activation"));
    }

    [PostgresFact]
    public async Task ANodeThatWasAwayComesBackWithWhatIsActive()
    {
        await a.DeployAsync(ward.Folder);
        await b.UntilAsync(1);
        await b.DisposeAsync();
        ward.Write("policies.yaml", Stricter);
        await a.DeployAsync(ward.Folder);

        b = await StoreNode.StartAsync(connection, "b");
        Assert.Equal(2, b.Node.VersionOf("ward"));
        Assert.Equal(a.Node.Policies.Digest, b.Node.Policies.Digest);
        Assert.Equal(2L, await CountAsync("application_activation"));
    }

    [PostgresFact]
    public async Task ANodeWhoseConnectionIsCutSeesWhatItMissed()
    {
        await a.DeployAsync(ward.Folder);
        await b.UntilAsync(1);
        const string listeners = "FROM pg_stat_activity WHERE datname = current_database() AND query IN ('LISTEN chain_application', 'SELECT 1')";
        await StoreNode.UntilAsync(async () => await ScalarAsync($"SELECT count(*) {listeners}") is 2L);
        Assert.Equal(2L, await ScalarAsync($"SELECT count(pg_terminate_backend(pid)) {listeners}"));
        ward.Write("policies.yaml", Stricter);
        await a.DeployAsync(ward.Folder);
        await b.UntilAsync(2);

        await b.Applications.RollbackAsync("ward", 1, "tester");
        await a.UntilAsync(1);
    }

    [PostgresFact]
    public async Task AVersionThatCannotBeStartedHereLeavesTheOneBeforeAndIsSaidOnce()
    {
        await a.DeployAsync(ward.Folder);
        await b.UntilAsync(1);
        ward.Write("policies.yaml", Stricter);
        await a.DeployAsync(ward.Folder);
        await b.UntilAsync(2);
        await a.Applications.RollbackAsync("ward", null, "tester");
        await b.UntilAsync(1);

        // As another version of Chain would have written it.
        await ScalarAsync("UPDATE application_version SET digest = 'sha256:0' WHERE number = 2");
        ApplicationStore store = a.Applications.Store;
        for (int i = 0; i < 2; i++) await store.ActivateAsync("ward", 2, "tester", DateTimeOffset.UtcNow);
        await StoreNode.UntilAsync(() => a.Applications.NotRunning.Count + b.Applications.NotRunning.Count == 2);
        NotResumed failed = Assert.Single(b.Applications.NotRunning);
        Assert.Equal(("ward", 2), (failed.Version.Application, failed.Version.Number));
        Assert.StartsWith("version 2 of 'ward' was sha256:0 when it was deployed and is sha256:", failed.Reason);
        Assert.Equal(1, b.Node.VersionOf("ward"));
        await ExpectAnswerAsync(b);

        await store.ActivateAsync("ward", 1, "tester", DateTimeOffset.UtcNow);
        await StoreNode.UntilAsync(() => a.Applications.NotRunning.Count + b.Applications.NotRunning.Count == 0);
        Assert.Equal($"ward version 2 is active in the store and cannot be started here: {failed.Reason}", Assert.Single(b.Lines));
    }

    [PostgresFact]
    public async Task AnyVersionCanBeHeldForACall()
    {
        for (int i = 1; i <= 6; i++)
        {
            ward.Write("chain.yaml", WardFiles.Manifest.Replace("path: anonymizer.wasm", $"path: anonymizer.wasm\n    replicas: {i}"));
            await a.DeployAsync(ward.Folder);
        }

        await b.UntilAsync(6);
        DeployedApplication current = await b.Node.HoldAsync("ward", 6, default);
        Assert.Equal((6, 0), (current.Version, b.Node.Held.Count));
        current.Leave();

        // Loaded once, by whoever comes first.
        DeployedApplication[] first = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => b.Node.HoldAsync("ward", 1, default)));
        Assert.Equal((1, 1), (first[0].Version, first[0].Plan.Components["anonymizer"].Replicas));
        Assert.All(first, one => Assert.Same(first[0], one));
        foreach (DeployedApplication one in first[1..]) one.Leave();
        for (int i = 2; i <= 5; i++) (await b.Node.HoldAsync("ward", i, default)).Leave();
        Assert.Equal(HeldVersions.MostOfApplication, b.Node.Held.Count);

        // The one in use stays, and what is not used any more goes.
        Assert.Same(first[0], await b.Node.HoldAsync("ward", 1, default));
        first[0].Leave();
        DateTimeOffset later = DateTimeOffset.UtcNow + HeldVersions.Kept + TimeSpan.FromMinutes(1);
        b.Node.Held.Trim(later);
        Assert.Equal(1, b.Node.Held.Count);
        first[0].Leave();
        b.Node.Held.Trim(later + HeldVersions.Kept + TimeSpan.FromMinutes(1));
        Assert.Equal(0, b.Node.Held.Count);
        Assert.False(first[0].TryEnter());

        var none = await Assert.ThrowsAsync<Tracer.Storage.StoreException>(() => b.Node.HoldAsync("ward", 7, default));
        Assert.Equal("application 'ward' has no version 7", none.Message);
        Assert.Equal(0, b.Node.Held.Count);
    }

    private static async Task ExpectAnswerAsync(StoreNode node)
    {
        GatewayResult result = await node.Node.CallAsync("ward", "records", "ids()", default, default);
        Assert.Equal(CallOutcome.Returned, result.Outcome);
    }

    private async Task<long> CountAsync(string table) => (long)(await ScalarAsync($"SELECT count(*) FROM {table}"))!;

    private async Task<object?> ScalarAsync(string sql)
    {
        await using NpgsqlCommand command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
