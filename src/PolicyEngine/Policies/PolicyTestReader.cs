using Chain.PolicyEngine.Decisions;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using YamlDotNet.RepresentationModel;

namespace Chain.PolicyEngine.Policies;

/// <summary>Reads calls as people write them: the <c>tests</c> of a policy, and files for <c>chain policy eval</c>.</summary>
internal sealed class PolicyTestReader(YamlSource yaml)
{
    /// <summary>The keys of a test.</summary>
    public static readonly string[] TestKeys = ["name", "given", "expect"];

    /// <summary>The keys of a call.</summary>
    public static readonly string[] GivenKeys =
    [
        "caller", "callee", "function", "data", "chain", "depth", "event", "outcome", "tag", "region",
        "caller-labels", "callee-labels", "caller-digest", "callee-digest",
    ];

    private static readonly (string, CallOutcome)[] Outcomes =
    [
        ("returned", CallOutcome.Returned), ("error", CallOutcome.ErrorResult), ("trapped", CallOutcome.Trapped),
        ("timed-out", CallOutcome.TimedOut), ("cancelled", CallOutcome.Cancelled), ("denied", CallOutcome.Denied),
        ("not-started", CallOutcome.NotStarted), ("lost", CallOutcome.Lost),
    ];

    /// <summary>Reads the tests of a policy; an error is added to the file's issues and its test left out.</summary>
    public List<PolicyTest> Read(YamlNode? node, PolicyDocument policy)
    {
        var tests = new List<PolicyTest>();
        if (node is null) return tests;
        if (node is not YamlSequenceNode list)
        {
            yaml.Error(node, "'tests' is a list of tests, each with 'given' and 'expect'");
            return tests;
        }

        foreach (YamlNode child in list.Children)
        {
            var fields = new YamlFields(yaml, child, "a test");
            if (!fields.IsMapping) continue;
            fields.Only(TestKeys);
            string expect = fields.RequiredText("expect");
            if (fields.Node("given") is not YamlNode given)
            {
                fields.Error("given", "a test needs the key 'given'");
                continue;
            }

            string name = fields.Has("name") ? fields.Text("name") : $"test {tests.Count + 1}";
            if (ExpectationOf(expect, policy, fields) is Expectation expected)
            {
                tests.Add(new PolicyTest(name, Given(given, FirstEvent(policy.Events)), expected, expect, fields.Place));
            }
        }

        return tests;
    }

    private static PolicyEvent FirstEvent(PolicyEvent events) => events == PolicyEvent.None ? PolicyEvent.Call : (PolicyEvent)((int)events & -(int)events);

    /// <summary>Reads one call.</summary>
    public GivenCall Given(YamlNode node, PolicyEvent defaultEvent)
    {
        var fields = new YamlFields(yaml, node, "a call");
        if (!fields.IsMapping) return new GivenCall();
        fields.Only(GivenKeys);
        Dictionary<string, string> calleeLabels = Labels(fields, "callee-labels");
        if (fields.Has("region")) calleeLabels["region"] = fields.Text("region");
        return new GivenCall
        {
            Caller = fields.Has("caller") ? fields.Text("caller") : "outside",
            Callee = fields.Has("callee") ? fields.Text("callee") : "test/callee",
            Function = fields.Text("function"),
            Data = Tags(fields, "data"),
            Chain = Chain(fields),
            Depth = fields.Int("depth"),
            Event = fields.OneOf("event", EventNames.All, defaultEvent),
            Outcome = fields.Has("outcome") ? fields.OneOf("outcome", Outcomes, CallOutcome.Returned) : null,
            Tag = Single(fields, "tag"),
            CallerLabels = Labels(fields, "caller-labels"),
            CalleeLabels = calleeLabels,
            CallerDigest = fields.Text("caller-digest"),
            CalleeDigest = fields.Text("callee-digest"),
        };
    }

    private Expectation? ExpectationOf(string expect, PolicyDocument policy, YamlFields fields)
    {
        string effect = policy.Effect.ToString().ToLowerInvariant();
        if (expect == effect) return Expectation.Match;
        switch (expect)
        {
            case "none":
            case "allow" when policy.Effect != Effect.Allow:
            case "deny" when policy.Effect == Effect.Allow:
                return Expectation.NoMatch;
            case "error":
                return Expectation.Error;
            case "":
                return null;
            default:
                fields.Error("expect", $"'expect' of a policy with effect {effect} is {effect}, none or error, found '{expect}'");
                return null;
        }
    }

    private static string Single(YamlFields fields, string key)
    {
        string text = fields.Text(key);
        if (text.Length > 0 && !Tag.TryParse(text, out _)) fields.Error(key, $"'{text}' is not a tag");
        return text;
    }

    private static List<string> Tags(YamlFields fields, string key)
    {
        var tags = new List<string>();
        if (fields.Node(key) is YamlSequenceNode { Children.Count: 0 }) return tags;
        foreach (YamlScalarNode node in fields.Scalars(key))
        {
            string text = node.Value ?? "";
            if (Tag.TryParse(text, out _)) tags.Add(text);
            else fields.Error(node, $"'{text}' is not a tag");
        }

        return tags;
    }

    private List<(string, IReadOnlyList<string>)> Chain(YamlFields fields)
    {
        var steps = new List<(string, IReadOnlyList<string>)>();
        if (fields.Node("chain") is not YamlNode node) return steps;
        if (node is not YamlSequenceNode list)
        {
            yaml.Error(node, "'chain' is a list of components, oldest first");
            return steps;
        }

        foreach (YamlNode child in list.Children)
        {
            if (child is YamlScalarNode { Value: string name })
            {
                steps.Add((name, []));
                continue;
            }

            var step = new YamlFields(yaml, child, "a step of the chain");
            if (!step.IsMapping) continue;
            step.Only(["component", "data"]);
            steps.Add((step.RequiredText("component"), Tags(step, "data")));
        }

        return steps;
    }

    private Dictionary<string, string> Labels(YamlFields fields, string key)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        if (fields.Node(key) is not YamlNode node) return labels;
        var map = new YamlFields(yaml, node, $"'{key}'");
        foreach ((string name, _) in map.All) labels[name] = map.Text(name);
        return labels;
    }
}
