using Chain.PolicyEngine.Expressions.Syntax;

namespace Chain.PolicyEngine.Expressions.Types;

/// <summary>What a name or a call was found to mean.</summary>
internal abstract record Reference;

/// <summary>A declared variable.</summary>
internal sealed record VariableReference(VariableDeclaration Variable) : Reference;

/// <summary>The variable of a macro, at its place in <see cref="Compilation.Frame.Locals"/>.</summary>
internal sealed record LocalReference(int Slot) : Reference;

/// <summary>A type used as a value.</summary>
internal sealed record TypeReference(CelType Type) : Reference;

/// <summary>A call; more than one overload is left where the static types do not decide.</summary>
/// <param name="Overloads">The overloads that may apply, in order.</param>
/// <param name="TargetIsArgument">Whether the target of the call is its first argument, and not part of the function's name.</param>
internal sealed record CallReference(IReadOnlyList<Overload> Overloads, bool TargetIsArgument) : Reference;

/// <summary>Where a macro keeps its variables.</summary>
internal sealed record MacroReference(int Slot, int Slot2) : Reference;

/// <summary>A name that means nothing: an error when it is evaluated (only in expressions that were not checked).</summary>
internal sealed record UnresolvedReference(string Message) : Reference;

/// <summary>An expression whose names are resolved; unless it was only resolved, its types are right too.</summary>
public sealed class CheckedExpression
{
    private readonly CelType[] _types;
    private readonly Reference?[] _references;

    internal CheckedExpression(ParsedExpression parsed, ExpressionEnvironment environment, CelType[] types, Reference?[] references, int localCount)
    {
        Parsed = parsed;
        Environment = environment;
        LocalCount = localCount;
        _types = types;
        _references = references;
    }

    public ParsedExpression Parsed { get; }

    /// <summary>The type of the whole.</summary>
    public CelType Type => TypeOf(Parsed.Root);

    internal ExpressionEnvironment Environment { get; }

    /// <summary>How many variables of macros live at once.</summary>
    internal int LocalCount { get; }

    /// <summary>The type of one node; dyn where the expression was only resolved.</summary>
    public CelType TypeOf(Expr node) => _types[node.Id];

    internal Reference? ReferenceOf(Expr node) => _references[node.Id];

    internal CallReference? CallOf(CallExpr node) => _references[node.Id] as CallReference;
}
