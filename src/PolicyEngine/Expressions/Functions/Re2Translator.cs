using System.Globalization;
using System.Text;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary>
/// Writes an RE2 pattern as the .NET pattern of the same meaning. .NET works on UTF-16 units, its <c>\d \w \s</c> are
/// Unicode's, its <c>$</c> matches before a last line feed; here a code point is one thing and the rest is ASCII.
/// </summary>
internal sealed class Re2Translator(string pattern)
{
    private const int MaxCodePoint = 0x10FFFF;
    private const int MaxRepeat = 1000;

    private readonly StringBuilder _out = new();
    private readonly Stack<(bool DotAll, bool MultiLine)> _outer = new();
    private int _at;
    private bool _dotAll;
    private bool _multiLine;

    /// <exception cref="FormatException">RE2 does not have it.</exception>
    public string Translate()
    {
        while (_at < pattern.Length) Next();
        return _out.ToString();
    }

    private void Next()
    {
        char c = pattern[_at];
        switch (c)
        {
            case '\\':
                Escape();
                break;
            case '.':
                _at++;
                Set(_dotAll ? [(0, MaxCodePoint)] : [(0, '\n' - 1), ('\n' + 1, MaxCodePoint)]);
                break;
            case '[':
                Class();
                break;
            case '^':
                _at++;
                _out.Append(_multiLine ? "(?m:^)" : "\\A");
                break;
            case '$':
                _at++;
                _out.Append(_multiLine ? "(?m:$)" : "\\z");
                break;
            case '(':
                Group();
                break;
            case ')':
                _at++;
                if (_outer.Count > 0) (_dotAll, _multiLine) = _outer.Pop();
                _out.Append(')');
                break;
            case '*' or '+' or '?':
                _at++;
                Quantifier(c.ToString());
                break;
            case '{' when Repeat() is string repeat:
                Quantifier(repeat);
                break;
            case '|':
                _at++;
                _out.Append('|');
                break;
            default:
                Literal(CodePoint());
                break;
        }
    }

    private void Quantifier(string quantifier)
    {
        _out.Append(quantifier);
        if (_at < pattern.Length && pattern[_at] == '?')
        {
            _at++;
            _out.Append('?');
        }

        if (_at < pattern.Length && (pattern[_at] is '*' or '+' or '?' || (pattern[_at] == '{' && Repeat() is not null)))
        {
            throw new FormatException("a repetition is repeated");
        }
    }

    /// <summary><c>{n}</c>, <c>{n,}</c> or <c>{n,m}</c>; null where the brace is only a character.</summary>
    private string? Repeat()
    {
        int end = pattern.IndexOf('}', _at);
        if (end < 0) return null;
        string inside = pattern[(_at + 1)..end];
        string[] bounds = inside.Split(',');
        if (bounds.Length > 2 || !int.TryParse(bounds[0], NumberStyles.None, CultureInfo.InvariantCulture, out int low)) return null;
        int high = low;
        if (bounds.Length == 2 && bounds[1].Length > 0 && !int.TryParse(bounds[1], NumberStyles.None, CultureInfo.InvariantCulture, out high)) return null;
        if (low > MaxRepeat || high > MaxRepeat || high < low) throw new FormatException($"bad repetition count {{{inside}}}");
        _at = end + 1;
        return $"{{{inside}}}";
    }

    private void Group()
    {
        _at++;
        if (_at >= pattern.Length || pattern[_at] != '?')
        {
            _outer.Push((_dotAll, _multiLine));
            _out.Append("(?:");
            return;
        }

        _at++;
        if (pattern.AsSpan(_at).StartsWith("P<") || (pattern.AsSpan(_at).StartsWith("<") && !pattern.AsSpan(_at).StartsWith("<=") && !pattern.AsSpan(_at).StartsWith("<!")))
        {
            int end = pattern.IndexOf('>', _at);
            if (end < 0) throw new FormatException("a group's name has no end");
            _at = end + 1;
            _outer.Push((_dotAll, _multiLine));
            _out.Append("(?:");
            return;
        }

        Flags();
    }

    private void Flags()
    {
        (bool dotAll, bool multiLine) = (_dotAll, _multiLine);
        var ignoreCase = "";
        bool on = true;
        for (; _at < pattern.Length && pattern[_at] is not (')' or ':'); _at++)
        {
            switch (pattern[_at])
            {
                case '-':
                    on = false;
                    break;
                case 's':
                    dotAll = on;
                    break;
                case 'm':
                    multiLine = on;
                    break;
                case 'i':
                    ignoreCase = on ? "i" : "-i";
                    break;
                case 'U':
                    break;
                default:
                    throw new FormatException($"'(?{pattern[_at]}' is not in RE2's syntax");
            }
        }

        if (_at >= pattern.Length) throw new FormatException("a group has no end");
        bool isGroup = pattern[_at++] == ':';
        if (isGroup) _outer.Push((_dotAll, _multiLine));
        (_dotAll, _multiLine) = (dotAll, multiLine);
        if (isGroup) _out.Append($"(?{ignoreCase}:");
        else if (ignoreCase.Length > 0) _out.Append($"(?{ignoreCase})");
    }

    private void Escape()
    {
        if (_at + 1 >= pattern.Length) throw new FormatException("the pattern ends after a backslash");
        char c = pattern[_at + 1];
        switch (c)
        {
            case 'A' or 'z':
                _at += 2;
                _out.Append('\\').Append(c);
                break;
            case 'b' or 'B':
                _at += 2;
                _out.Append('\\').Append(c);
                break;
            case 'Q':
                int end = pattern.IndexOf("\\E", _at + 2, StringComparison.Ordinal);
                string quoted = end < 0 ? pattern[(_at + 2)..] : pattern[(_at + 2)..end];
                _at = end < 0 ? pattern.Length : end + 2;
                foreach (Rune rune in quoted.EnumerateRunes()) Literal(rune.Value);
                break;
            default:
                if (Perl() is List<(int, int)> set) Set(set);
                else Literal(EscapedCodePoint());
                break;
        }
    }

    private void Class()
    {
        int start = _at++;
        bool negated = _at < pattern.Length && pattern[_at] == '^';
        if (negated) _at++;
        var set = new List<(int Low, int High)>();
        bool first = true;
        while (true)
        {
            if (_at >= pattern.Length) throw new FormatException($"missing ']' after '{pattern[start..]}'");
            if (pattern[_at] == ']' && !first) break;
            first = false;
            if (Posix() is { } posix)
            {
                set.AddRange(posix);
                continue;
            }

            if (pattern[_at] == '\\' && Perl() is { } perl)
            {
                set.AddRange(perl);
                continue;
            }

            int low = ClassCodePoint();
            int high = low;
            if (_at + 1 < pattern.Length && pattern[_at] == '-' && pattern[_at + 1] != ']')
            {
                _at++;
                high = ClassCodePoint();
                if (high < low) throw new FormatException("a range of characters is the wrong way about");
            }

            set.Add((low, high));
        }

        _at++;
        Set(negated ? Complement(set) : set);
    }

    private int ClassCodePoint()
    {
        if (_at >= pattern.Length) throw new FormatException("missing ']'");
        return pattern[_at] == '\\' ? EscapedCodePoint() : CodePoint();
    }

    private List<(int, int)>? Posix()
    {
        if (!pattern.AsSpan(_at).StartsWith("[:")) return null;
        int end = pattern.IndexOf(":]", _at, StringComparison.Ordinal);
        if (end < 0) return null;
        string name = pattern[(_at + 2)..end];
        bool negated = name.StartsWith('^');
        List<(int, int)> set = (negated ? name[1..] : name) switch
        {
            "alnum" => [('0', '9'), ('A', 'Z'), ('a', 'z')],
            "alpha" => [('A', 'Z'), ('a', 'z')],
            "ascii" => [(0, 0x7F)],
            "blank" => [('\t', '\t'), (' ', ' ')],
            "cntrl" => [(0, 0x1F), (0x7F, 0x7F)],
            "digit" => [('0', '9')],
            "graph" => [('!', '~')],
            "lower" => [('a', 'z')],
            "print" => [(' ', '~')],
            "punct" => [('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
            "space" => [('\t', '\r'), (' ', ' ')],
            "upper" => [('A', 'Z')],
            "word" => [('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')],
            "xdigit" => [('0', '9'), ('A', 'F'), ('a', 'f')],
            _ => throw new FormatException($"'[:{name}:]' is not a class of characters"),
        };
        _at = end + 2;
        return negated ? Complement(set) : set;
    }

    /// <summary><c>\d \w \s \p{…}</c> and their opposites as code points; null where the escape is another.</summary>
    private List<(int, int)>? Perl()
    {
        char c = _at + 1 < pattern.Length ? pattern[_at + 1] : '\0';
        List<(int, int)>? set = char.ToLowerInvariant(c) switch
        {
            'd' => [('0', '9')],
            's' => [('\t', '\n'), ('\f', '\r'), (' ', ' ')],
            'w' => [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
            'p' => [],
            _ => null,
        };
        if (set is null) return null;
        _at += 2;
        bool negated = char.IsUpper(c);
        if (c is 'p' or 'P')
        {
            string name;
            if (_at < pattern.Length && pattern[_at] == '{')
            {
                int end = pattern.IndexOf('}', _at);
                if (end < 0) throw new FormatException("a Unicode class has no '}'");
                name = pattern[(_at + 1)..end];
                _at = end + 1;
            }
            else
            {
                name = _at < pattern.Length ? pattern[_at++].ToString() : "";
            }

            if (name.StartsWith('^')) (negated, name) = (!negated, name[1..]);
            set = UnicodeClass.Ranges(name) ?? throw new FormatException($"'{name}' is not a Unicode category");
        }

        return negated ? Complement(set) : set;
    }

    private int EscapedCodePoint()
    {
        if (_at + 1 >= pattern.Length) throw new FormatException("the pattern ends after a backslash");
        char c = pattern[_at + 1];
        _at += 2;
        switch (c)
        {
            case 'a': return '\a';
            case 'f': return '\f';
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'v': return '\v';
            case 'x':
                return Hex();
            case >= '0' and <= '7':
                int value = c - '0';
                int digits = 1;
                if (c != '0' && (_at >= pattern.Length || pattern[_at] is < '0' or > '7')) throw new FormatException("RE2 has no back-references");
                for (; digits < 3 && _at < pattern.Length && pattern[_at] is >= '0' and <= '7'; digits++) value = (value * 8) + pattern[_at++] - '0';
                return value;
            default:
                if (char.IsAsciiLetterOrDigit(c)) throw new FormatException($"'\\{c}' is not an escape");
                _at--;
                return CodePoint();
        }
    }

    private int Hex()
    {
        string digits;
        if (_at < pattern.Length && pattern[_at] == '{')
        {
            int end = pattern.IndexOf('}', _at);
            if (end < 0) throw new FormatException("'\\x{' has no end");
            digits = pattern[(_at + 1)..end];
            _at = end + 1;
        }
        else
        {
            digits = pattern.Substring(_at, Math.Min(2, pattern.Length - _at));
            _at += digits.Length;
        }

        if (int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) && value is >= 0 and <= MaxCodePoint) return value;
        throw new FormatException("'\\x' needs hexadecimal digits of a code point");
    }

    private int CodePoint()
    {
        int value = char.IsHighSurrogate(pattern[_at]) && _at + 1 < pattern.Length && char.IsLowSurrogate(pattern[_at + 1])
            ? char.ConvertToUtf32(pattern[_at], pattern[_at + 1])
            : pattern[_at];
        _at += value > 0xFFFF ? 2 : 1;
        return value;
    }

    private void Literal(int codePoint)
    {
        if (codePoint > 0xFFFF) _out.Append($"(?:{Unit(char.ConvertFromUtf32(codePoint)[0])}{Unit(char.ConvertFromUtf32(codePoint)[1])})");
        else _out.Append(Unit((char)codePoint));
    }

    /// <summary>Writes a set of code points; those past U+FFFF become pairs of surrogates.</summary>
    private void Set(List<(int Low, int High)> set)
    {
        var units = new StringBuilder();
        var pairs = new List<string>();
        foreach ((int low, int high) in set)
        {
            // Lone surrogates are no code points, so no set has them.
            if (low < 0xD800) units.Append(Range(low, Math.Min(high, 0xD7FF)));
            if (high > 0xDFFF && low <= 0xFFFF) units.Append(Range(Math.Max(low, 0xE000), Math.Min(high, 0xFFFF)));
            if (high > 0xFFFF) AddPairs(pairs, Math.Max(low, 0x10000), high);
        }

        if (units.Length > 0) pairs.Insert(0, $"[{units}]");
        _out.Append(pairs.Count == 0 ? "[^\\s\\S]" : $"(?:{string.Join('|', pairs)})");
    }

    private static void AddPairs(List<string> pairs, int low, int high)
    {
        string first = char.ConvertFromUtf32(low);
        string last = char.ConvertFromUtf32(high);
        if (first[0] == last[0])
        {
            pairs.Add(Unit(first[0]) + $"[{Range(first[1], last[1])}]");
            return;
        }

        pairs.Add(Unit(first[0]) + $"[{Range(first[1], 0xDFFF)}]");
        if (last[0] - first[0] > 1) pairs.Add($"[{Range(first[0] + 1, last[0] - 1)}][\\uDC00-\\uDFFF]");
        pairs.Add(Unit(last[0]) + $"[{Range(0xDC00, last[1])}]");
    }

    private static string Range(int low, int high) => low == high ? Unit((char)low) : $"{Unit((char)low)}-{Unit((char)high)}";

    private static string Unit(char c) => char.IsAsciiLetterOrDigit(c) ? c.ToString() : $"\\u{(int)c:X4}";

    private static List<(int, int)> Complement(List<(int Low, int High)> set)
    {
        set.Sort();
        var result = new List<(int, int)>();
        int next = 0;
        foreach ((int low, int high) in set)
        {
            if (low > next) result.Add((next, low - 1));
            next = Math.Max(next, high + 1);
        }

        if (next <= MaxCodePoint) result.Add((next, MaxCodePoint));
        return result;
    }
}
