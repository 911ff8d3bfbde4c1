using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording.Buffers;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Recording;

/// <summary>One ended call, 64 bytes. Names and labels are ids of the process that recorded it.</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct CallRecord : IRingRecord
{
    /// <summary>The call.</summary>
    public CallId Id;

    /// <summary><see cref="TraceId.Key"/>; equal to <see cref="Id"/> for the root of a native trace.</summary>
    public long Trace;

    /// <summary>The caller's call; none for a root.</summary>
    public CallId Parent;

    /// <summary>End minus start, in nanoseconds; never negative.</summary>
    public long Duration;

    /// <summary>Bytes of the arguments.</summary>
    public long SizeIn;

    /// <summary>Bytes of the result.</summary>
    public long SizeOut;

    /// <summary>Who called what.</summary>
    public CallSiteId Site;

    /// <summary>The label of the arguments and of everything read.</summary>
    public LabelId LabelIn;

    /// <summary>The label of the result.</summary>
    public LabelId LabelOut;

    /// <summary>How it ended.</summary>
    public CallOutcome Outcome;

    /// <summary>Copies of the data that the hop made; 255 means 255 or more.</summary>
    public byte Copies;

    /// <summary>
    /// Whether the recorded flows are all that flowed into this call from other calls' results, so that none is to be supposed.
    /// </summary>
    public bool Exact;

    /// <summary>Whether the span is exported; not stored.</summary>
    public bool Sampled;

    readonly uint IRingRecord.Check() => CheckOf(
        Id.Value, Trace, Parent.Value, Duration, SizeIn, SizeOut, Site.Value, LabelIn.Value, LabelOut.Value, Outcome, Copies, Exact, Sampled);

    // For those who still have the values in registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint CheckOf(
        long id, long trace, long parent, long duration, long sizeIn, long sizeOut, int site, int labelIn, int labelOut, CallOutcome outcome, byte copies, bool exact,
        bool sampled) =>
        RecordCheck.Of(id, trace, parent, duration, sizeIn, sizeOut, ((ulong)(uint)site << 32) | (uint)labelIn,
            ((ulong)(uint)labelOut << 32) | ((uint)outcome << 24) | ((uint)copies << 16) | (exact ? 1u << 8 : 0) | (sampled ? 1u : 0));
}

/// <summary>Where in the destination the data of a flow went.</summary>
public enum FlowInto : short
{
    /// <summary>Into the arguments, or into what the call read.</summary>
    Input = 0,

    /// <summary>Into the result.</summary>
    Result = 1,
}

/// <summary>
/// Data that went from the result (or writes) of one call to another call otherwise than as argument or result between parent and child;
/// those
/// two are said by <see cref="CallRecord.Parent"/> and the labels.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public record struct FlowRecord : IRingRecord
{
    /// <summary>The call that received the data.</summary>
    public CallId Destination;

    /// <summary>The call that the data came from.</summary>
    public CallId Source;

    /// <summary>
    /// <see cref="TraceId.Key"/> of the source's trace; 0 for that of the destination. Not stored: the source's row says it.
    /// </summary>
    public long SourceTrace;

    /// <summary>What travelled.</summary>
    public LabelId Label;

    /// <summary>Through which state key; 0 for none.</summary>
    public StateKeyId State;

    /// <summary>0, 1, …: which of the flows into the destination. With the destination it identifies the flow.</summary>
    public short Ordinal;

    /// <summary>Where the data went.</summary>
    public FlowInto Into;

    readonly uint IRingRecord.Check() => RecordCheck.Of(Destination.Value, Source.Value, SourceTrace, Label.Value, State.Value, Ordinal, (ulong)(ushort)Into, 0);
}
