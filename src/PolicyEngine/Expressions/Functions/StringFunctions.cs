using System.Text;
using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary>The standard string functions and the strings extension; indexes count code points.</summary>
internal static class StringFunctions
{
    private static readonly CelType Text = CelType.String;
    private static readonly CelType Texts = CelType.List(CelType.String);

    public static void AddTo(FunctionTable table)
    {
        AddTests(table);
        AddSearches(table);
        AddChanges(table);
        AddLists(table);
    }

    private static void AddTests(FunctionTable table)
    {
        Test("contains", static (a, b) => a.Contains(b, StringComparison.Ordinal));
        Test("startsWith", static (a, b) => a.StartsWith(b, StringComparison.Ordinal));
        Test("endsWith", static (a, b) => a.EndsWith(b, StringComparison.Ordinal));
        table.Add("matches", Overload.Of("matches", false, CelType.Bool, Text, Text, Matches, WithConstantPattern));
        table.Add("matches", Overload.Of("matches_string", true, CelType.Bool, Text, Text, Matches, WithConstantPattern));

        void Test(string name, Func<string, string, bool> test) =>
            table.Add(name, Overload.Of($"{name}_string", true, CelType.Bool, Text, Text, (a, b, frame) =>
                frame.Spend(a.AsString.Length / 10) ? Value.Bool(test(a.AsString, b.AsString)) : frame.Exhausted()));
    }

    private static Value Matches(Value text, Value pattern, Frame frame)
    {
        if (!frame.Spend((text.AsString.Length / 10) + (pattern.AsString.Length / 4))) return frame.Exhausted();
        return RegularExpressions.IsMatch(text.AsString, pattern.AsString, out string? error) is bool matches
            ? Value.Bool(matches)
            : Value.Error(error!);
    }

    /// <summary>A pattern that is a constant is translated once.</summary>
    private static Evaluator? WithConstantPattern(IReadOnlyList<Evaluator> args, IReadOnlyList<Value?> constants)
    {
        if (constants[1] is not { Kind: ValueKind.String } pattern || RegularExpressions.Compile(pattern.AsString, out _) is not { } regex) return null;
        Evaluator text = args[0];
        return frame =>
        {
            Value value = text(frame);
            if (value.Kind != ValueKind.String) return value.IsError ? value : Arithmetic.NoOverload;
            return frame.Spend(value.AsString.Length / 10) ? Value.Bool(regex.IsMatch(value.AsString)) : frame.Exhausted();
        };
    }

    private static void AddSearches(FunctionTable table)
    {
        table.Add("charAt", Overload.Of("string_char_at_int", true, Text, Text, CelType.Int, static (text, index, _) =>
        {
            string s = text.AsString;
            int count = CodePoints.Count(s);
            if (index.AsInt < 0 || index.AsInt > count) return OutOfRange(index.AsInt);
            if (index.AsInt == count) return Value.String("");
            int offset = CodePoints.OffsetOf(s, (int)index.AsInt);
            return Value.String(s.Substring(offset, char.IsHighSurrogate(s[offset]) ? 2 : 1));
        }));
        table.Add("indexOf", Overload.Of("string_index_of", true, CelType.Int, Text, Text, static (text, part, frame) => IndexOf(text, part, 0, frame)));
        table.Add("indexOf", Overload.Of("string_index_of_int", true, CelType.Int, [Text, Text, CelType.Int], static (args, frame) => IndexOf(args[0], args[1], args[2].AsInt, frame)));
        table.Add("lastIndexOf", Overload.Of("string_last_index_of", true, CelType.Int, Text, Text, static (text, part, frame) =>
            LastIndexOf(text, part, CodePoints.Count(text.AsString), frame)));
        table.Add("lastIndexOf", Overload.Of("string_last_index_of_int", true, CelType.Int, [Text, Text, CelType.Int], static (args, frame) =>
            LastIndexOf(args[0], args[1], args[2].AsInt, frame)));
        table.Add("substring", Overload.Of("string_substring_int", true, Text, Text, CelType.Int, static (text, start, _) =>
            Substring(text.AsString, start.AsInt, CodePoints.Count(text.AsString))));
        table.Add("substring", Overload.Of("string_substring_int_int", true, Text, [Text, CelType.Int, CelType.Int], static (args, _) =>
            Substring(args[0].AsString, args[1].AsInt, args[2].AsInt)));
    }

    private static Value IndexOf(Value text, Value part, long from, Frame frame)
    {
        string s = text.AsString;
        if (!frame.Spend(s.Length / 10)) return frame.Exhausted();
        if (from < 0 || from > CodePoints.Count(s)) return OutOfRange(from);
        int found = s.IndexOf(part.AsString, CodePoints.OffsetOf(s, (int)from), StringComparison.Ordinal);
        return Value.Int(found < 0 ? -1 : CodePoints.IndexOf(s, found));
    }

    private static Value LastIndexOf(Value text, Value part, long from, Frame frame)
    {
        string s = text.AsString;
        string wanted = part.AsString;
        if (!frame.Spend(s.Length / 10)) return frame.Exhausted();
        if (from < 0 || from > CodePoints.Count(s)) return OutOfRange(from);
        int last = Math.Min(CodePoints.OffsetOf(s, (int)from), s.Length - wanted.Length);
        if (last < 0) return Value.Int(-1);
        int found = s.AsSpan(0, last + wanted.Length).LastIndexOf(wanted);
        return Value.Int(found < 0 ? -1 : CodePoints.IndexOf(s, found));
    }

    private static Value Substring(string s, long start, long end)
    {
        int count = CodePoints.Count(s);
        if (start < 0 || start > count) return OutOfRange(start);
        if (end < 0 || end > count) return OutOfRange(end);
        if (start > end) return Value.Error($"invalid substring range: start {start} is after end {end}");
        return Value.String(s[CodePoints.OffsetOf(s, (int)start)..CodePoints.OffsetOf(s, (int)end)]);
    }

    private static void AddChanges(FunctionTable table)
    {
        Change("lowerAscii", static s => string.Create(s.Length, s, static (to, from) => System.Text.Ascii.ToLower(from, to, out _)), AsciiOnly: true);
        Change("upperAscii", static s => string.Create(s.Length, s, static (to, from) => System.Text.Ascii.ToUpper(from, to, out _)), AsciiOnly: true);
        Change("trim", static s => s.Trim());
        Change("reverse", static s => string.Concat(CodePoints.Each(s).Reverse().Select(r => r.ToString())));
        table.Add("replace", Overload.Of("string_replace", true, Text, [Text, Text, Text], static (args, frame) => Replace(args, -1, frame)));
        table.Add("replace", Overload.Of("string_replace_int", true, Text, [Text, Text, Text, CelType.Int], static (args, frame) => Replace(args, args[3].AsInt, frame)));
        table.Add("strings.quote", Overload.Of("strings_quote", false, Text, Text, static (text, frame) =>
            frame.Spend(text.AsString.Length / 10) ? Value.String(Quote(text.AsString)) : frame.Exhausted()));

        void Change(string name, Func<string, string> change, bool AsciiOnly = false) =>
            table.Add(name, Overload.Of($"string_{name}", true, Text, Text, (text, frame) =>
                !frame.Spend(text.AsString.Length / 10) ? frame.Exhausted()
                : Value.String(AsciiOnly && !System.Text.Ascii.IsValid(text.AsString) ? ByRune(name, text.AsString) : change(text.AsString))));
    }

    /// <summary>Changes the case of ASCII letters and leaves the rest.</summary>
    private static string ByRune(string name, string text) => string.Create(text.Length, (name, text), static (to, from) =>
    {
        for (int i = 0; i < to.Length; i++)
        {
            char c = from.text[i];
            to[i] = !char.IsAscii(c) ? c : from.name == "lowerAscii" ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c);
        }
    });

    private static Value Replace(Value[] args, long limit, Frame frame)
    {
        (string text, string old, string by) = (args[0].AsString, args[1].AsString, args[2].AsString);
        if (limit == 0) return args[0];
        var result = new StringBuilder();
        int at = 0;
        for (long done = 0; limit < 0 || done < limit; done++)
        {
            // An empty old text stands before each code point and at the end.
            int found = old.Length == 0 ? (at <= text.Length ? at : -1) : text.IndexOf(old, at, StringComparison.Ordinal);
            if (found < 0) break;
            result.Append(text, at, found - at).Append(by);
            if (!frame.Spend(1 + ((found - at + by.Length) / 10))) return frame.Exhausted();
            at = found + old.Length;
            if (old.Length > 0) continue;
            if (at >= text.Length) return Value.String(result.ToString());
            int step = char.IsHighSurrogate(text[at]) && at + 1 < text.Length ? 2 : 1;
            result.Append(text, at, step);
            at += step;
        }

        return Value.String(result.Append(text, at, text.Length - at).ToString());
    }

    private static string Quote(string text)
    {
        var result = new StringBuilder("\"", text.Length + 2);
        foreach (Rune rune in text.EnumerateRunes())
        {
            result.Append(rune.Value switch
            {
                '\a' => "\\a",
                '\b' => "\\b",
                '\f' => "\\f",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\v' => "\\v",
                '\\' => "\\\\",
                '"' => "\\\"",
                _ => rune.ToString(),
            });
        }

        return result.Append('"').ToString();
    }

    private static void AddLists(FunctionTable table)
    {
        table.Add("split", Overload.Of("string_split", true, Texts, Text, Text, static (text, by, frame) => Split(text.AsString, by.AsString, -1, frame)));
        table.Add("split", Overload.Of("string_split_int", true, Texts, [Text, Text, CelType.Int], static (args, frame) =>
            Split(args[0].AsString, args[1].AsString, args[2].AsInt, frame)));
        table.Add("join", Overload.Of("list_join", true, Text, Texts, static (list, frame) => Join(list.AsList, "", frame)));
        table.Add("join", Overload.Of("list_join_string", true, Text, Texts, Text, static (list, by, frame) => Join(list.AsList, by.AsString, frame)));
    }

    private static Value Split(string text, string by, long limit, Frame frame)
    {
        if (!frame.Spend(1 + (text.Length / (by.Length == 0 ? 1 : 10)))) return frame.Exhausted();
        if (limit == 0) return Value.List(ListValue.Empty);
        int most = limit < 0 ? int.MaxValue : (int)Math.Min(limit, int.MaxValue);
        IEnumerable<string> parts = by.Length == 0 ? Characters(text, most) : text.Split(by, most, StringSplitOptions.None);
        return Value.List(new ListValue([.. parts.Select(Value.String)]));
    }

    /// <summary>Code points one by one; the last part of a limited split is the rest.</summary>
    private static IEnumerable<string> Characters(string text, int most)
    {
        int offset = 0;
        for (int made = 1; offset < text.Length; made++)
        {
            if (made == most)
            {
                yield return text[offset..];
                yield break;
            }

            int step = char.IsHighSurrogate(text[offset]) && offset + 1 < text.Length ? 2 : 1;
            yield return text.Substring(offset, step);
            offset += step;
        }
    }

    private static Value Join(ListValue list, string by, Frame frame)
    {
        var result = new StringBuilder();
        for (int i = 0; i < list.Count; i++)
        {
            if (list[i].Kind != ValueKind.String) return Arithmetic.NoOverload;
            if (!frame.Spend(1 + ((list[i].AsString.Length + by.Length) / 10))) return frame.Exhausted();
            if (i > 0) result.Append(by);
            result.Append(list[i].AsString);
        }

        return Value.String(result.ToString());
    }

    private static Value OutOfRange(long index) => Value.Error($"index out of range: {index}");
}
