using Chain.PolicyEngine.Policies;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Decisions;

/// <summary>Makes the facts of a decision from a call as people write it.</summary>
public static class GivenCallFacts
{
    /// <param name="given">The call.</param>
    /// <param name="labels">Where its labels are interned.</param>
    public static CallFacts Of(GivenCall given, LabelStore labels)
    {
        var caller = new CallParty(new ComponentRef(given.Caller, given.CallerDigest), given.CallerLabels);
        var callee = new CallParty(new ComponentRef(given.Callee, given.CalleeDigest), given.CalleeLabels);
        ChainStep[] steps = [.. given.Chain.Select(s => new ChainStep(new CallParty(new ComponentRef(s.Component)), Label(s.Tags, labels)))];
        return new CallFacts
        {
            Link = new CallLink(caller, callee, new FunctionRef(given.Function)),
            Event = given.Event == PolicyEvent.None ? PolicyEvent.Call : given.Event,
            Data = Label(given.Data, labels),
            Depth = given.Depth,
            Outcome = given.Outcome,
            Passed = steps,
            Changed = given.Tag.Length == 0 ? default : Tag.Parse(given.Tag),
        };
    }

    private static LabelId Label(IReadOnlyList<string> tags, LabelStore labels) =>
        labels.Intern(Tracer.Tags.Label.Of([.. tags.Select(t => Tag.Parse(t))]));
}
