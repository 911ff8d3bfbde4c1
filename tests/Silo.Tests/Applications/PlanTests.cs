using Chain.PolicyEngine.Policies;
using Chain.Silo.Applications;
using Chain.Tests;
using Chain.Tracer.Tags;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;

namespace Chain.Silo.Tests.Applications;

public sealed class PlanTests
{
    internal const string Whole = """
        application: shop
        components:
          store:
            path: store.wasm
            labels: { zone: z1, vendor: acme, region: eu }
            instances: stateful
            key: id
            idempotent: ["test:shop/store#get", "test:shop/store@1.2.0#all"]
            limits: { memory: 16MiB, deadline: 500ms, fuel: 1000000 }
          web: { path: web.wasm, replicas: 3, idempotent: true }
          worker:
            path: worker.wasm
            instances: warm
            grants: { http: ["example.com", "127.0.0.1:8025"], keyvalue: [], logging: true }
        expose:
          - { component: web, http: / }
          - { component: web, http: /shop/, host: Example.com }
        sources:
          - { component: store, function: "test:shop/store#get", result: [pii, "user={{ id }}", "maker={{ result.ok.parts.*.maker }}"], field: ok.parts.*.name }
          - { component: store, function: "test:shop/store@1.2.0#put", argument: item, tags: "kind={{ item.kind.book }}" }
          - { component: web, request: true, tags: ["user={{ header.X-User }}", "+from-web"] }
          - { component: worker, response: external }
        sinks:
          - { name: relay, http: "127.0.0.1:8025", labels: { region: us } }
          - { name: journal, log: true, component: worker }
        declassifiers:
          - { component: store, function: "test:shop/store#check", drops: [pii, user] }
        endorsers:
          - { component: store, function: "test:shop/store#check", adds: +checked }
        policies: policy.yaml
        """;

    internal const string Policy = """
        policy: inside
        match: { callee: shop/relay, tags: pii }
        effect: deny
        tests:
          - given: { callee: shop/relay, data: [pii] }
            expect: deny
        """;

    [Fact]
    public async Task EverythingInAManifestIsInThePlan()
    {
        using var application = new TestApplication(Whole);
        application.Write("policy.yaml", Policy);
        ApplicationCheck check = await application.CheckAsync();
        Assert.Equal("", application.Text(check));
        Assert.Equal(1, check.TestsPassed);
        ApplicationPlan plan = check.Require();

        ComponentPlan store = plan.Components["store"];
        Assert.Equal((InstanceMode.Stateful, 1, "eu"), (store.Instances, store.Replicas, store.Party.Region));
        Assert.Equal("id", store.Key);
        Assert.Equal([("region", "eu"), ("zone", "z1")], store.Placement.Select(label => (label.Key, label.Value)));
        Assert.Equal(
            (true, true, false, false),
            (store.Idempotent.Covers("test:shop/store@1.2.0", "get"), store.Idempotent.Covers("test:shop/store@1.2.0", "all"),
                store.Idempotent.Covers("test:shop/store@1.2.0", "put"), store.Idempotent.Covers("", "get")));
        Assert.True(plan.Components["web"].Idempotent.Covers("wasi:http/incoming-handler@0.2.12", "handle"));
        Assert.Equal((null, 0), (plan.Components["worker"].Key, plan.Components["worker"].Placement.Count));
        Assert.False(plan.Components["worker"].Idempotent.Covers("", "run"));
        Assert.Equal("shop/store@" + store.Digest, store.Party.Component.ToString());
        Assert.Equal(
            new InstanceLimits { MemoryBytes = 16 << 20, Deadline = TimeSpan.FromMilliseconds(500), Fuel = 1_000_000 }, store.Limits);
        Assert.Equal((3, InstanceMode.Reset), (plan.Components["web"].Replicas, plan.Components["web"].Instances));
        Assert.Equal(["example.com", "127.0.0.1:8025"], plan.Components["worker"].Grants.Http);
        Assert.Equal([], plan.Components["worker"].Grants.KeyValue);

        ApplicationLink link = Assert.Single(plan.Links);
        Assert.Equal(("web", "test:shop/store@1.2.0", "store", "test:shop/store@1.2.0"), (link.From, link.Import, link.To, link.Export));
        Assert.Equal(["get", "put", "all", "check"], link.Functions);
        Assert.Equal("test:shop/store#get", link.NameOf("get").Name);
        Assert.Equal(["test:shop/types@1.2.0"], plan.Components["web"].TypeImports);

        SourceRule get = plan.Sources[0];
        Assert.Equal(("test:shop/store#get", SourcePlace.Result, "ok.parts.*.name"), (get.Function!.Reference.Name, get.Place, get.Field.Text));
        Assert.Equal(
            [FieldStepKind.Ok, FieldStepKind.Field, FieldStepKind.Element, FieldStepKind.Field, FieldStepKind.Some], get.Tags[2].From!.Path.Steps.Select(s => s.Kind));
        Assert.Equal(("X-User".ToLowerInvariant(), ValueOrigin.Header), (plan.Sources[2].Tags[0].From!.Name, plan.Sources[2].Tags[0].From!.Origin));
        Assert.Equal(TagKind.Integrity, plan.Sources[2].Tags[1].Tag.Kind);
        Assert.Equal(("shop/relay", "us"), (plan.Sinks[0].Party.Name, plan.Sinks[0].Party.Region));
        Assert.Equal(["pii", "user"], plan.Declassifiers[0].Drops.Select(drop => drop.Text));
        Assert.Equal("+checked", plan.Endorsers[0].Adds[0].ToString());
    }

    [Theory]
    [InlineData("example.com", "/shop/cart", "/shop")]
    [InlineData("example.com", "/shopping", "/")]
    [InlineData("other.com", "/shop/cart", "/")]
    public async Task TheHostThenTheLongestPathWins(string host, string path, string expected)
    {
        using var application = new TestApplication(Whole);
        application.Write("policy.yaml", Policy);
        Assert.Equal(expected, (await application.CheckAsync()).Require().ExposureFor(host, path)!.Path);
    }

    [Fact]
    public async Task TheDigestIsThatOfWhatTheApplicationIs()
    {
        async Task<string> Digest(string manifest, string policy)
        {
            using var application = new TestApplication(manifest);
            application.Write("policy.yaml", policy);
            return (await application.CheckAsync()).Require().Digest;
        }

        string plain = await Digest(Whole, Policy);
        Assert.Equal(plain, await Digest("# a comment\n" + Whole.Replace("replicas: 3", "replicas:   3"), Policy));
        Assert.NotEqual(plain, await Digest(Whole.Replace("replicas: 3", "replicas: 4"), Policy));
        Assert.NotEqual(plain, await Digest(Whole.Replace("    key: id\n", ""), Policy));
        Assert.NotEqual(plain, await Digest(Whole.Replace("replicas: 3, idempotent: true", "replicas: 3"), Policy));
        Assert.NotEqual(plain, await Digest(Whole.Replace(", \"test:shop/store@1.2.0#all\"]", "]"), Policy));
        Assert.NotEqual(plain, await Digest(Whole, Policy + "\n# changed\n"));
        Assert.NotEqual(plain, await Digest(Whole.Replace("\"user={{ id }}\"", "\"user=*\""), Policy));
    }

    [Fact]
    public async Task ComponentsThatCallInACircleAreAWarning()
    {
        using var application = new TestApplication("application: ring\ncomponents:\n  front: { path: front.wasm }\n  back: { path: back.wasm }\n");
        ApplicationCheck check = await application.CheckAsync();
        Assert.Equal(
            "chain.yaml:4:3: warning: components call one another in a circle: back → front → back; a chain through it must come to an end by itself",
            application.Text(check));
        Assert.Equal(2, check.Require().Links.Count);
    }

    [Theory]
    [InlineData("instances: stateful", "is stateful")]
    [InlineData("labels: { region: eu, zone: z1 }", "runs where region=eu and zone=z1 only")]
    [InlineData("labels: { vendor: acme }", null)]
    public async Task ACallThatCannotGoToAnotherSiloIsAWarningWhereItMayHaveTo(string drain, string? reason)
    {
        using var application = new TestApplication($"application: pipes\ncomponents:\n  tap: {{ path: tap.wasm }}\n  drain: {{ path: drain.wasm, {drain} }}\n");
        ApplicationCheck check = await application.CheckAsync();
        Assert.Equal(
            reason is null ? "" : "chain.yaml:3:3: warning: component 'tap' calls 'test:pipe/drain#push' of 'drain', which " + reason
                + "; resources, streams and futures cannot go from one silo to another, so on a cluster such a call fails unless 'drain' answers on the caller's silo",
            application.Text(check));
        Assert.Single(check.Require().Links);
    }

    [Fact]
    public async Task ALinkCrossesNamesWhereTheTypesFit()
    {
        using var application = new TestApplication("""
            application: shop
            components:
              web: { path: web.wasm }
              depot: { path: archive.wasm }
              greeter: { path: greeter.wasm }
              greeted: { path: greeted.wasm }
            links:
              - { from: web, import: "test:shop/store", to: depot, export: "test:archive/depot" }
            """);
        ApplicationPlan plan = (await application.CheckAsync()).Require();
        Assert.Equal(
            [("greeted", "greet", "greeter", "greet"), ("web", "test:shop/store@1.2.0", "depot", "test:archive/depot")],
            plan.Links.Select(link => (link.From, link.Import, link.To, link.Export)).Order());
    }

    [SharedFact("samples/http/http-js.wasm.gz")]
    public async Task RealComponentsOfSeveralToolchainsAreTaken()
    {
        using var application = new TestApplication("""
            application: samples
            components:
              web: { path: SHARED/samples/http/http-js.wasm.gz, grants: { http: [] } }
              js: { path: SHARED/samples/js/hello-qjs.wasm }
              rust: { path: SHARED/samples/rust/hello-rs-p2-component.wasm }
              c: { path: SHARED/samples/c/hello-p2.wasm, grants: { arguments: [hello], environment: { A: b } } }
            expose: [{ component: web, http: / }]
            sources:
              - { component: js, function: "demo:greet/ops#total", argument: items, field: "*.name", tags: [pii, "item={{ items.*.name }}"] }
            """.Replace("SHARED", Places.Shared));
        ApplicationCheck check = await application.CheckAsync();
        Assert.Equal("", application.Text(check));
        Assert.Equal("wasi:http/incoming-handler@0.2.10", check.Plan!.Exposures[0].Export);
    }

    [Fact]
    public void APathLeadsToTheValuesAndNowhereWhereThereAreNone()
    {
        var path = new FieldPath("ok.*.0", [new(FieldStepKind.Ok, 0, "ok"), new(FieldStepKind.Element, 0, "*"), new(FieldStepKind.Member, 0, "0"), new(FieldStepKind.Some, 0, "some")]);
        ComponentValue Pair(ComponentValue? text) => new TupleValue([new OptionValue(text), new IntegerValue(PrimitiveKind.U32, 1)]);
        var list = new ListValue([Pair(new StringValue("a")), Pair(null), Pair(new StringValue("b"))]);
        var template = new TagTemplate(Tag.Parse("user=*"), new ValueReference(ValueOrigin.Result, 0, "", path));
        Assert.Equal(["user=a", "user=b"], template.With(path.In(new ResultValue(true, list))).Select(tag => tag.ToString()));
        Assert.Empty(template.With(path.In(new ResultValue(false, new StringValue("no")))));
        Assert.Equal(Tag.Parse("user=*"), template.With(new string('x', 200)));
        Assert.Null(new TagTemplate(Tag.Parse("+by=*"), null).With(new string('x', 200)));
    }
}
