using Chain.Tracer.Tags;

namespace Chain.Tracer.Calls;

/// <summary>A call between its start and its end: a value that whoever makes the call holds on to.</summary>
public readonly struct ActiveCall
{
    internal ActiveCall(in CallContext context, long traceKey, CallId parent, CallSiteId site, LabelId labelIn, long started)
    {
        Context = context;
        TraceKey = traceKey;
        Parent = parent;
        Site = site;
        LabelIn = labelIn;
        Started = started;
    }

    /// <summary>
    /// A call that another process started and will end, for the one that runs the callee: parent of calls started here and destination of flows
    /// recorded here.
    /// </summary>
    /// <param name="context">The call and its trace, as <see cref="Context"/> says where it was started.</param>
    /// <param name="parent">The caller's call; none for a root.</param>
    /// <param name="site">Who calls what, in the numbers of this process.</param>
    /// <param name="labelIn">The label of the arguments, likewise.</param>
    /// <returns>The call, which must not be given to <see cref="Recording.CallRecorder.End"/> in this process.</returns>
    /// <exception cref="ArgumentException">The context names no trace or no call.</exception>
    public static ActiveCall StartedElsewhere(in CallContext context, CallId parent, CallSiteId site, LabelId labelIn)
    {
        if (context.IsNone || context.Call.IsNone) throw new ArgumentException("the context names no call", nameof(context));
        return new ActiveCall(context, context.Trace.Key, parent, site, labelIn, Recording.MonotonicClock.Now);
    }

    /// <summary>What calls made from inside this one get as their parent.</summary>
    public CallContext Context { get; }

    /// <summary>The call.</summary>
    public CallId Id => Context.Call;

    /// <summary>The caller's call; none for a root.</summary>
    public CallId Parent { get; }

    /// <summary>Who calls what.</summary>
    public CallSiteId Site { get; }

    /// <summary>The label at the start; the end may say another one, when the call read more.</summary>
    public LabelId LabelIn { get; }

    /// <summary><see cref="TraceId.Key"/> of the trace.</summary>
    internal long TraceKey { get; }

    /// <summary>The start, in nanoseconds of the monotonic clock.</summary>
    internal long Started { get; }
}

/// <summary>How a call went.</summary>
public readonly record struct CallEnd
{
    /// <summary>How it ended.</summary>
    public CallOutcome Outcome { get; init; }

    /// <summary>The label of the result.</summary>
    public LabelId LabelOut { get; init; }

    /// <summary>
    /// The label of everything that was read besides the arguments, joined into the label in; null when nothing was read.
    /// </summary>
    public LabelId? LabelRead { get; init; }

    /// <summary>
    /// Who called what, where more of it is known than at the start, such as the silo that ran the callee; null for what the start said.
    /// </summary>
    public CallSiteId? Site { get; init; }

    /// <summary>Bytes of the arguments.</summary>
    public long SizeIn { get; init; }

    /// <summary>Bytes of the result.</summary>
    public long SizeOut { get; init; }

    /// <summary>Copies of the data that the hop made; above 255 it is kept as 255.</summary>
    public int Copies { get; init; }

    /// <summary>Whether the flows recorded for the call are all there were (see docs/store.md).</summary>
    public bool Exact { get; init; }
}
