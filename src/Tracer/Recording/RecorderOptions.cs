namespace Chain.Tracer.Recording;

/// <summary>What a recorder does when records come faster than they can be kept.</summary>
public enum Backpressure
{
    /// <summary>Whoever ends a call waits until there is room. Nothing is lost.</summary>
    Block = 0,

    /// <summary>What does not fit in memory goes to the spool, up to its limit; what does not fit there is lost, and counted.</summary>
    Lose = 1,
}

/// <summary>How a <see cref="CallRecorder"/> keeps records until they are in the store.</summary>
public sealed record RecorderOptions
{
    /// <summary>
    /// The folder of the spool, the buffers and the node's identity, on a file system that maps files. One process at a time uses it.
    /// </summary>
    public required string Folder { get; init; }

    /// <summary>The node's name, for people. Default: the machine's.</summary>
    public string Name { get; init; } = Environment.MachineName;

    /// <summary>What to do when records come too fast. Default: wait.</summary>
    public Backpressure Backpressure { get; init; } = Backpressure.Block;

    /// <summary>Calls that one core's buffer holds, about 100 bytes each of memory and disk; rounded up to a power of two, at most 2^24. Default 32,768.</summary>
    public int BufferSize { get; init; } = 32_768;

    /// <summary>Most calls in a batch, at most 2^24; there are four, of about 120 bytes a call. Default 25,000.</summary>
    public int BatchSize { get; init; } = 25_000;

    /// <summary>Longest time a record waits in the buffers, where it survives the process but not the machine, while the store or the spool takes records. Default 100 ms.</summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Longest time instead of <see cref="FlushInterval"/> while <see cref="BusyRecords"/> or more come in each such interval, or until the batch is full. Default 400 ms.
    /// </summary>
    public TimeSpan BusyFlushInterval { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>Calls and flows in one <see cref="FlushInterval"/> from which on it is worth waiting for more. Default 100.</summary>
    public int BusyRecords { get; init; } = 100;

    /// <summary>Most bytes in the spool. Default 4 GiB.</summary>
    public long SpoolLimit { get; init; } = 4L << 30;

    /// <summary>Bytes after which a spool segment is full and the next one begins. Default 64 MiB.</summary>
    public long SegmentSize { get; init; } = 64L << 20;

    /// <summary>
    /// Longest wait for the COPY of one batch before it is spooled instead. Default 30 s; for all else the connection string's Command
    /// Timeout holds.
    /// </summary>
    public TimeSpan StoreTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest pause between two attempts to reach a store that is away; it starts at a twentieth. Default 2 s.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(2);
}
