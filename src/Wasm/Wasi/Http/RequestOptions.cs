namespace Chain.Wasm.Wasi.Http;

/// <summary>How long a guest waits for a request that it makes (<c>wasi:http/types</c>, <c>request-options</c>). In nanoseconds; the host may wait less.</summary>
public sealed class RequestOptions
{
    /// <summary>For a connection.</summary>
    public ulong? ConnectTimeout { get; set; }

    /// <summary>From the connection to the head of the response.</summary>
    public ulong? FirstByteTimeout { get; set; }

    /// <summary>Between two parts of the response's body.</summary>
    public ulong? BetweenBytesTimeout { get; set; }

    /// <summary>A guest's wish, within what the host allows.</summary>
    internal static TimeSpan Within(ulong? wish, TimeSpan limit) =>
        wish is { } nanoseconds && nanoseconds / TimeSpan.NanosecondsPerTick < (ulong)limit.Ticks
            ? TimeSpan.FromTicks((long)(nanoseconds / TimeSpan.NanosecondsPerTick))
            : limit;
}
