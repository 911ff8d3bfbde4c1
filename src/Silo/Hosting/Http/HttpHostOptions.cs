using System.Net;

namespace Chain.Silo.Hosting.Http;

/// <summary>How components are served over HTTP. Every limit is on.</summary>
public sealed record HttpHostOptions
{
    /// <summary>Where to listen; loopback unless said otherwise.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>0 for one that is free.</summary>
    public int Port { get; init; }

    /// <summary>Whether to speak HTTP/2 alone, without TLS; otherwise HTTP/1.1 alone.</summary>
    public bool Http2 { get; init; }

    /// <summary>The requests that are answered at a time: each has a thread and an instance. Default four for each processor, 8 at least.</summary>
    public int Concurrency { get; init; } = Math.Max(8, 4 * Environment.ProcessorCount);

    /// <summary>Whether an instance that answered is reset and kept for another request; otherwise each gets a new one. Default yes.</summary>
    public bool IsPooled { get; init; } = true;

    /// <summary>The requests that wait beyond those; more get 503. Default 1000.</summary>
    public int Queue { get; init; } = 1000;

    /// <summary>From a request's arrival to the end of its response: 504, or the end of the connection. Default 30 s.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The body of a request, in bytes; more gets 413. Default 30 MB.</summary>
    public long RequestBodyBytes { get; init; } = 30_000_000;

    /// <summary>How long a stop waits for the requests that are under way. Default 10 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(10);
}
