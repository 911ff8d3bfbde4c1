using System.Text;
using Chain.Tracer.Tags;
using Chain.Wasm.Components.Values;

namespace Chain.Silo.Applications;

/// <summary>Where the value of a tag comes from.</summary>
public enum ValueOrigin
{
    /// <summary>An argument of the function.</summary>
    Argument,

    /// <summary>The result of the function.</summary>
    Result,

    /// <summary>A header of the HTTP request.</summary>
    Header,

    /// <summary>A parameter of the HTTP request's query.</summary>
    Query,
}

/// <summary>What a tag's value is read from.</summary>
/// <param name="Origin">In which data.</param>
/// <param name="Argument">Which argument, from 0.</param>
/// <param name="Name">The header's name in lower case, or the parameter's name; otherwise empty.</param>
/// <param name="Path">The path into the argument or result; it leads to texts, characters, numbers, booleans or cases of an enum.</param>
public sealed record ValueReference(ValueOrigin Origin, int Argument, string Name, FieldPath Path);

/// <summary>A tag of a rule: fixed, or with a value that each call brings, as <c>user={{ id }}</c>. Immutable.</summary>
/// <param name="Tag">The tag; where the value comes from the call, that of any value, such as <c>user=*</c>.</param>
/// <param name="From">Where the value comes from; <see langword="null"/> for a fixed tag.</param>
public sealed record TagTemplate(Tag Tag, ValueReference? From)
{
    /// <summary>
    /// The tag with a value that a call brought. One that is empty or too long for a tag gives the coarse tag for secrecy, and none for integrity,
    /// as nothing narrower is certain.
    /// </summary>
    /// <param name="value">The value as text.</param>
    public Tag? With(string value) =>
        value.Length > 0 && value != "*" && Encoding.UTF8.GetByteCount(value) <= Tag.MaxValueBytes ? Tag.Create(Tag.Name, value, Tag.Kind)
        : Tag.Kind == TagKind.Secrecy ? Tag
        : null;

    /// <summary>The tags for the values that <see cref="ValueReference.Path"/> led to: one for each, none where it led nowhere.</summary>
    public IEnumerable<Tag> With(IEnumerable<ComponentValue> values)
    {
        foreach (ComponentValue value in values)
        {
            if (With(TextOf(value)) is Tag tag) yield return tag;
        }
    }

    private static string TextOf(ComponentValue value) => value switch
    {
        StringValue text => text.Value,
        CharValue character => character.Value.ToString(),
        IntegerValue number => number.ToString(),
        BoolValue truth => truth.Value ? "true" : "false",
        EnumValue label => label.Label,
        _ => "",
    };
}
