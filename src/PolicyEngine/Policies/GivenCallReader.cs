using Chain.PolicyEngine.Decisions;

namespace Chain.PolicyEngine.Policies;

/// <summary>Reads one call from YAML, with the keys of <c>given</c> in a policy's tests.</summary>
public static class GivenCallReader
{
    /// <exception cref="PolicySetException">It is not a call; every error.</exception>
    public static GivenCall Read(PolicyFile file)
    {
        var issues = new List<PolicyIssue>();
        YamlSource yaml = YamlSource.Read(file.Name, file.Text, issues);
        if (issues.Count == 0 && yaml.Documents.Count != 1)
        {
            issues.Add(new PolicyIssue(IssueLevel.Error, new PolicyPlace(file.Name, 1, 1, ""), $"expected one call, found {yaml.Documents.Count} documents"));
        }

        GivenCall? call = issues.Count == 0 ? new PolicyTestReader(yaml).Given(yaml.Documents[0], PolicyEvent.Call) : null;
        return issues.Count == 0 ? call! : throw new PolicySetException(issues);
    }
}
