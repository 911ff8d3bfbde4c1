using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Tests.Decisions;

public sealed class IndexPropertyTests
{
    private const int SetsPerSeed = 125;
    private const int CallsPerSet = 200;

    /// <summary>4 × 125 × 200 = 100,000 pairs of a random set and a random call.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void TheIndexDecidesAsLookingAtEveryPolicyDoes(int seed)
    {
        var random = new RandomPolicies(seed);
        int matches = 0;
        for (int s = 0; s < SetsPerSeed; s++)
        {
            var labels = new LabelStore();
            string yaml = random.Set(1 + random.Below(12));
            PolicySet set = PolicyLoader.Load([new PolicyFile("p.yaml", yaml)], labels);
            // Few links and labels, used again and again: what is remembered must be right too.
            CallLink[] links = [.. Enumerable.Range(0, 8).Select(_ => Link(random))];
            LabelId[] data = [.. Enumerable.Range(0, 6).Select(_ => Intern(random, labels))];
            for (int c = 0; c < CallsPerSet; c++)
            {
                CallFacts facts = Call(random, links, data);
                Decision quick = set.Decide(facts);
                Decision plain = set.DecidePlainly(facts);
                if (quick.Outcomes.Count > 0) matches++;
                if (Describe(quick) == Describe(plain)) continue;
                Assert.Fail($"seed {seed}, set {s}, call {c}: index: {Describe(quick)}; plainly: {Describe(plain)}\n{facts.Link} {labels[facts.Data]}\n{yaml}");
            }
        }

        Assert.True(matches > SetsPerSeed * CallsPerSet / 10, $"only {matches} calls matched any policy: the property was hardly tested");
    }

    private static string Describe(Decision decision) =>
        $"{decision.Verdict} {decision.ShadowVerdict} {decision.IsViolation} {decision.Severity} {decision.DecidedBy?.Name} " +
        string.Join(", ", decision.Outcomes.Select(o => $"{o.Policy.Name} {o.Applies} {o.Error}"));

    private static CallLink Link(RandomPolicies random) => new(Party(random), Party(random), new FunctionRef(random.Function()));

    private static CallParty Party(RandomPolicies random)
    {
        string region = random.Region();
        return new CallParty(new ComponentRef(random.Name()), region.Length == 0 ? null : new Dictionary<string, string> { ["region"] = region });
    }

    private static LabelId Intern(RandomPolicies random, LabelStore labels) =>
        labels.Intern(Label.Of([.. random.Label().Select(t => Tag.Parse(t))]));

    private static CallFacts Call(RandomPolicies random, CallLink[] links, LabelId[] data)
    {
        ChainStep[] steps = [.. Enumerable.Range(0, random.Below(4)).Select(_ => new ChainStep(links[random.Below(links.Length)].Callee, data[random.Below(data.Length)]))];
        return new CallFacts
        {
            Link = links[random.Below(links.Length)],
            Event = (PolicyEvent)(1 << random.Below(3)),
            Data = data[random.Below(data.Length)],
            Depth = random.Below(5),
            Passed = steps,
        };
    }
}
