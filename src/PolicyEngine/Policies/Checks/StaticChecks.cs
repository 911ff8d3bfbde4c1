using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Policies.Checks;

/// <summary>What can be said of a set without a call: conditions that are never true, policies without effect, names nobody has, missing tests.</summary>
public static class StaticChecks
{
    /// <summary>Checks a set.</summary>
    /// <param name="set">The set.</param>
    /// <param name="names">What the application has; null to leave names alone.</param>
    /// <returns>Errors and warnings, in the order of files and lines.</returns>
    public static IReadOnlyList<PolicyIssue> Run(PolicySet set, KnownNames? names = null)
    {
        var issues = new List<PolicyIssue>();
        foreach (Policy policy in set.Policies)
        {
            if (Satisfiability.IsNeverTrue(policy))
            {
                issues.Add(new PolicyIssue(IssueLevel.Error, WhenPlace(policy), $"policy '{policy.Name}': the condition can never be true"));
            }

            if (names is not null) CheckNames(policy, names, issues);
            CheckTests(policy, issues);
        }

        CheckOverridden(set, issues);
        return [.. issues.OrderBy(i => i.Place.File, StringComparer.Ordinal).ThenBy(i => i.Place.Line).ThenBy(i => i.Place.Column)];
    }

    private static PolicyPlace WhenPlace(Policy policy)
    {
        SourceText source = policy.Document.When!;
        SourcePosition at = source.PositionOf(0);
        return new PolicyPlace(source.Name, at.Line, at.Column, source.LineAt(0));
    }

    private static void CheckTests(Policy policy, List<PolicyIssue> issues)
    {
        string? missing =
            policy.Tests.Count == 0 ? "has no tests"
            : !policy.Tests.Any(t => t.Expected == Expectation.Match) ? "has no test in which it matches"
            : !policy.Tests.Any(t => t.Expected == Expectation.NoMatch) && policy.When is not null ? "has no test in which it does not match"
            : null;
        if (missing is not null) issues.Add(new PolicyIssue(IssueLevel.Warning, policy.Place, $"policy '{policy.Name}' {missing}"));
    }

    private static void CheckNames(Policy policy, KnownNames names, List<PolicyIssue> issues)
    {
        CallParty[] known = [.. names.Components.Select(n => new CallParty(new Tracer.Calls.ComponentRef(n))), CallParty.Outside];
        foreach (PartyPattern pattern in policy.Match.Caller.Concat(policy.Match.Callee)) Component(pattern.Pattern, policy.Place);
        foreach (TagPattern pattern in policy.Match.Tags) Tag(pattern, policy.Place);
        if (policy.When is null) return;
        ExprWalk.Visit(policy.When.Expression.Parsed.Root, node =>
        {
            if (node is not CallExpr { Args: [LiteralExpr { Value.Kind: ValueKind.String } literal] } call) return;
            if (policy.When.Expression.CallOf(call) is not { Overloads: [Overload overload, ..] }) return;
            SourceText source = policy.When.Expression.Parsed.Source;
            SourcePosition at = source.PositionOf(literal.Span.Start);
            var place = new PolicyPlace(source.Name, at.Line, at.Column, source.LineAt(literal.Span.Start));
            if (overload.Id == "chain_passed") Component(literal.Value.AsString, place);
            else if (overload.Id is "data_has" or "step_has" or "chain_carried" && TagPattern.TryParse(literal.Value.AsString, out TagPattern tag, out _)) Tag(tag, place);
        });

        void Component(string text, PolicyPlace place)
        {
            var pattern = new PartyPattern(text);
            if (known.Any(pattern.IsMatch)) return;
            string? near = NearestName.Of(text, names.Components.Concat(names.Components.Select(c => c[(c.IndexOf('/') + 1)..])));
            issues.Add(new PolicyIssue(IssueLevel.Error, place, $"policy '{policy.Name}': no component of the manifest is called '{text}'{Hint(near)}"));
        }

        void Tag(TagPattern pattern, PolicyPlace place)
        {
            if (pattern.OnlyName is not string name || names.Tags.Contains(name)) return;
            issues.Add(new PolicyIssue(IssueLevel.Error, place, $"policy '{policy.Name}': nothing in the manifest puts on the tag '{name}'{Hint(NearestName.Of(name, names.Tags))}"));
        }
    }

    private static string Hint(string? near) => near is null ? "" : $"; did you mean '{near}'?";

    /// <summary>An allow that a deny always beats, and a deny or allow that another of its kind makes superfluous.</summary>
    private static void CheckOverridden(PolicySet set, List<PolicyIssue> issues)
    {
        var terms = set.Policies.ToDictionary(p => p, p => p.When is null ? [] : p.When.Conjuncts.Select(c => ExprText.Of(c.Node)).ToHashSet());
        Policy[] enforced = [.. set.Policies.Where(p => p is { Mode: PolicyMode.Enforce, Effect: Effect.Allow or Effect.Deny })];
        // A policy about components of certain names can only cover one about a component of one of these names.
        ILookup<string, Policy> byComponent = enforced
            .SelectMany(p => ComponentsOf(p).Distinct().Select(c => (Component: c, Policy: p))).ToLookup(p => p.Component, p => p.Policy);
        foreach (Policy policy in enforced)
        {
            IEnumerable<Policy> others = byComponent[AnyComponent];
            if (policy.Match.Callee is [{ OnlyComponent: string component }, ..]) others = others.Concat(byComponent[component]);
            foreach (Policy other in others)
            {
                if (ReferenceEquals(policy, other) || !MatchesWhenever(other, policy, terms)) continue;
                bool isOverridden = policy.Effect == Effect.Allow && other.Effect == Effect.Deny;
                bool isSuperfluous = policy.Effect == other.Effect && other.Severity >= policy.Severity &&
                    (!MatchesWhenever(policy, other, terms) || other.Severity > policy.Severity || string.CompareOrdinal(other.Name, policy.Name) < 0);
                if (!isOverridden && !isSuperfluous) continue;
                string why = isOverridden ? $"never takes effect: '{other.Name}' denies whenever it matches" : $"adds nothing: '{other.Name}' matches whenever it does, with the same effect";
                issues.Add(new PolicyIssue(IssueLevel.Warning, policy.Place, $"policy '{policy.Name}' {why}"));
                break;
            }
        }
    }

    private const string AnyComponent = "*";

    private static IEnumerable<string> ComponentsOf(Policy policy) =>
        policy.Match.Callee.Count > 0 && policy.Match.Callee.All(p => p.OnlyComponent is not null)
            ? policy.Match.Callee.Select(p => p.OnlyComponent!)
            : [AnyComponent];

    /// <summary>Whether <paramref name="wide"/> certainly matches every call that <paramref name="narrow"/> does.</summary>
    private static bool MatchesWhenever(Policy wide, Policy narrow, Dictionary<Policy, HashSet<string>> terms) =>
        (narrow.Events & ~wide.Events) == 0 && terms[wide].Count <= terms[narrow].Count && terms[wide].IsSubsetOf(terms[narrow]) &&
        wide.Match.Covers(narrow.Match) && (wide.Fail == narrow.Fail || wide.When is null);
}
