using System.Text;
using Chain.Wasm.Components.Text;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Chain.Wasm.Tests.Components.Text;

public sealed class WavePropertyTests
{
    // Texts that are nearly WAVE, rather than noise that fails at its first character.
    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", "(", ")", ":", ",", " ", "\n", "\r\n", "\"", "\"\"\"", "'", "\\", "\\u{", "\\u{d800}", "//", "%", "-", "+", ".", "0", "1",
        "255", "256", "1e9", "nan", "inf", "-inf", "true", "some", "none", "ok", "err", "a", "b", "x", "two-words", "HTTP3", "é", "\ud800", "\udc00",
        "😀", "\u202e", "\0",
    ];

    [Fact]
    public void WhatIsWrittenReadsBackAsTheSameValue() =>
        Check(WaveGenerator.TypedValue(), pair => Wave.Parse(Wave.Format(pair.Value), pair.Type).Equals(pair.Value));

    [Fact]
    public void WritingIsStable() =>
        Check(WaveGenerator.TypedValue(), pair =>
        {
            string text = Wave.Format(pair.Value);
            return Wave.Format(Wave.Parse(text, pair.Type)) == text;
        });

    [Fact]
    public void WhatIsWrittenIsOneHarmlessLine() =>
        Check(WaveGenerator.TypedValue(), pair =>
        {
            string text = Wave.Format(pair.Value);
            return Chain.Wasm.Text.TextLiteral.OneLine(text) == text;
        });

    [Fact]
    public void BlanksAndCommentsBetweenTokensChangeNothing() =>
        Check(WaveGenerator.TypedValue(), pair => Wave.Parse(Spread(Wave.Format(pair.Value)), pair.Type).Equals(pair.Value));

    [Fact]
    public void AnyTextIsAValueOrAWaveException() =>
        Check(
            Gen.Choose(0, 12).SelectMany(count => Gen.Elements(Pieces).ArrayOf(count)).SelectMany(
                _ => Gen.Choose(0, 4).SelectMany(WaveGenerator.TypeOf), (pieces, type) => (Text: string.Concat(pieces), Type: type)),
            pair => IsJudged(pair.Text, pair.Type));

    [Fact]
    public void ADamagedTextIsAValueOrAWaveException() =>
        Check(
            WaveGenerator.TypedValue().SelectMany(
                _ => Gen.Choose(0, int.MaxValue).SelectMany(_ => Gen.Elements(Pieces), (place, piece) => (place, piece)),
                (pair, damage) => (Text: Damage(Wave.Format(pair.Value), damage.place, damage.piece), pair.Type)),
            pair => IsJudged(pair.Text, pair.Type));

    private static bool IsJudged(string text, ValType type)
    {
        ComponentValue value;
        try
        {
            value = Wave.Parse(text, type);
        }
        catch (WaveException e)
        {
            string[] lines = text.Split('\n');
            Assert.InRange(e.Line, 1, lines.Length);
            Assert.InRange(e.Column, 1, lines[e.Line - 1].EnumerateRunes().Count() + 1);
            Assert.DoesNotContain('\n', e.Message);
            return true;
        }

        // What was taken is a value of the type: it can be written and read again.
        return Wave.Parse(Wave.Format(value), type).Equals(value);
    }

    private static string Damage(string text, int place, string piece)
    {
        int at = place % (text.Length + 1);
        return (place & 1) == 0 ? text.Insert(at, piece) : string.Concat(text.AsSpan(0, at), text.AsSpan(Math.Min(text.Length, at + 1)));
    }

    // The text with blanks and a comment around every mark that stands outside chars and strings.
    private static string Spread(string text)
    {
        var spread = new StringBuilder();
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quote != '\0')
            {
                spread.Append(c);
                if (c == '\\') spread.Append(text[++i]);
                else if (c == quote) quote = '\0';
            }
            else if (c is '"' or '\'')
            {
                quote = c;
                spread.Append(c);
            }
            else if (c is '{' or '}' or '[' or ']' or '(' or ')' or ':' or ',') spread.Append("\t// }\r\n").Append(c).Append("\n ");
            else spread.Append(c);
        }

        return spread.ToString();
    }

    private static void Check<T>(Gen<T> values, Func<T, bool> property) =>
        FsCheck.Check.One(Config.QuickThrowOnFailure.WithMaxTest(1_000), Prop.ForAll(Arb.From(values), property));
}
