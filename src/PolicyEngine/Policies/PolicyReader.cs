using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;
using YamlDotNet.RepresentationModel;

namespace Chain.PolicyEngine.Policies;

/// <summary>Reads policies from YAML. Every error of a file is collected; nothing is guessed.</summary>
internal sealed class PolicyReader
{
    /// <summary>The keys of a policy, in the order in which documentation lists them.</summary>
    public static readonly string[] Keys =
        ["policy", "description", "on", "match", "when", "effect", "severity", "fail", "mode", "message", "tests"];

    /// <summary>The keys of <c>match</c>.</summary>
    public static readonly string[] MatchKeys = ["caller", "callee", "interface", "function", "region", "tags"];

    private static readonly string[] SetKeys = ["set", "default"];

    private readonly YamlSource _yaml;
    private readonly List<PolicyIssue> _issues;

    private PolicyReader(YamlSource yaml, List<PolicyIssue> issues)
    {
        _yaml = yaml;
        _issues = issues;
    }

    /// <summary>Reads every document of a file; what is wrong is added to the issues.</summary>
    public static (List<Policy> Policies, List<SetDocument> Sets) Read(string file, string text, List<PolicyIssue> issues)
    {
        YamlSource yaml = YamlSource.Read(file, text, issues);
        var reader = new PolicyReader(yaml, issues);
        var policies = new List<Policy>();
        var sets = new List<SetDocument>();
        for (int i = 0; i < yaml.Documents.Count; i++)
        {
            YamlNode document = yaml.Documents[i];
            var fields = new YamlFields(yaml, document, "a policy");
            if (fields.IsMapping && fields.Has("set"))
            {
                if (reader.Set(fields) is SetDocument set) sets.Add(set);
            }
            else if (fields.IsMapping && reader.Policy(fields, yaml.SourceOf(document, i)) is Policy policy)
            {
                policies.Add(policy);
            }
        }

        return (policies, sets);
    }

    private SetDocument? Set(YamlFields fields)
    {
        int before = _issues.Count;
        fields.Only(SetKeys);
        string name = fields.RequiredText("set");
        Verdict verdict = fields.OneOf("default", [("allow", Verdict.Allow), ("deny", Verdict.Deny)], Verdict.Allow);
        return _issues.Count == before ? new SetDocument(name, verdict, fields.Place) : null;
    }

    private Policy? Policy(YamlFields fields, string source)
    {
        int before = _issues.Count;
        fields.Only(Keys);
        string name = fields.RequiredText("policy");
        if (name.Length > 0 && !IsName(name))
        {
            fields.Error("policy", $"a policy's name is 1 to 100 of a-z A-Z 0-9 _ . -, found '{name}'");
        }

        if (!fields.Has("effect")) fields.Error("policy", "the policy has no effect; expected one of allow, deny, alert, audit");
        PolicyEvent events = Events(fields);
        (PolicyMatch match, List<(string, IReadOnlyList<string>)> written) = Match(fields);
        YamlScalarNode? when = fields.Scalar("when");
        var document = new PolicyDocument
        {
            Name = name,
            Place = fields.Place,
            Source = source,
            Description = fields.Text("description"),
            Events = events,
            Match = written,
            When = when is null ? null : _yaml.TextOf(when),
            Effect = fields.OneOf("effect", [("allow", Effect.Allow), ("deny", Effect.Deny), ("alert", Effect.Alert), ("audit", Effect.Audit)], Effect.Deny),
            Severity = fields.OneOf(
                "severity",
                [("info", Severity.Info), ("low", Severity.Low), ("medium", Severity.Medium), ("high", Severity.High), ("critical", Severity.Critical)],
                Severity.Medium),
            Fail = fields.OneOf("fail", [("closed", FailMode.Closed), ("open", FailMode.Open)], FailMode.Closed),
            Mode = fields.OneOf("mode", [("enforce", PolicyMode.Enforce), ("shadow", PolicyMode.Shadow)], PolicyMode.Enforce),
            Message = fields.Text("message"),
        };
        Condition? condition = document.When is null ? null : Checked(() => CheckedCondition(document.When));
        YamlScalarNode? messageNode = fields.Scalar("message");
        MessageTemplate? message = Checked(() => MessageTemplate.Parse(messageNode is null ? new SourceText("") : _yaml.TextOf(messageNode)));
        List<PolicyTest> tests = new PolicyTestReader(_yaml).Read(fields.Node("tests"), document);
        return _issues.Count == before ? new Policy(document, match, condition, message!, tests) : null;
    }

    private Condition CheckedCondition(SourceText source)
    {
        Condition condition = Condition.Parse(source);
        var wrong = new List<ExpressionIssue>();
        ExprWalk.Visit(condition.Expression.Parsed.Root, node =>
        {
            if (WrongConstant(node, condition.Expression) is (LiteralExpr literal, string reason)) wrong.Add(new ExpressionIssue(source, literal.Span, reason));
        });
        return wrong.Count == 0 ? condition : throw new ExpressionException(wrong);
    }

    /// <summary>A constant tag, component or regular expression that can never work is found now and not at the first call.</summary>
    private static (LiteralExpr Literal, string Reason)? WrongConstant(Expr node, CheckedExpression expression)
    {
        if (node is not CallExpr { Args: [LiteralExpr { Value.Kind: ValueKind.String } literal] } call || expression.CallOf(call) is not { } reference) return null;
        string text = literal.Value.AsString;
        switch (reference.Overloads.Count > 0 ? reference.Overloads[0].Id : "")
        {
            case "data_has" or "step_has" or "chain_carried":
                return TagPattern.TryParse(text, out _, out string reason) ? null : (literal, reason);
            case "chain_passed":
                try
                {
                    _ = new PartyPattern(text);
                    return null;
                }
                catch (FormatException e)
                {
                    return (literal, e.Message);
                }

            case "matches_string":
                return Expressions.Functions.RegularExpressions.Compile(text, out string? error) is null ? (literal, error!) : null;
            default:
                return null;
        }
    }

    private T? Checked<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (ExpressionException e)
        {
            _issues.AddRange(e.Issues.Select(PolicyIssue.Of));
            return null;
        }
    }

    private static bool IsName(string name) => name.Length is > 0 and <= 100 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');

    private static PolicyEvent Events(YamlFields fields)
    {
        if (!fields.Has("on")) return PolicyEvent.Call;
        var events = PolicyEvent.None;
        foreach (YamlScalarNode node in fields.Scalars("on"))
        {
            events |= fields.OneOf(node, "on", EventNames.All);
        }

        return events;
    }

    private (PolicyMatch Match, List<(string, IReadOnlyList<string>)> Written) Match(YamlFields fields)
    {
        var written = new List<(string, IReadOnlyList<string>)>();
        if (fields.Node("match") is not YamlNode node) return (new PolicyMatch(), written);
        var match = new YamlFields(_yaml, node, "match");
        if (!match.IsMapping) return (new PolicyMatch(), written);
        match.Only(MatchKeys);
        return (new PolicyMatch
        {
            Caller = Patterns(match, "caller", written, static p => new PartyPattern(p)),
            Callee = Patterns(match, "callee", written, static p => new PartyPattern(p)),
            Interface = Patterns(match, "interface", written, static p => new Glob(p)),
            Function = Patterns(match, "function", written, static p => new Glob(p)),
            Region = Patterns(match, "region", written, static p => new Glob(p)),
            Tags = Patterns(match, "tags", written, static p => TagPattern.TryParse(p, out TagPattern t, out string reason) ? t : throw new FormatException(reason)),
        }, written);
    }

    private static List<T> Patterns<T>(YamlFields match, string key, List<(string, IReadOnlyList<string>)> written, Func<string, T> read)
    {
        var patterns = new List<T>();
        if (!match.Has(key)) return patterns;
        var texts = new List<string>();
        foreach (YamlScalarNode node in match.Scalars(key))
        {
            string text = node.Value ?? "";
            try
            {
                patterns.Add(read(text));
                texts.Add(text);
            }
            catch (FormatException e)
            {
                match.Error(node, e.Message);
            }
        }

        written.Add((key, texts));
        return patterns;
    }
}
