using Chain.Silo.Applications;
using Chain.Silo.Applications.Storage;
using Chain.Tests;
using Chain.Tracer.Storage;
using Npgsql;

namespace Chain.Silo.Tests.Applications;

public sealed class ApplicationStoreTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    [PostgresFact]
    public async Task AVersionComesBackFromTheStoreAlone()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var store = new ApplicationStore(database);
        ApplicationPlan plan;
        using (var application = Application(PlanTests.Whole)) plan = (await application.CheckAsync()).Require();

        ApplicationVersion version = await store.SaveVersionAsync(plan, "ann", Now);
        Assert.Equal(new ApplicationVersion("shop", 1, plan.Digest, Now, "ann", false), version);
        Assert.Empty(await store.ListAsync());
        ApplicationPlan loaded = await store.LoadAsync("shop", 1);
        Assert.Equal(plan.Digest, loaded.Digest);
        foreach ((string name, ComponentPlan component) in plan.Components)
        {
            Assert.True(component.Bytes.Span.SequenceEqual(loaded.Components[name].Bytes.Span));
            Assert.Equal(component.TypeImports, loaded.Components[name].TypeImports);
        }

        Assert.Equal(plan.Policies, loaded.Policies);
        Assert.Equal(plan.Bundle.Manifest, loaded.Bundle.Manifest);
        Assert.Equal(plan.Sources.Select(s => s.Field), loaded.Sources.Select(s => s.Field));
    }

    [PostgresFact]
    public async Task VersionsAreActivatedAndRolledBackWithTheLabelsOfTheirComponents()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var store = new ApplicationStore(database);
        using var first = Application(PlanTests.Whole);
        using var second = Application(PlanTests.Whole.Replace("region: eu", "region: us"));
        ApplicationPlan one = (await first.CheckAsync()).Require();
        await store.SaveVersionAsync(one, "ann", Now);
        Assert.Equal(1, (await store.SaveVersionAsync(one, "bob", Now)).Number);
        Assert.Equal(2, (await store.SaveVersionAsync((await second.CheckAsync()).Require(), "bob", Now)).Number);
        // Both versions have the same three components.
        Assert.Equal(3L, await ScalarAsync(database, "SELECT count(*) FROM component_blob"));

        const string Region = "SELECT labels ->> 'region' FROM component WHERE name = 'shop/store' AND version LIKE 'sha256:%'";
        await store.ActivateAsync("shop", 1, "ann", Now);
        Assert.Equal("eu", await ScalarAsync(database, Region));
        Assert.Equal("us", await ScalarAsync(database, "SELECT labels ->> 'region' FROM component WHERE name = 'shop/relay'"));
        Assert.True((await store.ActivateAsync("shop", 2, "ann", Now)).IsActive);
        Assert.Equal("us", await ScalarAsync(database, Region));
        Assert.Equal(2, Assert.Single(await store.ListAsync()).Number);

        Assert.Equal(1, (await store.RollbackAsync("shop", "ann", Now)).Number);
        Assert.Equal("eu", await ScalarAsync(database, Region));
        Assert.Equal([(2, false), (1, true)], (await store.VersionsAsync("shop")).Select(v => (v.Number, v.IsActive)));
        var nothing = await Assert.ThrowsAsync<StoreException>(() => store.RollbackAsync("shop", "ann", Now));
        Assert.Equal("no version of 'shop' was active before version 1: there is nothing to go back to", nothing.Message);
    }

    [PostgresFact]
    public async Task WhatIsNotThereIsSaid()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var store = new ApplicationStore(database);
        Assert.Equal("no application is called 'shop'", (await Assert.ThrowsAsync<StoreException>(() => store.ActivateAsync("shop", 1, "ann", Now))).Message);
        using var application = Application(PlanTests.Whole);
        await store.SaveVersionAsync((await application.CheckAsync()).Require(), "ann", Now);
        Assert.Equal("application 'shop' has no version 7", (await Assert.ThrowsAsync<StoreException>(() => store.ActivateAsync("shop", 7, "ann", Now))).Message);
        Assert.Equal("application 'shop' has no version 7", (await Assert.ThrowsAsync<StoreException>(() => store.LoadAsync("shop", 7))).Message);
        Assert.Equal("no version of 'shop' is active", (await Assert.ThrowsAsync<StoreException>(() => store.RollbackAsync("shop", "ann", Now))).Message);
    }

    [PostgresFact]
    public async Task AFailureHalfwayLeavesNothing()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        using var application = Application(PlanTests.Whole);
        ApplicationPlan plan = (await application.CheckAsync()).Require();
        // A sink of a component's name breaks the last rows that are written.
        ApplicationPlan bad = plan with { Sinks = [plan.Sinks[0] with { Name = "store" }] };
        await Assert.ThrowsAsync<PostgresException>(() => new ApplicationStore(database).SaveVersionAsync(bad, "ann", Now));
        Assert.Equal(0L, await ScalarAsync(database, "SELECT (SELECT count(*) FROM component_blob) + (SELECT count(*) FROM application)"));
    }

    [PostgresFact]
    public async Task ManyWhoSaveAtOnceGetANumberEach()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var store = new ApplicationStore(database);
        using var application = Application(PlanTests.Whole);
        ApplicationPlan plan = (await application.CheckAsync()).Require();
        ApplicationVersion[] saved = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(i => store.SaveVersionAsync(plan with { Digest = "sha256:" + i.ToString("x64") }, "ann", Now)));
        Assert.Equal(Enumerable.Range(1, 8), saved.Select(version => version.Number).Order());
    }

    [PostgresFact]
    public async Task AComponentIsNamedByTheDigestOfOneInTheStore()
    {
        await using NpgsqlDataSource database = await TestPostgres.NewDatabaseAsync();
        var store = new ApplicationStore(database);
        using var application = Application(PlanTests.Whole);
        ApplicationPlan plan = (await application.CheckAsync()).Require();
        await store.SaveVersionAsync(plan, "ann", Now);
        using var other = new TestApplication($"application: other\ncomponents:\n  store: {{ digest: \"{plan.Components["store"].Digest}\" }}\n");
        ApplicationPlan found = (await other.CheckAsync(store.FindComponentAsync)).Require();
        Assert.True(plan.Components["store"].Bytes.Span.SequenceEqual(found.Components["store"].Bytes.Span));
        using var unknown = new TestApplication($"application: other\ncomponents:\n  store: {{ digest: \"sha256:{new string('0', 64)}\" }}\n");
        Assert.Equal(
            $"chain.yaml:3:20: component 'store': the store has no component sha256:{new string('0', 64)}", unknown.Text(await unknown.CheckAsync(store.FindComponentAsync)));
    }

    private static TestApplication Application(string manifest)
    {
        var application = new TestApplication(manifest);
        application.Write("policy.yaml", PlanTests.Policy);
        return application;
    }

    private static async Task<object?> ScalarAsync(NpgsqlDataSource database, string sql)
    {
        await using NpgsqlCommand command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
