using Chain.Wasm.Components.Text;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;

namespace Chain.Wasm.Tests.Components.Text;

public sealed class WaveTests
{
    private static readonly Dictionary<string, ValType> Types = new()
    {
        ["bool"] = Of(PrimitiveKind.Bool),
        ["u8"] = Of(PrimitiveKind.U8),
        ["s8"] = Of(PrimitiveKind.S8),
        ["u64"] = Of(PrimitiveKind.U64),
        ["s64"] = Of(PrimitiveKind.S64),
        ["f32"] = Of(PrimitiveKind.F32),
        ["f64"] = Of(PrimitiveKind.F64),
        ["char"] = Of(PrimitiveKind.Char),
        ["string"] = Of(PrimitiveKind.String),
        ["list"] = new ListType(Of(PrimitiveKind.String), null),
        ["bytes"] = new ListType(Of(PrimitiveKind.U8), null),
        ["pair-of"] = new ListType(Of(PrimitiveKind.U8), 2),
        ["map"] = new MapType(Of(PrimitiveKind.String), Of(PrimitiveKind.U8)),
        ["tuple"] = new TupleType([Of(PrimitiveKind.String), Of(PrimitiveKind.U8)]),
        ["record"] = new RecordType([new Field("required", Of(PrimitiveKind.U8)), new Field("optional", new OptionType(Of(PrimitiveKind.U8)))]),
        ["options"] = new RecordType([new Field("a", new OptionType(Of(PrimitiveKind.U8))), new Field("b", new OptionType(Of(PrimitiveKind.U8)))]),
        ["keyword-fields"] = new RecordType([new Field("true", Of(PrimitiveKind.U8)), new Field("none", new OptionType(Of(PrimitiveKind.U8)))]),
        ["variant"] = new VariantType([new Case("empty", null), new Case("body", new ListType(Of(PrimitiveKind.U8), null)), new Case("err", Of(PrimitiveKind.String))]),
        ["enum"] = new EnumType(["ok", "not-found", "HTTP3", "nan"]),
        ["flags"] = new FlagsType(["read", "write", "exec"]),
        ["option"] = new OptionType(Of(PrimitiveKind.U8)),
        ["option-string"] = new OptionType(Of(PrimitiveKind.String)),
        ["option-option"] = new OptionType(new OptionType(Of(PrimitiveKind.S8))),
        ["option-enum"] = new OptionType(new EnumType(["some", "other"])),
        ["result"] = new ResultType(Of(PrimitiveKind.U8), Of(PrimitiveKind.String)),
        ["result-err"] = new ResultType(null, Of(PrimitiveKind.String)),
        ["result-bare"] = new ResultType(null, null),
        ["result-option"] = new ResultType(new OptionType(Of(PrimitiveKind.U8)), null),
        ["own"] = new HandleType(true, new ResourceType(new ResourceIdentity())),
        ["stream"] = new StreamType(null),
    };

    /// <summary>A type, texts of one value, and that value's text as it is written.</summary>
    [Theory]
    [InlineData("bool", "true", "true")]
    [InlineData("bool", " // yes\n true // so\n", "true")]
    [InlineData("u8", "255", "255")]
    [InlineData("s8", "-128", "-128")]
    [InlineData("s8", "-0", "0")]
    [InlineData("u64", "18446744073709551615", "18446744073709551615")]
    [InlineData("s64", "-9223372036854775808", "-9223372036854775808")]
    [InlineData("f64", "0", "0")]
    [InlineData("f64", "-0.0e-0", "-0")]
    [InlineData("f64", "6.022e+23", "6.022E+23")]
    [InlineData("f64", "0.000e100", "0")]
    [InlineData("f64", "nan", "nan")]
    [InlineData("f64", "-inf", "-inf")]
    [InlineData("f64", "1e400", "inf")]
    [InlineData("f32", "3.4028234664123e38", "3.4028235E+38")]
    [InlineData("f32", "3.4028234664e39", "inf")]
    [InlineData("f32", "1.4012984643e-45", "1E-45")]
    [InlineData("f32", "1.4012984643e-46", "0")]
    [InlineData("f32", "0.1", "0.1")]
    [InlineData("char", "'x'", "'x'")]
    [InlineData("char", @"'\u{000078}'", "'x'")]
    [InlineData("char", @"'\''", @"'\''")]
    [InlineData("char", "'\"'", "'\"'")]
    [InlineData("char", @"'\u{0}'", @"'\u{0}'")]
    [InlineData("char", "'🌊'", "'🌊'")]
    [InlineData("string", "\"WAVE🌊\"", "\"WAVE🌊\"")]
    [InlineData("string", @"""\\\'\""\t\n\r""", @"""\\'\""\t\n\r""")]
    [InlineData("string", "\"// no comment\"", "\"// no comment\"")]
    [InlineData("string", "\"\u202e\"", @"""\u{202e}""")]
    [InlineData("string", "\"\"\"\n\"\"\"", "\"\"")]
    [InlineData("string", "\"\"\"\r\nA single line\r\n\"\"\"", "\"A single line\"")]
    [InlineData("string", "\"\"\"\n    Indentation determined\n      by ending delimiter\n  \"\"\"", @"""  Indentation determined\n    by ending delimiter""")]
    [InlineData("string", "\"\"\"\n\nboth ends\n\n\"\"\"", @"""\nboth ends\n""")]
    [InlineData("string", "\"\"\"\n  \\r\n  ''\"\"\\\"\"\n  \"\"\"", @"""\r\n''\""\""\""\""""")]
    [InlineData("list", "[]", "[]")]
    [InlineData("list", "[ \"a\" , \"b\", ]", "[\"a\", \"b\"]")]
    [InlineData("bytes", "[79,75]", "[79, 75]")]
    [InlineData("pair-of", "[1, 2]", "[1, 2]")]
    [InlineData("map", "[(\"a\", 1), (\"b\", 2,)]", "[(\"a\", 1), (\"b\", 2)]")]
    [InlineData("tuple", "(\"abc\", 123,)", "(\"abc\", 123)")]
    [InlineData("record", "{required: 1}", "{required: 1}")]
    [InlineData("record", "{ optional: none, required: 1, }", "{required: 1}")]
    [InlineData("record", "{optional: 2, %required: 1}", "{required: 1, optional: some(2)}")]
    [InlineData("options", "{ : }", "{:}")]
    [InlineData("options", "{b: none,}", "{:}")]
    [InlineData("options", "{b: some(2)}", "{b: some(2)}")]
    [InlineData("keyword-fields", "{none: none, true: 1}", "{true: 1}")]
    [InlineData("variant", "empty", "empty")]
    [InlineData("variant", "body([79, 75])", "body([79, 75])")]
    [InlineData("variant", "%err ( \"oops\" )", "%err(\"oops\")")]
    [InlineData("enum", "%ok", "%ok")]
    [InlineData("enum", "not-found", "not-found")]
    [InlineData("enum", "%HTTP3", "HTTP3")]
    [InlineData("flags", "{}", "{}")]
    [InlineData("flags", "{write, %read,}", "{read, write}")]
    [InlineData("option", "none", "none")]
    [InlineData("option", "5", "some(5)")]
    [InlineData("option", "some(5)", "some(5)")]
    [InlineData("option-string", "\"flat some\"", "some(\"flat some\")")]
    [InlineData("option-option", "some(none)", "some(none)")]
    [InlineData("option-option", "some(5)", "some(some(5))")]
    [InlineData("option-enum", "%some", "some(%some)")]
    [InlineData("option-enum", "some(other)", "some(other)")]
    [InlineData("result", "5", "ok(5)")]
    [InlineData("result", "err(\"oops\")", "err(\"oops\")")]
    [InlineData("result-err", "ok", "ok")]
    [InlineData("result-bare", "err", "err")]
    [InlineData("result-option", "ok(5)", "ok(some(5))")]
    public void ATextIsReadAndWritten(string type, string text, string written) => Assert.Equal(written, Wave.Format(Wave.Parse(text, Types[type])));

    [Theory]
    [InlineData("bool", "True", "column 1: expected true or false, found 'True'")]
    [InlineData("bool", "", "column 1: expected true or false, found the end")]
    [InlineData("bool", "true false", "column 6: expected the end, found 'false'")]
    [InlineData("u8", "256", "column 1: expected a u8 (0 to 255), found '256'")]
    [InlineData("u8", "-1", "column 1: expected a u8 (0 to 255), found '-1'")]
    [InlineData("u8", "01", "column 1: expected a u8 (0 to 255), found '01'")]
    [InlineData("u8", "+1", "column 1: expected a u8 (0 to 255), found '+1'")]
    [InlineData("u8", "1.0", "column 1: expected a u8 (0 to 255), found '1.0'")]
    [InlineData("s8", "\"x\"", "column 1: expected an s8 (-128 to 127), found '\"x\"'")]
    [InlineData("u64", "18446744073709551616", "column 1: expected a u64 (0 to 18446744073709551615), found '18446744073709551616'")]
    [InlineData("f64", "-nan", "column 1: expected a number, nan, inf or -inf, found '-nan'")]
    [InlineData("f64", "Infinity", "column 1: expected a number, nan, inf or -inf, found 'Infinity'")]
    [InlineData("f64", ".5", "column 1: expected a number, nan, inf or -inf, found '.5'")]
    [InlineData("char", "''", "column 2: expected a character, found none between the quotes")]
    [InlineData("char", "'ab'", "column 3: expected one character and a closing ', found 'b'")]
    [InlineData("char", @"'\z'", @"column 2: expected one of the escapes \\ \' \"" \t \n \r \u{…}")]
    [InlineData("char", @"'\u{D800}'", @"column 2: expected \u{…} with the 1 to 6 hexadecimal digits of a character, surrogates excluded")]
    [InlineData("char", @"'\u{110000}'", @"column 2: expected \u{…} with the 1 to 6 hexadecimal digits of a character, surrogates excluded")]
    [InlineData("char", @"'\u{0000078}'", @"column 2: expected \u{…} with the 1 to 6 hexadecimal digits of a character, surrogates excluded")]
    [InlineData("char", "'x", "column 3: expected one character and a closing ', found the end")]
    [InlineData("string", "\"abc", "column 1: the string that begins here has no closing \"")]
    [InlineData("string", "\"a\nb\"", "column 3: expected a character, found the end of the line (a line break is written \\n)")]
    [InlineData("string", "\"\"\"\"\"\"", "column 1: expected a line break after the opening \"\"\"")]
    [InlineData("string", "\"\"\"\nextra\"\"\"", "line 2, column 6: expected nothing but spaces before the closing \"\"\" in its line")]
    [InlineData("string", "\"\"\"\nx\n  \"\"\"", "line 2, column 1: expected at least the 2 spaces that stand before the closing \"\"\"")]
    [InlineData("string", "\"\"\"\nx\n\"\"\"\"", "line 3, column 4: expected the end, found '\"'")]
    [InlineData("list", "[\"🌊\", 1]", "column 7: expected a string in double quotes, found '1'")]
    [InlineData("list", "[\"a\" \"b\"]", "column 6: expected ']' or ',' in a list, found '\"b\"'")]
    [InlineData("list", "[,]", "column 2: expected a string in double quotes, found ','")]
    [InlineData("pair-of", "[1]", "column 1: expected a list of 2 elements, found 1")]
    [InlineData("tuple", "(\"a\")", "column 5: expected ',' and value 2 of 2, found ')'")]
    [InlineData("tuple", "(\"a\", 1, 2)", "column 10: expected ')' after 2 values, found '2'")]
    [InlineData("record", "{optional: none}", "column 16: the record lacks the field 'required', a u8 (0 to 255)")]
    [InlineData("record", "{required: 0, required: 0}", "column 15: the field 'required' stands here for the second time")]
    [InlineData("record", "{other: 0}", "column 2: expected a field (one of required, optional), found 'other'")]
    [InlineData("record", "{required 0}", "column 11: expected ':' after the field's name 'required', found '0'")]
    [InlineData("options", "{}", "column 2: expected a field (one of a, b; a record without any is written {:}), found '}'")]
    [InlineData("variant", "body", "column 5: expected '(' and a list in brackets after 'body', found the end")]
    [InlineData("variant", "empty()", "column 6: expected the end, found '('")]
    [InlineData("variant", "err(\"x\")", "column 1: 'err' is a keyword; the case of that name is written %err")]
    [InlineData("enum", "ok", "column 1: 'ok' is a keyword; the case of that name is written %ok")]
    [InlineData("enum", "nope", "column 1: expected one of %ok, not-found, HTTP3, %nan, found 'nope'")]
    [InlineData("flags", "{read, read}", "column 8: the flag 'read' stands here for the second time")]
    [InlineData("flags", "{execute}", "column 2: expected a flag (one of read, write, exec), found 'execute'")]
    [InlineData("option", "some", "column 5: expected '(' and a u8 (0 to 255) after 'some', found the end")]
    [InlineData("option", "x", "column 1: expected a u8 (0 to 255), found 'x'")]
    [InlineData("option-option", "5", "column 1: expected none or some(…), found '5'")]
    [InlineData("result-bare", "ok(1)", "column 3: expected the end, found '('")]
    [InlineData("result-err", "err", "column 4: expected '(' and a string in double quotes after 'err', found the end")]
    [InlineData("result-option", "5", "column 1: expected ok(…) or err, found '5'")]
    [InlineData("own", "1", "column 1: WAVE has no form for resource")]
    [InlineData("stream", "1", "column 1: WAVE has no form for stream")]
    public void AWrongTextIsRefusedAtItsPlace(string type, string text, string message) =>
        Assert.Equal(message, Assert.Throws<WaveException>(() => Wave.Parse(text, Types[type])).Message);

    // An attribute's string cannot hold one.
    [Fact]
    public void ALoneSurrogateIsRefusedAtItsPlace() => Assert.Equal(
        "column 2: expected a character, found half of one (a lone surrogate)",
        Assert.Throws<WaveException>(() => Wave.Parse("\"\ud800\"", Types["string"])).Message);

    [Theory]
    [InlineData("()", "none none")]
    [InlineData("(1)", "some(1) none")]
    [InlineData(" ( some(1) , none , ) ", "some(1) none")]
    [InlineData("(none, 2)", "none some(2)")]
    public void OptionsAtTheEndOfArgumentsMayBeLeftOut(string text, string arguments) =>
        Assert.Equal(arguments, Arguments(text, Types["option"], Types["option"]));

    [Theory]
    [InlineData("f(\"a\", 1)", "\"a\" 1")]
    [InlineData("f (\"a\", 1,) // end", "\"a\" 1")]
    public void ArgumentsBeginWhereTheNameEnds(string text, string arguments) =>
        Assert.Equal(arguments, string.Join(' ', Wave.ParseArguments(text, Func(Types["string"], Types["u8"]), 1).Select(Wave.Format)));

    [Theory]
    [InlineData("", "column 1: expected '(' and the arguments, found the end")]
    [InlineData("()", "column 2: missing argument 'p0', a string in double quotes; expected 2 arguments (p0: string, p1: u8)")]
    [InlineData("(\"a\")", "column 5: missing argument 'p1', a u8 (0 to 255); expected 2 arguments (p0: string, p1: u8)")]
    [InlineData("(\"a\", 1, 2)", "column 10: expected ')' after 2 arguments (p0: string, p1: u8), found '2'")]
    [InlineData("(\"a\", 1) 2", "column 10: expected the end, found '2'")]
    [InlineData("(\"a\" 1)", "column 6: expected ',' or ')' after an argument, found '1'")]
    [InlineData("(\"a\", 1", "column 8: expected ',' or ')' after an argument, found the end")]
    public void WrongArgumentsAreRefusedAtTheirPlace(string text, string message) =>
        Assert.Equal(message, Assert.Throws<WaveException>(() => Arguments(text, Types["string"], Types["u8"])).Message);

    [Fact]
    public void AFunctionWithoutParametersTakesNoArguments() => Assert.Equal(
        "column 2: expected ')': there are no parameters, found '1'", Assert.Throws<WaveException>(() => Arguments("(1)")).Message);

    [Fact]
    public void ATextThatStandsForTooManyValuesIsRefused()
    {
        var wide = new RecordType([.. Enumerable.Range(0, 50_000).Select(i => new Field($"f{i}", new OptionType(Of(PrimitiveKind.U8))))]);
        string text = $"[{string.Concat(Enumerable.Repeat("{:},", 1_000))}]";
        WaveException refused = Assert.Throws<WaveException>(() => Wave.Parse(text, new ListType(wide, null)));
        Assert.Contains("more than 4000000 values; no more are read", refused.Message);
    }

    [Fact]
    public void ATextThatIsTooLongIsRefused() => Assert.Equal(
        "column 1: a text of 16777217 characters; at most 16777216 are read",
        Assert.Throws<WaveException>(() => Wave.Parse(new string(' ', Wave.LongestText + 1), Types["u8"])).Message);

    [Fact]
    public void AHandleIsWrittenThoughItCannotBeRead() => Assert.Equal("(<own>, <borrow>)", Wave.Format(
        new TupleValue([new ResourceValue(true, new object()), new ResourceValue(false, new object())])));

    private static string Arguments(string text, params ValType[] types) =>
        string.Join(' ', Wave.ParseArguments(text, Func(types)).Select(Wave.Format));

    private static FuncType Func(params ValType[] types) => new(false, [.. types.Select((type, i) => new Parameter($"p{i}", type))], null);

    private static PrimitiveType Of(PrimitiveKind kind) => PrimitiveType.Of(kind);
}
