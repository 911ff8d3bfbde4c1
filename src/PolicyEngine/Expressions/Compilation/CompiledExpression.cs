using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Compilation;

/// <summary>An expression ready to be evaluated, any number of times and on any thread, with a frame each.</summary>
public sealed class CompiledExpression
{
    private readonly Evaluator _evaluate;
    private readonly int _localCount;

    private CompiledExpression(CheckedExpression expression, Expr root, Evaluator evaluate)
    {
        Checked = expression;
        Root = root;
        _evaluate = evaluate;
        _localCount = expression.LocalCount;
    }

    /// <summary>What was compiled.</summary>
    public CheckedExpression Checked { get; }

    /// <summary>The node that is evaluated.</summary>
    public Expr Root { get; }

    /// <summary>Compiles to delegates.</summary>
    /// <param name="expression">A checked (or only resolved) expression.</param>
    /// <param name="traced">Whether each boolean sub-expression is recorded in the frame's trace.</param>
    public static CompiledExpression Compile(CheckedExpression expression, bool traced = false) =>
        new(expression, expression.Parsed.Root, new Compiler(expression, traced).Compile(expression.Parsed.Root));

    /// <summary>Compiles one node that stands outside of every macro.</summary>
    internal static CompiledExpression CompilePart(CheckedExpression expression, Expr node) =>
        new(expression, node, new Compiler(expression, traced: false).Compile(node));

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
        new(Checked.Parsed.Source, error.Span ?? Root.Span, error.Message);
}
