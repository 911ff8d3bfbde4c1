using System.Buffers.Binary;
using System.Text;
using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording.Journals;

namespace Chain.PolicyEngine.Storage;

/// <summary>
/// Decisions and violations as frames of a <see cref="FrameJournal"/>, so that those whose caller has his answer survive the process. Safe for any thread.
/// </summary>
/// <remarks>
/// A decision: kind 1, event (1 byte each), ordinal (2), call (8), then <see cref="DecisionShape"/>. A violation: kind 2, event, severity (1 each), call (8), trace (16), time
/// (8, ticks of UTC), then seven texts as <see cref="BinaryWriter"/> writes them. Little-endian.
/// </remarks>
public static class DecisionFrames
{
    private const byte DecisionKind = 1;
    private const byte ViolationKind = 2;
    private const int DecisionHead = 12;

    /// <summary>Appends a decision; allocates nothing.</summary>
    public static FrameTicket Append(FrameJournal journal, in DecisionRecord decision)
    {
        Span<byte> head = stackalloc byte[DecisionHead];
        (head[0], head[1]) = (DecisionKind, (byte)decision.Event);
        BinaryPrimitives.WriteInt16LittleEndian(head[2..], decision.Ordinal);
        BinaryPrimitives.WriteInt64LittleEndian(head[4..], decision.Call.Value);
        return journal.Append(head, decision.Shape.Bytes);
    }

    /// <summary>Appends a violation.</summary>
    public static FrameTicket Append(FrameJournal journal, Violation violation)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write(ViolationKind);
        writer.Write((byte)violation.Event);
        writer.Write((byte)violation.Severity);
        writer.Write(violation.Call.Value);
        writer.Write(violation.Trace.High);
        writer.Write(violation.Trace.Low);
        writer.Write(violation.At.UtcTicks);
        string[] texts =
        [
            violation.Policy, violation.Version, violation.Effect, AlertStore.Cut(violation.Message), violation.Caller, violation.Callee, violation.Function,
        ];
        foreach (string text in texts) writer.Write(text);
        writer.Flush();
        return journal.Append(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    /// <summary>Reads a frame: one of the two is not null.</summary>
    /// <exception cref="InvalidDataException">It is none of this program.</exception>
    public static (DecisionRecord? Decision, Violation? Violation) Read(byte[] frame)
    {
        if (frame is [DecisionKind, ..] && frame.Length >= DecisionHead)
        {
            ReadOnlySpan<byte> bytes = frame;
            return (new DecisionRecord(
                new CallId(BinaryPrimitives.ReadInt64LittleEndian(bytes[4..])), (PolicyEvent)bytes[1], DecisionShape.Read(bytes[DecisionHead..]),
                BinaryPrimitives.ReadInt16LittleEndian(bytes[2..])), null);
        }

        if (frame is not [ViolationKind, ..]) throw new InvalidDataException("a frame is neither a decision nor a violation");
        try
        {
            using var reader = new BinaryReader(new MemoryStream(frame, 1, frame.Length - 1), Encoding.UTF8);
            var (at, severity) = ((PolicyEvent)reader.ReadByte(), (Severity)reader.ReadByte());
            var (call, trace) = (new CallId(reader.ReadInt64()), new TraceId(reader.ReadUInt64(), reader.ReadUInt64()));
            var time = new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero);
            return (null, new Violation
            {
                Event = at,
                Severity = severity,
                Call = call,
                Trace = trace,
                At = time,
                Policy = reader.ReadString(),
                Version = reader.ReadString(),
                Effect = reader.ReadString(),
                Message = reader.ReadString(),
                Caller = reader.ReadString(),
                Callee = reader.ReadString(),
                Function = reader.ReadString(),
            });
        }
        catch (Exception e) when (e is IOException or FormatException or ArgumentOutOfRangeException)
        {
            throw new InvalidDataException($"a violation does not read: {e.Message}", e);
        }
    }
}
