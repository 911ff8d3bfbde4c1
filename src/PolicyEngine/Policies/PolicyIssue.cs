using Chain.PolicyEngine.Expressions.Syntax;

namespace Chain.PolicyEngine.Policies;

/// <summary>Whether an issue keeps a set from being used.</summary>
public enum IssueLevel
{
    /// <summary>The set is refused.</summary>
    Error,

    /// <summary>The set is used; somebody should look.</summary>
    Warning,
}

/// <summary>One thing wrong with a policy, and where.</summary>
/// <param name="Level">Whether the set is refused.</param>
/// <param name="Place">Where it stands.</param>
/// <param name="Message">What is wrong, what was expected and what was found.</param>
public sealed record PolicyIssue(IssueLevel Level, PolicyPlace Place, string Message)
{
    internal static PolicyIssue Of(ExpressionIssue issue) => new(
        IssueLevel.Error, new PolicyPlace(issue.Source.Name, issue.Position.Line, issue.Position.Column, issue.Source.LineAt(issue.Span.Start)), issue.Message);

    /// <summary><c>file:line:column: message</c>, then the line and a caret under the place.</summary>
    public override string ToString()
    {
        string warning = Level == IssueLevel.Warning ? "warning: " : "";
        return $"{Place}: {warning}{Message}\n  | {Place.Text.Replace('\t', ' ')}\n  | {new string(' ', Math.Max(Place.Column - 1, 0))}^";
    }
}

/// <summary>A set of policies that does not check, with all its errors.</summary>
/// <param name="issues">The errors, in the order of files and lines.</param>
public sealed class PolicySetException(IReadOnlyList<PolicyIssue> issues)
    : Exception(string.Join('\n', issues.Select(i => i.ToString())))
{
    public IReadOnlyList<PolicyIssue> Issues { get; } = issues;
}
