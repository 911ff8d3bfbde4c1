using System.Collections.Concurrent;
using Chain.PolicyEngine.Expressions.Values;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Decisions;

/// <summary>
/// A set of checked policies: what decides. It is a snapshot; a changed set is another object.
/// </summary>
/// <remarks>
/// Thread-safe. <see cref="Decide"/> takes no lock, makes no call over a network and, once a link and a label were seen,
/// allocates nothing unless a condition builds a value or fails.
/// </remarks>
public sealed class PolicySet
{
    /// <summary>Plans that are shared between links; past this many each link has its own.</summary>
    private const int MaxSharedPlans = 10_000;

    private readonly Policy[] _policies;
    private readonly Dictionary<Policy, int> _order = [];
    private readonly PolicyIndex _index;
    private readonly ConcurrentDictionary<string, LinkPlan> _plans = new();

    internal PolicySet(IEnumerable<Policy> policies, Verdict @default, LabelStore labels)
    {
        _policies = [.. policies.OrderBy(p => p.Name, StringComparer.Ordinal)];
        for (int i = 0; i < _policies.Length; i++) _order.Add(_policies[i], i);
        Default = @default;
        Labels = labels;
        Digest = PolicyDigest.OfSet(@default, _policies);
        _index = new PolicyIndex(_policies);
        Nothing = new Decision(this, []);
    }

    /// <summary>A set without policies, which allows everything.</summary>
    public static PolicySet Empty(LabelStore labels) => new([], Verdict.Allow, labels);

    /// <summary>The policies in the order of their names.</summary>
    public IReadOnlyList<Policy> Policies => _policies;

    /// <summary>What happens to a call that no policy allows or denies.</summary>
    public Verdict Default { get; }

    /// <summary>The version of the whole set.</summary>
    public string Digest { get; }

    /// <summary>Where the labels of calls are interned.</summary>
    public LabelStore Labels { get; }

    internal Decision Nothing { get; }

    /// <summary>Decides about one call.</summary>
    /// <param name="facts">The call; its labels are of <see cref="Labels"/>.</param>
    public Decision Decide(in CallFacts facts) => facts.Link.PlanFor(this).Cell(facts.Event, facts.Data).Decide(facts);

    /// <summary>Decides by looking at every policy in turn: slow, obvious, and what <see cref="Decide"/> must agree with.</summary>
    public Decision DecidePlainly(in CallFacts facts)
    {
        var outcomes = new List<PolicyOutcome>();
        Label label = Labels[facts.Data];
        CallFrame frame = CallFrame.Take();
        frame.Set(facts, Labels);
        foreach (Policy policy in _policies)
        {
            if ((policy.Events & facts.Event) == 0 || !policy.Match.FitsLink(facts.Link) || !policy.Match.FitsLabel(label)) continue;
            Value value = policy.When is null ? Value.True : policy.When.Evaluate(frame);
            if (!value.IsFalse) outcomes.Add(PlanCell.OutcomeOf(policy, value));
        }

        frame.Release();
        return new Decision(this, outcomes);
    }

    internal LinkPlan PlanOf(CallLink link)
    {
        CallFrame frame = CallFrame.Take();
        frame.Set(new CallFacts { Link = link }, Labels);
        var candidates = new List<Candidate>();
        var key = new System.Text.StringBuilder();
        foreach (Policy policy in _index.Find(link))
        {
            Conjunct[]? left = policy.When is null ? [] : PlanCell.Settle(policy.When.Conjuncts, Dependencies.Link, frame);
            if (left is null) continue;
            candidates.Add(new Candidate(policy, left));
            key.Append(_order[policy]).Append(':');
            foreach (Conjunct conjunct in left) key.Append(Array.IndexOf(policy.When!.Conjuncts, conjunct)).Append(',');
            key.Append(';');
        }

        frame.Release();
        string shared = key.ToString();
        if (_plans.TryGetValue(shared, out LinkPlan? known)) return known;
        var plan = new LinkPlan(this, [.. candidates]);
        if (_plans.Count < MaxSharedPlans) plan = _plans.GetOrAdd(shared, plan);
        return plan;
    }

    internal IReadOnlyList<PolicyOutcome> InOrder(List<PolicyOutcome> outcomes)
    {
        outcomes.Sort((a, b) => _order[a.Policy].CompareTo(_order[b.Policy]));
        return outcomes;
    }
}
