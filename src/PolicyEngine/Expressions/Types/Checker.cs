using Chain.PolicyEngine.Expressions.Syntax;

namespace Chain.PolicyEngine.Expressions.Types;

/// <summary>Resolves the names of an expression and checks its types (language definition, "Gradual Type Checking").</summary>
public sealed partial class Checker
{
    private readonly ExpressionEnvironment _environment;
    private readonly ParsedExpression _parsed;
    private readonly bool _strict;
    private readonly TypeUnifier _types = new();
    private readonly CelType[] _typeOf;
    private readonly Reference?[] _references;
    private readonly List<(string Name, CelType Type, int Slot)> _locals = [];
    private readonly List<ExpressionIssue> _issues = [];
    private int _localCount;

    private Checker(ParsedExpression parsed, ExpressionEnvironment environment, bool strict)
    {
        _parsed = parsed;
        _environment = environment;
        _strict = strict;
        _typeOf = new CelType[parsed.NodeCount];
        _references = new Reference?[parsed.NodeCount];
        Array.Fill(_typeOf, CelType.Dyn);
    }

    /// <summary>Checks an expression.</summary>
    /// <exception cref="ExpressionException">A name means nothing or types do not fit; every issue found.</exception>
    public static CheckedExpression Check(ParsedExpression parsed, ExpressionEnvironment environment) => new Checker(parsed, environment, strict: true).Run();

    /// <summary>Only resolves names; every type error, and every name that means nothing, is left to the evaluation.</summary>
    public static CheckedExpression Resolve(ParsedExpression parsed, ExpressionEnvironment environment) => new Checker(parsed, environment, strict: false).Run();

    private CheckedExpression Run()
    {
        Visit(_parsed.Root);
        if (_issues.Count > 0) throw new ExpressionException([.. _issues.OrderBy(i => i.Span.Start)]);
        for (int i = 0; i < _typeOf.Length; i++) _typeOf[i] = _types.Substitute(_typeOf[i], freeToDyn: true);
        return new CheckedExpression(_parsed, _environment, _typeOf, _references, _localCount);
    }

    private CelType Visit(Expr node)
    {
        CelType type = node switch
        {
            LiteralExpr literal => Literal(literal),
            IdentExpr ident => Ident(ident),
            SelectExpr select => Select(select),
            CallExpr call => Call(call),
            ListExpr list => List(list),
            MapExpr map => Map(map),
            MacroExpr macro => Macro(macro),
            StructExpr s => Struct(s),
            _ => throw new InvalidOperationException($"unknown node {node.GetType().Name}"),
        };
        _typeOf[node.Id] = type;
        return type;
    }

    private static CelType Literal(LiteralExpr literal) => literal.Value.Kind switch
    {
        Values.ValueKind.Null => CelType.Null,
        Values.ValueKind.Bool => CelType.Bool,
        Values.ValueKind.Int => CelType.Int,
        Values.ValueKind.Uint => CelType.Uint,
        Values.ValueKind.Double => CelType.Double,
        Values.ValueKind.String => CelType.String,
        _ => CelType.Bytes,
    };

    private CelType Ident(IdentExpr ident)
    {
        if (!ident.FromRoot && FindLocal(ident.Name) is var (type, slot))
        {
            _references[ident.Id] = new LocalReference(slot);
            return type;
        }

        if (Lookup(ident, (ident.FromRoot ? "." : "") + ident.Name) is CelType found) return found;
        string? near = _environment.Suggest(ident.Name);
        return Unresolved(ident, $"undeclared reference to '{ident.Name}'{(near is null ? "" : $"; did you mean '{near}'?")}");
    }

    private CelType Unresolved(Expr node, string message, SourceSpan? span = null)
    {
        _references[node.Id] = new UnresolvedReference(message);
        return Issue(span ?? node.Span, message);
    }

    /// <summary>A variable or a type of this qualified name, in the container or around it; the node then refers to it.</summary>
    private CelType? Lookup(Expr node, string qualified)
    {
        foreach (string name in _environment.Candidates(qualified))
        {
            if (_environment.FindVariable(name) is VariableDeclaration variable)
            {
                _references[node.Id] = new VariableReference(variable);
                return _strict ? variable.Type : CelType.Dyn;
            }

            if (_environment.FindType(name) is CelType type)
            {
                _references[node.Id] = new TypeReference(type);
                return CelType.Type(type);
            }
        }

        return null;
    }

    private (CelType Type, int Slot)? FindLocal(string name)
    {
        for (int i = _locals.Count - 1; i >= 0; i--)
        {
            if (_locals[i].Name == name) return (_locals[i].Type, _locals[i].Slot);
        }

        return null;
    }

    /// <summary>The qualified name that a chain of selections spells, unless it begins at a macro's variable.</summary>
    private string? QualifiedName(Expr node) => node switch
    {
        IdentExpr { FromRoot: true } ident => "." + ident.Name,
        IdentExpr ident => FindLocal(ident.Name) is null ? ident.Name : null,
        SelectExpr { Optional: false, TestOnly: false } select when QualifiedName(select.Operand) is string operand => $"{operand}.{select.Field}",
        _ => null,
    };

    private CelType Select(SelectExpr select)
    {
        // The longest declared name wins, so the whole chain is tried before its parts.
        if (QualifiedName(select) is string qualified && Lookup(select, qualified) is CelType variable) return variable;
        CelType operand = _types.Substitute(Visit(select.Operand), freeToDyn: false);
        bool optional = select.Optional || operand.IsOptional;
        CelType field = Field(select, operand.IsOptional ? _types.Substitute(operand.Parameters[0], freeToDyn: false) : operand);
        if (select.TestOnly) return CelType.Bool;
        return optional ? CelType.Optional(field) : field;
    }

    private CelType Field(SelectExpr select, CelType operand)
    {
        switch (operand.Kind)
        {
            case CelTypeKind.Dyn:
                return CelType.Dyn;
            case CelTypeKind.Param:
                _types.TryAssign(CelType.Dyn, operand);
                return CelType.Dyn;
            case CelTypeKind.Map:
                return operand.Parameters[1];
            case CelTypeKind.Object when _environment.FindObject(operand.Name) is ObjectDeclaration type:
                if (type.Find(select.Field) is FieldDeclaration field) return field.Type;
                string? near = NearestName.Of(select.Field, type.Fields.Select(f => f.Name));
                string hint = near is null ? $"; it has {string.Join(", ", type.Fields.Select(f => f.Name))}" : $"; did you mean '{near}'?";
                return Issue(select.FieldSpan, $"{_parsed.Source.Slice(select.Operand.Span)} has no field '{select.Field}'{hint}");
            default:
                return Issue(select.FieldSpan, $"a value of type {Shown(operand)} has no fields");
        }
    }

    private CelType List(ListExpr list)
    {
        CelType? element = null;
        foreach (ListElement item in list.Elements)
        {
            CelType type = Visit(item.Value);
            element = _types.Join(element, item.Optional ? Unwrap(item.Value, type) : type);
        }

        return CelType.List(element ?? _types.Fresh());
    }

    private CelType Map(MapExpr map)
    {
        CelType? key = null;
        CelType? value = null;
        foreach (MapEntry entry in map.Entries)
        {
            key = _types.Join(key, Visit(entry.Key));
            CelType type = Visit(entry.Value);
            value = _types.Join(value, entry.Optional ? Unwrap(entry.Value, type) : type);
        }

        return CelType.Map(key ?? _types.Fresh(), value ?? _types.Fresh());
    }

    private CelType Unwrap(Expr node, CelType type)
    {
        type = _types.Substitute(type, freeToDyn: false);
        if (type.IsOptional) return type.Parameters[0];
        return type.Kind == CelTypeKind.Dyn ? type : Issue(node.Span, $"an optional entry needs an optional value, found {Shown(type)}");
    }

    private CelType Struct(StructExpr node)
    {
        foreach (Expr value in node.Values) Visit(value);
        return Unresolved(node, $"undeclared message type '{node.Name}'");
    }

    private CelType Issue(SourceSpan span, string message)
    {
        if (_strict) _issues.Add(new ExpressionIssue(_parsed.Source, span, message));
        return CelType.Dyn;
    }

    private CelType Shown(CelType type) => _types.Substitute(type, freeToDyn: true);
}
