namespace Chain.Tracer.Calls;

/// <summary>How a call ended. The numbers are those of the store.</summary>
public enum CallOutcome : byte
{
    /// <summary>It returned.</summary>
    Returned = 0,

    /// <summary>It returned the error case of its <c>result</c>.</summary>
    ErrorResult = 1,

    /// <summary>The callee trapped or threw.</summary>
    Trapped = 2,

    /// <summary>Its time ran out.</summary>
    TimedOut = 3,

    /// <summary>Its caller gave up.</summary>
    Cancelled = 4,

    /// <summary>A policy refused it.</summary>
    Denied = 5,

    /// <summary>It never reached its callee, which surely did not run: another silo that could not be reached, or would not have it. It may be tried again.</summary>
    NotStarted = 6,

    /// <summary>The silo that ran the callee went away, or its answer did: the callee may have run, as a whole or in part, and may still.</summary>
    Lost = 7,
}
