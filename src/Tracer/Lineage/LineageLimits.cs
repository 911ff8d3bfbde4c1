namespace Chain.Tracer.Lineage;

/// <summary>How much one question may read.</summary>
public sealed record LineageLimits
{
    /// <summary>Most calls that are read into memory, about 100 bytes each. Default 3,000,000.</summary>
    public int Calls { get; init; } = 3_000_000;

    /// <summary>Longest time for one statement. Default 60 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);
}
