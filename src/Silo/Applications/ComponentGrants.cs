namespace Chain.Silo.Applications;

/// <summary>What a component may do and use beyond computing: nothing unless it is said, but for clocks and randomness. Immutable.</summary>
public sealed record ComponentGrants
{
    /// <summary>Environment variables, in the order of the manifest.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>The program's arguments, its name first.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    public IReadOnlyList<DirectoryGrant> Directories { get; init; } = [];

    /// <summary>
    /// To where it may make HTTP requests, in the forms of <c>HttpGrants</c>; <see langword="null"/> where the manifest does not speak of it. An empty
    /// list links the interface and refuses every request.
    /// </summary>
    public IReadOnlyList<string>? Http { get; init; }

    /// <summary>The buckets that it may open, its own; <see langword="null"/> as with <see cref="Http"/>.</summary>
    public IReadOnlyList<string>? KeyValue { get; init; }

    /// <summary>What <c>wasi:config</c> shows, in the order of the manifest.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Config { get; init; } = [];

    /// <summary>Whether it may write to the application's log through <c>wasi:logging</c>; standard output and error go there anyway.</summary>
    public bool Logging { get; init; }
}

/// <summary>A directory of the host that a component sees.</summary>
/// <param name="Host">An absolute path.</param>
/// <param name="Guest">What the component knows it by, such as <c>/data</c>.</param>
/// <param name="CanWrite">Whether it may change what is in it.</param>
public sealed record DirectoryGrant(string Host, string Guest, bool CanWrite);

/// <summary>What one instance, or one call of it, may use at most. Immutable.</summary>
public sealed record InstanceLimits
{
    /// <summary>All memories together, in bytes. Default 256 MiB.</summary>
    public long MemoryBytes { get; init; } = 256L << 20;

    /// <summary>How long a call may take, with the calls that it makes. Default 30 s.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The native stack, in bytes. Default 1 MiB.</summary>
    public int StackBytes { get; init; } = 1 << 20;

    /// <summary>
    /// Roughly the number of instructions that a call may run; <see langword="null"/>, the default, for no count. It needs an engine that measures.
    /// </summary>
    public long? Fuel { get; init; }

    /// <summary>The body of an HTTP request to the component, in bytes. Default 30 MB.</summary>
    public long RequestBodyBytes { get; init; } = 30_000_000;
}
