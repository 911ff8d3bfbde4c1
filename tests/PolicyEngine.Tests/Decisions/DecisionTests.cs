using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Tests.Policies;
using Chain.Tests;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Tests.Decisions;

public sealed class DecisionTests
{
    private const string Pii = """
        policy: pii-stays-inside
        match: { callee: "*/mailer" }
        when: data.has('pii') && !chain.passed('anonymizer')
        effect: deny
        severity: critical
        message: "{{ caller.name }} would send {{ data.tags }} to {{ callee.name }}"
        """;

    [Theory]
    [InlineData("clinic/mailer", "pii", "", "deny: pii-stays-inside")]
    [InlineData("clinic/mailer", "pii", "clinic/anonymizer", "allow")]
    [InlineData("clinic/mailer", "phi", "", "allow")]
    [InlineData("clinic/store", "pii", "", "allow")]
    [InlineData("clinic/mailer", "pii=alice", "clinic/other", "deny: pii-stays-inside")]
    public void TheDesignsExampleDecides(string callee, string data, string chain, string expected) =>
        Assert.Equal(expected, Sets.Decide(Pii, callee, data, chain));

    [Fact]
    public void TheMessageIsFilledIn()
    {
        PolicySet set = Sets.Load(Pii);
        CallFacts facts = Sets.Call(set, "clinic/mailer", "pii,phi", caller: "clinic/web");
        Assert.Equal("clinic/web would send phi, pii to clinic/mailer", set.Decide(facts).DecidedBy!.MessageFor(facts, set.Labels));
    }

    [Fact]
    public void DenyWinsOverAllow()
    {
        const string yaml = "policy: a\neffect: allow\n---\npolicy: d\neffect: deny\nmatch: { tags: pii }\n";
        Assert.Equal("deny: a, d", Sets.Decide(yaml, "x/y", "pii"));
        Assert.Equal("allow: a", Sets.Decide(yaml, "x/y"));
    }

    [Fact]
    public void WithADefaultOfDenyOnlyWhatIsAllowedGoes()
    {
        const string yaml = "set: strict\ndefault: deny\n---\npolicy: a\neffect: allow\nmatch: { callee: x/* }\n";
        Assert.Equal("allow: a", Sets.Decide(yaml, "x/y"));
        Assert.Equal("deny", Sets.Decide(yaml, "z/y"));
    }

    [Theory]
    [InlineData("deny", "closed", "deny: p (failed)")]
    [InlineData("deny", "open", "allow: p (failed)")]
    [InlineData("allow", "closed", "deny: p (failed)")]
    [InlineData("allow", "open", "allow: p (failed)")]
    public void AFailedConditionFallsToTheSideThatThePolicySays(string effect, string fail, string expected)
    {
        string yaml = $"policy: p\neffect: {effect}\nfail: {fail}\nwhen: caller.labels['team'] == 'x'\n";
        if (effect == "allow") yaml += "---\nset: s\ndefault: deny\n";
        Assert.Equal(expected, Sets.Decide(yaml, "x/y"));
    }

    [Fact]
    public void AShadowPolicyDecidesAndIsNotEnforced()
    {
        PolicySet set = Sets.Load("policy: p\neffect: deny\nmode: shadow\n");
        Decision decision = set.Decide(Sets.Call(set, "x/y"));
        Assert.Equal((Verdict.Allow, Verdict.Deny, false, true), (decision.Verdict, decision.ShadowVerdict, decision.IsViolation, decision.IsRecorded));
    }

    [Fact]
    public void ADeclassifierIsPolicedAsAnEventOfItsOwn()
    {
        const string yaml = "policy: d\non: declassify\nmatch: { callee: clinic/anonymizer }\nwhen: call.tag == 'pii' && data.has('minor')\neffect: deny\n";
        PolicySet set = Sets.Load(yaml);
        CallFacts facts = GivenCallFacts.Of(
            new GivenCall { Callee = "clinic/anonymizer", Data = ["pii", "minor"], Event = PolicyEvent.Declassify, Tag = "pii" }, set.Labels);
        Assert.Equal("deny: d", set.Decide(facts).ToString());
        Assert.Equal("allow", Sets.Decide(yaml, "clinic/anonymizer", "pii,minor"));
    }

    [Fact]
    public void ResultsAreDecidedOnTheirOwnLabel()
    {
        const string yaml = "policy: r\non: result\nmatch: { caller: outside, tags: pii }\neffect: deny\n";
        Assert.Equal("deny: r", Sets.Decide(yaml, "x/y", "pii", on: PolicyEvent.Result));
        Assert.Equal("allow", Sets.Decide(yaml, "x/y", "pii"));
    }

    [Theory]
    [InlineData("*/mailer", "clinic/mailer", true)]
    [InlineData("mailer", "clinic/mailer", true)]
    [InlineData("clinic/*", "clinic/mailer", true)]
    [InlineData("clinic/m*r", "clinic/mailer", true)]
    [InlineData("**", "anything", true)]
    [InlineData("clin?c/mailer", "clinic/mailer", true)]
    [InlineData("*", "outside", true)]
    [InlineData("c*", "clinic/mailer", false)]
    [InlineData("clinic/mail", "clinic/mailer", false)]
    public void PatternsMatchComponents(string pattern, string name, bool expected) =>
        Assert.Equal(expected, new PartyPattern(pattern).IsMatch(new CallParty(new ComponentRef(name))));

    [Theory]
    [InlineData("pii", "pii", true)]
    [InlineData("pii", "pii=alice", true)]
    [InlineData("pii=alice", "pii", false)]
    [InlineData("pii=alice", "pii=*", true)]
    [InlineData("pii=alice", "*", true)]
    [InlineData("region=eu-*", "region=eu-west", true)]
    [InlineData("region=eu-*", "region=us-east", false)]
    [InlineData("+checked", "+checked", true)]
    [InlineData("+checked", "checked", false)]
    [InlineData("+checked", "*", false)]
    [InlineData("p*", "pii", true)]
    public void ACoarseLabelIsNeverTrustedMore(string pattern, string label, bool expected)
    {
        Assert.True(TagPattern.TryParse(pattern, out TagPattern parsed, out _));
        Assert.Equal(expected, parsed.IsMatch(Label.Parse(label)));
    }

    [Fact]
    public void TheValueOfATagIsReadOnlyWhereItIsOneAndKnown()
    {
        const string yaml = "policy: p\neffect: deny\nwhen: data.value('region') == 'eu'\n";
        Assert.Equal("deny: p", Sets.Decide(yaml, "x/y", "region=eu"));
        Assert.Equal("allow", Sets.Decide(yaml, "x/y", "region=us"));
        Assert.Equal("allow", Sets.Decide(yaml, "x/y"));
        Assert.Equal("deny: p (failed)", Sets.Decide(yaml, "x/y", "region=eu,region=us"));
        Assert.Equal("deny: p (failed)", Sets.Decide(yaml, "x/y", "region=*"));
    }

    [Fact]
    public void TheChainIsSeenInOrderWithItsTags()
    {
        PolicySet set = Sets.Load("policy: p\neffect: deny\nwhen: chain.steps.exists(i, s, i > 0 && s.component == 'b' && s.has('pii') && chain.steps[i - 1].name == 'x/a')\n");
        var given = new GivenCall { Callee = "x/c", Chain = [("x/a", []), ("x/b", ["pii"])] };
        Assert.Equal("deny: p", set.Decide(GivenCallFacts.Of(given, set.Labels)).ToString());
        Assert.Equal("allow", set.Decide(GivenCallFacts.Of(given with { Chain = [("x/b", ["pii"]), ("x/a", [])] }, set.Labels)).ToString());
    }

    [Fact]
    public void AnAllowedCallAllocatesNothing()
    {
        PolicySet set = Sets.Load(Pii + "\n---\npolicy: deep\neffect: deny\nwhen: chain.depth > 40 || call.outcome == 'denied'\n");
        CallFacts facts = Sets.Call(set, "clinic/mailer", "pii", "clinic/anonymizer");
        for (int i = 0; i < 100; i++) set.Decide(facts);
        long least = AllocatedBytes.Least(() =>
        {
            for (int i = 0; i < 10_000; i++) set.Decide(facts);
        });
        Assert.Equal(0, least);
    }

    [Fact]
    public void ADecisionThatWasMadeBeforeIsTheSameObject()
    {
        PolicySet set = Sets.Load(Pii);
        CallFacts facts = Sets.Call(set, "clinic/mailer", "pii");
        Assert.Same(set.Decide(facts), set.Decide(facts));
    }

    [Fact]
    public async Task ASetThatWasFoundEarlierNeverTakesThePlaceOfOneFoundLater()
    {
        var labels = new LabelStore();
        PolicySet Set(string effect) => PolicyLoader.Load([new PolicyFile("p", $"policy: p\neffect: {effect}\n")], labels);
        var active = new ActivePolicies(PolicySet.Empty(labels));
        PolicySet latest = Set("audit");
        var slow = new TaskCompletionSource();
        Task first = active.ChangeAsync(async () =>
        {
            PolicySet found = latest;
            await slow.Task;
            return found;
        });
        latest = Set("deny");
        Task second = active.ChangeAsync(() => Task.FromResult<PolicySet?>(latest));
        Assert.False(second.IsCompleted);
        slow.SetResult();
        await Task.WhenAll(first, second);
        Assert.Equal(latest.Digest, active.Current.Digest);
        await active.ChangeAsync(static () => Task.FromResult<PolicySet?>(null));
        await Assert.ThrowsAsync<FormatException>(() => active.ChangeAsync(static () => throw new FormatException()));
        await active.ChangeAsync(() => Task.FromResult<PolicySet?>(Set("audit")));
        Assert.NotEqual(latest.Digest, active.Current.Digest);
    }

    [Fact]
    public void AChangedSetTakesThePlaceOfTheOldOneAtOnce()
    {
        var labels = new LabelStore();
        PolicySet strict = PolicyLoader.Load([new PolicyFile("p", "policy: p\neffect: deny\n")], labels);
        var active = new ActivePolicies(PolicySet.Empty(labels));
        CallFacts facts = GivenCallFacts.Of(new GivenCall { Callee = "x/y" }, labels);
        int changes = 0;
        active.Changed += (_, _) => changes++;
        Assert.Equal(Verdict.Allow, active.Current.Decide(facts).Verdict);
        Assert.True(active.Swap(strict));
        Assert.Equal(Verdict.Deny, active.Current.Decide(facts).Verdict);
        Assert.False(active.Swap(PolicyLoader.Load([new PolicyFile("q", "# again\npolicy: p\neffect: deny\n")], labels)));
        Assert.Equal(1, changes);
    }

    [Fact]
    public void AnExplanationSaysWhichTermsWereTrue()
    {
        PolicySet set = Sets.Load(Pii);
        PolicyExplanation explanation = Explanation.Of(set, Sets.Call(set, "clinic/mailer", "pii", "clinic/other"))[0];
        Assert.True(explanation.Outcome!.Applies);
        Assert.Equal(("callee", "*/mailer", "clinic/mailer", true), (explanation.Match[0].Key, explanation.Match[0].Patterns, explanation.Match[0].Value, explanation.Match[0].Fits));
        Assert.Equal(
            ["0 data.has('pii') && !chain.passed('anonymizer') = true", "1 data.has('pii') = true", "1 !chain.passed('anonymizer') = true", "2 chain.passed('anonymizer') = false"],
            explanation.Terms.Select(t => $"{t.Depth} {t.Text} = {t.Value}"));
    }
}
