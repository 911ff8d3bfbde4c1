using System.Globalization;
using System.Text.RegularExpressions;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;

namespace Chain.Wasm.Components.Text;

/// <summary>Reads values whose types are known. It calls itself only as deep as types are, which validation bounds.</summary>
internal sealed partial class WaveParser
{
    private static readonly OptionValue None = new(null);

    private readonly WaveReader reader;
    private readonly Dictionary<ValType, Dictionary<string, int>> labels = new(ReferenceEqualityComparer.Instance);
    private int values;

    private WaveParser(WaveReader reader) => this.reader = reader;

    public static ComponentValue Value(string text, ValType type)
    {
        var reader = new WaveReader(text, 0);
        ComponentValue value = new WaveParser(reader).Value(type);
        reader.ExpectEnd();
        return value;
    }

    public static ComponentValue[] Arguments(string text, FuncType type, int start)
    {
        var reader = new WaveReader(text, start);
        ComponentValue[] arguments = new WaveParser(reader).Arguments(type.Parameters);
        reader.ExpectEnd();
        return arguments;
    }

    private ComponentValue[] Arguments(IReadOnlyList<Parameter> parameters)
    {
        reader.Expect('(', "and the arguments");
        var arguments = new ComponentValue[parameters.Count];
        int given = 0;
        while (!reader.Take(')'))
        {
            if (given > 0)
            {
                reader.Expect(',', "or ')' after an argument");
                if (reader.Take(')')) break;
            }

            if (given == arguments.Length) throw reader.Unexpected(parameters.Count == 0 ? "')': there are no parameters" : $"')' after {Takes(parameters)}");
            arguments[given] = Value(parameters[given].Type);
            given++;
        }

        for (int i = given; i < arguments.Length; i++)
        {
            if (parameters[i].Type is not OptionType)
                throw reader.Fail(reader.Next() - 1, $"missing argument '{parameters[i].Label}', {WaveLexicon.Describe(parameters[i].Type)}; expected {Takes(parameters)}");
            arguments[i] = None;
        }

        return arguments;
    }

    private static string Takes(IReadOnlyList<Parameter> parameters)
    {
        var types = new WitTypes();
        return $"{parameters.Count} argument{(parameters.Count == 1 ? "" : "s")} ({Shorten(string.Join(", ", parameters.Select(one => $"{one.Label}: {types.Use(one.Type)}")))})";
    }

    private static string Shorten(string text) => text.Length <= 160 ? text : text[..160] + "…";

    private ComponentValue Value(ValType type)
    {
        Count(1);
        return type switch
        {
            PrimitiveType primitive => Primitive(primitive),
            ListType { Length: null, Element: PrimitiveType { Kind: PrimitiveKind.U8 } element } => Bytes(element),
            ListType list => List(list),
            MapType map => new ListValue(Items(() => Pair(map))),
            TupleType tuple => Tuple(tuple),
            RecordType record => Record(record),
            FlagsType flags => Flags(flags),
            EnumType enumeration => new EnumValue(enumeration.Labels[CaseOf(enumeration)]),
            VariantType variant => Variant(variant),
            OptionType option => Option(option),
            ResultType result => Result(result),
            _ => throw reader.Fail(reader.Next(), $"WAVE has no form for {new WitTypes().Use(type)}"),
        };
    }

    private void Count(int more)
    {
        values += more;
        if (values > Wave.MostValues)
            throw reader.Fail(reader.Next(), string.Create(CultureInfo.InvariantCulture, $"more than {Wave.MostValues} values; no more are read"));
    }

    private ComponentValue Primitive(PrimitiveType type)
    {
        int start = reader.Next();
        switch (type.Kind)
        {
            case PrimitiveKind.Bool:
                return new BoolValue(reader.TakeWord() switch
                {
                    "true" => true,
                    "false" => false,
                    _ => throw reader.Unexpected(start, WaveLexicon.Describe(type)),
                });
            case PrimitiveKind.F32 or PrimitiveKind.F64:
                return new FloatValue(type.Kind, Float(type));
            case PrimitiveKind.Char:
                return new CharValue(reader.TakeChar() ?? throw reader.Unexpected(WaveLexicon.Describe(type)));
            case PrimitiveKind.String:
                return new StringValue(reader.TakeString() ?? throw reader.Unexpected(WaveLexicon.Describe(type)));
            case PrimitiveKind.ErrorContext:
                throw reader.Fail(start, "WAVE has no form for an error-context");
            default:
                return new IntegerValue(type.Kind, Integer(type));
        }
    }

    private long Integer(PrimitiveType type)
    {
        int start = reader.Next();
        string number = reader.TakeNumber();
        const NumberStyles sign = NumberStyles.AllowLeadingSign;
        if (Whole().IsMatch(number))
        {
            if (type.Kind == PrimitiveKind.U64)
            {
                if (ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ulong unsigned)) return (long)unsigned;
            }
            else if (long.TryParse(number, sign, CultureInfo.InvariantCulture, out long value) && Fits(type.Kind, value)) return value;
        }

        throw reader.Unexpected(start, WaveLexicon.Describe(type));
    }

    private static bool Fits(PrimitiveKind kind, long value) => kind switch
    {
        PrimitiveKind.U8 => value is >= byte.MinValue and <= byte.MaxValue,
        PrimitiveKind.S8 => value is >= sbyte.MinValue and <= sbyte.MaxValue,
        PrimitiveKind.U16 => value is >= ushort.MinValue and <= ushort.MaxValue,
        PrimitiveKind.S16 => value is >= short.MinValue and <= short.MaxValue,
        PrimitiveKind.U32 => value is >= uint.MinValue and <= uint.MaxValue,
        PrimitiveKind.S32 => value is >= int.MinValue and <= int.MaxValue,
        _ => true,
    };

    private double Float(PrimitiveType type)
    {
        int start = reader.Next();
        string number = reader.TakeNumber();
        switch (number)
        {
            case "nan":
                return double.NaN;
            case "inf":
                return double.PositiveInfinity;
            case "-inf":
                return double.NegativeInfinity;
        }

        if (!Decimal().IsMatch(number)) throw reader.Unexpected(start, WaveLexicon.Describe(type));
        // A number rounded to a double and then to a float could be off by one bit.
        return type.Kind == PrimitiveKind.F32
            ? float.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture)
            : double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    private ListValue Bytes(PrimitiveType element)
    {
        var bytes = new List<byte>();
        Items('[', ']', "a list", () =>
        {
            Count(1);
            bytes.Add((byte)Integer(element));
        });
        return new ListValue(bytes.ToArray());
    }

    private ListValue List(ListType type)
    {
        int start = reader.Next();
        List<ComponentValue> items = Items(() => Value(type.Element));
        if (type.Length is { } length && items.Count != length)
            throw reader.Fail(start, string.Create(CultureInfo.InvariantCulture, $"expected a list of {length} elements, found {items.Count}"));
        return new ListValue(items);
    }

    private TupleValue Pair(MapType type)
    {
        Count(1);
        reader.Expect('(', "and a key with its value");
        ComponentValue key = Value(type.Key);
        reader.Expect(',', "and the value after a key");
        ComponentValue value = Value(type.Value);
        reader.Take(',');
        reader.Expect(')', "after a key with its value");
        return new TupleValue([key, value]);
    }

    private TupleValue Tuple(TupleType type)
    {
        reader.Expect('(', $"and {type.Types.Count} values");
        var items = new ComponentValue[type.Types.Count];
        for (int i = 0; i < items.Length; i++)
        {
            if (i > 0) reader.Expect(',', $"and value {i + 1} of {items.Length}");
            items[i] = Value(type.Types[i]);
        }

        reader.Take(',');
        reader.Expect(')', $"after {items.Length} values");
        return new TupleValue(items);
    }

    private RecordValue Record(RecordType type)
    {
        reader.Expect('{', $"and the fields {Labels(type)}");
        var found = new ComponentValue?[type.Fields.Count];
        if (reader.Take(':')) reader.Expect('}', "after '{:'");
        else if (reader.Sees('}')) throw reader.Unexpected($"a field ({Labels(type)}; a record without any is written {{:}})");
        else Fields(type, found);

        int missing = 0;
        var fields = new (string, ComponentValue)[found.Length];
        for (int i = 0; i < fields.Length; i++)
        {
            Field field = type.Fields[i];
            if (found[i] is null)
            {
                missing++;
                if (field.Type is not OptionType) throw reader.Fail(reader.Next() - 1, $"the record lacks the field '{field.Label}', {WaveLexicon.Describe(field.Type)}");
            }

            fields[i] = (field.Label, found[i] ?? None);
        }

        Count(missing);
        return new RecordValue(fields);
    }

    private void Fields(RecordType type, ComponentValue?[] found)
    {
        do
        {
            if (reader.Take('}')) return;
            int start = reader.Next();
            int index = LabelOf(type) ?? throw reader.Unexpected(start, $"a field ({Labels(type)})");
            if (found[index] is not null) throw reader.Fail(start, $"the field '{type.Fields[index].Label}' stands here for the second time");
            reader.Expect(':', $"after the field's name '{type.Fields[index].Label}'");
            found[index] = Value(type.Fields[index].Type);
        }
        while (reader.Take(','));
        reader.Expect('}', "or ',' after a field");
    }

    private FlagsValue Flags(FlagsType type)
    {
        var set = new bool[type.Labels.Count];
        Items('{', '}', "flags", () =>
        {
            int start = reader.Next();
            int index = LabelOf(type) ?? throw reader.Unexpected(start, $"a flag ({WaveLexicon.Choice(type.Labels)})");
            if (set[index]) throw reader.Fail(start, $"the flag '{type.Labels[index]}' stands here for the second time");
            set[index] = true;
        });
        return new FlagsValue([.. type.Labels.Where((_, i) => set[i])]);
    }

    private VariantValue Variant(VariantType type)
    {
        Case one = type.Cases[CaseOf(type)];
        return new VariantValue(one.Label, one.Type is null ? null : Payload(one.Label, one.Type));
    }

    private OptionValue Option(OptionType type)
    {
        switch (reader.PeekWord())
        {
            case "none":
                reader.TakeWord();
                return None;
            case "some":
                reader.TakeWord();
                return new OptionValue(Payload("some", type.Type));
            default:
                if (!WaveLexicon.CanBeFlat(type.Type)) throw reader.Unexpected(WaveLexicon.Describe(type));
                return new OptionValue(Value(type.Type));
        }
    }

    private ResultValue Result(ResultType type)
    {
        switch (reader.PeekWord())
        {
            case "ok":
                reader.TakeWord();
                return new ResultValue(true, type.Ok is null ? null : Payload("ok", type.Ok));
            case "err":
                reader.TakeWord();
                return new ResultValue(false, type.Error is null ? null : Payload("err", type.Error));
            default:
                if (!WaveLexicon.CanBeFlat(type.Ok)) throw reader.Unexpected(WaveLexicon.Describe(type));
                return new ResultValue(true, Value(type.Ok!));
        }
    }

    private ComponentValue Payload(string label, ValType type)
    {
        reader.Expect('(', $"and {WaveLexicon.Describe(type)} after '{label}'");
        ComponentValue payload = Value(type);
        reader.Expect(')', $"after the payload of '{label}'");
        return payload;
    }

    // Which case of an enum or variant stands here.
    private int CaseOf(ValType type)
    {
        int start = reader.Next();
        string? word = reader.PeekWord();
        if (word is not null && WaveLexicon.IsKeyword(word) && LabelsOf(type).ContainsKey(word))
            throw reader.Fail(start, $"'{word}' is a keyword; the case of that name is written %{word}");
        return LabelOf(type) ?? throw reader.Unexpected(start, WaveLexicon.Describe(type));
    }

    // Which of a type's fields, cases or flags is named here, or nothing where none is.
    private int? LabelOf(ValType type)
    {
        if (reader.TakeWord() is not { } word) return null;
        return LabelsOf(type).TryGetValue(word[0] == '%' ? word[1..] : word, out int index) ? index : null;
    }

    private Dictionary<string, int> LabelsOf(ValType type)
    {
        if (labels.TryGetValue(type, out Dictionary<string, int>? known)) return known;
        IEnumerable<string> all = type switch
        {
            RecordType record => record.Fields.Select(field => field.Label),
            VariantType variant => variant.Cases.Select(one => one.Label),
            EnumType enumeration => enumeration.Labels,
            FlagsType flags => flags.Labels,
            _ => [],
        };
        return labels[type] = all.Select((label, index) => (label, index)).ToDictionary(one => one.label, one => one.index);
    }

    private List<ComponentValue> Items(Func<ComponentValue> item)
    {
        var items = new List<ComponentValue>();
        Items('[', ']', "a list", () => items.Add(item()));
        return items;
    }

    private void Items(char open, char close, string what, Action item)
    {
        if (!reader.Take(open)) throw reader.Unexpected($"'{open}' and {what}");
        do
        {
            if (reader.Take(close)) return;
            item();
        }
        while (reader.Take(','));
        reader.Expect(close, $"or ',' in {what}");
    }

    private static string Labels(RecordType type) => WaveLexicon.Choice([.. type.Fields.Select(field => field.Label)]);

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)\z")]
    private static partial Regex Whole();

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\z")]
    private static partial Regex Decimal();
}
