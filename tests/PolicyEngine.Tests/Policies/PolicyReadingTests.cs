using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Tests.Policies;

public sealed class PolicyReadingTests
{
    [Theory]
    [MemberData(nameof(BrokenPolicies.All), MemberType = typeof(BrokenPolicies))]
    public void ABrokenPolicySaysWhatIsWrongAndWhere(string yaml, string expected)
    {
        var e = Assert.Throws<PolicySetException>(() => PolicyLoader.Load([new PolicyFile("p.yaml", yaml)], new LabelStore()));
        Assert.Equal(expected, e.Message);
    }

    [Fact]
    public void AllErrorsOfASetAreSaidAtOnce()
    {
        PolicySet? set = PolicyLoader.TryLoad(
            [
                new PolicyFile("a.yaml", "policy: a\neffect: deny\nwhen: x && y\nseverity: bad\n---\npolicy: fine\neffect: deny\n"),
                new PolicyFile("b.yaml", "policy: b\n"),
            ],
            new LabelStore(),
            out IReadOnlyList<PolicyIssue> issues);
        Assert.Null(set);
        Assert.Equal(["a.yaml:4:11", "a.yaml:3:7", "a.yaml:3:12", "b.yaml:1:9"], issues.Select(i => i.Place.ToString()));
    }

    [Theory]
    [InlineData("returned")]
    [InlineData("error")]
    [InlineData("trapped")]
    [InlineData("timed-out")]
    [InlineData("cancelled")]
    [InlineData("denied")]
    [InlineData("not-started")]
    [InlineData("lost")]
    public void EveryOutcomeIsReadAndSeenByItsWord(string outcome)
    {
        PolicySet set = Sets.Load(
            $"policy: p\neffect: alert\non: result\nwhen: call.outcome == '{outcome}'\ntests:\n- given: {{ event: result, outcome: {outcome}, callee: x/y }}\n  expect: alert\n");
        Assert.Equal((true, "alert"), PolicyTestRunner.Run(set).Select(result => (result.Passed, result.Found)).Single());
    }

    [Fact]
    public void TheVersionIsTheDigestOfWhatAPolicySays()
    {
        string Digest(string yaml) => Sets.Load(yaml).Policies[0].Digest;
        string plain = Digest("policy: p\neffect: deny\nmatch: { callee: [a/b, c/d] }\nwhen: data.has('pii')\n");
        Assert.Equal(plain, Digest("# a comment\neffect: deny\npolicy: p\nmatch:\n  callee: [c/d, a/b]\nwhen: \"data.has('pii')\"\ntests: []\n"));
        Assert.NotEqual(plain, Digest("policy: p\neffect: deny\nmatch: { callee: [a/b, c/d] }\nwhen: data.has('pi')\n"));
        Assert.NotEqual(plain, Digest("policy: p\neffect: alert\nmatch: { callee: [a/b, c/d] }\nwhen: data.has('pii')\n"));
        Assert.StartsWith("sha256:", plain);
    }

    [Fact]
    public void DeeplyNestedYamlIsRefused()
    {
        var e = Assert.Throws<PolicySetException>(() => Sets.Load("policy: " + new string('[', 100_000)));
        Assert.Contains("YAML nests deeper than 32", e.Message);
    }

    [Fact]
    public void TheSchemaForEditorsKnowsEveryKey()
    {
        string path = Path.Combine(Chain.Tests.Places.Repository, "docs", "policy.schema.json");
        using var schema = System.Text.Json.JsonDocument.Parse(File.ReadAllText(path));
        System.Text.Json.JsonElement policy = schema.RootElement.GetProperty("$defs").GetProperty("policy").GetProperty("properties");
        Assert.Equal(PolicyReader.Keys.Order(), policy.EnumerateObject().Select(p => p.Name).Order());
        Assert.Equal(PolicyReader.MatchKeys.Order(), policy.GetProperty("match").GetProperty("properties").EnumerateObject().Select(p => p.Name).Order());
        System.Text.Json.JsonElement call = schema.RootElement.GetProperty("$defs").GetProperty("call").GetProperty("properties");
        Assert.Equal(PolicyTestReader.GivenKeys.Order(), call.EnumerateObject().Select(p => p.Name).Order());
        System.Text.Json.JsonElement test = policy.GetProperty("tests").GetProperty("items").GetProperty("properties");
        Assert.Equal(PolicyTestReader.TestKeys.Order(), test.EnumerateObject().Select(p => p.Name).Order());
    }
}
