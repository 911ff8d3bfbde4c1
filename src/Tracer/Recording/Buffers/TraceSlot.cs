using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Chain.Tracer.Calls;
using Chain.Tracer.Telemetry;

namespace Chain.Tracer.Recording.Buffers;

/// <summary>A foreign trace as it lies in a ring.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TraceSlot : IRingRecord
{
    private const int Fixed = 24;

    private ulong _high;
    private ulong _low;
    private int _length;
    private int _unused;
    private StateText _state;

    /// <summary>The trace. A <c>tracestate</c> that is longer than may be handed on is not kept.</summary>
    public ForeignTrace Value
    {
        readonly get => new(new TraceId(_high, _low), _length > 0 ? Encoding.UTF8.GetString(_state[..Math.Min(_length, TraceState.MaxLength)]) : null);
        set
        {
            (_high, _low, _length, _unused) = (value.Id.High, value.Id.Low, 0, 0);
            if (value.State is { Length: > 0 } state && Encoding.UTF8.TryGetBytes(state, _state, out int length)) _length = length;
        }
    }

    public readonly uint Check()
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<TraceSlot>(in this));
        return Checksum.Of(bytes[..(Fixed + Math.Clamp(_length, 0, TraceState.MaxLength))]);
    }

    [InlineArray(TraceState.MaxLength)]
    private struct StateText
    {
        private byte _first;
    }
}
