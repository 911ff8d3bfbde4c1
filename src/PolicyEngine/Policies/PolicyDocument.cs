using Chain.PolicyEngine.Decisions;

namespace Chain.PolicyEngine.Policies;

/// <summary>What one YAML document says, before its expressions are checked.</summary>
internal sealed record PolicyDocument
{
    public required string Name { get; init; }

    public required PolicyPlace Place { get; init; }

    /// <summary>The document's text.</summary>
    public string Source { get; init; } = "";

    public string Description { get; init; } = "";

    public PolicyEvent Events { get; init; } = PolicyEvent.Call;

    /// <summary>Patterns by key of <c>match</c>, in the order written.</summary>
    public IReadOnlyList<(string Key, IReadOnlyList<string> Patterns)> Match { get; init; } = [];

    public Expressions.Syntax.SourceText? When { get; init; }

    public Effect Effect { get; init; }

    public Severity Severity { get; init; } = Severity.Medium;

    public FailMode Fail { get; init; } = FailMode.Closed;

    public PolicyMode Mode { get; init; } = PolicyMode.Enforce;

    public string Message { get; init; } = "";
}

/// <summary>What a policy set says of itself.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Default">What happens to a call that no policy allows or denies.</param>
/// <param name="Place">Where it stands.</param>
internal sealed record SetDocument(string Name, Verdict Default, PolicyPlace Place);
