using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Expressions.Values;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Policies;

/// <summary>How a test of a policy ended.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Test">The test.</param>
/// <param name="Passed">Whether the policy did what was expected.</param>
/// <param name="Found">What it did, in words.</param>
public sealed record PolicyTestResult(Policy Policy, PolicyTest Test, bool Passed, string Found);

/// <summary>Runs the tests that stand in policies: each asks its own policy alone.</summary>
public static class PolicyTestRunner
{
    public static IEnumerable<PolicyTestResult> Run(PolicySet set) =>
        set.Policies.SelectMany(p => p.Tests.Select(t => Run(p, t, set.Labels)));

    private static PolicyTestResult Run(Policy policy, PolicyTest test, LabelStore labels)
    {
        CallFacts facts = GivenCallFacts.Of(test.Given, labels);
        (bool matched, string? error) = Ask(policy, facts, labels);
        bool passed = test.Expected switch
        {
            Expectation.Match => matched && error is null,
            Expectation.NoMatch => !matched && error is null,
            _ => error is not null,
        };
        string found = error is not null ? $"error ({error})" : matched ? policy.Effect.ToString().ToLowerInvariant() : "none";
        return new PolicyTestResult(policy, test, passed, found);
    }

    private static (bool Matched, string? Error) Ask(Policy policy, in CallFacts facts, LabelStore labels)
    {
        if ((policy.Events & facts.Event) == 0 || !policy.Match.FitsLink(facts.Link) || !policy.Match.FitsLabel(labels[facts.Data])) return (false, null);
        if (policy.When is null) return (true, null);
        CallFrame frame = CallFrame.Take();
        frame.Set(facts, labels);
        Value value = policy.When.Evaluate(frame);
        frame.Release();
        return (value.IsTrue, value.IsError ? value.AsError.Message : null);
    }
}
