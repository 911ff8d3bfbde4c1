using System.Runtime.InteropServices;
using Chain.Silo.Calls.Remote;
using Chain.Tracer.Calls;
using Orleans;

namespace Chain.Silo.Hosting.Cluster;

/// <summary><see cref="RemoteRequest"/> as Orleans carries it. Immutable: within one silo it is handed over as it is.</summary>
[GenerateSerializer, Immutable, Alias("chain.call")]
internal sealed record CallMessage
{
    [Id(0)] public required string Application { get; init; }

    [Id(1)] public int Version { get; init; }

    [Id(2)] public required string Component { get; init; }

    [Id(3)] public required string Key { get; init; }

    [Id(4)] public string? Interface { get; init; }

    [Id(5)] public required string Function { get; init; }

    [Id(6)] public required string Caller { get; init; }

    [Id(7)] public ulong TraceHigh { get; init; }

    [Id(8)] public ulong TraceLow { get; init; }

    [Id(9)] public long Call { get; init; }

    [Id(10)] public bool IsSampled { get; init; }

    [Id(11)] public string? TraceState { get; init; }

    [Id(12)] public required byte[] Arguments { get; init; }

    [Id(13)] public required string Label { get; init; }

    /// <summary>Components and labels in turn.</summary>
    [Id(14)] public required string[] Passed { get; init; }

    [Id(15)] public required string[] Held { get; init; }

    [Id(16)] public int Depth { get; init; }

    [Id(17)] public short Decisions { get; init; }

    [Id(18)] public long LeftTicks { get; init; }

    public static CallMessage Of(RemoteRequest request) => new()
    {
        Application = request.Application,
        Version = request.Version,
        Component = request.Component,
        Key = request.Key,
        Interface = request.Interface,
        Function = request.Function,
        Caller = request.Caller,
        TraceHigh = request.Call.Trace.High,
        TraceLow = request.Call.Trace.Low,
        Call = request.Call.Call.Value,
        IsSampled = request.Call.Sampled,
        TraceState = request.Call.State,
        Arguments = Bytes.Of(request.Arguments),
        Label = request.Label,
        Passed = Steps.Of(request.Passed),
        Held = [.. request.Held],
        Depth = request.Depth,
        Decisions = request.Decisions,
        LeftTicks = request.Left.Ticks,
    };

    public RemoteRequest ToRequest() => new()
    {
        Application = Application,
        Version = Version,
        Component = Component,
        Key = Key,
        Interface = Interface,
        Function = Function,
        Caller = Caller,
        Call = new CallContext(new TraceId(TraceHigh, TraceLow), new CallId(Call), IsSampled, TraceState),
        Arguments = Arguments,
        Label = Label,
        Passed = Steps.Read(Passed),
        Held = Held,
        Depth = Depth,
        Decisions = Decisions,
        Left = TimeSpan.FromTicks(LeftTicks),
    };
}

/// <summary><see cref="RemoteReply"/> as Orleans carries it.</summary>
[GenerateSerializer, Immutable, Alias("chain.reply")]
internal sealed record ReplyMessage
{
    [Id(0)] public required string Silo { get; init; }

    [Id(1)] public bool HasStarted { get; init; }

    [Id(2)] public byte Outcome { get; init; }

    [Id(3)] public string? Error { get; init; }

    [Id(4)] public required byte[] Value { get; init; }

    [Id(5)] public required string LabelOut { get; init; }

    [Id(6)] public required string Label { get; init; }

    [Id(7)] public required string LabelRead { get; init; }

    [Id(8)] public required string[] Passed { get; init; }

    [Id(9)] public required string[] Parts { get; init; }

    public static ReplyMessage Of(RemoteReply reply) => new()
    {
        Silo = reply.Silo,
        HasStarted = reply.HasStarted,
        Outcome = (byte)reply.Outcome,
        Error = reply.Error,
        Value = Bytes.Of(reply.Value),
        LabelOut = reply.LabelOut,
        Label = reply.Label,
        LabelRead = reply.LabelRead,
        Passed = Steps.Of(reply.Passed),
        Parts = Steps.Of(reply.Parts),
    };

    public RemoteReply ToReply() => new()
    {
        Silo = Silo,
        HasStarted = HasStarted,
        Outcome = (CallOutcome)Outcome,
        Error = Error,
        Value = Value,
        LabelOut = LabelOut,
        Label = Label,
        LabelRead = LabelRead,
        Passed = Steps.Read(Passed),
        Parts = Steps.Read(Parts),
    };
}

internal static class Bytes
{
    /// <summary>The bytes as an array: the one behind them where they are all of it.</summary>
    public static byte[] Of(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out ArraySegment<byte> segment) && segment is { Array: { } whole, Offset: 0 } && segment.Count == whole.Length
            ? whole
            : bytes.ToArray();
}

/// <summary>Steps as strings in turn, which cost less to carry than objects.</summary>
internal static class Steps
{
    public static string[] Of(IReadOnlyList<RemoteStep> steps)
    {
        if (steps.Count == 0) return [];
        var flat = new string[steps.Count * 2];
        for (int i = 0; i < steps.Count; i++) (flat[2 * i], flat[(2 * i) + 1]) = (steps[i].Component, steps[i].Label);
        return flat;
    }

    public static RemoteStep[] Read(string[] flat)
    {
        if (flat.Length == 0) return [];
        var steps = new RemoteStep[flat.Length / 2];
        for (int i = 0; i < steps.Length; i++) steps[i] = new RemoteStep(flat[2 * i], flat[(2 * i) + 1]);
        return steps;
    }
}
