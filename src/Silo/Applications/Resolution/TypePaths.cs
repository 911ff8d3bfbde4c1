using Chain.Wasm.Components.Types;

namespace Chain.Silo.Applications.Resolution;

/// <summary>Checks paths into values against types.</summary>
internal static class TypePaths
{
    /// <summary>The longest path, in steps.</summary>
    private const int MaxSteps = 32;

    /// <summary>Follows a path; throws where it leads nowhere.</summary>
    /// <param name="text">Labels with dots between; empty for the whole value.</param>
    /// <param name="type">The type of the value.</param>
    /// <param name="what">What the value is, for errors: <c>the result</c>, <c>argument 'id'</c>.</param>
    /// <param name="end">The type that the path leads to, options on the way taken off.</param>
    /// <exception cref="FormatException">Says which step is wrong and what could stand there.</exception>
    public static FieldPath Resolve(string text, ValType type, string what, out ValType end)
    {
        var steps = new List<FieldStep>();
        end = type;
        if (text.Length == 0) return FieldPath.Whole;
        string[] names = text.Split('.');
        if (names.Length > MaxSteps) throw new FormatException($"a path has at most {MaxSteps} steps, found {names.Length}");
        for (int i = 0; i < names.Length; i++)
        {
            end = OutOfOption(end, steps);
            string at = i == 0 ? what : $"'{string.Join('.', names[..i])}' of {what}";
            (FieldStep step, end) = Step(names[i], end, at);
            steps.Add(step);
        }

        return new FieldPath(text, steps);
    }

    /// <summary>As <see cref="Resolve(string, ValType, string, out ValType)"/>, for a path that must lead to what can be a tag's value.</summary>
    /// <inheritdoc cref="Resolve(string, ValType, string, out ValType)"/>
    public static FieldPath ResolveText(string text, ValType type, string what)
    {
        FieldPath path = Resolve(text, type, what, out ValType end);
        var steps = path.Steps.ToList();
        end = OutOfOption(end, steps);
        if (IsText(end)) return path with { Steps = steps };
        string at = text.Length == 0 ? what : $"'{text}' of {what}";
        throw new FormatException(
            $"{at} is {Describe(end)}; a tag's value is a string, an integer, a bool, a char or an enum{Inside(end)}");
    }

    /// <summary>Whether a value of a type is a short text that says all of it: a string, an integer, a bool, a char or an enum.</summary>
    public static bool IsText(ValType type) =>
        type is EnumType or PrimitiveType { Kind: not (PrimitiveKind.F32 or PrimitiveKind.F64 or PrimitiveKind.ErrorContext) };

    private static (FieldStep, ValType) Step(string name, ValType type, string at)
    {
        switch (type)
        {
            case RecordType record:
                for (int i = 0; i < record.Fields.Count; i++)
                {
                    if (record.Fields[i].Label == name) return (new FieldStep(FieldStepKind.Field, i, name), record.Fields[i].Type);
                }

                throw Bad($"{at} has no field '{name}'{Known.Hint(name, record.Fields.Select(f => f.Label), "it has none")}");
            case ResultType result when name is "ok" or "error":
                ValType? payload = name == "ok" ? result.Ok : result.Error;
                return payload is null
                    ? throw Bad($"{at} is a result that has nothing in its {name} case")
                    : (new FieldStep(name == "ok" ? FieldStepKind.Ok : FieldStepKind.Error, 0, name), payload);
            case ResultType:
                throw Bad($"{at} is a result; expected ok or error, found '{name}'");
            case VariantType variant:
                for (int i = 0; i < variant.Cases.Count; i++)
                {
                    if (variant.Cases[i] is { Type: { } held } found && found.Label == name) return (new FieldStep(FieldStepKind.Case, i, name), held);
                }

                throw Bad($"{at} has no case '{name}' with a value{Known.Hint(name, variant.Cases.Where(c => c.Type is not null).Select(c => c.Label), "no case has one")}");
            case TupleType tuple:
                return int.TryParse(name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int member) && member < tuple.Types.Count
                    ? (new FieldStep(FieldStepKind.Member, member, name), tuple.Types[member])
                    : throw Bad($"{at} is a tuple; expected a number from 0 to {tuple.Types.Count - 1}, found '{name}'");
            case ListType list:
                return name == "*"
                    ? (new FieldStep(FieldStepKind.Element, 0, name), list.Element)
                    : throw Bad($"{at} is a list; expected * for all its elements, found '{name}'");
            default:
                throw Bad($"{at} is {Describe(type)}, which has no parts; found '.{name}' after it");
        }
    }

    private static ValType OutOfOption(ValType type, List<FieldStep> steps)
    {
        while (type is OptionType option)
        {
            steps.Add(new FieldStep(FieldStepKind.Some, 0, "some"));
            type = option.Type;
        }

        return type;
    }

    private static string Inside(ValType type) => type switch
    {
        RecordType record => $"; its fields are {Known.List([.. record.Fields.Select(f => f.Label)])}",
        ResultType => "; go on with .ok or .error",
        ListType => "; go on with .* for each element",
        _ => "",
    };

    /// <summary>A type in a few words, with its article.</summary>
    public static string Describe(ValType type) => type switch
    {
        PrimitiveType { Kind: PrimitiveKind.ErrorContext } => "an error-context",
        PrimitiveType primitive => $"{(primitive.Kind is PrimitiveKind.S8 or PrimitiveKind.S16 or PrimitiveKind.S32 or PrimitiveKind.S64 or PrimitiveKind.F32 or PrimitiveKind.F64 ? "an" : "a")} {primitive.Kind.ToString().ToLowerInvariant()}",
        EnumType => "an enum",
        HandleType => "a handle to a resource",
        _ => $"a {type.GetType().Name.Replace("Type", "", StringComparison.Ordinal).ToLowerInvariant()}",
    };

    private static FormatException Bad(string message) => new(message);
}
