using System.Text;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.Cli.Bench;

/// <summary>
/// Label-style policies and calls, once for Chain and once for Cedar, that must decide alike: a component may not get
/// data with a tag unless the chain passed a filter; a kind of service may not get a secret outside a region; a caller
/// may not go too deep.
/// </summary>
internal sealed class PolicyWorkload
{
    private const int Callers = 20;
    private const int TagCount = 12;
    private const int CallCount = 4_096;

    private readonly Random _random = new(20260610);

    public PolicyWorkload(int policies)
    {
        Components = Math.Clamp(policies / 10, 2, 1_000);
        var yaml = new StringBuilder();
        var cedar = new StringBuilder("permit(principal, action, resource);\n");
        for (int i = 0; i < policies; i++)
        {
            int component = i % Components;
            int tag = _random.Next(TagCount);
            if (i > 0) yaml.Append("---\n");
            switch (i % 3)
            {
                case 0:
                    yaml.Append($"policy: p{i}\neffect: deny\nmatch: {{ callee: app/svc{component} }}\nwhen: data.has('t{tag}') && !chain.passed('app/filter')\n");
                    cedar.Append($"forbid(principal, action == Action::\"call\", resource == Component::\"app/svc{component}\") when {{ context.data.contains(\"t{tag}\") && !context.passed.contains(\"app/filter\") }};\n");
                    break;
                case 1:
                    yaml.Append($"policy: p{i}\neffect: deny\nmatch: {{ callee: '*/svc{component}', tags: t{tag} }}\nwhen: callee.region != 'eu'\n");
                    cedar.Append($"forbid(principal, action == Action::\"call\", resource) when {{ context.component == \"svc{component}\" && context.data.contains(\"t{tag}\") && context.region != \"eu\" }};\n");
                    break;
                default:
                    yaml.Append($"policy: p{i}\neffect: deny\nmatch: {{ caller: app/web{i % Callers}, callee: app/svc{component} }}\nwhen: chain.depth > {4 + (i % 4)}\n");
                    cedar.Append($"forbid(principal == Component::\"app/web{i % Callers}\", action == Action::\"call\", resource == Component::\"app/svc{component}\") when {{ context.depth > {4 + (i % 4)} }};\n");
                    break;
            }
        }

        Yaml = yaml.ToString();
        Cedar = cedar.ToString();
        Set = PolicyLoader.Load([new PolicyFile("bench.yaml", Yaml)], Labels);
        MakeCalls();
    }

    public int Components { get; }

    public string Yaml { get; }

    public string Cedar { get; }

    public LabelStore Labels { get; } = new();

    public PolicySet Set { get; }

    /// <summary>The calls, made in advance: what is timed is the decision.</summary>
    public CallFacts[] Calls { get; } = new CallFacts[CallCount];

    /// <summary>The same calls as Cedar is asked them.</summary>
    public object[] Given { get; } = new object[CallCount];

    private void MakeCalls()
    {
        var filter = new CallParty(new ComponentRef("app/filter"));
        CallParty[] callers = [.. Enumerable.Range(0, Callers).Select(i => new CallParty(new ComponentRef($"app/web{i}")))];
        CallParty[] callees = [.. Enumerable.Range(0, Components).Select(i => new CallParty(
            new ComponentRef($"app/svc{i}"), new Dictionary<string, string> { ["region"] = i % 3 == 0 ? "us" : "eu" }))];
        var links = new Dictionary<(int, int), CallLink>();
        for (int i = 0; i < CallCount; i++)
        {
            (int caller, int callee) = (_random.Next(Callers), _random.Next(Components));
            if (!links.TryGetValue((caller, callee), out CallLink? link))
            {
                links.Add((caller, callee), link = new CallLink(callers[caller], callees[callee], new FunctionRef("app:svc/api#call")));
            }

            string[] tags = [.. Enumerable.Range(0, _random.Next(3)).Select(_ => $"t{_random.Next(TagCount)}").Distinct()];
            CallParty[] passed = [callers[caller], .. _random.Next(2) == 0 ? [filter] : Array.Empty<CallParty>(), callees[_random.Next(Components)]];
            int depth = _random.Next(6);
            Calls[i] = new CallFacts
            {
                Link = link,
                Data = Labels.Intern(Label.Of([.. tags.Select(t => Tag.Create(t))])),
                Depth = depth,
                Passed = passed.Select(p => new ChainStep(p, LabelId.Empty)).ToArray(),
            };
            Given[i] = new
            {
                principal = $"app/web{caller}",
                resource = $"app/svc{callee}",
                context = new
                {
                    component = $"svc{callee}", data = tags, passed = passed.Select(p => p.Name), region = callees[callee].Region, depth,
                },
            };
        }
    }
}
