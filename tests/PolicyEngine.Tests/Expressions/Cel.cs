using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Tests.Expressions;

/// <summary>Evaluates expressions for tests.</summary>
internal static class Cel
{
    public static Value Evaluate(string expression, long costLimit = Frame.DefaultCostLimit) =>
        CompiledExpression.Compile(Check(expression)).Evaluate(new Frame { CostLimit = costLimit });

    public static CheckedExpression Check(string expression) => Checker.Check(Parser.Parse(new SourceText(expression)), new ExpressionEnvironment());

    public static string ErrorOf(string expression) => Assert.Throws<ExpressionException>(() => Check(expression)).Message;
}
