using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Recording.Buffers;

/// <summary>What the ids of another process stand for, as a file told.</summary>
internal sealed class NameTable : IRecordNames
{
    public Dictionary<int, Label> Labels { get; } = [];

    public Dictionary<int, CallSite> Sites { get; } = [];

    public Dictionary<int, StateKey> Keys { get; } = [];

    public Label Find(LabelId id) => Labels[id.Value];

    public CallSite Find(CallSiteId id) => Sites[id.Value];

    public StateKey Find(StateKeyId id) => Keys[id.Value];
}
