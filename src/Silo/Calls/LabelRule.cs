using Chain.Silo.Applications;
using Chain.Tracer.Tags;
using Chain.Wasm.Components.Values;

namespace Chain.Silo.Calls;

/// <summary>
/// What source rules put on the arguments or the result of one function: tags that are always the same, and tags whose value is read from the data.
/// Immutable; safe for any thread.
/// </summary>
public sealed class LabelRule
{
    private readonly IReadOnlyList<TagTemplate> fromValue;

    /// <param name="labels">Where the fixed tags are interned.</param>
    /// <param name="rules">The rules.</param>
    public LabelRule(LabelStore labels, IEnumerable<SourceRule> rules)
    {
        TagTemplate[] all = [.. rules.SelectMany(static rule => rule.Tags)];
        Fixed = labels.Intern(Label.Of([.. all.Where(static tag => tag.From is null).Select(static tag => tag.Tag)]));
        fromValue = [.. all.Where(static tag => tag.From is not null)];
    }

    private LabelRule() => fromValue = [];

    public static LabelRule None { get; } = new();

    /// <summary>The tags that need no look at the data.</summary>
    public LabelId Fixed { get; }

    /// <summary>Whether the data must be looked at.</summary>
    public bool ReadsValue => fromValue.Count > 0;

    /// <summary>The tags whose values the data bring.</summary>
    /// <param name="arguments">The arguments, or none where they are not known.</param>
    /// <param name="result">The result, or <see langword="null"/>.</param>
    /// <param name="request">What a request's headers and query say, or <see langword="null"/>.</param>
    public IEnumerable<Tag> Read(IReadOnlyList<ComponentValue> arguments, ComponentValue? result, IRequestValues? request)
    {
        foreach (TagTemplate template in fromValue)
        {
            ValueReference from = template.From!;
            IEnumerable<Tag> tags = from.Origin switch
            {
                ValueOrigin.Argument => from.Argument < arguments.Count ? template.With(from.Path.In(arguments[from.Argument])) : template.With([]),
                ValueOrigin.Result => result is null ? template.With([]) : template.With(from.Path.In(result)),
                ValueOrigin.Header => OfText(template, request?.Header(from.Name)),
                _ => OfText(template, request?.Query(from.Name)),
            };
            foreach (Tag tag in tags) yield return tag;
        }
    }

    private static IEnumerable<Tag> OfText(TagTemplate template, string? text) =>
        text is null ? template.With([]) : template.With(text) is { } tag ? [tag] : [];
}

/// <summary>What rules can read of an HTTP request.</summary>
public interface IRequestValues
{
    string? Header(string name);

    string? Query(string name);
}
