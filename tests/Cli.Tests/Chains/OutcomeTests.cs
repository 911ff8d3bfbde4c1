using System.Text.Json;
using Chain.Silo.Hosting.Local;
using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Telemetry;
using Chain.Wasm.Components.Values;

namespace Chain.Cli.Tests.Chains;

/// <summary>How calls of real components end, and what <c>chain trace</c> shows of it.</summary>
public sealed class OutcomeTests
{
    private const string Manifest = """
        application: probe
        components:
          front: { path: front.wasm, limits: { memory: 1MiB } }
          hasty: { path: front.wasm, limits: { memory: 1MiB, deadline: 500ms } }
          worker: { path: worker.wasm, limits: { memory: 1MiB } }
        links:
          - { from: front, import: "chain:probe/work", to: worker }
          - { from: hasty, import: "chain:probe/work", to: worker }
        sources:
          - { component: worker, function: "chain:probe/work#perform", result: [secret] }
        policies: [policies.yaml]
        """;

    private const string Policies = """
        policy: no-secrets-to-the-worker
        match: { callee: probe/worker, tags: secret }
        effect: deny
        """;

    [PostgresFact]
    public async Task EachOutcomeIsInTheTrace()
    {
        await using TestNode test = await TestNode.StartAsync();
        await test.Node.DeployAsync(await test.WriteProbesAsync(Manifest, Policies), 1, "test");

        GatewayResult returned = await CallAsync(test, "front", "answer");
        GatewayResult failed = await CallAsync(test, "front", "fail");
        GatewayResult trapped = await CallAsync(test, "front", "trap");
        GatewayResult late = await CallAsync(test, "hasty", "loop");
        GatewayResult handled = await CallAsync(test, "front", "answer", test.With("secret"));
        GatewayResult denied = await CallAsync(test, "worker", "answer", test.With("secret"));
        GatewayResult givenUp = await GiveUpAsync(test);
        await test.Node.FlushAsync();

        Expect(test, returned, CallOutcome.Returned, "front returned", "worker returned");
        Expect(test, failed, CallOutcome.ErrorResult, "front error", "worker error");
        Expect(test, trapped, CallOutcome.Trapped, "front trapped", "worker trapped");
        Expect(test, late, CallOutcome.TimedOut, "hasty timed-out", "worker timed-out");
        // The caller of a denied call gets an error of the function's own type, and goes on.
        Expect(test, handled, CallOutcome.ErrorResult, "front error", "worker denied");
        Assert.Equal(new ResultValue(false, new EnumValue("denied")), handled.Value);
        Expect(test, denied, CallOutcome.Denied, "worker denied");
        Expect(test, givenUp, CallOutcome.Cancelled, "front cancelled", "worker cancelled");
        Assert.Equal(2, test.Node.Denied);
        Assert.Equal(15, test.Node.Calls);
    }

    [PostgresFact]
    public async Task AnInstanceThatTrappedOrWasEndedAnswersNoOther()
    {
        await using TestNode test = await TestNode.StartAsync();
        await test.Node.DeployAsync(await test.WriteProbesAsync(Manifest, Policies), 1, "test");

        Assert.Equal(CallOutcome.Trapped, (await CallAsync(test, "front", "trap")).Outcome);
        Assert.Equal(0, Alive(test, "front") + Alive(test, "worker"));
        Assert.Equal(CallOutcome.TimedOut, (await CallAsync(test, "hasty", "loop")).Outcome);
        Assert.Equal(0, Alive(test, "hasty") + Alive(test, "worker"));
        Assert.Equal(CallOutcome.Returned, (await CallAsync(test, "front", "answer")).Outcome);
        Assert.Equal(2, Alive(test, "front") + Alive(test, "worker"));
    }

    private static Task<GatewayResult> CallAsync(TestNode test, string component, string deed, Incoming incoming = default, CancellationToken cancellation = default) =>
        test.Node.CallAsync("probe", component, "chain:probe/work", "perform", [new EnumValue(deed)], incoming, cancellation);

    // Gives up once the worker is at work: of two calls that do not end, when there are two workers.
    private static async Task<GatewayResult> GiveUpAsync(TestNode test)
    {
        Assert.InRange(Alive(test, "worker"), 0, 1);
        using var client = new CancellationTokenSource();
        using var other = new CancellationTokenSource();
        Task<GatewayResult>[] calls = [CallAsync(test, "front", "loop", default, client.Token), CallAsync(test, "front", "loop", default, other.Token)];
        while (Alive(test, "worker") < 2) await Task.Delay(5);
        await client.CancelAsync();
        GatewayResult result = await calls[0];
        Assert.False(calls[1].IsCompleted);
        await other.CancelAsync();
        await calls[1];
        return result;
    }

    private static int Alive(TestNode test, string component) => test.Node.Applications.Single().Instances[component];

    private static void Expect(TestNode test, GatewayResult result, CallOutcome outcome, params string[] calls)
    {
        Assert.Equal(outcome, result.Outcome);
        CapturedRun run = CapturedRun.Of("trace", result.Trace.ToString(), "--json", "--postgres", test.Connection);
        Assert.True(run.ExitCode == 0, run.Error);
        using JsonDocument trace = JsonDocument.Parse(run.Output);
        Assert.Equal(
            calls.Select(static call => "probe/" + call),
            trace.RootElement.GetProperty("calls").EnumerateArray().Select(static call => $"{call.GetProperty("callee").GetString()!.Split('@')[0]} {call.GetProperty("outcome").GetString()}"));
    }
}
