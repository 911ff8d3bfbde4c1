using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Policies.Checks;

/// <summary>
/// Finds conditions that can never be true: contradicting values, ranges, tags and negations, within the condition
/// and between it and the <c>match</c>. What it finds is certain; it does not find everything.
/// </summary>
internal static class Satisfiability
{
    private const int MaxBranches = 256;

    /// <summary>Whether no call at all can match the policy.</summary>
    public static bool IsNeverTrue(Policy policy)
    {
        if (policy.When is null) return false;
        foreach (Conjunct conjunct in policy.When.Conjuncts)
        {
            if (conjunct.Needs == Dependencies.None && !conjunct.Compiled.Evaluate(new Expressions.Compilation.Frame()).IsTrue) return true;
        }

        var facts = new KnownFacts();
        FromMatch(policy, facts);
        int branches = 0;
        return !CanHold([.. policy.When.Conjuncts.Select(c => (c.Node, true))], facts, ref branches);
    }

    private static void FromMatch(Policy policy, KnownFacts facts)
    {
        PolicyMatch match = policy.Match;
        Party("caller", match.Caller, facts);
        Party("callee", match.Callee, facts);
        Exact("callee.interface", match.Interface, facts);
        Exact("callee.function", match.Function, facts);
        Exact("callee.region", match.Region, facts);
        facts.OneOf("call.event", EventNames.All.Where(e => (policy.Events & e.Event) != 0).Select(e => KnownFacts.Literal(e.Name)));
        facts.OneOf("call.phase", [
            .. policy.Events.HasFlag(PolicyEvent.Result) ? [KnownFacts.Literal("result")] : Array.Empty<string>(),
            .. (policy.Events & ~PolicyEvent.Result) != 0 ? [KnownFacts.Literal("argument")] : Array.Empty<string>(),
        ]);
        if (policy.Events == PolicyEvent.Call) facts.OneOf("call.outcome", [KnownFacts.Literal("")]);
        foreach (string count in (string[])["call.depth", "chain.depth", "chain.length"]) facts.Between(count, 0, int.MaxValue);
    }

    private static void Party(string party, IReadOnlyList<PartyPattern> patterns, KnownFacts facts)
    {
        if (patterns.Count == 0) return;
        if (patterns.All(p => p is { OnlyApplication: not null, OnlyComponent: not null })) facts.Name(party, [.. patterns.Select(p => $"{p.OnlyApplication}/{p.OnlyComponent}")]);
        if (patterns.All(p => p.OnlyComponent is not null)) facts.OneOf($"{party}.component", patterns.Select(p => KnownFacts.Literal(p.OnlyComponent!)));
        if (patterns.All(p => p.OnlyApplication is not null)) facts.OneOf($"{party}.application", patterns.Select(p => KnownFacts.Literal(p.OnlyApplication!)));
    }

    private static void Exact(string term, IReadOnlyList<Glob> patterns, KnownFacts facts)
    {
        if (patterns.Count > 0 && patterns.All(p => p.Literal is not null)) facts.OneOf(term, patterns.Select(p => KnownFacts.Literal(p.Literal!)));
    }

    /// <summary>Whether all the terms can have their wanted truth together.</summary>
    private static bool CanHold(List<(Expr Node, bool Wanted)> terms, KnownFacts facts, ref int branches)
    {
        var choices = new List<(Expr Node, bool Wanted)[]>();
        for (int i = 0; i < terms.Count; i++)
        {
            (Expr node, bool wanted) = terms[i];
            switch (node)
            {
                case CallExpr { Function: Operators.Not } negation:
                    terms.Add((negation.Args[0], !wanted));
                    break;
                case CallExpr { Function: Operators.And } both when wanted:
                    terms.AddRange([(both.Args[0], true), (both.Args[1], true)]);
                    break;
                case CallExpr { Function: Operators.Or } neither when !wanted:
                    terms.AddRange([(neither.Args[0], false), (neither.Args[1], false)]);
                    break;
                case CallExpr { Function: Operators.Or or Operators.And } either:
                    choices.Add([(either.Args[0], wanted), (either.Args[1], wanted)]);
                    break;
                default:
                    Learn(node, wanted, facts);
                    break;
            }
        }

        return !facts.IsContradiction && CanChoose(choices, 0, facts, ref branches);
    }

    private static bool CanChoose(List<(Expr Node, bool Wanted)[]> choices, int at, KnownFacts facts, ref int branches)
    {
        if (at == choices.Count) return true;
        foreach ((Expr, bool) choice in choices[at])
        {
            // Past the limit nothing is certain any more, so the condition is given the benefit of the doubt.
            if (++branches > MaxBranches) return true;
            KnownFacts copy = facts.Copy();
            if (CanHold([choice], copy, ref branches) && CanChoose(choices, at + 1, copy, ref branches)) return true;
        }

        return false;
    }

    private static void Learn(Expr node, bool wanted, KnownFacts facts)
    {
        if (node is LiteralExpr literal)
        {
            if (literal.Value.Kind != ValueKind.Bool || literal.Value.AsBool != wanted) facts.Contradict();
            return;
        }

        string text = ExprText.Of(node);
        facts.Truth(text, wanted);
        if (node is not CallExpr { Target: null, Args: [Expr left, Expr right] } call) return;
        string function = wanted ? call.Function : Opposite(call.Function);
        if (left is LiteralExpr && right is not (LiteralExpr or ListExpr)) (left, right, function) = (right, left, Mirrored(function));
        if (ConstantsOf(right) is not { } constants) return;
        string term = ExprText.Of(left);
        switch (function)
        {
            case Operators.Equal when right is LiteralExpr || constants.Count == 1:
            case Operators.In when right is ListExpr:
                if (function == Operators.Equal && right is ListExpr) break;
                if (term is "caller.name" or "callee.name" && constants.All(c => c.Kind == ValueKind.String)) facts.Name(term[..6], [.. constants.Select(c => c.AsString)]);
                else facts.OneOf(term, constants.Select(ValueText.Literal));
                if (constants.All(c => c.Kind == ValueKind.Int) && constants.Count > 0) facts.Between(term, constants.Min(c => c.AsInt), constants.Max(c => c.AsInt));
                break;
            case Operators.NotEqual when right is LiteralExpr:
            case NotIn when right is ListExpr:
                facts.NoneOf(term, constants.Select(ValueText.Literal));
                break;
            default:
                if (right is LiteralExpr { Value: { Kind: ValueKind.Int } bound }) Bound(term, function, bound.AsInt, facts);
                break;
        }
    }

    private const string NotIn = "!@in";

    private static void Bound(string term, string function, long bound, KnownFacts facts)
    {
        switch (function)
        {
            case Operators.Less when bound > long.MinValue:
                facts.Between(term, long.MinValue, bound - 1);
                break;
            case Operators.LessOrEqual:
                facts.Between(term, long.MinValue, bound);
                break;
            case Operators.Greater when bound < long.MaxValue:
                facts.Between(term, bound + 1, long.MaxValue);
                break;
            case Operators.GreaterOrEqual:
                facts.Between(term, bound, long.MaxValue);
                break;
        }
    }

    private static List<Value>? ConstantsOf(Expr node) => node switch
    {
        LiteralExpr literal => [literal.Value],
        ListExpr list when list.Elements.All(e => e is { Optional: false, Value: LiteralExpr }) => [.. list.Elements.Select(e => ((LiteralExpr)e.Value).Value)],
        _ => null,
    };

    private static string Opposite(string function) => function switch
    {
        Operators.Equal => Operators.NotEqual,
        Operators.NotEqual => Operators.Equal,
        Operators.Less => Operators.GreaterOrEqual,
        Operators.LessOrEqual => Operators.Greater,
        Operators.Greater => Operators.LessOrEqual,
        Operators.GreaterOrEqual => Operators.Less,
        Operators.In => NotIn,
        _ => "",
    };

    private static string Mirrored(string function) => function switch
    {
        Operators.Less => Operators.Greater,
        Operators.LessOrEqual => Operators.GreaterOrEqual,
        Operators.Greater => Operators.Less,
        Operators.GreaterOrEqual => Operators.LessOrEqual,
        Operators.In or NotIn => "",
        _ => function,
    };
}
