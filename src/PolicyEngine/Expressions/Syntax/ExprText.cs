using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Syntax;

/// <summary>An expression as text without layout: two expressions of one text mean the same.</summary>
public static class ExprText
{
    public static string Of(Expr node) => node switch
    {
        LiteralExpr literal => ValueText.Literal(literal.Value),
        IdentExpr ident => (ident.FromRoot ? "." : "") + ident.Name,
        SelectExpr { TestOnly: true } select => $"has({Of(select.Operand)}.{select.Field})",
        SelectExpr select => $"{Of(select.Operand)}{(select.Optional ? ".?" : ".")}{select.Field}",
        CallExpr call => Call(call),
        ListExpr list => $"[{string.Join(", ", list.Elements.Select(e => (e.Optional ? "?" : "") + Of(e.Value)))}]",
        MapExpr map => $"{{{string.Join(", ", map.Entries.Select(e => $"{(e.Optional ? "?" : "")}{Of(e.Key)}: {Of(e.Value)}"))}}}",
        MacroExpr macro => Macro(macro),
        StructExpr s => $"{s.Name}{{}}",
        _ => "?",
    };

    private static string Call(CallExpr call)
    {
        string args = string.Join(", ", call.Args.Select(Of));
        if (call.Target is not null) return $"{Of(call.Target)}.{call.Function}({args})";
        string op = Operators.Written(call.Function);
        if (op == call.Function) return $"{call.Function}({args})";
        string[] operands = [.. call.Args.Select(Of)];
        return call.Function switch
        {
            Operators.Index => $"{operands[0]}[{operands[1]}]",
            Operators.OptionalIndex => $"{operands[0]}[?{operands[1]}]",
            Operators.Conditional => $"({operands[0]} ? {operands[1]} : {operands[2]})",
            _ when operands.Length == 1 => op + operands[0],
            _ => $"({operands[0]} {op} {operands[1]})",
        };
    }

    private static string Macro(MacroExpr macro)
    {
        string variables = macro.Variable2 is null ? macro.Variable : $"{macro.Variable}, {macro.Variable2}";
        string filter = macro.Filter is null ? "" : $", {Of(macro.Filter)}";
        return macro.Kind == MacroKind.Bind
            ? $"cel.bind({macro.Variable}, {Of(macro.Range)}, {Of(macro.Body)})"
            : $"{Of(macro.Range)}.{macro.Name}({variables}{filter}, {Of(macro.Body)})";
    }
}
