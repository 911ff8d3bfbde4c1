using Chain.Tracer.Tags;
using Chain.Wasm.Components.Values;

namespace Chain.Silo.Calls;

/// <summary>
/// What a source rule puts on the arguments or the result of a function: tags that are always the same, and tags whose value is read from the data.
/// Immutable; safe for any thread.
/// </summary>
/// <param name="Fixed">The tags that need no look at the data.</param>
/// <param name="FromValue">The others.</param>
public sealed record LabelRule(Label Fixed, IReadOnlyList<ValueTag> FromValue)
{
    public static LabelRule None { get; } = new(Label.Empty, []);

    public bool IsNone => FromValue.Count == 0 && Fixed.Tags.IsEmpty;
}

/// <summary>A tag whose value stands in the data, such as <c>user={{ patient.id }}</c>.</summary>
/// <param name="Name">The tag's name.</param>
/// <param name="Kind">The tag's kind.</param>
/// <param name="Argument">Which argument, from zero; the result where it is negative.</param>
/// <param name="Path">Labels of fields and cases (<c>ok</c>, <c>some</c>) inside it.</param>
public sealed record ValueTag(string Name, TagKind Kind, int Argument, IReadOnlyList<string> Path)
{
    /// <summary>
    /// The tag for a value: none where the path leads to nothing, as with an option that has no value; with any value (<c>*</c>) where what it leads to
    /// cannot be one.
    /// </summary>
    public Tag? Of(ComponentValue? value)
    {
        foreach (string step in Path)
        {
            value = Step(value, step);
            if (value is null) return null;
        }

        string? text = value switch
        {
            StringValue one => one.Value,
            IntegerValue one => one.ToString(),
            EnumValue one => one.Label,
            CharValue one => one.Value.ToString(),
            BoolValue one => one.Value ? "true" : "false",
            OptionValue { Value: null } or null => null,
            _ => "*",
        };
        if (text is null) return null;
        try
        {
            return Tag.Create(Name, text, Kind);
        }
        catch (FormatException)
        {
            // Too long, or with characters that no tag has: the name alone must not be lost.
            return Tag.Create(Name, "*", Kind);
        }
    }

    private static ComponentValue? Step(ComponentValue? value, string step) => value switch
    {
        RecordValue record => record.Fields.FirstOrDefault(field => field.Label == step).Value,
        ResultValue result => result.IsOk == (step == "ok") ? result.Payload : null,
        OptionValue option => step == "some" ? option.Value : Step(option.Value, step),
        VariantValue variant => variant.Label == step ? variant.Payload : null,
        TupleValue tuple when int.TryParse(step, out int place) && place >= 0 && place < tuple.Items.Count => tuple.Items[place],
        _ => null,
    };
}
