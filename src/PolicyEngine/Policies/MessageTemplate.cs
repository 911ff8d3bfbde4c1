using System.Text;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Policies;

/// <summary>The message of a policy: text with expressions in <c>{{ }}</c>.</summary>
internal sealed class MessageTemplate
{
    /// <summary>A longer message is cut.</summary>
    public const int MaxLength = 1_000;

    private readonly List<(string Text, CompiledExpression? Expression)> _parts;

    private MessageTemplate(List<(string, CompiledExpression?)> parts) => _parts = parts;

    /// <summary>Reads a template.</summary>
    /// <exception cref="ExpressionException">An expression in it does not check, or a <c>{{</c> is not closed; every issue.</exception>
    public static MessageTemplate Parse(SourceText source)
    {
        var parts = new List<(string, CompiledExpression?)>();
        var issues = new List<ExpressionIssue>();
        string text = source.Text;
        int at = 0;
        while (at < text.Length)
        {
            int open = text.IndexOf("{{", at, StringComparison.Ordinal);
            parts.Add((text[at..(open < 0 ? text.Length : open)], null));
            if (open < 0) break;
            int close = text.IndexOf("}}", open + 2, StringComparison.Ordinal);
            if (close < 0)
            {
                issues.Add(new ExpressionIssue(source, new SourceSpan(open, open + 2), "'{{' has no '}}'"));
                break;
            }

            try
            {
                SourceText part = source.Part(new SourceSpan(open + 2, close));
                CheckedExpression expression = Checker.Check(Parser.Parse(part), PolicyVariables.Environment);
                parts.Add(("", CompiledExpression.Compile(expression)));
            }
            catch (ExpressionException e)
            {
                issues.AddRange(e.Issues);
            }

            at = close + 2;
        }

        return issues.Count == 0 ? new MessageTemplate(parts) : throw new ExpressionException(issues);
    }

    /// <summary>Fills the template in; an expression that fails is shown as its error.</summary>
    public string Render(in CallFacts facts, LabelStore labels)
    {
        var result = new StringBuilder();
        CallFrame frame = CallFrame.Take();
        frame.Set(facts, labels);
        foreach ((string text, CompiledExpression? expression) in _parts)
        {
            result.Append(expression is null ? text : Show(expression.Evaluate(frame)));
            if (result.Length > MaxLength) break;
        }

        frame.Release();
        return result.Length > MaxLength ? result.ToString(0, MaxLength - 1) + "…" : result.ToString();
    }

    private static string Show(Value value)
    {
        if (value.IsError) return $"({value.AsError.Message})";
        long room = MaxLength;
        string text = ValueText.Plain(value, ref room) ?? value.TypeName;
        return value.Kind == ValueKind.List && text.StartsWith('[') ? text[1..^1] : text;
    }
}
