using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Tests.Wasi;

/// <summary>Reads the types and functions of an interface from lines of WIT, as far as WASI needs it, to hold the host's delegates against them.</summary>
internal sealed class WitSignature
{
    private readonly Dictionary<string, ValType> types = [];
    private readonly Dictionary<string, ResourceType> resources = [];
    private string text = "";
    private int at;

    /// <param name="lines">
    /// <c>resource NAME</c>, <c>record NAME FIELD: TYPE, …</c>, <c>variant NAME CASE, CASE(TYPE), …</c>, <c>enum NAME A, B</c>, <c>type NAME = TYPE</c>, or
    /// <c>FUNCTION: func(…) -> TYPE</c>; each of those above stands before its use.
    /// </param>
    public WitSignature(string lines)
    {
        var functions = new Dictionary<string, FuncType>();
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            (text, at) = (line, 0);
            int colon = line.IndexOf(": func(", StringComparison.Ordinal);
            if (colon >= 0)
            {
                at = colon + ": func(".Length;
                functions.Add(line[..colon], Function());
                continue;
            }

            string kind = Word(), name = Word();
            if (kind == "resource") resources[name] = new ResourceType(new ResourceIdentity());
            else types[name] = Declared(kind);
        }

        Functions = functions;
    }

    public IReadOnlyDictionary<string, FuncType> Functions { get; }

    private ValType Declared(string kind)
    {
        switch (kind)
        {
            case "type":
                Expect("=");
                return Type();
            case "record":
                return new RecordType([.. Several(() =>
                {
                    string label = Word();
                    Expect(":");
                    return new Field(label, Type());
                })]);
            case "variant":
                return new VariantType([.. Several(() =>
                {
                    string label = Word();
                    if (!TryTake("(")) return new Case(label, null);
                    ValType payload = Type();
                    Expect(")");
                    return new Case(label, payload);
                })]);
            case "enum": return new EnumType([.. Several(Word)]);
            default: throw new FormatException($"'{kind}' in '{text}'");
        }
    }

    private FuncType Function()
    {
        var parameters = new List<Parameter>();
        while (!TryTake(")"))
        {
            string label = Word();
            Expect(":");
            parameters.Add(new Parameter(label, Type()));
            TryTake(",");
        }

        ValType? result = TryTake("->") ? Type() : null;
        return new FuncType(false, [.. parameters], result);
    }

    private ValType Type()
    {
        string name = Word();
        switch (name)
        {
            case "list": return new ListType(Argument(), null);
            case "option": return new OptionType(Argument());
            case "tuple":
                Expect("<");
                var items = Several(Type);
                Expect(">");
                return new TupleType([.. items]);
            case "own" or "borrow":
                Expect("<");
                string resource = Word();
                Expect(">");
                return new HandleType(name == "own", resources[resource]);
            case "result":
                if (!TryTake("<")) return new ResultType(null, null);
                ValType? ok = TryTake("_") ? null : Type();
                ValType? error = TryTake(",") ? Type() : null;
                Expect(">");
                return new ResultType(ok, error);
        }

        if (types.TryGetValue(name, out ValType? known)) return known;
        return resources.TryGetValue(name, out ResourceType? owned)
            ? new HandleType(true, owned)
            : PrimitiveType.Of(Enum.Parse<PrimitiveKind>(name, ignoreCase: true));
    }

    private ValType Argument()
    {
        Expect("<");
        ValType type = Type();
        Expect(">");
        return type;
    }

    private List<T> Several<T>(Func<T> one)
    {
        var all = new List<T> { one() };
        while (TryTake(",")) all.Add(one());
        return all;
    }

    private string Word()
    {
        while (at < text.Length && text[at] == ' ') at++;
        int start = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '-') && !text.AsSpan(at).StartsWith("->")) at++;
        return at > start ? text[start..at] : throw new FormatException($"a name is missing at {at} of '{text}'");
    }

    private bool TryTake(string token)
    {
        while (at < text.Length && text[at] == ' ') at++;
        if (string.CompareOrdinal(text, at, token, 0, token.Length) != 0) return false;
        at += token.Length;
        return true;
    }

    private void Expect(string token)
    {
        if (!TryTake(token)) throw new FormatException($"expected '{token}' at {at} of '{text}'");
    }
}
