using System.Collections.Concurrent;
using Chain.PolicyEngine.Decisions;
using Chain.Tracer.Tags;

namespace Chain.Silo.Calls.Remote;

/// <summary>Labels as texts for other silos, and back; a label met before costs a look-up. Safe for any thread.</summary>
internal sealed class LabelTexts(LabelStore labels)
{
    // A store has at most so many labels; a text beyond is read anew each time.
    private const int MostTexts = 65_536;

    private readonly ConcurrentDictionary<int, string> texts = new();
    private readonly ConcurrentDictionary<string, LabelId> known = new(StringComparer.Ordinal);

    public string Of(LabelId label) => label.IsEmpty ? "" : texts.GetOrAdd(label.Value, static (id, labels) => labels[new LabelId(id)].ToString(), labels);

    /// <summary>What a chain has passed.</summary>
    public RemoteStep[] StepsOf(ReadOnlySpan<ChainStep> passed)
    {
        if (passed.Length == 0) return [];
        var steps = new RemoteStep[passed.Length];
        for (int i = 0; i < steps.Length; i++) steps[i] = new RemoteStep(passed[i].Component.Name, Of(passed[i].Label));
        return steps;
    }

    /// <summary>The label that a text says; any secrecy tag where it says none, because a tag must not be lost.</summary>
    public LabelId Read(string text)
    {
        if (text.Length == 0) return LabelId.Empty;
        if (known.TryGetValue(text, out LabelId label)) return label;
        try
        {
            label = labels.Intern(Label.Parse(text));
        }
        catch (FormatException)
        {
            label = labels.Intern(Label.Of(Tag.Anything));
        }

        if (known.Count < MostTexts) known.TryAdd(text, label);
        return label;
    }
}
