using Chain.Tracer.Calls;

namespace Chain.Silo.Calls;

/// <summary>The words for how a call ended, as the command line and the API say them.</summary>
public static class OutcomeNames
{
    /// <summary><c>returned</c>, <c>error</c>, <c>trapped</c>, <c>timed-out</c>, <c>cancelled</c>, <c>denied</c>, <c>not-started</c> or <c>lost</c>.</summary>
    public static string Of(CallOutcome outcome) => outcome switch
    {
        CallOutcome.Returned => "returned",
        CallOutcome.ErrorResult => "error",
        CallOutcome.Trapped => "trapped",
        CallOutcome.TimedOut => "timed-out",
        CallOutcome.Cancelled => "cancelled",
        CallOutcome.NotStarted => "not-started",
        CallOutcome.Lost => "lost",
        _ => "denied",
    };
}
