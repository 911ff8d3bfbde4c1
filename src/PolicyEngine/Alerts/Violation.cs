using System.Security.Cryptography;
using System.Text;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Alerts;

/// <summary>One policy's objection to one call.</summary>
public sealed record Violation
{
    /// <summary>The name that stands for the set's own default where no policy allowed the call.</summary>
    public const string DefaultPolicy = "default";

    /// <summary>The policy's name.</summary>
    public required string Policy { get; init; }

    /// <summary>The policy's digest; the set's where its default decided.</summary>
    public required string Version { get; init; }

    public required Severity Severity { get; init; }

    /// <summary><c>deny</c> or <c>alert</c>.</summary>
    public required string Effect { get; init; }

    public required string Message { get; init; }

    public required string Caller { get; init; }

    public required string Callee { get; init; }

    public required string Function { get; init; }

    public required PolicyEvent Event { get; init; }

    public required CallId Call { get; init; }

    public required TraceId Trace { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>What routes, groups and silences look at.</summary>
    public IReadOnlyDictionary<string, string> Labels => new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["policy"] = Policy,
        ["severity"] = Severity.ToString().ToLowerInvariant(),
        ["effect"] = Effect,
        ["caller"] = Caller,
        ["callee"] = Callee,
        ["function"] = Function,
        ["event"] = EventNames.Of(Event),
    };

    /// <summary>Violations of one fingerprint are one alert: the same policy, caller, callee, function and event.</summary>
    public string Fingerprint => Hash(Policy, Effect, Caller, Callee, Function, EventNames.Of(Event));

    /// <summary>The violations in a decision: one for the deny that settled it and one for each alert.</summary>
    /// <param name="decision">A decision; where it is no violation the result is empty.</param>
    /// <param name="facts">What was decided about.</param>
    /// <param name="at">When.</param>
    public static IReadOnlyList<Violation> Of(Decision decision, in CallFacts facts, DateTimeOffset at)
    {
        if (!decision.IsViolation) return [];
        var violations = new List<Violation>();
        LabelStore labels = decision.Set.Labels;
        foreach (PolicyOutcome outcome in decision.Outcomes)
        {
            Policy policy = outcome.Policy;
            if (!outcome.Applies || policy.Mode == PolicyMode.Shadow) continue;
            if (policy.Effect == Policies.Effect.Alert || ReferenceEquals(policy, decision.DecidedBy) && decision.Verdict == Verdict.Deny)
            {
                string message = policy.MessageFor(facts, labels);
                if (message.Length == 0) message = $"{facts.Link.Caller.Name} called {facts.Link.Callee.Name} {facts.Link.FunctionRef}".TrimEnd();
                if (outcome.Error is not null) message += $" (the condition failed: {outcome.Error})";
                violations.Add(Make(policy.Name, policy.Digest, policy.Severity, policy.Effect.ToString().ToLowerInvariant(), message, facts, at));
            }
        }

        if (decision is { Verdict: Verdict.Deny, DecidedBy: null })
        {
            string message = $"no policy allows {facts.Link.Caller.Name} to call {facts.Link.Callee.Name} {facts.Link.FunctionRef}".TrimEnd();
            violations.Add(Make(DefaultPolicy, decision.Set.Digest, Severity.Medium, "deny", message, facts, at));
        }

        return violations;
    }

    internal static string Hash(params string[] parts)
    {
        var text = new StringBuilder();
        foreach (string part in parts) text.Append(part.Length).Append(':').Append(part);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 16));
    }

    private static Violation Make(string policy, string version, Severity severity, string effect, string message, in CallFacts facts, DateTimeOffset at) => new()
    {
        Policy = policy,
        Version = version,
        Severity = severity,
        Effect = effect,
        Message = message,
        Caller = facts.Link.Caller.Name,
        Callee = facts.Link.Callee.Name,
        Function = facts.Link.FunctionRef.Name ?? "",
        Event = facts.Event,
        Call = facts.Call,
        Trace = facts.Trace,
        At = at,
    };
}
