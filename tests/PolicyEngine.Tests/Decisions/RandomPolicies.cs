using System.Text;

namespace Chain.PolicyEngine.Tests.Decisions;

/// <summary>Random policies and calls over few names, so that they meet often. The same seed gives the same ones.</summary>
internal sealed class RandomPolicies(int seed)
{
    private static readonly string[] Applications = ["a", "b", "clinic"];
    private static readonly string[] Components = ["web", "mailer", "store", "anon"];
    private static readonly string[] Tags = ["pii", "phi", "pii=alice", "region=eu", "region=us", "+checked", "user=bob", "region=*", "*"];
    private static readonly string[] Functions = ["x:y/api#get", "x:y/api#put", "x:z/log#write", "run"];
    private static readonly string[] Regions = ["eu", "us", ""];
    private static readonly string[] Events = ["call", "result", "[call, result]", "declassify"];

    private readonly Random _random = new(seed);

    public string Set(int policies)
    {
        var yaml = new StringBuilder();
        if (_random.Next(3) == 0) yaml.Append("set: s\ndefault: deny\n---\n");
        for (int i = 0; i < policies; i++)
        {
            yaml.Append($"policy: p{i}\neffect: {Pick("allow", "deny", "deny", "alert", "audit")}\n");
            if (_random.Next(3) == 0) yaml.Append($"on: {Pick(Events)}\n");
            if (_random.Next(3) == 0) yaml.Append($"fail: {Pick("open", "closed")}\n");
            if (_random.Next(4) == 0) yaml.Append("mode: shadow\n");
            yaml.Append($"severity: {Pick("low", "medium", "high")}\n");
            Match(yaml);
            if (_random.Next(4) != 0) yaml.Append($"when: |\n  {Condition(3)}\n");
            yaml.Append("---\n");
        }

        return yaml.ToString(0, yaml.Length - 4);
    }

    public string Name() => _random.Next(8) == 0 ? "outside" : $"{Pick(Applications)}/{Pick(Components)}";

    public string Function() => Pick(Functions);

    public string Region() => Pick(Regions);

    public string[] Label() => [.. Enumerable.Range(0, _random.Next(4)).Select(_ => Pick(Tags))];

    public int Below(int max) => _random.Next(max);

    private T Pick<T>(params T[] choices) => choices[_random.Next(choices.Length)];

    private void Match(StringBuilder yaml)
    {
        var keys = new List<string>();
        if (_random.Next(3) == 0) keys.Add($"caller: {Patterns()}");
        if (_random.Next(2) == 0) keys.Add($"callee: {Patterns()}");
        if (_random.Next(5) == 0) keys.Add($"interface: \"{Pick("x:y/api", "x:*/**", "x:z/log")}\"");
        if (_random.Next(5) == 0) keys.Add($"function: \"{Pick("get", "p*", "run")}\"");
        if (_random.Next(5) == 0) keys.Add($"region: \"{Pick("eu", "u?", "*")}\"");
        if (_random.Next(4) == 0) keys.Add($"tags: [\"{Pick("pii", "region=e*", "+checked", "p*")}\", \"{Pick("user", "phi")}\"]");
        if (keys.Count > 0) yaml.Append($"match: {{ {string.Join(", ", keys)} }}\n");
    }

    private string Patterns() => _random.Next(3) == 0 ? $"[\"{Pattern()}\", \"{Pattern()}\"]" : $"\"{Pattern()}\"";

    private string Pattern() => _random.Next(6) switch
    {
        0 => $"*/{Pick(Components)}",
        1 => $"{Pick(Applications)}/*",
        2 => Pick(Components),
        3 => Pick("**", "*", "outside", "cl*/*", "*/m*"),
        _ => $"{Pick(Applications)}/{Pick(Components)}",
    };

    private string Condition(int depth) => depth == 0 || _random.Next(4) == 0 ? Term() : _random.Next(4) switch
    {
        0 => $"!({Condition(depth - 1)})",
        1 => $"({Condition(depth - 1)} || {Condition(depth - 1)})",
        _ => $"{Condition(depth - 1)} && {Condition(depth - 1)}",
    };

    private string Term() => _random.Next(16) switch
    {
        0 => $"data.has('{Pick("pii", "phi", "region=eu", "+checked", "user=bob")}')",
        1 => $"callee.name == '{Pick(Applications)}/{Pick(Components)}'",
        2 => $"caller.application {Pick("==", "!=")} '{Pick(Applications)}'",
        3 => $"callee.component in ['{Pick(Components)}', '{Pick(Components)}']",
        4 => $"chain.passed('{Pick(Components)}')",
        5 => $"chain.depth {Pick(">", "<", "==")} {_random.Next(5)}",
        6 => $"data.value('region') == '{Pick("eu", "us")}'",
        7 => "caller.labels['team'] == 'x'",
        8 => $"10 / chain.depth > {_random.Next(8)}",
        9 => $"chain.steps.exists(s, s.has('{Pick("pii", "phi")}'))",
        10 => $"chain.steps.all(s, s.application != '{Pick(Applications)}')",
        11 => $"'{Pick("pii", "region=eu")}' in data.tags",
        12 => $"data.tags.size() > {_random.Next(3)}",
        13 => $"callee.region == caller.region",
        14 => $"callee.function.startsWith('{Pick("g", "p", "w")}')",
        _ => $"chain.carried('{Pick("pii", "user")}')",
    };
}
