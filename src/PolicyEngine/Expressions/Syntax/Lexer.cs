using System.Globalization;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Syntax;

internal enum TokenKind
{
    End,
    Ident,
    QuotedIdent,
    Literal,
    Punctuation,
}

/// <param name="Kind">What it is.</param>
/// <param name="Span">Where.</param>
/// <param name="Text">An identifier's name, or the punctuation.</param>
/// <param name="Value">A literal's value; for the magnitude 2^63 see <paramref name="IsMinInt"/>.</param>
/// <param name="IsMinInt">The literal 9223372036854775808, which is an int only after a minus.</param>
internal readonly record struct Token(TokenKind Kind, SourceSpan Span, string Text, Value Value = default, bool IsMinInt = false);

/// <summary>Splits an expression into tokens (language definition, "Syntax", lexical part).</summary>
internal sealed class Lexer(SourceText source)
{
    private static readonly string[] Punctuation =
        ["&&", "||", "==", "!=", "<=", ">=", "[", "]", "{", "}", "(", ")", ".", ",", ":", "?", "<", ">", "+", "-", "*", "/", "%", "!"];

    private readonly string _text = source.Text;
    private int _at;

    public Token Next()
    {
        int last = _at;
        SkipSpace();
        // What is missing at the end is missing right behind the last token, not on an empty line below it.
        if (_at >= _text.Length) return new Token(TokenKind.End, new SourceSpan(last, last), "end of expression");
        char c = _text[_at];
        if (StringPrefixLength() is int prefix) return String(prefix);
        if (IsIdentStart(c)) return Ident();
        if (char.IsAsciiDigit(c) || (c == '.' && _at + 1 < _text.Length && char.IsAsciiDigit(_text[_at + 1]))) return Number();
        if (c == '`') return QuotedIdent();
        foreach (string p in Punctuation)
        {
            if (string.CompareOrdinal(_text, _at, p, 0, p.Length) != 0) continue;
            int start = _at;
            _at += p.Length;
            return new Token(TokenKind.Punctuation, new SourceSpan(start, _at), p);
        }

        throw Error(_at, _at + 1, c == '=' ? "'=' is not an operator; equality is '=='" : $"unexpected character {Show(c)}");
    }

    private static bool IsIdentStart(char c) => char.IsAsciiLetter(c) || c == '_';

    private static string Show(char c) => char.IsControl(c) || char.IsSurrogate(c) ? $"U+{(int)c:X4}" : $"'{c}'";

    private void SkipSpace()
    {
        while (_at < _text.Length)
        {
            if (_text[_at] is ' ' or '\t' or '\n' or '\r' or '\f') _at++;
            else if (_text[_at] == '/' && _at + 1 < _text.Length && _text[_at + 1] == '/') SkipLine();
            else return;
        }
    }

    private void SkipLine()
    {
        while (_at < _text.Length && _text[_at] != '\n') _at++;
    }

    private Token Ident()
    {
        int start = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_')) _at++;
        string name = _text[start.._at];
        var span = new SourceSpan(start, _at);
        return name switch
        {
            "true" => new Token(TokenKind.Literal, span, name, Value.True),
            "false" => new Token(TokenKind.Literal, span, name, Value.False),
            "null" => new Token(TokenKind.Literal, span, name, Value.Null),
            "in" => new Token(TokenKind.Punctuation, span, name),
            _ => new Token(TokenKind.Ident, span, name),
        };
    }

    private Token QuotedIdent()
    {
        int start = _at++;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '_' or '.' or '-' or '/' or ' ')) _at++;
        if (_at >= _text.Length || _text[_at] != '`')
        {
            throw Error(start, _at, "a quoted field name ends with '`' and holds letters, digits, '_', '.', '-', '/' and spaces");
        }

        _at++;
        if (_at - start == 2) throw Error(start, _at, "a quoted field name is empty");
        return new Token(TokenKind.QuotedIdent, new SourceSpan(start, _at), _text[(start + 1)..(_at - 1)]);
    }

    private Token Number()
    {
        int start = _at;
        bool isHex = _text[_at] == '0' && _at + 1 < _text.Length && _text[_at + 1] is 'x' or 'X';
        if (isHex)
        {
            _at += 2;
            while (_at < _text.Length && char.IsAsciiHexDigit(_text[_at])) _at++;
            if (_at == start + 2) throw Error(start, _at, "a hexadecimal number has no digits");
            return Integer(start, _text.AsSpan(start + 2, _at - start - 2), hex: true);
        }

        SkipDigits();
        bool isDouble = false;
        if (_at + 1 < _text.Length && _text[_at] == '.' && char.IsAsciiDigit(_text[_at + 1]))
        {
            isDouble = true;
            _at++;
            SkipDigits();
        }

        if (_at < _text.Length && _text[_at] is 'e' or 'E')
        {
            int exponent = _at + 1;
            if (exponent < _text.Length && _text[exponent] is '+' or '-') exponent++;
            if (exponent >= _text.Length || !char.IsAsciiDigit(_text[exponent])) throw Error(start, exponent, "an exponent has no digits");
            isDouble = true;
            _at = exponent;
            SkipDigits();
        }

        if (!isDouble) return Integer(start, _text.AsSpan(start, _at - start), hex: false);
        EndNumber(start);
        double value = double.Parse(_text.AsSpan(start, _at - start), NumberStyles.Float, CultureInfo.InvariantCulture);
        return new Token(TokenKind.Literal, new SourceSpan(start, _at), _text[start.._at], Value.Double(value));
    }

    private void SkipDigits()
    {
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at])) _at++;
    }

    private Token Integer(int start, ReadOnlySpan<char> digits, bool hex)
    {
        NumberStyles style = hex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
        bool fits = ulong.TryParse(digits, style, CultureInfo.InvariantCulture, out ulong value);
        bool isUnsigned = _at < _text.Length && _text[_at] is 'u' or 'U';
        if (isUnsigned) _at++;
        EndNumber(start);
        var span = new SourceSpan(start, _at);
        string text = _text[start.._at];
        const ulong MinIntMagnitude = 1UL << 63;
        if (!fits || (!isUnsigned && value > MinIntMagnitude))
        {
            throw Error(start, _at, $"the number {text} does not fit {(isUnsigned ? "a uint" : "an int")} (64 bits)");
        }

        if (isUnsigned) return new Token(TokenKind.Literal, span, text, Value.Uint(value));
        return new Token(TokenKind.Literal, span, text, Value.Int(unchecked((long)value)), value == MinIntMagnitude);
    }

    private void EndNumber(int start)
    {
        if (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_'))
        {
            throw Error(start, _at + 1, $"a number is followed by '{_text[_at]}'");
        }
    }

    /// <summary>The length of r, b, br, rb before a quote (0 for a plain quote), or null where no string starts.</summary>
    private int? StringPrefixLength()
    {
        int at = _at;
        bool raw = false;
        bool bytes = false;
        while (at < _text.Length)
        {
            char c = _text[at];
            if (c is '"' or '\'') return at - _at;
            if (c is 'r' or 'R' && !raw) raw = true;
            else if (c is 'b' or 'B' && !bytes) bytes = true;
            else return null;
            at++;
        }

        return null;
    }

    private Token String(int prefix)
    {
        int start = _at;
        bool raw = _text.AsSpan(_at, prefix).IndexOfAny('r', 'R') >= 0;
        bool bytes = _text.AsSpan(_at, prefix).IndexOfAny('b', 'B') >= 0;
        _at += prefix;
        char quote = _text[_at];
        bool triple = _at + 2 < _text.Length && _text[_at + 1] == quote && _text[_at + 2] == quote;
        _at += triple ? 3 : 1;
        int contentStart = _at;
        while (true)
        {
            if (_at >= _text.Length) throw Error(start, _text.Length, $"the string has no closing {new string(quote, triple ? 3 : 1)}");
            char c = _text[_at];
            if (c == quote && (!triple || (_at + 2 < _text.Length && _text[_at + 1] == quote && _text[_at + 2] == quote))) break;
            if (!triple && c is '\n' or '\r') throw Error(start, _at, $"the string has no closing {quote} on its line");
            if (!raw && c == '\\')
            {
                if (_at + 1 >= _text.Length) throw Error(start, _text.Length, "the string ends after a backslash");
                _at++;
            }

            _at++;
        }

        ReadOnlySpan<char> content = _text.AsSpan(contentStart, _at - contentStart);
        _at += triple ? 3 : 1;
        var literal = new EscapeReader(source, contentStart, raw);
        Value value = bytes ? Value.Bytes(literal.ReadBytes(content)) : Value.String(literal.ReadString(content));
        return new Token(TokenKind.Literal, new SourceSpan(start, _at), _text[start.._at], value);
    }

    private ExpressionException Error(int start, int end, string message) =>
        new([new ExpressionIssue(source, new SourceSpan(start, end), message)]);
}
