using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Recording;

/// <summary>What the ids in a batch of records stand for. An id stands for the same thing for as long as the object lives.</summary>
public interface IRecordNames
{
    /// <summary>The tags of a label.</summary>
    Label Find(LabelId id);

    /// <summary>A call site.</summary>
    CallSite Find(CallSiteId id);

    /// <summary>A state key.</summary>
    StateKey Find(StateKeyId id);
}

/// <summary>The names of this process.</summary>
/// <param name="labels">Where its labels are interned.</param>
/// <param name="names">Where its call sites and state keys are interned.</param>
public sealed class ProcessNames(LabelStore labels, CallNames names) : IRecordNames
{
    /// <inheritdoc/>
    public Label Find(LabelId id) => labels[id];

    /// <inheritdoc/>
    public CallSite Find(CallSiteId id) => names[id];

    /// <inheritdoc/>
    public StateKey Find(StateKeyId id) => names[id];
}
