using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Http;

/// <summary>The resource <c>incoming-request</c>: a request that a guest is to answer.</summary>
/// <param name="method">Its method.</param>
/// <param name="pathWithQuery">As it stood in the request.</param>
/// <param name="scheme">Whether it came over TLS.</param>
/// <param name="authority">The host that the client named, with its port.</param>
/// <param name="headers">Immutable.</param>
/// <param name="body">Disposed of with the request, unless the guest took it.</param>
public sealed class IncomingRequest(Method method, string? pathWithQuery, Scheme? scheme, string? authority, Fields headers, IncomingBody body) : IDisposable
{
    private IncomingBody? body = body;

    public Method Method { get; } = method;

    public string? PathWithQuery { get; } = pathWithQuery;

    public Scheme? Scheme { get; } = scheme;

    public string? Authority { get; } = authority;

    /// <summary><c>headers</c>: a handle of its own each time.</summary>
    public Fields Headers => headers.View();

    /// <summary><c>consume</c>, once.</summary>
    public Result<IncomingBody, Unit> Consume() => Interlocked.Exchange(ref body, null) is { } taken ? taken : default(Unit);

    public void Dispose() => Interlocked.Exchange(ref body, null)?.Dispose();
}

/// <summary>The resource <c>incoming-response</c>: the answer to a guest's request.</summary>
public sealed class IncomingResponse : IDisposable
{
    private readonly Fields headers;
    private IncomingBody? body;

    /// <param name="status">100 to 999.</param>
    /// <param name="headers">Immutable.</param>
    /// <param name="body">Disposed of with the response, unless the guest took it.</param>
    internal IncomingResponse(ushort status, Fields headers, IncomingBody body)
    {
        Status = status;
        this.headers = headers;
        this.body = body;
    }

    public ushort Status { get; }

    /// <summary><c>headers</c>: a handle of its own each time.</summary>
    public Fields Headers => headers.View();

    /// <summary><c>consume</c>, once.</summary>
    public Result<IncomingBody, Unit> Consume() => Interlocked.Exchange(ref body, null) is { } taken ? taken : default(Unit);

    public void Dispose() => Interlocked.Exchange(ref body, null)?.Dispose();
}
