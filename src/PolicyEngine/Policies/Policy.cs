using Chain.PolicyEngine.Decisions;

namespace Chain.PolicyEngine.Policies;

/// <summary>What a policy does when it matches. Deny wins over allow.</summary>
public enum Effect
{
    Allow,
    Deny,

    /// <summary>Lets the call go and raises a violation.</summary>
    Alert,

    /// <summary>Lets the call go and records the decision.</summary>
    Audit,
}

/// <summary>How bad a violation is.</summary>
public enum Severity
{
    Info,
    Low,
    Medium,
    High,
    Critical,
}

/// <summary>What a condition that cannot be evaluated means.</summary>
public enum FailMode
{
    /// <summary>The safe side: a deny denies, an alert or audit is raised, an allow does not allow.</summary>
    Closed,

    /// <summary>The lenient side: a deny does not deny, an alert or audit is not raised, an allow allows.</summary>
    Open,
}

/// <summary>Whether a decision is enforced.</summary>
public enum PolicyMode
{
    Enforce,

    /// <summary>Decides and is recorded; the call goes on as if the policy were not there.</summary>
    Shadow,
}

/// <summary>One policy, checked and ready to decide.</summary>
/// <remarks>Immutable; may be used by any number of threads.</remarks>
public sealed class Policy
{
    internal Policy(PolicyDocument document, PolicyMatch match, Condition? when, MessageTemplate message, IReadOnlyList<PolicyTest> tests)
    {
        Document = document;
        Match = match;
        When = when;
        Message = message;
        Tests = tests;
        Digest = PolicyDigest.Of(document);
    }

    public string Name => Document.Name;

    /// <summary>The version: <c>sha256:</c> and 64 hexadecimal digits of what the policy says, without layout, comments and tests.</summary>
    public string Digest { get; }

    public PolicyEvent Events => Document.Events;

    public Effect Effect => Document.Effect;

    public Severity Severity => Document.Severity;

    public FailMode Fail => Document.Fail;

    public PolicyMode Mode => Document.Mode;

    public string Description => Document.Description;

    /// <summary>The YAML document that the policy was read from.</summary>
    public string Source => Document.Source;

    /// <summary>The tests that stand in the document.</summary>
    public IReadOnlyList<PolicyTest> Tests { get; }

    /// <summary>Where the policy begins.</summary>
    public PolicyPlace Place => Document.Place;

    internal PolicyDocument Document { get; }

    internal PolicyMatch Match { get; }

    /// <summary>The condition; null where the match alone decides.</summary>
    internal Condition? When { get; }

    internal MessageTemplate Message { get; }

    /// <summary>The message of a violation, with its templates filled in.</summary>
    public string MessageFor(in CallFacts facts, Tracer.Tags.LabelStore labels) => Message.Render(facts, labels);

    public override string ToString() => $"{Name} ({Effect.ToString().ToLowerInvariant()})";
}

/// <summary>Where something stands: file, line and column from 1, and the line itself.</summary>
public sealed record PolicyPlace(string File, int Line, int Column, string Text)
{
    public override string ToString() => $"{File}:{Line}:{Column}";
}
