using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Compilation;

/// <summary>An expression ready to be evaluated, any number of times and on any thread, with a frame each.</summary>
public sealed class CompiledExpression
{
    private readonly Evaluator _evaluate;
    private readonly int _localCount;

    private CompiledExpression(CheckedExpression expression, Evaluator evaluate)
    {
        Checked = expression;
        _evaluate = evaluate;
        _localCount = expression.LocalCount;
    }

    /// <summary>What was compiled.</summary>
    public CheckedExpression Checked { get; }

    /// <summary>Compiles to delegates.</summary>
    /// <param name="expression">A checked (or only resolved) expression.</param>
    /// <param name="traced">Whether each boolean sub-expression is recorded in the frame's trace.</param>
    public static CompiledExpression Compile(CheckedExpression expression, bool traced = false) =>
        new(expression, new Compiler(expression, traced).Compile());

    /// <summary>Evaluates; an error is a value of kind <see cref="ValueKind.Error"/>.</summary>
    public Value Evaluate(Frame frame)
    {
        frame.Begin(_localCount);
        Value value = _evaluate(frame);
        return frame.IsExhausted ? frame.Exhausted() : value;
    }

    /// <summary>Evaluates and keeps the values of its boolean sub-expressions; only for an expression compiled with a trace.</summary>
    public (Value Value, EvaluationTrace Trace) EvaluateTraced(Frame frame)
    {
        var trace = new EvaluationTrace();
        frame.Trace = trace;
        try
        {
            return (Evaluate(frame), trace);
        }
        finally
        {
            frame.Trace = null;
        }
    }

    /// <summary>The issue that an error value of this expression stands for, with its place.</summary>
    public ExpressionIssue IssueOf(EvaluationError error) =>
        new(Checked.Parsed.Source, error.Span ?? Checked.Parsed.Root.Span, error.Message);
}
