using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Syntax;

/// <summary>Parses an expression (language definition, "Syntax"); macros are recognised here.</summary>
/// <remarks>An instance parses one expression. Depth and size are limited, so no text can exhaust the stack.</remarks>
public sealed class Parser
{
    /// <summary>The longest expression that is read, in UTF-16 units.</summary>
    public const int MaxLength = 100_000;

    /// <summary>How deep an expression may nest; the specification asks for 32 at least, for the operators 24.</summary>
    public const int MaxDepth = 250;

    /// <summary>How many nodes an expression may have.</summary>
    public const int MaxNodes = 20_000;

    private static readonly HashSet<string> Reserved =
    [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace",
        "return", "var", "void", "while",
    ];

    private readonly SourceText _source;
    private readonly Lexer _lexer;
    private readonly MacroExpander _macros;
    private Token _token;
    private int _lastEnd;
    private int _depth;
    private int _nodes;

    private Parser(SourceText source)
    {
        _source = source;
        _lexer = new Lexer(source);
        _macros = new MacroExpander(NextId, Error);
    }

    /// <summary>Parses the whole of <paramref name="source"/>.</summary>
    /// <exception cref="ExpressionException">It is not an expression, or it is past a limit; one issue.</exception>
    public static ParsedExpression Parse(SourceText source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var parser = new Parser(source);
        if (source.Text.Length > MaxLength)
        {
            throw parser.Error(new SourceSpan(0, 1), $"the expression has {source.Text.Length} characters, the limit is {MaxLength}");
        }

        parser.Advance();
        if (parser._token.Kind == TokenKind.End) throw parser.Error(parser._token.Span, "the expression is empty");
        Expr root = parser.Conditional();
        if (parser._token.Kind != TokenKind.End) throw parser.Unexpected("an operator or the end of the expression");
        return new ParsedExpression(source, root, parser._nodes);
    }

    private Expr Conditional()
    {
        Enter();
        Expr condition = Chain(Operators.Or, "||", And);
        if (Take("?"))
        {
            Expr then = Chain(Operators.Or, "||", And);
            Expect(":", "':' of the conditional");
            Expr otherwise = Conditional();
            condition = Call(Operators.Conditional, condition.Span.To(otherwise.Span), condition.Span, condition, then, otherwise);
        }

        _depth--;
        return condition;
    }

    private Expr And() => Chain(Operators.And, "&&", Relation);

    /// <summary>A chain of <c>||</c> or <c>&amp;&amp;</c> becomes a balanced tree: they associate, and a long chain stays shallow.</summary>
    private Expr Chain(string function, string op, Func<Expr> operand)
    {
        Expr first = operand();
        if (!Is(op)) return first;
        var terms = new List<Expr> { first };
        var ops = new List<SourceSpan>();
        while (Is(op))
        {
            ops.Add(_token.Span);
            Advance();
            terms.Add(operand());
        }

        return Balance(0, terms.Count - 1);

        Expr Balance(int low, int high)
        {
            if (low == high) return terms[low];
            int middle = (low + high) / 2;
            Expr left = Balance(low, middle);
            Expr right = Balance(middle + 1, high);
            return Call(function, left.Span.To(right.Span), ops[middle], left, right);
        }
    }

    private Expr Relation()
    {
        Expr left = Addition();
        int steps = 0;
        while (true)
        {
            string? function = Punctuation() switch
            {
                "==" => Operators.Equal,
                "!=" => Operators.NotEqual,
                "<" => Operators.Less,
                "<=" => Operators.LessOrEqual,
                ">" => Operators.Greater,
                ">=" => Operators.GreaterOrEqual,
                "in" => Operators.In,
                _ => null,
            };
            if (function is null) break;
            left = Binary(function, left, Addition, ref steps);
        }

        _depth -= steps;
        return left;
    }

    private Expr Addition()
    {
        Expr left = Multiplication();
        int steps = 0;
        while (Punctuation() is "+" or "-") left = Binary(Is("+") ? Operators.Add : Operators.Subtract, left, Multiplication, ref steps);
        _depth -= steps;
        return left;
    }

    private Expr Multiplication()
    {
        Expr left = Unary();
        int steps = 0;
        while (Punctuation() is "*" or "/" or "%")
        {
            string function = Is("*") ? Operators.Multiply : Is("/") ? Operators.Divide : Operators.Modulo;
            left = Binary(function, left, Unary, ref steps);
        }

        _depth -= steps;
        return left;
    }

    /// <summary>A chain of these leans left, so each step of it counts as depth.</summary>
    private CallExpr Binary(string function, Expr left, Func<Expr> operand, ref int steps)
    {
        Enter();
        steps++;
        SourceSpan op = _token.Span;
        Advance();
        Expr right = operand();
        return Call(function, left.Span.To(right.Span), op, left, right);
    }

    private Expr Unary()
    {
        if (!Is("!") && !Is("-")) return Member();
        string op = _token.Text;
        SourceSpan span = _token.Span;
        Enter();
        Advance();
        Expr result;
        if (op == "-" && IsNumberToNegate)
        {
            result = Member(span);
        }
        else
        {
            if (op == "!" ? Is("-") : Is("!")) throw Unexpected("an operand");
            Expr operand = Unary();
            result = Call(op == "!" ? Operators.Not : Operators.Negate, span.To(operand.Span), span, operand);
        }

        _depth--;
        return result;
    }

    private bool IsNumberToNegate => _token is { Kind: TokenKind.Literal, Value.Kind: ValueKind.Int or ValueKind.Double };

    /// <summary>A primary and what follows it; <paramref name="minus"/> belongs to the number that comes next.</summary>
    private Expr Member(SourceSpan? minus = null)
    {
        Expr result = Primary(minus);
        int steps = 0;
        while (true)
        {
            if (Is("."))
            {
                Enter();
                steps++;
                result = SelectOrCall(result);
            }
            else if (Is("["))
            {
                Enter();
                steps++;
                SourceSpan op = _token.Span;
                Advance();
                bool optional = Take("?");
                Expr index = Conditional();
                Expect("]", "']'");
                result = Call(optional ? Operators.OptionalIndex : Operators.Index, Through(result.Span), op, result, index);
            }
            else if (Is("{") && QualifiedName(result) is string name)
            {
                result = Struct(result, name);
            }
            else
            {
                break;
            }
        }

        _depth -= steps;
        return result;
    }

    private Expr SelectOrCall(Expr operand)
    {
        Advance();
        bool optional = Take("?");
        bool quoted = _token.Kind == TokenKind.QuotedIdent;
        if (!quoted && _token.Kind != TokenKind.Ident) throw Unexpected("a field name");
        Token field = _token;
        Advance();
        if (Is("(") && !optional && !quoted)
        {
            List<Expr> args = Arguments();
            SourceSpan span = Through(operand.Span);
            return _macros.Member(span, operand, field, args) ??
                new CallExpr(NextId(), span, operand, field.Text, field.Span, args);
        }

        return new SelectExpr(NextId(), Through(operand.Span), operand, field.Text, field.Span, optional, TestOnly: false);
    }

    private Expr Primary(SourceSpan? minus)
    {
        Token token = _token;
        switch (token.Kind)
        {
            case TokenKind.Literal:
                Advance();
                return Literal(token, minus);
            case TokenKind.Ident:
                return Identifier(fromRoot: false);
            case TokenKind.Punctuation:
                break;
            default:
                throw Unexpected("an operand");
        }

        switch (token.Text)
        {
            case ".":
                Advance();
                if (_token.Kind != TokenKind.Ident) throw Unexpected("a name");
                return Identifier(fromRoot: true);
            case "(":
                Advance();
                Expr inner = Conditional();
                Expect(")", "')'");
                return inner;
            case "[":
                return List();
            case "{":
                return Map();
            default:
                throw Unexpected("an operand");
        }
    }

    private LiteralExpr Literal(Token token, SourceSpan? minus)
    {
        if (minus is not SourceSpan sign)
        {
            if (token.IsMinInt) throw Error(token.Span, $"the number {token.Text} does not fit an int (64 bits)");
            return new LiteralExpr(NextId(), token.Span, token.Value);
        }

        Value value = token.Value.Kind == ValueKind.Double ? Value.Double(-token.Value.AsDouble) : Value.Int(unchecked(-token.Value.AsInt));
        return new LiteralExpr(NextId(), sign.To(token.Span), value);
    }

    private Expr Identifier(bool fromRoot)
    {
        Token token = _token;
        Advance();
        if (Reserved.Contains(token.Text)) throw Error(token.Span, $"'{token.Text}' is a reserved word");
        if (!Is("(")) return new IdentExpr(NextId(), token.Span, token.Text, fromRoot);
        List<Expr> args = Arguments();
        SourceSpan span = Through(token.Span);
        if (!fromRoot && _macros.Global(span, token, args) is Expr expanded) return expanded;
        return new CallExpr(NextId(), span, null, fromRoot ? "." + token.Text : token.Text, token.Span, args);
    }

    private List<Expr> Arguments()
    {
        Advance();
        var args = new List<Expr>();
        if (Take(")")) return args;
        do args.Add(Conditional());
        while (Take(","));
        Expect(")", "',' or ')'");
        return args;
    }

    private ListExpr List()
    {
        SourceSpan start = _token.Span;
        Advance();
        var elements = new List<ListElement>();
        while (!Is("]"))
        {
            bool optional = Take("?");
            elements.Add(new ListElement(Conditional(), optional));
            if (!Take(",")) break;
        }

        Expect("]", "',' or ']'");
        return new ListExpr(NextId(), Through(start), elements);
    }

    private MapExpr Map()
    {
        SourceSpan start = _token.Span;
        Advance();
        var entries = new List<MapEntry>();
        while (!Is("}"))
        {
            bool optional = Take("?");
            Expr key = Conditional();
            Expect(":", "':' after a map's key");
            entries.Add(new MapEntry(key, Conditional(), optional));
            if (!Take(",")) break;
        }

        Expect("}", "',' or '}'");
        return new MapExpr(NextId(), Through(start), entries);
    }

    private StructExpr Struct(Expr type, string name)
    {
        Advance();
        var values = new List<Expr>();
        while (!Is("}"))
        {
            Take("?");
            if (_token.Kind is not (TokenKind.Ident or TokenKind.QuotedIdent)) throw Unexpected("a field name");
            Advance();
            Expect(":", "':' after a field name");
            values.Add(Conditional());
            if (!Take(",")) break;
        }

        Expect("}", "',' or '}'");
        return new StructExpr(NextId(), Through(type.Span), name, values);
    }

    private static string? QualifiedName(Expr e) => e switch
    {
        IdentExpr ident => (ident.FromRoot ? "." : "") + ident.Name,
        SelectExpr { Optional: false, TestOnly: false } select when QualifiedName(select.Operand) is string operand => $"{operand}.{select.Field}",
        _ => null,
    };

    private CallExpr Call(string function, SourceSpan span, SourceSpan op, params Expr[] args) =>
        new(NextId(), span, null, function, op, args);

    private SourceSpan Through(SourceSpan start) => new(start.Start, _lastEnd);

    private int NextId()
    {
        if (_nodes >= MaxNodes) throw Error(_token.Span, $"the expression has more than {MaxNodes} nodes");
        return _nodes++;
    }

    private void Enter()
    {
        if (++_depth > MaxDepth) throw Error(_token.Span, $"the expression nests deeper than {MaxDepth}");
    }

    private string? Punctuation() => _token.Kind == TokenKind.Punctuation ? _token.Text : null;

    private bool Is(string punctuation) => _token.Kind == TokenKind.Punctuation && _token.Text == punctuation;

    private bool Take(string punctuation)
    {
        if (!Is(punctuation)) return false;
        Advance();
        return true;
    }

    private void Expect(string punctuation, string what)
    {
        if (!Take(punctuation)) throw Unexpected(what);
    }

    private void Advance()
    {
        _lastEnd = _token.Span.End;
        _token = _lexer.Next();
    }

    private ExpressionException Unexpected(string expected)
    {
        string found = _token.Kind == TokenKind.End ? "the end of the expression" : $"'{_source.Slice(_token.Span)}'";
        return Error(_token.Span, $"expected {expected}, found {found}");
    }

    private ExpressionException Error(SourceSpan span, string message) => new([new ExpressionIssue(_source, span, message)]);
}
