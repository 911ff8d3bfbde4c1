using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Storage;
using Chain.Silo.Calls;
using Chain.Tracer.Recording.Journals;
using Chain.Tracer.Tags;

namespace Chain.Silo.Hosting.Local;

/// <summary>Takes what the pipeline tells to the decision log, the alerts and those who watch.</summary>
internal sealed class NodeAudience(DecisionLog decisions, FrameJournal journal, Func<AlertPipeline> alerts, CallFeed feed, LabelStore labels) : ICallAudience
{
    private long calls;
    private long denied;

    /// <summary>Calls that ended on this node since it started.</summary>
    public long Calls => Interlocked.Read(ref calls);

    /// <summary>Calls that a policy refused.</summary>
    public long Denied => Interlocked.Read(ref denied);

    public void Decided(CallFrame frame, Decision decision, in CallFacts facts)
    {
        decisions.Add(new DecisionRecord(facts.Call, facts.Event, decision.Shape, frame.NextDecision()));
        if (!decision.IsViolation) return;
        foreach (Violation violation in Violation.Of(decision, facts, DateTimeOffset.UtcNow))
        {
            FrameTicket ticket = DecisionFrames.Append(journal, violation);
            // The second time, the pipeline may be another one: an application was deployed, with alerts of its own.
            if (!alerts().TryRaise(violation, ticket)) alerts().Raise(violation, ticket);
        }
    }

    public void Ended(CallFrame frame, string? detail)
    {
        Interlocked.Increment(ref calls);
        if (frame.Outcome == Tracer.Calls.CallOutcome.Denied) Interlocked.Increment(ref denied);
        feed.Publish(frame, detail, labels);
    }
}
