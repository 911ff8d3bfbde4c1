using Chain.PolicyEngine.Expressions.Syntax;

namespace Chain.PolicyEngine.Expressions.Values;

/// <summary>Why an evaluation gave no value.</summary>
/// <param name="Message">What is wrong, without the place.</param>
public sealed record EvaluationError(string Message)
{
    /// <summary>The innermost call or selection that failed; null until it has passed one.</summary>
    public SourceSpan? Span { get; init; }
}
