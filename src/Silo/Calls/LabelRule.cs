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
    private readonly IReadOnlyList<(string Part, IReadOnlyList<TagTemplate> Tags)> parts = [];
    private readonly IReadOnlyList<(string Part, Label Tags)>? fixedParts;

    /// <param name="labels">Where the fixed tags are interned.</param>
    /// <param name="rules">The rules.</param>
    /// <param name="parameters">The names of the function's parameters, where they are known.</param>
    public LabelRule(LabelStore labels, IReadOnlyList<SourceRule> rules, IReadOnlyList<string>? parameters = null)
    {
        TagTemplate[] all = [.. rules.SelectMany(static rule => rule.Tags)];
        parts =
        [
            .. rules.Where(static rule => rule.Place is SourcePlace.Argument or SourcePlace.Result)
                .GroupBy(rule => PartOf(rule, parameters), static rule => rule.Tags)
                .Select(static group => (group.Key, (IReadOnlyList<TagTemplate>)[.. group.SelectMany(static tags => tags)])),
        ];
        Fixed = labels.Intern(Label.Of([.. all.Where(static tag => tag.From is null).Select(static tag => tag.Tag)]));
        fromValue = [.. all.Where(static tag => tag.From is not null)];
        if (parts.All(static part => part.Tags.All(static tag => tag.From is null))) fixedParts = Parts([], null);
    }

    private LabelRule() => fromValue = [];

    public static LabelRule None { get; } = new();

    /// <summary>The tags that need no look at the data.</summary>
    public LabelId Fixed { get; }

    /// <summary>Whether the data must be looked at.</summary>
    public bool ReadsValue => fromValue.Count > 0;

    /// <summary>The parts of the data that rules name: an argument, the result, or a field of one; each with the tags put on it.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="result">The result, or <see langword="null"/>.</param>
    public IReadOnlyList<(string Part, Label Tags)> Parts(IReadOnlyList<ComponentValue> arguments, ComponentValue? result) => fixedParts ??
    [
        .. parts.Select(part => (part.Part, Label.Of([.. part.Tags.SelectMany(tag => tag.From is null ? [tag.Tag] : Read(tag, arguments, result, null))]))),
    ];

    /// <summary>Whether rules name parts of the data.</summary>
    public bool NamesParts => parts.Count > 0;

    /// <summary>The tags whose values the data bring.</summary>
    /// <param name="arguments">The arguments, or none where they are not known.</param>
    /// <param name="result">The result, or <see langword="null"/>.</param>
    /// <param name="request">What a request's headers and query say, or <see langword="null"/>.</param>
    public IEnumerable<Tag> Read(IReadOnlyList<ComponentValue> arguments, ComponentValue? result, IRequestValues? request)
    {
        foreach (TagTemplate template in fromValue)
        {
            foreach (Tag tag in Read(template, arguments, result, request)) yield return tag;
        }
    }

    private static IEnumerable<Tag> Read(TagTemplate template, IReadOnlyList<ComponentValue> arguments, ComponentValue? result, IRequestValues? request)
    {
        ValueReference from = template.From!;
        return from.Origin switch
        {
            ValueOrigin.Argument => from.Argument < arguments.Count ? template.With(from.Path.In(arguments[from.Argument])) : template.With([]),
            ValueOrigin.Result => result is null ? template.With([]) : template.With(from.Path.In(result)),
            ValueOrigin.Header => OfText(template, request?.Header(from.Name)),
            _ => OfText(template, request?.Query(from.Name)),
        };
    }

    private static string PartOf(SourceRule rule, IReadOnlyList<string>? parameters)
    {
        string whole = rule.Place == SourcePlace.Result ? "result"
            : parameters is not null && rule.Argument < parameters.Count ? parameters[rule.Argument]
            : $"argument {rule.Argument + 1}";
        return rule.Field.IsWhole ? whole : $"{whole}.{rule.Field.Text}";
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
