namespace Chain.PolicyEngine.Expressions.Syntax;

/// <summary>Recognises the calls that are macros (language definition, "Macros", and the macros of the extensions).</summary>
internal sealed class MacroExpander(Func<int> nextId, Func<SourceSpan, string, ExpressionException> error)
{
    /// <summary><c>has(e.f)</c>, or null for a call that is no macro.</summary>
    public Expr? Global(SourceSpan span, Token name, List<Expr> args)
    {
        if (name.Text != "has" || args.Count != 1) return null;
        if (args[0] is not SelectExpr { TestOnly: false } select) throw error(args[0].Span, "has() takes a field selection, such as has(m.key)");
        return select with { Id = nextId(), Span = span, TestOnly = true };
    }

    /// <summary>A macro with a receiver, or null for a call that is none.</summary>
    public Expr? Member(SourceSpan span, Expr target, Token name, List<Expr> args)
    {
        if (target is IdentExpr { Name: "cel", FromRoot: false } && name.Text == "bind" && args.Count == 3)
        {
            string variable = Variable(args[0], name);
            return new MacroExpr(nextId(), span, MacroKind.Bind, "cel.bind", args[1], variable, null, null, args[2]);
        }

        if (target is IdentExpr { Name: "math", FromRoot: false } && name.Text is "greatest" or "least") return MathMacro(span, target, name, args);

        return (name.Text, args.Count) switch
        {
            ("all", 2) => One(MacroKind.All),
            ("exists", 2) => One(MacroKind.Exists),
            ("exists_one" or "existsOne", 2) => One(MacroKind.ExistsOne),
            ("filter", 2) => Filter(),
            ("map", 2) => One(MacroKind.List),
            ("map", 3) => OneFiltered(MacroKind.List),
            ("all", 3) => Two(MacroKind.All),
            ("exists", 3) => Two(MacroKind.Exists),
            ("exists_one" or "existsOne", 3) => Two(MacroKind.ExistsOne),
            ("transformList", 3) => Two(MacroKind.List),
            ("transformList", 4) => TwoFiltered(MacroKind.List),
            ("transformMap", 3) => Two(MacroKind.Map),
            ("transformMap", 4) => TwoFiltered(MacroKind.Map),
            ("transformMapEntry", 3) => Two(MacroKind.MapEntry),
            ("transformMapEntry", 4) => TwoFiltered(MacroKind.MapEntry),
            ("optMap", 2) => One(MacroKind.OptMap),
            ("optFlatMap", 2) => One(MacroKind.OptFlatMap),
            _ => null,
        };

        MacroExpr One(MacroKind kind) =>
            new(nextId(), span, kind, name.Text, target, Variable(args[0], name), null, null, args[1]);

        MacroExpr OneFiltered(MacroKind kind) =>
            new(nextId(), span, kind, name.Text, target, Variable(args[0], name), null, args[1], args[2]);

        MacroExpr Two(MacroKind kind) =>
            new(nextId(), span, kind, name.Text, target, Variable(args[0], name), SecondVariable(), null, args[2]);

        MacroExpr TwoFiltered(MacroKind kind) =>
            new(nextId(), span, kind, name.Text, target, Variable(args[0], name), SecondVariable(), args[2], args[3]);

        MacroExpr Filter()
        {
            string variable = Variable(args[0], name);
            var element = new IdentExpr(nextId(), args[0].Span, variable, FromRoot: false);
            return new MacroExpr(nextId(), span, MacroKind.List, name.Text, target, variable, null, args[1], element);
        }

        string SecondVariable()
        {
            string second = Variable(args[1], name);
            if (second == Variable(args[0], name)) throw error(args[1].Span, $"{name.Text}() needs two different variable names");
            return second;
        }
    }

    /// <summary><c>math.greatest(a, b, c…)</c>: three or more arguments become one list.</summary>
    private CallExpr? MathMacro(SourceSpan span, Expr target, Token name, List<Expr> args)
    {
        if (args.Count == 0) throw error(span, $"math.{name.Text}() needs at least one argument");
        if (args.Count < 3) return null;
        var list = new ListExpr(nextId(), args[0].Span.To(args[^1].Span), [.. args.Select(a => new ListElement(a, Optional: false))]);
        return new CallExpr(nextId(), span, target, name.Text, name.Span, [list]);
    }

    private string Variable(Expr e, Token macro)
    {
        if (e is IdentExpr { FromRoot: false } ident) return ident.Name;
        throw error(e.Span, $"{macro.Text}() needs a variable name here");
    }
}
