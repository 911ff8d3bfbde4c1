using System.Text;
using Chain.Silo.Applications;
using Chain.Silo.Hosting.Local;
using Chain.Tracer.Calls;
using Chain.Tracer.Telemetry;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;

namespace Chain.Cli.Bench;

/// <summary>
/// The application of <c>bench/hop</c>: ten components in a row, each of which works for a while and passes the call on to the next. Safe for any
/// thread.
/// </summary>
internal static class HopApplication
{
    public const string Name = "hop";

    /// <summary>The components of a whole chain.</summary>
    public const int Length = 10;

    // As an application may have them: what each link does not rule out is decided anew for each call of it.
    private const string Policies = """
        policy: nothing-american-at-the-end
        match: { callee: "*/c9", tags: region }
        when: data.value('region') == 'us'
        effect: deny
        ---
        policy: personal-data-stay-in-the-region
        match: { tags: pii }
        when: callee.region != '' && callee.region != 'eu'
        effect: deny
        ---
        policy: nothing-american-comes-back
        on: result
        when: data.has('region') && data.value('region') != 'eu'
        effect: deny
        ---
        policy: no-way-around-the-middle
        match: { tags: pii }
        when: chain.length > 6 && !chain.passed('c5')
        effect: deny
        ---
        policy: strangers-get-nothing-personal
        match: { tags: pii }
        when: has(callee.labels.vendor)
        effect: alert
        ---
        policy: the-end-is-watched
        match: { callee: "*/c9", tags: pii }
        effect: audit
        """;

    private const string Sources = """
        sources:
          - { component: c0, function: "chain:hop/step#step", argument: depth, tags: [pii, user=alice] }
          - { component: c4, function: "chain:hop/step#step", result: [region=eu] }
        """;

    /// <summary>Puts its manifest, components and policies into a folder, and checks it.</summary>
    /// <param name="folder">Made where it is not there.</param>
    /// <param name="hasRules">Whether it has sources and a handful of policies.</param>
    public static async Task<ApplicationPlan> WriteAsync(string folder, bool hasRules)
    {
        Directory.CreateDirectory(folder);
        string components = BenchFolder.Find("hop");
        foreach (string file in (string[])["relay.wasm", "leaf.wasm"]) File.Copy(Path.Combine(components, file), Path.Combine(folder, file), overwrite: true);
        var manifest = new StringBuilder($"application: {Name}\ncomponents:\n");
        for (int i = 0; i < Length; i++)
            manifest.Append($"  c{i}: {{ path: {(i < Length - 1 ? "relay" : "leaf")}.wasm, labels: {{ region: eu }}, replicas: 32, limits: {{ memory: 1MiB, deadline: 10m }} }}\n");
        manifest.Append("links:\n");
        for (int i = 0; i < Length - 1; i++) manifest.Append($"  - {{ from: c{i}, import: \"chain:hop/next\", to: c{i + 1}, export: \"chain:hop/step\" }}\n");
        if (hasRules) manifest.Append(Sources).Append("\npolicies: [policies.yaml]\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "policies.yaml"), Policies);
        await File.WriteAllTextAsync(Path.Combine(folder, ApplicationCheck.DefaultFile), manifest.ToString());
        return (await ApplicationCheck.RunAsync(folder)).Require();
    }

    /// <summary>Calls the first component.</summary>
    /// <param name="node">Where it is deployed.</param>
    /// <param name="depth">How many more it goes through, up to nine.</param>
    /// <param name="rounds">How long each works.</param>
    /// <param name="incoming">The caller's context and label.</param>
    /// <exception cref="CommandException">It did not go through them.</exception>
    public static async Task<GatewayResult> CallAsync(LocalNode node, int depth, int rounds, Incoming incoming)
    {
        GatewayResult result = await node.CallAsync(
            Name, "c0", "chain:hop/step", "step", [new IntegerValue(PrimitiveKind.U32, depth), new IntegerValue(PrimitiveKind.U32, rounds)], incoming);
        if (result is { Outcome: CallOutcome.Returned, Value: IntegerValue passed } && passed.Signed == depth) return result;
        throw new CommandException($"a chain ended with {result.Outcome} in place of {depth} hops: {result.Error}", ExitCode.Failed);
    }
}
