using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Tags;
using Chain.Wasm.Components.Values;

namespace Chain.Silo.Calls;

/// <summary>
/// The stages that every call passes: label, decide, invoke, decide, record. Invoking is the caller's: it begins a call here, runs the callee, shows
/// the result, and ends the call. Safe for any thread.
/// </summary>
public sealed class CallPipeline
{
    private readonly CallRecorder recorder;
    private readonly LabelStore labels;
    private readonly ActivePolicies policies;
    private readonly ICallAudience audience;

    /// <param name="recorder">Keeps the record.</param>
    /// <param name="labels">The process's labels.</param>
    /// <param name="policies">The policies that decide.</param>
    /// <param name="audience">Who hears of decisions and of calls that ended.</param>
    public CallPipeline(CallRecorder recorder, LabelStore labels, ActivePolicies policies, ICallAudience audience)
    {
        this.recorder = recorder;
        this.labels = labels;
        this.policies = policies;
        this.audience = audience;
    }

    public LabelStore Labels => labels;

    /// <summary>What of it is done; all unless a benchmark says otherwise. It may change only while no call is under way.</summary>
    public PipelineStages Stages { get; set; } = PipelineStages.All;

    /// <summary>Labels the arguments, starts the call and decides on it.</summary>
    /// <param name="frame">The call that is begun.</param>
    /// <param name="route">What is called.</param>
    /// <param name="parent">The caller's context; none for the root of a chain.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="depth">How many calls of the chain are around it.</param>
    /// <param name="data">The label of all that the caller may have put into the arguments.</param>
    /// <param name="arguments">Reads the arguments, for rules that need them.</param>
    /// <param name="request">The HTTP request that it is, if it is one.</param>
    /// <returns>The message of the denial; <see langword="null"/> where the call may go on. A denied call is over.</returns>
    public string? Begin(
        CallFrame frame, CallRoute route, in CallContext parent, ChainState chain, int depth, LabelId data,
        Func<IReadOnlyList<ComponentValue>>? arguments, IRequestValues? request = null)
    {
        if (Stages.HasFlag(PipelineStages.Label))
        {
            data = Joined(data, route.Arguments.Fixed);
            if (route.Arguments.ReadsValue) data = Joined(data, route.Arguments.Read(arguments?.Invoke() ?? [], null, request));
        }

        ActiveCall call = Stages.HasFlag(PipelineStages.Record) ? recorder.Start(parent, route.Site, data) : default;
        frame.Begin(route, call, chain, depth, data);
        if (Stages.HasFlag(PipelineStages.Label))
        {
            // The result's rules may want the arguments too, and then the callee has them.
            frame.Arguments = route.Result.ReadsValue ? arguments?.Invoke() ?? [] : [];
            if (route.Arguments.NamesParts) frame.Parts = route.Arguments.Parts(route.Arguments.ReadsValue ? arguments?.Invoke() ?? [] : [], null);
        }

        if (!Stages.HasFlag(PipelineStages.Decide)) return null;
        Decision decision = Decide(frame, PolicyEvent.Call, data, null);
        if (decision.Verdict == Verdict.Deny)
        {
            string message = MessageFor(decision, frame, PolicyEvent.Call, data, null);
            End(frame, CallOutcome.Denied, message);
            return message;
        }

        chain.Add(route.Link.Callee, data);
        return null;
    }

    /// <summary>Labels the result and decides on it.</summary>
    /// <param name="frame">The call.</param>
    /// <param name="isError">Whether it is the error case of a <c>result</c>.</param>
    /// <param name="result">Reads the result, for rules that need it.</param>
    /// <returns>The message of the denial; <see langword="null"/> where the caller may have the result. The call is not over.</returns>
    public string? Result(CallFrame frame, bool isError, Func<ComponentValue?>? result)
    {
        CallRoute route = frame.Route;
        LabelId label = frame.Label;
        frame.Outcome = isError ? CallOutcome.ErrorResult : CallOutcome.Returned;
        if (Stages.HasFlag(PipelineStages.Label))
        {
            label = Joined(label, route.Result.Fixed);
            ComponentValue? value = route.Result.ReadsValue ? result?.Invoke() : null;
            if (route.Result.ReadsValue) label = Joined(label, route.Result.Read(frame.Arguments, value, null));
            if (route.Result.NamesParts)
            {
                IReadOnlyList<(string, Label)> parts = route.Result.Parts(frame.Arguments, value);
                frame.Parts = frame.Parts.Count == 0 ? parts : [.. frame.Parts, .. parts];
            }

            label = Declassified(frame, label);
            label = Endorsed(frame, label);
        }

        frame.LabelOut = label;
        if (!Stages.HasFlag(PipelineStages.Decide)) return null;
        Decision decision = Decide(frame, PolicyEvent.Result, label, frame.Outcome);
        if (decision.Verdict != Verdict.Deny) return null;
        frame.Outcome = CallOutcome.Denied;
        frame.LabelOut = LabelId.Empty;
        return MessageFor(decision, frame, PolicyEvent.Result, label, frame.Outcome);
    }

    /// <summary>Records the call and tells the audience.</summary>
    /// <param name="frame">The call.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="detail">Why, where it was denied or failed.</param>
    /// <param name="site">Who called what, where more is known of it than at the start: which silo ran it, which attempt it was.</param>
    public void End(CallFrame frame, CallOutcome outcome, string? detail = null, CallSiteId? site = null)
    {
        frame.Outcome = outcome;
        if (Stages.HasFlag(PipelineStages.Record))
        {
            recorder.End(frame.Call, new CallEnd
            {
                Outcome = outcome,
                LabelOut = frame.LabelOut,
                LabelRead = frame.LabelRead.IsEmpty ? null : frame.LabelRead,
                SizeIn = frame.SizeIn,
                SizeOut = frame.SizeOut,
                Copies = frame.Copies,
                Site = site,
            });
        }

        audience.Ended(frame, detail);
    }

    /// <summary>Decides again on a call that still takes data, because its caller has learned more since it began.</summary>
    /// <returns>The message of the denial; <see langword="null"/> where it may go on.</returns>
    public string? Again(CallFrame frame, PolicyEvent at, LabelId data)
    {
        if (!Stages.HasFlag(PipelineStages.Decide)) return null;
        Decision decision = Decide(frame, at, data, at == PolicyEvent.Result ? frame.Outcome : null);
        return decision.Verdict == Verdict.Deny ? MessageFor(decision, frame, at, data, null) : null;
    }

    /// <summary>Records that a call read data which another call wrote.</summary>
    /// <param name="frame">The call.</param>
    /// <param name="label">The data's label.</param>
    /// <param name="writer">The call that wrote them.</param>
    /// <param name="state">Through which state.</param>
    public void Flow(CallFrame frame, LabelId label, in CallContext writer, StateKeyId state)
    {
        if (!Stages.HasFlag(PipelineStages.Record)) return;
        recorder.Flow(frame.Call, frame.NextFlow(), writer, label, FlowInto.Input, state);
    }

    // A source adds its tags, those of integrity too: it vouches for what it gives. Joining would drop them.
    private LabelId Joined(LabelId label, IEnumerable<Tag> tags) => Joined(label, labels.Intern(Label.Of([.. tags])));

    private LabelId Joined(LabelId label, LabelId added)
    {
        if (added.IsEmpty) return label;
        if (label.IsEmpty) return added;
        Label both = labels[added];
        foreach (Tag tag in both.Tags)
        {
            if (tag.Kind == TagKind.Integrity) return labels.Intern(Label.Of([.. labels[label].Tags, .. both.Tags]));
        }

        return labels.Union(label, added);
    }

    /// <summary>What a declassifier leaves of a label: each tag that it may drop is asked for by itself.</summary>
    private LabelId Declassified(CallFrame frame, LabelId label)
    {
        if (frame.Route.Drops.Count == 0 || label.IsEmpty) return label;
        var kept = new List<Tag>();
        foreach (Tag tag in labels[label].Tags)
        {
            bool isDropped = tag.Kind == TagKind.Secrecy && frame.Route.Drops.Any(drop => Covers(drop, tag))
                && (!Stages.HasFlag(PipelineStages.Decide) || Decide(frame, PolicyEvent.Declassify, label, frame.Outcome, tag).Verdict == Verdict.Allow);
            if (!isDropped) kept.Add(tag);
        }

        return labels.Intern(Label.Of([.. kept]));
    }

    private LabelId Endorsed(CallFrame frame, LabelId label)
    {
        if (frame.Route.Adds.Count == 0) return label;
        var tags = labels[label].Tags.ToList();
        foreach (Tag tag in frame.Route.Adds)
        {
            if (!Stages.HasFlag(PipelineStages.Decide) || Decide(frame, PolicyEvent.Endorse, label, frame.Outcome, tag).Verdict == Verdict.Allow) tags.Add(tag);
        }

        return labels.Intern(Label.Of([.. tags]));
    }

    // A pattern also fits a coarse tag that may stand for what it means; but then it may stand for more, which must not go.
    private static bool Covers(TagPattern drop, Tag tag) =>
        drop.IsMatch(tag) && tag.Name != "*" && (tag.Value != "*" || !drop.Text.Contains('='));

    private Decision Decide(CallFrame frame, PolicyEvent at, LabelId data, CallOutcome? outcome, Tag changed = default)
    {
        CallFacts facts = FactsOf(frame, at, data, outcome, changed);
        Decision decision = policies.Current.Decide(facts);
        if (decision.IsRecorded) audience.Decided(frame, decision, facts);
        return decision;
    }

    private string MessageFor(Decision decision, CallFrame frame, PolicyEvent at, LabelId data, CallOutcome? outcome) =>
        decision.DecidedBy?.MessageFor(FactsOf(frame, at, data, outcome, default), labels) ?? "no policy allows it";

    private static CallFacts FactsOf(CallFrame frame, PolicyEvent at, LabelId data, CallOutcome? outcome, Tag changed) => new()
    {
        Link = frame.Route.Link,
        Event = at,
        Data = data,
        Trace = frame.Call.Context.Trace,
        Call = frame.Call.Id,
        Depth = frame.Depth,
        Outcome = outcome,
        Passed = frame.Chain.Passed,
        Changed = changed,
    };
}

/// <summary>The stages of the pipeline besides invoking.</summary>
[Flags]
public enum PipelineStages
{
    None = 0,
    Label = 1,
    Record = 2,
    Decide = 4,
    All = Label | Record | Decide,
}

/// <summary>Who hears what the pipeline does; called on guests' threads, and must not wait.</summary>
public interface ICallAudience
{
    /// <summary>Policies had something to say of a call.</summary>
    void Decided(CallFrame frame, Decision decision, in CallFacts facts);

    /// <summary>A call is over.</summary>
    /// <param name="frame">The call; of no use after this returns.</param>
    /// <param name="detail">Why, where it was denied or failed.</param>
    void Ended(CallFrame frame, string? detail);
}
