using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Components.Binary;

/// <summary>A canonical definition by its opcode (Component Model, "Canonical Definitions").</summary>
public enum CanonKind : byte
{
    Lift = 0x00,
    Lower = 0x01,
    ResourceNew = 0x02,
    ResourceDrop = 0x03,
    ResourceRep = 0x04,
    TaskCancel = 0x05,
    SubtaskCancel = 0x06,
    TaskReturn = 0x09,
    ContextGet = 0x0A,
    ContextSet = 0x0B,
    ThreadYield = 0x0C,
    SubtaskDrop = 0x0D,
    StreamNew = 0x0E,
    StreamRead = 0x0F,
    StreamWrite = 0x10,
    StreamCancelRead = 0x11,
    StreamCancelWrite = 0x12,
    StreamDropReadable = 0x13,
    StreamDropWritable = 0x14,
    FutureNew = 0x15,
    FutureRead = 0x16,
    FutureWrite = 0x17,
    FutureCancelRead = 0x18,
    FutureCancelWrite = 0x19,
    FutureDropReadable = 0x1A,
    FutureDropWritable = 0x1B,
    ErrorContextNew = 0x1C,
    ErrorContextDebugMessage = 0x1D,
    ErrorContextDrop = 0x1E,
    WaitableSetNew = 0x1F,
    WaitableSetWait = 0x20,
    WaitableSetPoll = 0x21,
    WaitableSetDrop = 0x22,
    WaitableJoin = 0x23,
    BackpressureInc = 0x24,
    BackpressureDec = 0x25,
    ThreadIndex = 0x26,
    ThreadNewIndirect = 0x27,
    ThreadResumeLater = 0x28,
    ThreadSuspend = 0x29,
    ThreadSuspendThenResume = 0x2A,
    ThreadYieldThenResume = 0x2B,
    ThreadSuspendThenPromote = 0x2C,
    ThreadYieldThenPromote = 0x2D,
    ThreadSpawnRef = 0x40,
    ThreadSpawnIndirect = 0x41,
    ThreadAvailableParallelism = 0x42,
}

/// <summary>What a canonical option sets.</summary>
public enum CanonOptionKind : byte
{
    Utf8 = 0x00,
    Utf16 = 0x01,
    Latin1Utf16 = 0x02,
    Memory = 0x03,
    Realloc = 0x04,
    PostReturn = 0x05,
    Async = 0x06,
    Callback = 0x07,
}

/// <summary>A canonical option; <see cref="Index"/> is that of a core memory or function where the kind has one.</summary>
public readonly record struct CanonOption(CanonOptionKind Kind, uint Index)
{
    public bool HasIndex => Kind is CanonOptionKind.Memory or CanonOptionKind.Realloc or CanonOptionKind.PostReturn or CanonOptionKind.Callback;
}

/// <summary>A canonical definition. Which members mean something follows from <see cref="Kind"/>.</summary>
public sealed record CanonDefinition(CanonKind Kind, long Offset) : Definition(Offset)
{
    /// <summary>The function that is lifted or lowered; the core type of a thread's function.</summary>
    public uint Function { get; init; }

    /// <summary>The type of a lifted function, a resource, a stream or a future.</summary>
    public uint Type { get; init; }

    /// <summary>The core table, the core memory, or the number of a context slot.</summary>
    public uint Target { get; init; }

    /// <summary>Whether it is <c>async</c>, <c>cancellable</c> or <c>shared</c>.</summary>
    public bool Flag { get; init; }

    /// <summary>The result that <c>task.return</c> takes.</summary>
    public ValTypeUse? Result { get; init; }

    /// <summary>The type of a context slot.</summary>
    public ValueType CoreType { get; init; }

    public CanonOption[] Options { get; init; } = [];
}

/// <summary>The operands that stand after each opcode, shared by reader and writer so that they cannot disagree.</summary>
internal static class CanonLayout
{
    /// <summary>One letter an operand: z zero byte, f function, t type, m target, b flag, r result list, c core type, o options.</summary>
    public static string? Of(CanonKind kind) => kind switch
    {
        CanonKind.Lift => "zfot",
        CanonKind.Lower => "zfo",
        CanonKind.ResourceNew or CanonKind.ResourceDrop or CanonKind.ResourceRep => "t",
        CanonKind.TaskReturn => "ro",
        CanonKind.ContextGet or CanonKind.ContextSet => "cm",
        CanonKind.StreamNew or CanonKind.StreamDropReadable or CanonKind.StreamDropWritable => "t",
        CanonKind.FutureNew or CanonKind.FutureDropReadable or CanonKind.FutureDropWritable => "t",
        CanonKind.StreamRead or CanonKind.StreamWrite or CanonKind.FutureRead or CanonKind.FutureWrite => "to",
        CanonKind.StreamCancelRead or CanonKind.StreamCancelWrite or CanonKind.FutureCancelRead or CanonKind.FutureCancelWrite => "tb",
        CanonKind.ErrorContextNew or CanonKind.ErrorContextDebugMessage => "o",
        CanonKind.WaitableSetWait or CanonKind.WaitableSetPoll => "bm",
        CanonKind.ThreadNewIndirect => "fm",
        CanonKind.SubtaskCancel or CanonKind.ThreadSuspend or CanonKind.ThreadYield => "b",
        CanonKind.ThreadSuspendThenResume or CanonKind.ThreadYieldThenResume => "b",
        CanonKind.ThreadSuspendThenPromote or CanonKind.ThreadYieldThenPromote => "b",
        CanonKind.ThreadAvailableParallelism => "b",
        CanonKind.ThreadSpawnRef => "bf",
        CanonKind.ThreadSpawnIndirect => "bfm",
        _ => Enum.IsDefined(kind) ? "" : null,
    };
}
