using Chain.PolicyEngine.Decisions;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Policies;

/// <summary>A text with policies and the name that errors call it by.</summary>
public sealed record PolicyFile(string Name, string Text);

/// <summary>Makes sets of policies from YAML.</summary>
public static class PolicyLoader
{
    /// <summary>How many policies a set may have.</summary>
    public const int MaxPolicies = 100_000;

    /// <summary>Reads a set.</summary>
    /// <param name="files">The files; their order means nothing.</param>
    /// <param name="labels">Where the labels of calls are interned.</param>
    /// <exception cref="PolicySetException">The set does not check; all its errors.</exception>
    public static PolicySet Load(IEnumerable<PolicyFile> files, LabelStore labels)
    {
        PolicySet? set = TryLoad(files, labels, out IReadOnlyList<PolicyIssue> issues);
        return set ?? throw new PolicySetException(issues);
    }

    /// <summary>As <see cref="Load"/>; null, with all the errors, where the set does not check.</summary>
    public static PolicySet? TryLoad(IEnumerable<PolicyFile> files, LabelStore labels, out IReadOnlyList<PolicyIssue> issues)
    {
        var found = new List<PolicyIssue>();
        var policies = new List<Policy>();
        var sets = new List<SetDocument>();
        foreach (PolicyFile file in files)
        {
            (List<Policy> read, List<SetDocument> settings) = PolicyReader.Read(file.Name, file.Text, found);
            policies.AddRange(read);
            sets.AddRange(settings);
        }

        Distinct(policies, found);
        for (int i = 1; i < sets.Count; i++)
        {
            found.Add(new PolicyIssue(IssueLevel.Error, sets[i].Place, $"a second 'set'; the first is at {sets[0].Place}"));
        }

        if (policies.Count > MaxPolicies)
        {
            found.Add(new PolicyIssue(IssueLevel.Error, policies[MaxPolicies].Place, $"the set has {policies.Count} policies, the limit is {MaxPolicies}"));
        }

        issues = found;
        return found.Count == 0 ? new PolicySet(policies, sets.Count == 0 ? Verdict.Allow : sets[0].Default, labels) : null;
    }

    private static void Distinct(List<Policy> policies, List<PolicyIssue> issues)
    {
        var byName = new Dictionary<string, Policy>(StringComparer.Ordinal);
        foreach (Policy policy in policies)
        {
            if (byName.TryAdd(policy.Name, policy)) continue;
            issues.Add(new PolicyIssue(IssueLevel.Error, policy.Place, $"policy '{policy.Name}' is defined twice; the first is at {byName[policy.Name].Place}"));
        }
    }
}
