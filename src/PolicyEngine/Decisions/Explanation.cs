using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Values;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Decisions;

/// <summary>One key of a <c>match</c> against a call.</summary>
/// <param name="Key">The key.</param>
/// <param name="Patterns">Its patterns, as written.</param>
/// <param name="Value">What the call has.</param>
/// <param name="Fits">Whether one of the patterns fits.</param>
public sealed record MatchExplanation(string Key, string Patterns, string Value, bool Fits);

/// <summary>A sub-expression and the value it had; in a macro's body the value of each turn.</summary>
/// <param name="Text">Its source.</param>
/// <param name="Depth">How deep it stands in the condition; the whole is at 0.</param>
/// <param name="Value">Its value as CEL writes it, or <c>error: …</c>; "not evaluated" where an operator had no need of it.</param>
public sealed record TermExplanation(string Text, int Depth, string Value);

/// <summary>Why one policy did or did not match.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="AppliesToEvent">Whether it is asked at this event at all.</param>
/// <param name="Match">The keys of its match.</param>
/// <param name="Terms">Its condition; empty where the match already failed or there is none.</param>
/// <param name="Outcome">Whether it matched; null where it did not.</param>
/// <param name="Message">The message of the violation, where it matched.</param>
public sealed record PolicyExplanation(
    Policy Policy, bool AppliesToEvent, IReadOnlyList<MatchExplanation> Match, IReadOnlyList<TermExplanation> Terms, PolicyOutcome? Outcome, string Message);

/// <summary>Explains decisions: slower than making them, and by the same rules.</summary>
public static class Explanation
{
    /// <summary>Explains what each policy of the set says of the call.</summary>
    public static IReadOnlyList<PolicyExplanation> Of(PolicySet set, CallFacts facts) => [.. set.Policies.Select(p => Of(p, facts, set.Labels))];

    /// <summary>Explains what one policy says of the call.</summary>
    public static PolicyExplanation Of(Policy policy, CallFacts facts, LabelStore labels)
    {
        bool applies = (policy.Events & facts.Event) != 0;
        IReadOnlyList<MatchExplanation> match = MatchOf(policy, facts, labels);
        if (!applies || match.Any(m => !m.Fits)) return new PolicyExplanation(policy, applies, match, [], null, "");
        if (policy.When is null) return new PolicyExplanation(policy, true, match, [], new PolicyOutcome(policy, null, true), policy.MessageFor(facts, labels));

        CallFrame frame = CallFrame.Take();
        frame.Set(facts, labels);
        Value value = policy.When.Evaluate(frame);
        (_, EvaluationTrace trace) = CompiledExpression.Compile(policy.When.Expression, traced: true).EvaluateTraced(frame);
        frame.Release();
        PolicyOutcome? outcome = value.IsFalse ? null : PlanCell.OutcomeOf(policy, value);
        string message = outcome is null ? "" : policy.MessageFor(facts, labels);
        return new PolicyExplanation(policy, true, match, TermsOf(policy.When.Expression.Parsed, trace), outcome, message);
    }

    private static List<MatchExplanation> MatchOf(Policy policy, in CallFacts facts, LabelStore labels)
    {
        CallLink link = facts.Link;
        Label label = labels[facts.Data];
        var keys = new List<MatchExplanation>();
        PolicyMatch match = policy.Match;
        Add("caller", match.Caller.Select(p => p.Pattern), link.Caller.Name, match.Caller.Any(p => p.IsMatch(link.Caller)));
        Add("callee", match.Callee.Select(p => p.Pattern), link.Callee.Name, match.Callee.Any(p => p.IsMatch(link.Callee)));
        Add("interface", match.Interface.Select(p => p.Pattern), link.Interface, match.Interface.Any(p => p.IsMatch(link.Interface)));
        Add("function", match.Function.Select(p => p.Pattern), link.Function, match.Function.Any(p => p.IsMatch(link.Function)));
        Add("region", match.Region.Select(p => p.Pattern), link.Callee.Region, match.Region.Any(p => p.IsMatch(link.Callee.Region)));
        Add("tags", match.Tags.Select(p => p.Text), label.ToString(), match.FitsLabel(label));
        return keys;

        void Add(string key, IEnumerable<string> patterns, string value, bool fits)
        {
            string written = string.Join(", ", patterns);
            if (written.Length > 0) keys.Add(new MatchExplanation(key, written, value, fits));
        }
    }

    private static List<TermExplanation> TermsOf(ParsedExpression parsed, EvaluationTrace trace)
    {
        ILookup<int, Value> values = trace.Steps.ToLookup(s => s.Node.Id, s => s.Value);
        var terms = new List<TermExplanation>();
        Add(parsed.Root, 0);
        return terms;

        void Add(Expr node, int depth)
        {
            // Names and constants explain nothing beyond what they are part of.
            if (node is LiteralExpr or IdentExpr) return;
            string[] shown = [.. values[node.Id].Take(5).Select(Show)];
            if (shown.Length == 0 || shown[0] != "")
            {
                string text = string.Join(' ', parsed.Source.Slice(node.Span).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
                terms.Add(new TermExplanation(text, depth, shown.Length == 0 ? "not evaluated" : string.Join(", ", shown)));
                depth++;
            }

            foreach (Expr child in ExprWalk.Children(node)) Add(child, depth);
        }
    }

    private static string Show(Value value)
    {
        if (value.Kind == ValueKind.Object) return "";
        string text = value.ToString();
        return text.Length <= 200 ? text : text[..199] + "…";
    }
}
