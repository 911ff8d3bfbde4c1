using Chain.Cli.Tests.Examples;
using Chain.Silo.Applications;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Npgsql;

namespace Chain.Cli.Tests.Chains;

/// <summary>What one request leaves for the next, in state and in instances that are kept, and that its tags stay with it. Components of the clinic.</summary>
public sealed class MemoryTests
{
    [PostgresFact]
    public async Task ATagThatOneRequestStoresShowsInTheNextThatReadsItAndOnlyThere()
    {
        await using TestNode test = await TestNode.StartAsync();
        await DeployAsync(test);

        GatewayResult added = await CallAsync(test, "records", "clinic:records/store", "add", Draft("Ada"), "from=ward");
        string ada = Text(added);
        GatewayResult read = await CallAsync(test, "records", "clinic:records/store", "get", new StringValue(ada));
        GatewayResult readAgain = await CallAsync(test, "records", "clinic:records/store", "get", new StringValue(ada));
        GatewayResult missing = await CallAsync(test, "records", "clinic:records/store", "get", new StringValue("p77"));
        // The counter for the next id was written by the first.
        GatewayResult second = await CallAsync(test, "records", "clinic:records/store", "add", Draft("Bo"), "from=lab");
        GatewayResult readSecond = await CallAsync(test, "records", "clinic:records/store", "get", new StringValue(Text(second)));
        GatewayResult readFirst = await CallAsync(test, "records", "clinic:records/store", "get", new StringValue(ada));
        await test.Node.FlushAsync();

        Assert.Equal(["from=ward"], From(added));
        Assert.Equal(["from=ward"], From(read));
        Assert.Equal(["from=ward"], From(readAgain));
        Assert.Equal(CallOutcome.ErrorResult, missing.Outcome);
        Assert.Empty(From(missing));
        Assert.Equal(["from=lab", "from=ward"], From(readSecond));
        Assert.Equal(["from=ward"], From(readFirst));
        Assert.Contains("pii", read.Label.ToString().Split(','));
        Assert.Equal(1, await FlowsAsync(test.Database, added, read));
        Assert.Equal(0, await FlowsAsync(test.Database, added, missing));
        Assert.Equal(0, await FlowsAsync(test.Database, second, readFirst));
    }

    [PostgresFact]
    public async Task AnInstanceThatIsKeptCarriesTagsOnAndOneThatIsResetDoesNot()
    {
        await using TestNode test = await TestNode.StartAsync();
        await DeployAsync(test);

        GatewayResult clean = await CallAsync(test, "printer", "clinic:print/layout", "page", new StringValue("a"));
        GatewayResult tagged = await CallAsync(test, "printer", "clinic:print/layout", "page", new StringValue("b"), "from=ward");
        GatewayResult after = await CallAsync(test, "printer", "clinic:print/layout", "page", new StringValue("c"));
        await CallAsync(test, "letters", "tinytext:templates/render@1.4.2", "render", Template("a"), "from=lab");
        GatewayResult rendered = await CallAsync(test, "letters", "tinytext:templates/render@1.4.2", "render", Template("b"));
        await test.Node.FlushAsync();

        Assert.Empty(From(clean));
        Assert.Equal(["from=ward"], From(tagged));
        Assert.Equal(["from=ward"], From(after));
        Assert.Empty(From(rendered));
        Assert.Equal(1, await FlowsAsync(test.Database, tagged, after));
        Assert.Equal(0, await FlowsAsync(test.Database, clean, after));
    }

    [PostgresFact]
    public async Task ACallThatWasDeniedLeavesNothingInAnInstanceThatIsKept()
    {
        await using TestNode test = await TestNode.StartAsync();
        const string Manifest = """
            application: probe
            components:
              worker: { path: worker.wasm, instances: warm, replicas: 1 }
            sources:
              - { component: worker, function: "chain:probe/work#perform", result: [secret] }
            policies: [policies.yaml]
            """;
        const string Policies = """
            policy: no-secrets-to-the-worker
            match: { callee: probe/worker, tags: secret }
            effect: deny
            """;
        await test.Node.DeployAsync(await test.WriteProbesAsync(Manifest, Policies), 1, "test");
        Task<GatewayResult> PerformAsync(string tags) =>
            test.Node.CallAsync("probe", "worker", "chain:probe/work", "perform", [new EnumValue("answer")], test.With(tags));

        Assert.Equal(["from=ward"], From(await PerformAsync("from=ward")));
        Assert.Equal(CallOutcome.Denied, (await PerformAsync("from=lab,secret")).Outcome);
        Assert.Equal(["from=ward"], From(await PerformAsync("")));
    }

    private static async Task DeployAsync(TestNode test) => await test.Node.DeployAsync((await ApplicationCheck.RunAsync(Clinic.Folder)).Require(), 1, "test");

    private static Task<GatewayResult> CallAsync(TestNode test, string component, string interfaceName, string function, ComponentValue argument, string tags = "") =>
        CallAsync(test, component, interfaceName, function, [argument], tags);

    private static Task<GatewayResult> CallAsync(TestNode test, string component, string interfaceName, string function, ComponentValue[] arguments, string tags = "") =>
        test.Node.CallAsync("clinic", component, interfaceName, function, arguments, test.With(tags));

    private static RecordValue Draft(string name) => new(
    [
        ("name", new StringValue(name)), ("born", new IntegerValue(PrimitiveKind.U16, 1980)), ("email", new StringValue($"{name}@example.org")),
        ("diagnosis", new StringValue("flu")), ("notes", new StringValue("none")),
    ]);

    private static ComponentValue[] Template(string text) => [new StringValue(text), new ListValue(Array.Empty<ComponentValue>())];

    private static string Text(GatewayResult result) => ((StringValue)Assert.IsType<ResultValue>(result.Value).Payload!).Value;

    // The tags that requests brought; sources add others.
    private static IEnumerable<string> From(GatewayResult result) =>
        result.Label.Tags.Select(static tag => tag.ToString()).Where(static tag => tag.StartsWith("from=", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    // How many calls of one request got data straight from calls of another.
    private static async Task<long> FlowsAsync(NpgsqlDataSource database, GatewayResult from, GatewayResult to)
    {
        await using NpgsqlCommand command = database.CreateCommand("""
            SELECT count(DISTINCT f.dst) FROM flow f JOIN call source ON source.id = f.src JOIN call destination ON destination.id = f.dst
            WHERE coalesce(source.trace, source.id) = $1 AND coalesce(destination.trace, destination.id) = $2
            """);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = from.Trace.Key });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = to.Trace.Key });
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
