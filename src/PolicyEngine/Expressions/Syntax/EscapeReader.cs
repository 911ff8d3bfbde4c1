using System.Globalization;
using System.Text;

namespace Chain.PolicyEngine.Expressions.Syntax;

/// <summary>Gives the content of a string or bytes literal its value (language definition, "String and Bytes Values").</summary>
/// <param name="source">For errors.</param>
/// <param name="start">The offset at which the content begins.</param>
/// <param name="raw">Whether a backslash is only a backslash.</param>
internal sealed class EscapeReader(SourceText source, int start, bool raw)
{
    public string ReadString(ReadOnlySpan<char> content)
    {
        if (raw || content.IndexOf('\\') < 0) return content.ToString();
        var result = new StringBuilder(content.Length);
        for (int at = 0; at < content.Length;)
        {
            if (content[at] != '\\')
            {
                result.Append(content[at++]);
                continue;
            }

            int escape = at;
            int code = ReadEscape(content, ref at, bytes: false, out _);
            if (!Rune.TryCreate(code, out Rune rune)) throw Error(escape, at, $"U+{code:X4} is not a Unicode scalar value");
            result.Append(rune.ToString());
        }

        return result.ToString();
    }

    public byte[] ReadBytes(ReadOnlySpan<char> content)
    {
        if (raw || content.IndexOf('\\') < 0) return Encoding.UTF8.GetBytes(content.ToString());
        var result = new List<byte>(content.Length);
        for (int at = 0; at < content.Length;)
        {
            if (content[at] == '\\')
            {
                int code = ReadEscape(content, ref at, bytes: true, out bool isSpecial);
                if (isSpecial) result.AddRange(Encoding.UTF8.GetBytes(char.ConvertFromUtf32(code)));
                else result.Add((byte)code);
                continue;
            }

            int end = at;
            while (end < content.Length && content[end] != '\\') end++;
            result.AddRange(Encoding.UTF8.GetBytes(content[at..end].ToString()));
            at = end;
        }

        return [.. result];
    }

    private int ReadEscape(ReadOnlySpan<char> content, ref int at, bool bytes, out bool isSpecial)
    {
        int escape = at;
        char kind = content[at + 1];
        at += 2;
        isSpecial = true;
        switch (kind)
        {
            case 'a': return '\a';
            case 'b': return '\b';
            case 'f': return '\f';
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'v': return '\v';
            case '\\' or '?' or '"' or '\'' or '`': return kind;
            case 'x' or 'X':
                isSpecial = false;
                return Digits(content, escape, ref at, 2, NumberStyles.AllowHexSpecifier);
            case 'u' or 'U' when !bytes:
                return Digits(content, escape, ref at, kind == 'u' ? 4 : 8, NumberStyles.AllowHexSpecifier);
            case >= '0' and <= '3':
                isSpecial = false;
                at--;
                return Octal(content, escape, ref at);
            default:
                throw Error(escape, at, $"'\\{kind}' is not an escape{(bytes && kind is 'u' or 'U' ? " of a bytes literal" : "")}");
        }
    }

    private int Octal(ReadOnlySpan<char> content, int escape, ref int at)
    {
        int code = 0;
        for (int i = 0; i < 3; i++, at++)
        {
            if (at >= content.Length || content[at] is < '0' or > '7') throw Error(escape, at, "an octal escape has three digits");
            code = (code * 8) + content[at] - '0';
        }

        return code;
    }

    private int Digits(ReadOnlySpan<char> content, int escape, ref int at, int count, NumberStyles style)
    {
        if (at + count > content.Length ||
            !uint.TryParse(content.Slice(at, count), style, CultureInfo.InvariantCulture, out uint code) || code > 0x10FFFF)
        {
            throw Error(escape, Math.Min(at + count, content.Length), $"'\\{content[escape + 1]}' needs {count} hexadecimal digits of a code point");
        }

        at += count;
        return (int)code;
    }

    private ExpressionException Error(int from, int to, string message) =>
        new([new ExpressionIssue(source, new SourceSpan(start + from, start + to), message)]);
}
