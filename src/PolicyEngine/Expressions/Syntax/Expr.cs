using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Syntax;

/// <summary>A node of a parsed expression (language definition, "Syntax").</summary>
/// <param name="Id">Distinct in its expression, from 0: the index into the checker's tables.</param>
/// <param name="Span">The node's source.</param>
public abstract record Expr(int Id, SourceSpan Span);

/// <summary>A constant.</summary>
public sealed record LiteralExpr(int Id, SourceSpan Span, Value Value) : Expr(Id, Span);

/// <summary>A name; with a leading dot it is looked up at the root only.</summary>
public sealed record IdentExpr(int Id, SourceSpan Span, string Name, bool FromRoot) : Expr(Id, Span);

/// <summary><c>operand.field</c>, <c>operand.?field</c>, or the presence test <c>has(operand.field)</c>.</summary>
public sealed record SelectExpr(int Id, SourceSpan Span, Expr Operand, string Field, SourceSpan FieldSpan, bool Optional, bool TestOnly)
    : Expr(Id, Span);

/// <summary><c>f(args)</c> or <c>target.f(args)</c>; operators are calls of names such as <c>_+_</c>.</summary>
public sealed record CallExpr(int Id, SourceSpan Span, Expr? Target, string Function, SourceSpan FunctionSpan, IReadOnlyList<Expr> Args)
    : Expr(Id, Span);

/// <summary>An element of a list literal; <c>?e</c> is left out when it is none.</summary>
public readonly record struct ListElement(Expr Value, bool Optional);

/// <summary><c>[a, ?b]</c>.</summary>
public sealed record ListExpr(int Id, SourceSpan Span, IReadOnlyList<ListElement> Elements) : Expr(Id, Span);

/// <summary>An entry of a map literal; <c>?k: v</c> is left out when <c>v</c> is none.</summary>
public readonly record struct MapEntry(Expr Key, Expr Value, bool Optional);

/// <summary><c>{k: v, ?k: v}</c>.</summary>
public sealed record MapExpr(int Id, SourceSpan Span, IReadOnlyList<MapEntry> Entries) : Expr(Id, Span);

/// <summary><c>Name{field: value}</c>: parsed, and refused by the checker, for Chain declares no message types.</summary>
public sealed record StructExpr(int Id, SourceSpan Span, string Name, IReadOnlyList<Expr> Values) : Expr(Id, Span);

/// <summary>Which macro a <see cref="MacroExpr"/> is.</summary>
public enum MacroKind
{
    /// <summary><c>range.all(x, p)</c>: absorbs errors as <c>&amp;&amp;</c> does.</summary>
    All,

    /// <summary><c>range.exists(x, p)</c>: absorbs errors as <c>||</c> does.</summary>
    Exists,

    /// <summary><c>range.exists_one(x, p)</c>, <c>existsOne</c>.</summary>
    ExistsOne,

    /// <summary><c>range.map(x, [p,] e)</c>, <c>filter</c>, <c>transformList</c>: makes a list.</summary>
    List,

    /// <summary><c>range.transformMap(k, v, [p,] e)</c>: keeps the keys.</summary>
    Map,

    /// <summary><c>range.transformMapEntry(k, v, [p,] e)</c>: merges the maps that <c>e</c> gives.</summary>
    MapEntry,

    /// <summary><c>cel.bind(x, value, body)</c>: the range is the value.</summary>
    Bind,

    /// <summary><c>optional.optMap(x, e)</c>.</summary>
    OptMap,

    /// <summary><c>optional.optFlatMap(x, e)</c>.</summary>
    OptFlatMap,
}

/// <summary>
/// A macro. It is kept as one node and not unfolded into the general comprehension, so that explanations speak of
/// what was written and each macro compiles to its own loop.
/// </summary>
/// <param name="Id">See <see cref="Expr"/>.</param>
/// <param name="Span">See <see cref="Expr"/>.</param>
/// <param name="Kind">Which macro.</param>
/// <param name="Name">The name as written.</param>
/// <param name="Range">What is walked, bound or unwrapped.</param>
/// <param name="Variable">The variable: the element, or with <paramref name="Variable2"/> the index or key.</param>
/// <param name="Variable2">The second variable of a two-variable macro: the element or value.</param>
/// <param name="Filter">The condition of <c>filter</c>, <c>map</c> and the transforms, if there is one.</param>
/// <param name="Body">The condition or the result.</param>
public sealed record MacroExpr(
    int Id, SourceSpan Span, MacroKind Kind, string Name, Expr Range, string Variable, string? Variable2, Expr? Filter, Expr Body)
    : Expr(Id, Span);

/// <summary>A parsed expression.</summary>
/// <param name="Source">Its text.</param>
/// <param name="Root">Its outermost node.</param>
/// <param name="NodeCount">One past the largest <see cref="Expr.Id"/>.</param>
public sealed record ParsedExpression(SourceText Source, Expr Root, int NodeCount);

/// <summary>The names under which the parser gives operators.</summary>
public static class Operators
{
    public const string Not = "!_";
    public const string Negate = "-_";
    public const string And = "_&&_";
    public const string Or = "_||_";
    public const string Conditional = "_?_:_";
    public const string Equal = "_==_";
    public const string NotEqual = "_!=_";
    public const string Less = "_<_";
    public const string LessOrEqual = "_<=_";
    public const string Greater = "_>_";
    public const string GreaterOrEqual = "_>=_";
    public const string In = "@in";
    public const string Add = "_+_";
    public const string Subtract = "_-_";
    public const string Multiply = "_*_";
    public const string Divide = "_/_";
    public const string Modulo = "_%_";
    public const string Index = "_[_]";
    public const string OptionalIndex = "_[?_]";

    /// <summary>The operator as it is written: <c>_+_</c> is <c>+</c>; a function's name is itself.</summary>
    public static string Written(string function) => function switch
    {
        In => "in",
        Conditional => "?:",
        Index => "[]",
        OptionalIndex => "[?]",
        _ when function.Contains('_') && !char.IsLetter(function.Trim('_')[0]) => function.Replace("_", ""),
        _ => function,
    };
}
