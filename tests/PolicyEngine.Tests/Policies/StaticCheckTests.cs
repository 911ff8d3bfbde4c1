using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Policies.Checks;

namespace Chain.PolicyEngine.Tests.Policies;

public sealed class StaticCheckTests
{
    [Theory]
    [InlineData("callee.name == 'a/b' && callee.name == 'a/c'")]
    [InlineData("callee.name == 'a/b' && callee.component == 'c'")]
    [InlineData("chain.depth > 5 && chain.depth < 3")]
    [InlineData("chain.depth < 0")]
    [InlineData("data.has('pii') && !data.has('pii')")]
    [InlineData("data.has('pii') && (chain.depth > 3 || true) && !(data.has('pii') || caller.name == 'x')")]
    [InlineData("false")]
    [InlineData("1 > 2")]
    [InlineData("callee.region in ['eu', 'us'] && callee.region == 'asia'")]
    [InlineData("callee.region in ['eu', 'us'] && !(callee.region in ['eu', 'us', 'asia'])")]
    [InlineData("caller.name == 'a/b' && (caller.application == 'c' || caller.component == 'd')")]
    [InlineData("call.phase == 'result'")]
    [InlineData("3 < call.depth && 3 >= call.depth")]
    public void AConditionThatCanNeverBeTrueIsFound(string when)
    {
        PolicyIssue issue = Assert.Single(Errors($"policy: p\neffect: deny\nwhen: \"{when}\"\n"));
        Assert.Contains("policy 'p': the condition can never be true", issue.Message);
        Assert.Equal(("p.yaml", 3, 8), (issue.Place.File, issue.Place.Line, issue.Place.Column));
    }

    [Theory]
    [InlineData("callee.name == 'a/b' && callee.component == 'b' && callee.application == 'a'")]
    [InlineData("chain.depth > 5 && chain.depth < 7")]
    [InlineData("data.has('pii') || !data.has('pii')")]
    [InlineData("callee.region in ['eu', 'us'] && callee.region != 'eu'")]
    [InlineData("caller.name == 'a/b' && (caller.application == 'c' || caller.component == 'b')")]
    [InlineData("[1, 2].exists(x, x > chain.depth)")]
    public void AConditionThatCanBeTrueIsLeftAlone(string when) => Assert.Empty(Errors($"policy: p\neffect: deny\nwhen: \"{when}\"\n"));

    [Fact]
    public void AConditionAgainstItsOwnMatchCanNeverBeTrue() =>
        Assert.Single(Errors("policy: p\neffect: deny\nmatch: { callee: '*/mailer' }\nwhen: callee.name == 'clinic/pager'\n"));

    [Theory]
    [InlineData(
        "policy: a\neffect: allow\nmatch: { callee: clinic/mailer }\n---\npolicy: d\neffect: deny\nmatch: { callee: '*/mailer' }\n",
        "policy 'a' never takes effect: 'd' denies whenever it matches")]
    [InlineData(
        "policy: a\neffect: deny\nmatch: { callee: clinic/mailer }\nwhen: data.has('x') && chain.depth > 1\n---\npolicy: d\neffect: deny\nmatch: { callee: mailer }\nwhen: chain.depth > 1\n",
        "policy 'a' adds nothing: 'd' matches whenever it does, with the same effect")]
    [InlineData(
        "policy: a\neffect: deny\n---\npolicy: b\neffect: deny\n",
        "policy 'b' adds nothing: 'a' matches whenever it does, with the same effect")]
    public void APolicyThatAnotherAlwaysOverridesIsFound(string yaml, string expected) =>
        Assert.Equal(expected, Assert.Single(StaticChecks.Run(Sets.Load(yaml)), i => !i.Message.Contains("test")).Message);

    [Fact]
    public void APolicyThatIsOnlySometimesOverriddenIsLeftAlone() => Assert.DoesNotContain(
        StaticChecks.Run(Sets.Load("policy: a\neffect: allow\nmatch: { callee: clinic/* }\n---\npolicy: d\neffect: deny\nmatch: { callee: clinic/mailer }\n")),
        i => !i.Message.Contains("test"));

    [Fact]
    public void NamesThatTheManifestLacksAreFound()
    {
        KnownNames names = KnownNames.FromManifest(new PolicyFile("chain.yaml", """
            application: clinic
            components:
              web: { file: web.wasm }
              mailer: { file: mailer.wasm }
              anonymizer: { file: anon.wasm }
            sources:
              - function: clinic:records/store#get
                tags: [pii, region=eu]
            declassifiers:
              - function: clinic:anon/api#strip
                drops: pii
            """));
        var set = Sets.Load("policy: p\neffect: deny\nmatch: { callee: '*/mailr', tags: phi }\nwhen: data.has('pii') && data.has('pij') && !chain.passed('anonymiser')\n");
        Assert.Equal(
            [
                "p.yaml:1:1: policy 'p': no component of the manifest is called '*/mailr'",
                "p.yaml:1:1: policy 'p': nothing in the manifest puts on the tag 'phi'; did you mean 'pii'?",
                "p.yaml:4:35: policy 'p': nothing in the manifest puts on the tag 'pij'; did you mean 'pii'?",
                "p.yaml:4:59: policy 'p': no component of the manifest is called 'anonymiser'; did you mean 'anonymizer'?",
            ],
            StaticChecks.Run(set, names).Where(i => i.Level == IssueLevel.Error).Select(i => $"{i.Place}: {i.Message}"));
    }

    [Fact]
    public void MissingTestsAreSaid()
    {
        Assert.Contains(StaticChecks.Run(Sets.Load("policy: p\neffect: deny\n")), i => i.Message == "policy 'p' has no tests");
        Assert.Contains(
            StaticChecks.Run(Sets.Load("policy: p\neffect: deny\nwhen: data.has('x')\ntests:\n  - given: { data: x }\n    expect: deny\n")),
            i => i.Message == "policy 'p' has no test in which it does not match");
    }

    [Fact]
    public void TestsInADocumentPassAndFail()
    {
        var set = Sets.Load("""
            policy: p
            effect: deny
            when: data.has('x')
            tests:
              - { name: right, given: { data: x }, expect: deny }
              - { name: wrong, given: { data: y }, expect: deny }
              - { name: none, given: { data: y }, expect: none }
            """);
        Assert.Equal(["right True deny", "wrong False none", "none True none"], PolicyTestRunner.Run(set).Select(r => $"{r.Test.Name} {r.Passed} {r.Found}"));
    }

    private static IEnumerable<PolicyIssue> Errors(string yaml) => StaticChecks.Run(Sets.Load(yaml)).Where(i => i.Level == IssueLevel.Error);
}
