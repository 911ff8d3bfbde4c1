using Chain.Wasm.Components.Values;

namespace Chain.Silo.Applications;

/// <summary>One step into a value.</summary>
public enum FieldStepKind
{
    /// <summary>A field of a record.</summary>
    Field,

    /// <summary>A member of a tuple.</summary>
    Member,

    /// <summary>The payload of a result that succeeded.</summary>
    Ok,

    /// <summary>The payload of a result that failed.</summary>
    Error,

    /// <summary>The payload of a case of a variant.</summary>
    Case,

    /// <summary>What an option holds; it is not written in a path.</summary>
    Some,

    /// <summary>Each element of a list.</summary>
    Element,
}

/// <summary>A step of a path.</summary>
/// <param name="Kind">What it goes into.</param>
/// <param name="Index">Which field, member or case, from 0; otherwise 0.</param>
/// <param name="Label">The field's or case's label, or <c>ok</c>, <c>error</c>, <c>some</c>, <c>*</c>, or the member's number.</param>
public readonly record struct FieldStep(FieldStepKind Kind, int Index, string Label);

/// <summary>A path into a value, checked against its type. Immutable.</summary>
/// <param name="Text">As it is written, such as <c>ok.items.*.name</c>; empty for the whole value.</param>
/// <param name="Steps">The steps, those into options included.</param>
public sealed record FieldPath(string Text, IReadOnlyList<FieldStep> Steps)
{
    /// <summary>The whole value.</summary>
    public static FieldPath Whole { get; } = new("", []);

    public bool IsWhole => Steps.Count == 0;

    /// <summary>
    /// The values that the path leads to: one for a plain path, one for each element of the lists on its way; none where an option is empty or
    /// a result or variant is of another case.
    /// </summary>
    /// <param name="value">A value of the type that the path was checked against.</param>
    public IEnumerable<ComponentValue> In(ComponentValue value)
    {
        IEnumerable<ComponentValue> found = [value];
        foreach (FieldStep step in Steps) found = found.SelectMany(inner => Take(inner, step));
        return found;
    }

    public bool Equals(FieldPath? other) => other is not null && other.Text == Text && other.Steps.SequenceEqual(Steps);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    private static IEnumerable<ComponentValue> Take(ComponentValue value, FieldStep step) => (step.Kind, value) switch
    {
        (FieldStepKind.Field, RecordValue record) => [record.Fields[step.Index].Value],
        (FieldStepKind.Member, TupleValue tuple) => [tuple.Items[step.Index]],
        (FieldStepKind.Ok, ResultValue { IsOk: true, Payload: { } payload }) => [payload],
        (FieldStepKind.Error, ResultValue { IsOk: false, Payload: { } payload }) => [payload],
        (FieldStepKind.Case, VariantValue { Payload: { } payload } variant) when variant.Label == step.Label => [payload],
        (FieldStepKind.Some, OptionValue { Value: { } held }) => [held],
        (FieldStepKind.Element, ListValue list) => list.Items,
        _ => [],
    };
}
