namespace Chain.Wasm.Execution;

/// <summary>What the code in one <see cref="Store"/> may use. Every limit is on; zero where nothing is allowed.</summary>
public sealed record StoreLimits
{
    /// <summary>The size of all memories together, in bytes; <c>memory.grow</c> answers -1 beyond it. Default 1 GiB.</summary>
    public long MemoryBytes { get; init; } = 1L << 30;

    /// <summary>The elements of all tables together; <c>table.grow</c> answers -1 beyond it. Default 10 million.</summary>
    public long TableElements { get; init; } = 10_000_000;

    /// <summary>
    /// The structures, arrays, boxed scalars and exceptions that guests hold at a time, in bytes, as the engine estimates them; a guest that makes
    /// more traps with <see cref="TrapKind.AllocationTooLarge"/>. Default 256 MiB; less than 16 MiB counts as that.
    /// </summary>
    public long HeapBytes { get; init; } = 256L << 20;

    /// <summary>The native stack that a call and all that it calls may use, in bytes. Default 1 MiB; the thread's own end counts too.</summary>
    public int StackBytes { get; init; } = 1 << 20;

    /// <summary>The instances that may be made. Default 10,000.</summary>
    public int Instances { get; init; } = 10_000;

    /// <summary>
    /// Roughly the number of instructions that may run, or <see langword="null"/> for no count. It needs an engine made with
    /// <see cref="EngineOptions.MeasureFuel"/>.
    /// </summary>
    public long? Fuel { get; init; }
}

/// <summary>How an engine compiles.</summary>
public sealed record EngineOptions
{
    /// <summary>Whether compiled code counts fuel; it costs about 6 %. Default off.</summary>
    public bool MeasureFuel { get; init; }

    /// <summary>
    /// The folder in which compiled modules are kept by digest, or <see langword="null"/> to keep none. It holds code that will be
    /// run: it must be writable by nobody else.
    /// </summary>
    public string? CacheDirectory { get; init; }

    /// <summary>Up to this many bytes of function bodies a module is emitted whole; a larger one function by function on first call.</summary>
    public int EagerCodeBytes { get; init; } = 256 * 1024;
}
