using Chain.Tracer.Calls;

namespace Chain.Silo.Calls.Remote;

/// <summary>
/// One attempt of a call, as it goes to the silo that runs it. The caller's silo has decided on the arguments and records the call; its context travels
/// here and nowhere else. Labels are texts, because their numbers are a process's own.
/// </summary>
public sealed record RemoteRequest
{
    public required string Application { get; init; }

    /// <summary>The version that the chain began with.</summary>
    public required int Version { get; init; }

    public required string Component { get; init; }

    /// <summary>Which instance of a stateful component; empty where it has one only.</summary>
    public string Key { get; init; } = "";

    /// <summary>The interface as the component exports it; <see langword="null"/> for a function of its own.</summary>
    public string? Interface { get; init; }

    public required string Function { get; init; }

    /// <summary>The calling component of the same application; empty for a call from outside.</summary>
    public string Caller { get; init; } = "";

    /// <summary>The call: its trace, its own id, whether spans are exported, <c>tracestate</c>.</summary>
    public required CallContext Call { get; init; }

    /// <summary>The arguments (<see cref="Wasm.Components.Values.ValueCodec"/>).</summary>
    public required ReadOnlyMemory<byte> Arguments { get; init; }

    /// <summary>The label of the arguments.</summary>
    public string Label { get; init; } = "";

    /// <summary>The components that the chain has passed, oldest first.</summary>
    public IReadOnlyList<RemoteStep> Passed { get; init; } = [];

    /// <summary>The stateful instances that the chain holds.</summary>
    public IReadOnlyList<string> Held { get; init; } = [];

    /// <summary>How many calls of the chain are around it.</summary>
    public int Depth { get; init; }

    /// <summary>How many decisions on it were recorded before.</summary>
    public short Decisions { get; init; }

    /// <summary>What is left until the chain's deadline.</summary>
    public TimeSpan Left { get; init; }
}

/// <summary>A component that a chain has passed, with the label that its data had.</summary>
public sealed record RemoteStep(string Component, string Label);

/// <summary>How an attempt went.</summary>
public sealed record RemoteReply
{
    /// <summary>The name of the silo that says so.</summary>
    public required string Silo { get; init; }

    /// <summary>Whether the component was called; if not it may be called again, here or elsewhere.</summary>
    public bool HasStarted { get; init; }

    /// <summary>Whether it did not start because its component may not be on that silo.</summary>
    public bool IsMisplaced { get; init; }

    public CallOutcome Outcome { get; init; }

    /// <summary>Why it did not start, was denied or failed.</summary>
    public string? Error { get; init; }

    /// <summary>The result (<see cref="Wasm.Components.Values.ValueCodec"/>); empty where there is none.</summary>
    public ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>The label of the result.</summary>
    public string LabelOut { get; init; } = "";

    /// <summary>The label of all that the callee knew in the end.</summary>
    public string Label { get; init; } = "";

    /// <summary>The label of what it had besides its arguments and what its own calls gave it.</summary>
    public string LabelRead { get; init; } = "";

    /// <summary>The components that the chain passed there.</summary>
    public IReadOnlyList<RemoteStep> Passed { get; init; } = [];

    /// <summary>The parts of the result that source rules name, with their tags.</summary>
    public IReadOnlyList<RemoteStep> Parts { get; init; } = [];

    /// <summary>An attempt that did not start.</summary>
    /// <param name="silo">Who says so.</param>
    /// <param name="why">In one line.</param>
    public static RemoteReply NotStarted(string silo, string why) => new() { Silo = silo, Outcome = CallOutcome.NotStarted, Error = why };
}
