using Chain.PolicyEngine.Policies;

namespace Chain.PolicyEngine.Decisions;

/// <summary>Whether the call may go on.</summary>
public enum Verdict : byte
{
    Allow,
    Deny,
}

/// <summary>A policy that matched, or whose condition failed.</summary>
/// <param name="Policy">The policy; its digest is the version that decided.</param>
/// <param name="Error">Why its condition could not be evaluated; null where it could.</param>
/// <param name="Applies">Whether its effect applies: it matched, or it failed on the side that its <c>fail</c> says.</param>
public sealed record PolicyOutcome(Policy Policy, string? Error, bool Applies);

/// <summary>What the policies say of one call.</summary>
/// <remarks>Immutable. Decisions that are alike are one object, so that making them allocates nothing.</remarks>
public sealed class Decision
{
    private DecisionShape? _shape;

    internal Decision(PolicySet set, IReadOnlyList<PolicyOutcome> outcomes)
    {
        Set = set;
        Outcomes = outcomes;
        Verdict = VerdictOf(set, outcomes, withShadow: false, out PolicyOutcome? decidedBy);
        ShadowVerdict = VerdictOf(set, outcomes, withShadow: true, out _);
        DecidedBy = decidedBy?.Policy;
        IsViolation = outcomes.Any(o => o is { Applies: true, Policy: { Mode: PolicyMode.Enforce, Effect: Effect.Deny or Effect.Alert } }) ||
            (Verdict == Verdict.Deny && DecidedBy is null);
        IsRecorded = outcomes.Count > 0 || Verdict == Verdict.Deny;
    }

    /// <summary>The policies that decided.</summary>
    public PolicySet Set { get; }

    /// <summary>What is enforced.</summary>
    public Verdict Verdict { get; }

    /// <summary>What would be enforced if the policies in shadow mode were.</summary>
    public Verdict ShadowVerdict { get; }

    /// <summary>The policy that settled it: the most severe deny, else the first allow; null where the set's default did.</summary>
    public Policy? DecidedBy { get; }

    /// <summary>The policies that matched or failed, in the order of the set.</summary>
    public IReadOnlyList<PolicyOutcome> Outcomes { get; }

    /// <summary>Whether somebody should hear of it: a deny or an alert applied, or nothing allowed what the default denies.</summary>
    public bool IsViolation { get; }

    /// <summary>Whether there is anything to record: a decision that no policy had a part in is not worth a row.</summary>
    public bool IsRecorded { get; }

    /// <summary>What of it is recorded. Made when it is first asked for.</summary>
    public DecisionShape Shape => _shape ??= DecisionShape.Of(this);

    /// <summary>The most severe of the policies that apply and are enforced.</summary>
    public Severity Severity
    {
        get
        {
            var severity = Severity.Info;
            foreach (PolicyOutcome outcome in Outcomes)
            {
                if (outcome.Applies && outcome.Policy.Mode == PolicyMode.Enforce && outcome.Policy.Severity > severity) severity = outcome.Policy.Severity;
            }

            return severity;
        }
    }

    /// <summary>The verdict and the names of the policies that apply: what two decisions have in common when they are alike.</summary>
    public override string ToString()
    {
        string names = string.Join(", ", Outcomes.Select(o => o.Error is null ? o.Policy.Name : $"{o.Policy.Name} (failed)"));
        return $"{Verdict.ToString().ToLowerInvariant()}{(names.Length == 0 ? "" : $": {names}")}";
    }

    /// <summary>Deny wins; then allow; then the set's default.</summary>
    private static Verdict VerdictOf(PolicySet set, IReadOnlyList<PolicyOutcome> outcomes, bool withShadow, out PolicyOutcome? decidedBy)
    {
        PolicyOutcome? deny = null;
        PolicyOutcome? allow = null;
        foreach (PolicyOutcome outcome in outcomes)
        {
            if (!outcome.Applies || (outcome.Policy.Mode == PolicyMode.Shadow && !withShadow)) continue;
            if (outcome.Policy.Effect == Effect.Deny && (deny is null || outcome.Policy.Severity > deny.Policy.Severity)) deny = outcome;
            if (outcome.Policy.Effect == Effect.Allow) allow ??= outcome;
        }

        decidedBy = deny ?? allow;
        return deny is not null ? Verdict.Deny : allow is not null ? Verdict.Allow : set.Default;
    }
}
