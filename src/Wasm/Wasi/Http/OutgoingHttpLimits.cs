namespace Chain.Wasm.Wasi.Http;

/// <summary>What one client for guests' requests may use. Every limit is on.</summary>
public sealed record OutgoingHttpLimits
{
    /// <summary>The longest wait for a connection; a guest may ask for less. Default 10 s.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest wait from the connection to the head of the response; a guest may ask for less. Default 60 s.</summary>
    public TimeSpan FirstByte { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The longest wait between two parts of the response's body; a guest may ask for less. Default 60 s.</summary>
    public TimeSpan BetweenBytes { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The requests of one store that are under way at a time, to the end of their bodies. Default 64.</summary>
    public int Requests { get; init; } = 64;

    /// <summary>The connections to one host. Default 256.</summary>
    public int ConnectionsPerHost { get; init; } = 256;

    /// <summary>The head of a response, in KiB. Default 64.</summary>
    public int ResponseHeadKib { get; init; } = 64;

    /// <summary>A request's URI, in characters. Default 16,384.</summary>
    public int UriLength { get; init; } = 16_384;
}
