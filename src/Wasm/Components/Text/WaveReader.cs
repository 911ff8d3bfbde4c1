using System.Globalization;
using System.Text;
using Chain.Wasm.Text;

namespace Chain.Wasm.Components.Text;

/// <summary>Walks through a WAVE text token by token; the token that is wanted decides how the next characters are read.</summary>
internal sealed class WaveReader
{
    private const int FoundShown = 24;

    private readonly string text;
    private int at;

    public WaveReader(string text, int start)
    {
        this.text = text;
        at = start;
        if (text.Length > Wave.LongestText)
            throw new WaveException(1, 1, string.Create(CultureInfo.InvariantCulture, $"a text of {text.Length} characters; at most {Wave.LongestText} are read"));
    }

    /// <summary>Where the next token begins; what errors about it point at.</summary>
    public int Next()
    {
        SkipBlanks();
        return at;
    }

    /// <summary>Whether the next token begins so.</summary>
    public bool Sees(char mark)
    {
        SkipBlanks();
        return at < text.Length && text[at] == mark;
    }

    public bool Take(char mark)
    {
        if (!Sees(mark)) return false;
        at++;
        return true;
    }

    public void Expect(char mark, string where)
    {
        if (!Take(mark)) throw Unexpected($"'{mark}' {where}");
    }

    public void ExpectEnd()
    {
        if (Next() < text.Length) throw Unexpected("the end");
    }

    /// <summary>A label or keyword with its <c>%</c>, or nothing where none stands here.</summary>
    public string? TakeWord()
    {
        SkipBlanks();
        int end = at;
        if (end < text.Length && text[end] == '%') end++;
        if (end >= text.Length || !char.IsAsciiLetter(text[end])) return null;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '-')) end++;
        string word = text[at..end];
        at = end;
        return word;
    }

    /// <summary>The keyword or label that stands here, which is not taken.</summary>
    public string? PeekWord()
    {
        int start = Next();
        string? word = TakeWord();
        at = start;
        return word;
    }

    /// <summary>All that may belong to a number and stands here, or nothing.</summary>
    public string TakeNumber()
    {
        int start = Next();
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '-' or '+' or '.')) at++;
        return text[start..at];
    }

    /// <summary>A char with its quotes, or nothing where none begins here.</summary>
    public Rune? TakeChar()
    {
        if (!Take('\'')) return null;
        if (Current is '\'') throw Fail(at, "expected a character, found none between the quotes");
        Rune value = TakeCharacter(text.Length);
        if (Current != '\'') throw Unexpected("one character and a closing '");
        at++;
        return value;
    }

    /// <summary>A string with its quotes, of one line or several, or nothing where none begins here.</summary>
    public string? TakeString()
    {
        if (!Sees('"')) return null;
        int start = at;
        if (string.CompareOrdinal(text, at, "\"\"\"", 0, 3) == 0) return TakeLines();
        at++;
        var value = new StringBuilder();
        while (Current != '"')
        {
            if (Current is null) throw Fail(start, "the string that begins here has no closing \"");
            value.Append(TakeCharacter(text.Length));
        }

        at++;
        return value.ToString();
    }

    /// <summary>The error that something else stands here.</summary>
    public WaveException Unexpected(string expected) => Unexpected(Next(), expected);

    /// <summary>The error that something else stands there.</summary>
    public WaveException Unexpected(int start, string expected) => Fail(start, $"expected {expected}, found {Found(start)}");

    public WaveException Fail(int start, string problem)
    {
        int line = 1;
        int begin = 0;
        for (int i = 0; i < start; i++)
        {
            if (text[i] != '\n') continue;
            line++;
            begin = i + 1;
        }

        int column = 1;
        foreach (Rune _ in text.AsSpan(begin, start - begin).EnumerateRunes()) column++;
        return new WaveException(line, column, problem);
    }

    private char? Current => at < text.Length ? text[at] : null;

    private void SkipBlanks()
    {
        while (at < text.Length)
        {
            if (text[at] is ' ' or '\t' or '\n' or '\r') at++;
            else if (text[at] == '/' && at + 1 < text.Length && text[at + 1] == '/') at = text.IndexOf('\n', at) is var end and >= 0 ? end : text.Length;
            else return;
        }
    }

    // A string of several lines. Its end is the first """, whatever stands before it, and the blanks before that are the indentation of all lines.
    private string TakeLines()
    {
        int start = at;
        at += 3;
        if (Current == '\r' && at + 1 < text.Length && text[at + 1] == '\n') at++;
        if (Current != '\n') throw Fail(start, "expected a line break after the opening \"\"\"");
        int content = at + 1;
        int end = text.IndexOf("\"\"\"", content, StringComparison.Ordinal);
        if (end < 0) throw Fail(start, "the string that begins here has no closing \"\"\"");
        int last = text.LastIndexOf('\n', end) + 1;
        int indentation = end - last;
        if (text.AsSpan(last, indentation).ContainsAnyExcept(' ')) throw Fail(end, "expected nothing but spaces before the closing \"\"\" in its line");
        var value = new StringBuilder();
        for (at = content; at < last;)
        {
            if (at > content) value.Append('\n');
            int line = text.IndexOf('\n', at);
            int indent = at + indentation;
            if (indent > line || text.AsSpan(at, indentation).ContainsAnyExcept(' '))
                throw Fail(at, string.Create(CultureInfo.InvariantCulture, $"expected at least the {indentation} spaces that stand before the closing \"\"\""));
            int stop = line > indent && text[line - 1] == '\r' ? line - 1 : line;
            for (at = indent; at < stop;) value.Append(TakeCharacter(stop));
            at = line + 1;
        }

        at = end + 3;
        return value.ToString();
    }

    // One character of a char or string, escaped or not.
    private Rune TakeCharacter(int end)
    {
        if (at >= end) throw Unexpected(at, "a character");
        if (text[at] == '\\') return TakeEscape(end);
        if (text[at] == '\n') throw Fail(at, "expected a character, found the end of the line (a line break is written \\n)");
        if (Rune.DecodeFromUtf16(text.AsSpan(at, end - at), out Rune rune, out int length) != System.Buffers.OperationStatus.Done)
            throw Fail(at, "expected a character, found half of one (a lone surrogate)");
        at += length;
        return rune;
    }

    private Rune TakeEscape(int end)
    {
        int start = at++;
        char kind = at < end ? text[at++] : '\0';
        switch (kind)
        {
            case '\\' or '\'' or '"':
                return new Rune(kind);
            case 't':
                return new Rune('\t');
            case 'n':
                return new Rune('\n');
            case 'r':
                return new Rune('\r');
            case 'u' when at < end && text[at] == '{':
                int digits = ++at;
                while (at < end && at - digits <= 6 && char.IsAsciiHexDigit(text[at])) at++;
                if (at - digits is >= 1 and <= 6 && at < end && text[at] == '}'
                    && Rune.TryCreate(int.Parse(text.AsSpan(digits, at++ - digits), NumberStyles.HexNumber, CultureInfo.InvariantCulture), out Rune rune))
                    return rune;
                throw Fail(start, "expected \\u{…} with the 1 to 6 hexadecimal digits of a character, surrogates excluded");
            default:
                throw Fail(start, "expected one of the escapes \\\\ \\' \\\" \\t \\n \\r \\u{…}");
        }
    }

    private string Found(int start)
    {
        if (start >= text.Length) return "the end";
        int end = start + 1;
        if (IsWordPart(text[start]))
            while (end < text.Length && IsWordPart(text[end])) end++;
        else if (text[start] is '"' or '\'')
            end = text.IndexOfAny(['"', '\'', '\n'], end) is var close and >= 0 ? close + (text[close] == text[start] ? 1 : 0) : text.Length;
        else if (char.IsHighSurrogate(text[start]) && end < text.Length) end++;
        string token = text[start..Math.Min(end, start + FoundShown)] + (end > start + FoundShown ? "…" : "");
        return $"'{TextLiteral.OneLine(token)}'";
    }

    private static bool IsWordPart(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '+' or '.' or '%';
}
