using Chain.Cli.Bench;
using Chain.PolicyEngine.Policies;
using Chain.Silo.Applications;
using Chain.Silo.Applications.Storage;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Wasm;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;

namespace Chain.Cli.Tests.Chains;

/// <summary>Versions of an application that take one another's place while calls run.</summary>
public sealed class DeployTests
{
    // How deep a chain gets says which version it ran on: the second one's fifth component is a leaf.
    private const int OfFirst = 9;
    private const int OfSecond = 4;

    [PostgresFact]
    public async Task CallsFinishOnTheVersionThatTheyBeganWith()
    {
        await using TestNode test = await TestNode.StartAsync();
        string folder = test.FolderOf("hop");
        await test.Node.DeployAsync(await HopApplication.WriteAsync(folder, hasRules: false), 1, "test");
        await CallAsync(test, 0);

        // Long enough that many are under way, and many more wait, when the second version comes.
        Task<GatewayResult>[] before = [.. Enumerable.Range(0, 100).Select(_ => CallAsync(test, 2_000_000))];
        while (test.Node.Calls < 20) await Task.Delay(1);
        await test.Node.DeployAsync(await SecondAsync(folder), 2, "test");
        int unfinished = before.Count(static call => !call.IsCompleted);
        Task<GatewayResult>[] after = [.. Enumerable.Range(0, 50).Select(_ => CallAsync(test, 0))];

        Assert.All(await Task.WhenAll(before), static result => Expect(result, OfFirst));
        Assert.All(await Task.WhenAll(after), static result => Expect(result, OfSecond));
        Assert.True(unfinished > 0, "all calls had ended before the second version came");
        Assert.Equal(2, test.Node.Applications.Single().Version);
        Assert.Equal(((1 + before.Length) * (OfFirst + 1)) + (after.Length * (OfSecond + 1)), test.Node.Calls);
    }

    [PostgresFact]
    public async Task ANodeThatDeploysKeepsThePoliciesOfWhatOtherNodesOfTheStoreRun()
    {
        await using TestNode test = await TestNode.StartAsync();
        ApplicationPlan first = await HopApplication.WriteAsync(test.FolderOf("hop"), hasRules: true);
        var store = new ApplicationStore(test.Database);
        ApplicationVersion version = await store.SaveVersionAsync(first, "test", DateTimeOffset.UtcNow);
        await test.Node.DeployAsync(first, version.Number, "test");
        await store.ActivateAsync(first.Name, version.Number, "test", DateTimeOffset.UtcNow);
        ApplicationPlan other = await test.WriteProbesAsync(
            "{ application: probe, components: { worker: { path: worker.wasm } }, policies: [policies.yaml] }", "{ policy: mine, match: { callee: probe/worker }, effect: audit }");

        string folder = test.FolderOf("second-node");
        await using (LocalNode second = await LocalNode.StartAsync(new NodeOptions { Folder = folder, Postgres = test.Connection }, static _ => { }))
        {
            await second.DeployAsync(other, 1, "test");
            string[] expected = [.. test.Node.Policies.Policies.Select(static policy => policy.Name).Append("mine").Distinct().Order()];
            Assert.Equal(expected, second.Policies.Policies.Select(static policy => policy.Name).Order());
            Assert.True(expected.Length > 1);
        }
    }

    [PostgresFact]
    public async Task AVersionThatCannotBeDeployedLeavesTheOldOne()
    {
        await using TestNode test = await TestNode.StartAsync();
        string folder = test.FolderOf("hop");
        ApplicationPlan first = await HopApplication.WriteAsync(folder, hasRules: true);
        await test.Node.DeployAsync(first, 1, "test");
        string policies = test.Node.Policies.Digest;
        ApplicationPlan second = await SecondAsync(folder);

        // Policies that do not go with those of another application.
        await test.Node.DeployAsync(await test.WriteProbesAsync(
            "{ application: probe, components: { worker: { path: worker.wasm } }, policies: [policies.yaml] }", "{ policy: mine, match: { callee: probe/worker }, effect: audit }"), 1, "test");
        PolicyFile clash = new("clash.yaml", "{ policy: mine, match: { callee: hop/c0 }, effect: audit }");
        string both = test.Node.Policies.Digest;
        Assert.NotEqual(policies, both);
        await Assert.ThrowsAsync<PolicySetException>(() => test.Node.DeployAsync(second with { Policies = [clash] }, 2, "test"));
        await ExpectFirstAsync();

        // A component whose import nobody meets: what check refuses, here as another node may bring it.
        await Assert.ThrowsAnyAsync<WasmException>(() => test.Node.DeployAsync(second with { Links = [.. second.Links.Skip(1)] }, 2, "test"));
        await ExpectFirstAsync();

        async Task ExpectFirstAsync()
        {
            Expect(await CallAsync(test, 0), OfFirst);
            Assert.Equal(1, test.Node.Applications.Single(static one => one.Plan.Name == "hop").Version);
            Assert.Equal(both, test.Node.Policies.Digest);
        }
    }

    private static async Task<ApplicationPlan> SecondAsync(string folder)
    {
        string manifest = Path.Combine(folder, ApplicationCheck.DefaultFile);
        string text = await File.ReadAllTextAsync(manifest);
        await File.WriteAllTextAsync(manifest, text
            .Replace("  c4: { path: relay.wasm", "  c4: { path: leaf.wasm", StringComparison.Ordinal)
            .Replace("  - { from: c4, import: \"chain:hop/next\", to: c5, export: \"chain:hop/step\" }\n", "", StringComparison.Ordinal));
        return (await ApplicationCheck.RunAsync(folder)).Require();
    }

    private static Task<GatewayResult> CallAsync(TestNode test, int rounds) => test.Node.CallAsync(
        HopApplication.Name, "c0", "chain:hop/step", "step", [new IntegerValue(PrimitiveKind.U32, OfFirst), new IntegerValue(PrimitiveKind.U32, rounds)]);

    private static void Expect(GatewayResult result, int depth)
    {
        Assert.Equal(CallOutcome.Returned, result.Outcome);
        Assert.Equal(new IntegerValue(PrimitiveKind.U32, depth), result.Value);
    }
}
