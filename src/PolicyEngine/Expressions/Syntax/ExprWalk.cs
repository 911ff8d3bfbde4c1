namespace Chain.PolicyEngine.Expressions.Syntax;

/// <summary>Walks expressions.</summary>
public static class ExprWalk
{
    /// <summary>Visits a node and everything below it, parents first.</summary>
    public static void Visit(Expr node, Action<Expr> visit)
    {
        visit(node);
        foreach (Expr child in Children(node)) Visit(child, visit);
    }

    /// <summary>The direct parts of a node, in the order of the source.</summary>
    public static IEnumerable<Expr> Children(Expr node) => node switch
    {
        SelectExpr select => [select.Operand],
        CallExpr call => call.Target is null ? call.Args : call.Args.Prepend(call.Target),
        ListExpr list => list.Elements.Select(e => e.Value),
        MapExpr map => map.Entries.SelectMany(e => (Expr[])[e.Key, e.Value]),
        StructExpr s => s.Values,
        MacroExpr macro => macro.Filter is null ? [macro.Range, macro.Body] : [macro.Range, macro.Filter, macro.Body],
        _ => [],
    };
}
