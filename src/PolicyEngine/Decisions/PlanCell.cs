using System.Collections.Concurrent;
using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Values;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Decisions;

/// <summary>What remains to be evaluated for the calls of one link, with one label, at one event.</summary>
internal sealed class PlanCell
{
    /// <summary>The outcomes of this many policies fit the key of the cache of decisions.</summary>
    private const int MaxCachedPolicies = 64;

    private const int MaxCachedDecisions = 1_024;

    private readonly PolicySet _set;
    private readonly Policy[] _settled;
    private readonly Candidate[] _open;
    private readonly ConcurrentDictionary<ulong, Decision> _decisions = new();

    private PlanCell(PolicySet set, Policy[] settled, Candidate[] open)
    {
        _set = set;
        _settled = settled;
        _open = open;
        Quiet = Decide(0, []);
    }

    /// <summary>The decision when none of the open policies matches.</summary>
    private Decision Quiet { get; }

    public static PlanCell Build(PolicySet set, Candidate[] candidates, PolicyEvent on, LabelId label)
    {
        Label tags = set.Labels[label];
        CallFrame frame = CallFrame.Take();
        // Only terms that look at the data are evaluated here, so no link is needed.
        frame.Set(new CallFacts { Link = null!, Data = label, Event = on }, set.Labels);
        var settled = new List<Policy>();
        var open = new List<Candidate>();
        foreach (Candidate candidate in candidates)
        {
            if ((candidate.Policy.Events & on) == 0 || !candidate.Policy.Match.FitsLabel(tags)) continue;
            Conjunct[]? left = Settle(candidate.Open, Dependencies.Data, frame);
            if (left is null) continue;
            if (left.Length == 0) settled.Add(candidate.Policy);
            else open.Add(new Candidate(candidate.Policy, left));
        }

        frame.Release();
        return new PlanCell(set, [.. settled], [.. open]);
    }

    /// <summary>
    /// Evaluates the terms that look at no more than <paramref name="known"/>: null when one is false (the policy cannot
    /// match), else the terms that are left: those that look at more, and those that failed.
    /// </summary>
    public static Conjunct[]? Settle(Conjunct[] terms, Dependencies known, Frame frame)
    {
        List<Conjunct>? left = null;
        for (int i = 0; i < terms.Length; i++)
        {
            Value value = (terms[i].Needs & ~known) == 0 ? terms[i].Compiled.Evaluate(frame) : Value.Null;
            if (value.IsFalse) return null;
            if (value.IsTrue) left ??= [.. terms.AsSpan(0, i)];
            else left?.Add(terms[i]);
        }

        return left is null ? terms : [.. left];
    }

    public Decision Decide(in CallFacts facts)
    {
        if (_open.Length == 0) return Quiet;
        CallFrame frame = CallFrame.Take();
        frame.Set(facts, _set.Labels);
        ulong matched = 0;
        List<PolicyOutcome>? special = null;
        for (int i = 0; i < _open.Length; i++)
        {
            Value value = Condition.Evaluate(_open[i].Open, frame);
            if (value.IsFalse) continue;
            if (value.IsTrue && i < MaxCachedPolicies) matched |= 1UL << i;
            else (special ??= []).Add(OutcomeOf(_open[i].Policy, value));
        }

        frame.Release();
        if (special is not null) return Decide(matched, special);
        if (matched == 0) return Quiet;
        return _decisions.TryGetValue(matched, out Decision? known) ? known : Remember(matched);
    }

    /// <summary>What a condition that is not false makes of its policy.</summary>
    public static PolicyOutcome OutcomeOf(Policy policy, Value value) =>
        value.IsError ? new PolicyOutcome(policy, value.AsError.Message, policy.Fail == FailMode.Closed ? policy.Effect != Effect.Allow : policy.Effect == Effect.Allow)
        : new PolicyOutcome(policy, null, Applies: true);

    private Decision Remember(ulong matched)
    {
        Decision decision = Decide(matched, []);
        if (_decisions.Count < MaxCachedDecisions) _decisions[matched] = decision;
        return decision;
    }

    private Decision Decide(ulong matched, List<PolicyOutcome> special)
    {
        var outcomes = new List<PolicyOutcome>(special);
        foreach (Policy policy in _settled) outcomes.Add(new PolicyOutcome(policy, null, Applies: true));
        for (int i = 0; i < Math.Min(_open.Length, MaxCachedPolicies); i++)
        {
            if ((matched >> i & 1) != 0) outcomes.Add(new PolicyOutcome(_open[i].Policy, null, Applies: true));
        }

        return outcomes.Count == 0 ? _set.Nothing : new Decision(_set, _set.InOrder(outcomes));
    }
}
