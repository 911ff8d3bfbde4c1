using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Tests.Expressions;

public sealed class ExpressionTests
{
    [Theory]
    [InlineData("9223372036854775807 + 1")]
    [InlineData("-(-9223372036854775807 - 1)")]
    [InlineData("(-9223372036854775807 - 1) / -1")]
    [InlineData("(-9223372036854775807 - 1) % -1")]
    [InlineData("5u - 6u")]
    [InlineData("5000000000 * 5000000000")]
    [InlineData("uint(-1)")]
    [InlineData("int(9223372036854775807.0)")]
    [InlineData("uint(18446744073709551616.0)")]
    public void OverflowIsAnError(string expression) => Assert.True(Cel.Evaluate(expression).IsError);

    [Theory]
    [InlineData("'%.0f'.format([2.5])", "2")]
    [InlineData("'%.0f'.format([3.5])", "4")]
    [InlineData("'%.1f'.format([0.25])", "0.2")]
    [InlineData("'%.0f'.format([0.5])", "0")]
    [InlineData("'%.2f'.format([999.999])", "1000.00")]
    [InlineData("'%.0f'.format([1e22])", "10000000000000000000000")]
    [InlineData("'%.3f'.format([1e-10])", "0.000")]
    [InlineData("'%.2e'.format([999.9])", "1.00e+03")]
    [InlineData("'%e'.format([0.0])", "0.000000e+00")]
    [InlineData("'%x'.format([-255])", "-ff")]
    [InlineData("'%o'.format([8])", "10")]
    [InlineData("string(1e23)", "1e+23")]
    [InlineData("string(100000.0)", "100000")]
    [InlineData("string(duration('1h30m0.5s'))", "5400.5s")]
    [InlineData("string(timestamp('2024-02-29T23:59:60Z'.replace('60', '59')) + duration('1s'))", "2024-03-01T00:00:00Z")]
    [InlineData("'a,b,c'.split(',', 2).join('|')", "a|b,c")]
    [InlineData("'hello'.replace('', '-')", "-h-e-l-l-o-")]
    [InlineData("'🐱😀😛'.substring(1, 2)", "😀")]
    [InlineData("'🐱😀😛'.reverse()", "😛😀🐱")]
    [InlineData("'ab'.split('').join('.')", "a.b")]
    public void TextIsMadeAsTheSpecificationSays(string expression, string expected) => Assert.Equal(expected, Cel.Evaluate(expression).AsString);

    [Theory]
    [InlineData(@"'٣'.matches(r'^\d$')", false)]
    [InlineData(@"'3'.matches(r'^\d$')", true)]
    [InlineData(@"'é'.matches(r'^\w$')", false)]
    [InlineData(@"'a\n'.matches(r'a$')", false)]
    [InlineData(@"'a\n'.matches(r'(?m)a$')", true)]
    [InlineData("'😀'.matches('^.$')", true)]
    [InlineData("'😀'.matches('^[😀-😛]$')", true)]
    [InlineData("'😀'.matches('^[^a]$')", true)]
    [InlineData("'é'.matches(r'^\\p{L}$')", true)]
    [InlineData("'x-1'.matches('^[[:alpha:]]-[[:digit:]]$')", true)]
    [InlineData("'abc'.matches('(?i)B')", true)]
    [InlineData("'a.c'.matches(r'^\\Qa.c\\E$')", true)]
    public void RegularExpressionsAreThoseOfRe2(string expression, bool expected) => Assert.Equal(expected, Cel.Evaluate(expression).IsTrue);

    [Theory]
    [InlineData("'a'.matches('(?=a)')")]
    [InlineData("'a'.matches(r'(a)\\1')")]
    [InlineData("'a'.matches('a**')")]
    [InlineData("'a'.matches('[b-a]')")]
    [InlineData("'a'.matches('a{1001}')")]
    public void WhatRe2DoesNotHaveIsAnError(string expression) => Assert.True(Cel.Evaluate(expression).IsError);

    [Fact]
    public void ACatastrophicPatternTakesLinearTime()
    {
        string text = new('a', 5_000);
        Assert.True(Cel.Evaluate($"'{text}!'.matches('^(a+)+$')").IsFalse);
    }

    [Theory]
    [InlineData("[1, 2, 3, 4, 5, 6, 7, 8].all(a, [1, 2, 3, 4, 5, 6, 7, 8].all(b, [1, 2, 3, 4, 5, 6, 7, 8].all(c, [1, 2, 3, 4, 5, 6, 7, 8].all(d, a + b + c + d > 0))))")]
    [InlineData("cel.bind(a, 'xxxxxxxxxxxxxxxxxxxx', cel.bind(b, a + a + a + a + a + a + a + a, cel.bind(c, b + b + b + b + b + b + b + b, size(c + c + c + c + c + c + c + c) > 0)))")]
    [InlineData("cel.bind(a, [1, 1, 1, 1, 1, 1, 1, 1], cel.bind(b, [a, a, a, a, a, a, a, a], cel.bind(c, [b, b, b, b, b, b, b, b], [c, c, c, c, c, c, c, c] == [c, c, c, c, c, c, c, c])))")]
    [InlineData("cel.bind(a, ['xxxxxxxx', 'xxxxxxxx', 'xxxxxxxx'], cel.bind(b, [a, a, a, a, a, a, a, a], cel.bind(c, [b, b, b, b, b, b, b, b], '%s'.format([[c, c, c, c, c, c, c, c]]) != '')))")]
    [InlineData("true || [1, 2, 3, 4, 5, 6, 7, 8].all(a, [1, 2, 3, 4, 5, 6, 7, 8].all(b, [1, 2, 3, 4, 5, 6, 7, 8].all(c, true))) && [1, 2, 3, 4, 5, 6, 7, 8].all(a, [1, 2, 3, 4, 5, 6, 7, 8].all(b, [1, 2, 3, 4, 5, 6, 7, 8].all(c, true)))", true)]
    public void TheCostOfAnExpressionIsLimited(string expression, bool within = false)
    {
        Value value = Cel.Evaluate(expression, costLimit: 500);
        Assert.Equal(within, !value.IsError);
        if (!within) Assert.Equal("the expression costs more than the limit of 500", value.AsError.Message);
    }

    [Fact]
    public void NoOperatorAbsorbsThatTheLimitWasPassed()
    {
        Value value = Cel.Evaluate("[1, 2, 3, 4, 5, 6].all(a, [1, 2, 3, 4, 5, 6].all(b, a * b > 0)) || true", costLimit: 20);
        Assert.True(value.IsError);
    }

    [Fact]
    public void NoTextExhaustsTheStack()
    {
        Assert.Contains("nests deeper than 250", Cel.ErrorOf(new string('(', 50_000)));
        Assert.Contains("nests deeper than 250", Cel.ErrorOf(new string('-', 50_000) + "x"));
        Assert.Contains("nests deeper than 250", Cel.ErrorOf("1" + string.Concat(Enumerable.Repeat(" + 1", 1_000))));
        Assert.Contains("nests deeper than 250", Cel.ErrorOf(new string('[', 50_000)));
        Assert.True(Cel.Evaluate(string.Join(" && ", Enumerable.Repeat("true", 2_000))).IsTrue);
    }

    [Fact]
    public void AnErrorKnowsThePlaceOfWhatFailed()
    {
        Value value = Cel.Evaluate("1 == 1 && {'a': 1}.b == 2");
        Assert.Equal("no such key: 'b'", value.AsError.Message);
        Assert.Equal(19, value.AsError.Span!.Value.Start);
    }

    [Theory]
    [InlineData("1 +", "expression:1:4: expected an operand, found the end of the expression\n  | 1 +\n  |    ^")]
    [InlineData("foo", "expression:1:1: undeclared reference to 'foo'\n  | foo\n  | ^")]
    [InlineData("1 + 'a'", "expression:1:3: operator '+' is not defined for int and string\n  | 1 + 'a'\n  |   ^")]
    [InlineData("'😀' + 1", "expression:1:5: operator '+' is not defined for string and int\n  | '😀' + 1\n  |     ^")]
    [InlineData("true &&\n  sizee('a') > 1", "expression:2:3: undeclared function 'sizee'; did you mean 'size'?\n  |   sizee('a') > 1\n  |   ^")]
    [InlineData("'a'.startsWith(1)", "expression:1:5: no overload of 'startsWith' fits string.startsWith(int); there is string.startsWith(string)\n  | 'a'.startsWith(1)\n  |     ^")]
    [InlineData("[1, 2].all(x, x)", "expression:1:15: all() needs a bool condition, found int\n  | [1, 2].all(x, x)\n  |               ^")]
    [InlineData("'a", "expression:1:1: the string has no closing '\n  | 'a\n  | ^")]
    [InlineData("1 = 1", "expression:1:3: '=' is not an operator; equality is '=='\n  | 1 = 1\n  |   ^")]
    [InlineData("1 == 1 && for", "expression:1:11: 'for' is a reserved word\n  | 1 == 1 && for\n  |           ^")]
    [InlineData("99999999999999999999", "expression:1:1: the number 99999999999999999999 does not fit an int (64 bits)\n  | 99999999999999999999\n  | ^")]
    [InlineData("{'a': 1}.all(k, k.b)", "expression:1:19: a value of type string has no fields\n  | {'a': 1}.all(k, k.b)\n  |                   ^")]
    public void AnErrorShowsThePlace(string expression, string expected) => Assert.Equal(expected, Cel.ErrorOf(expression));
}
