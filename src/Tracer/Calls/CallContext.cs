namespace Chain.Tracer.Calls;

/// <summary>What a call tells its children: which trace they belong to and who their parent is. Passed by hand, never ambient.</summary>
/// <remarks><c>default</c> means: no parent; the call started from it is the root of a new trace.</remarks>
/// <param name="Trace">The trace.</param>
/// <param name="Call">The parent of calls started from this context.</param>
/// <param name="Sampled">Whether spans of this trace are exported; the record is kept either way.</param>
/// <param name="State">The <c>tracestate</c> that came in from outside and goes out unchanged; null for none.</param>
public readonly record struct CallContext(TraceId Trace, CallId Call, bool Sampled = true, string? State = null)
{
    /// <summary>Whether a call started from this context is a root.</summary>
    public bool IsNone => Trace.IsNone;
}
