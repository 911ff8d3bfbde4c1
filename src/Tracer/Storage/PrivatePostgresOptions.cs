namespace Chain.Tracer.Storage;

/// <summary>How the private Postgres is set up.</summary>
public sealed record PrivatePostgresOptions
{
    /// <summary>The folder that holds everything: the cluster, its password, its socket and its log. Made when absent.</summary>
    public required string Folder { get; init; }

    /// <summary>Memory for cached pages, as Postgres writes it. Default 256MB.</summary>
    public string SharedBuffers { get; init; } = "256MB";

    /// <summary>How long to wait for the server to answer. Default 60 s: recovery after a crash takes its time.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Further settings, name to value; they win over those Chain chooses.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}
