using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Values;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Decisions;

/// <summary>The evaluation state of policies: one for each thread, reused.</summary>
internal sealed class CallFrame : Frame
{
    [ThreadStatic]
    private static CallFrame? _ofThread;

    private CallFacts _facts;

    /// <summary>This thread's frame; a decision made while another is being made on the thread gets a new one.</summary>
    public static CallFrame Take()
    {
        CallFrame frame = _ofThread ?? new CallFrame();
        _ofThread = null;
        return frame;
    }

    /// <summary>Gives the frame back and forgets what it was about.</summary>
    public void Release()
    {
        _facts = default;
        Labels = null!;
        _ofThread = this;
    }

    public ref readonly CallFacts Facts => ref _facts;

    public LabelStore Labels { get; private set; } = null!;

    public void Set(in CallFacts facts, LabelStore labels)
    {
        _facts = facts;
        Labels = labels;
    }

    /// <summary>The tags of a label as a list of strings.</summary>
    public Value TagsOf(LabelId label)
    {
        Label tags = Labels[label];
        if (tags.Tags.IsEmpty) return Value.List(ListValue.Empty);
        var items = new Value[tags.Tags.Length];
        for (int i = 0; i < items.Length; i++) items[i] = Value.String(tags.Tags[i].ToString());
        return Value.List(items);
    }
}
