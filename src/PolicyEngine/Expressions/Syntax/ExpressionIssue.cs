namespace Chain.PolicyEngine.Expressions.Syntax;

/// <summary>One thing wrong with an expression, and where.</summary>
/// <param name="Source">The expression.</param>
/// <param name="Span">The part that is wrong.</param>
/// <param name="Message">What is wrong, without the place.</param>
public sealed record ExpressionIssue(SourceText Source, SourceSpan Span, string Message)
{
    /// <summary>Where <see cref="Span"/> begins.</summary>
    public SourcePosition Position => Source.PositionOf(Span.Start);

    /// <summary><c>name:line:column: message</c>, then the line and a caret under the place.</summary>
    public override string ToString()
    {
        SourcePosition at = Position;
        string line = Source.LineAt(Span.Start).Replace('\t', ' ');
        return $"{Source.Name}:{at.Line}:{at.Column}: {Message}\n  | {line}\n  | {new string(' ', at.Column - 1)}^";
    }
}

/// <summary>An expression that does not parse or does not check, with every reason found.</summary>
/// <param name="issues">At least one.</param>
public sealed class ExpressionException(IReadOnlyList<ExpressionIssue> issues)
    : Exception(string.Join('\n', issues.Select(i => i.ToString())))
{
    /// <summary>What is wrong, in the order of the source.</summary>
    public IReadOnlyList<ExpressionIssue> Issues { get; } = issues;
}
