using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Policies;

/// <summary>What a part of a condition looks at.</summary>
[Flags]
internal enum Dependencies
{
    None = 0,

    /// <summary><c>caller</c> and <c>callee</c>: the same for every call of a link.</summary>
    Link = 1,

    /// <summary><c>data</c>: the same for every call with one label.</summary>
    Data = 2,

    /// <summary><c>call</c> and <c>chain</c>: different from call to call.</summary>
    Call = 4,
}

/// <summary>One of the terms that <c>&amp;&amp;</c> joins at the top of a condition.</summary>
/// <param name="Node">The term.</param>
/// <param name="Compiled">Ready to be evaluated.</param>
/// <param name="Needs">What it looks at.</param>
internal sealed record Conjunct(Expr Node, CompiledExpression Compiled, Dependencies Needs);

/// <summary>
/// The <c>when</c> of a policy, split at its top-level <c>&amp;&amp;</c>. <c>&amp;&amp;</c> is false where any term is, whatever the others
/// do, so a term that is false for all calls of a link rules the policy out for that link, once and for all.
/// </summary>
/// <remarks>The cost limit holds for each term.</remarks>
internal sealed class Condition
{
    private Condition(CheckedExpression expression, Conjunct[] conjuncts)
    {
        Expression = expression;
        Conjuncts = conjuncts;
    }

    public CheckedExpression Expression { get; }

    public Conjunct[] Conjuncts { get; }

    /// <exception cref="ExpressionException">The source does not parse or check, or is no bool.</exception>
    public static Condition Parse(SourceText source)
    {
        CheckedExpression expression = Checker.Check(Parser.Parse(source), PolicyVariables.Environment);
        if (expression.Type.Kind is not (CelTypeKind.Bool or CelTypeKind.Dyn))
        {
            throw new ExpressionException([new ExpressionIssue(source, expression.Parsed.Root.Span, $"a condition is a bool, found {expression.Type}")]);
        }

        var terms = new List<Expr>();
        Split(expression.Parsed.Root, terms);
        Conjunct[] conjuncts =
        [
            .. terms.Select(t => new Conjunct(t, CompiledExpression.CompilePart(expression, t), DependenciesOf(t, expression))),
        ];
        return new Condition(expression, conjuncts);
    }

    /// <summary>All terms, in order: false where one is, else the first error, else true.</summary>
    public Value Evaluate(Frame frame) => Evaluate(Conjuncts, frame);

    /// <summary>As <see cref="Evaluate(Frame)"/>, for some of the terms.</summary>
    public static Value Evaluate(Conjunct[] conjuncts, Frame frame)
    {
        Value result = Value.True;
        foreach (Conjunct conjunct in conjuncts)
        {
            Value value = conjunct.Compiled.Evaluate(frame);
            if (value.IsFalse) return value;
            if (value.IsTrue || result.IsError) continue;
            result = value.IsError ? value : Value.Error($"a condition is a bool, found {value.TypeName}");
        }

        return result;
    }

    private static void Split(Expr node, List<Expr> terms)
    {
        if (node is CallExpr { Function: Operators.And } and)
        {
            Split(and.Args[0], terms);
            Split(and.Args[1], terms);
        }
        else
        {
            terms.Add(node);
        }
    }

    private static Dependencies DependenciesOf(Expr node, CheckedExpression expression)
    {
        var found = Dependencies.None;
        ExprWalk.Visit(node, e =>
        {
            if (expression.ReferenceOf(e) is VariableReference { Variable.Name: string name })
            {
                found |= name switch
                {
                    "caller" or "callee" => Dependencies.Link,
                    "data" => Dependencies.Data,
                    _ => Dependencies.Call,
                };
            }
        });
        return found;
    }
}
