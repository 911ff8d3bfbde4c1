using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Http;

/// <summary>The resource <c>outgoing-request</c>: a request that a guest makes. Its parts are checked as they are set, and together when it is sent.</summary>
public sealed class OutgoingRequest : IDisposable
{
    private readonly Fields headers;

    /// <param name="headers">The guest has them no more.</param>
    public OutgoingRequest(Fields headers)
    {
        headers.Freeze();
        this.headers = headers;
    }

    public Method Method { get; private set; } = Method.Get;

    public string? PathWithQuery { get; private set; }

    public Scheme? Scheme { get; private set; }

    public string? Authority { get; private set; }

    /// <summary><c>headers</c>: a handle of its own each time.</summary>
    public Fields Headers => headers.View();

    /// <summary>Headers that the host sends in the place of the guest's of the same names: a trace's context, for instance.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> HostHeaders { get; set; } = [];

    /// <summary>The body, once the guest took it.</summary>
    internal OutgoingBody? Taken { get; private set; }

    /// <summary><c>body</c>, once.</summary>
    public Result<OutgoingBody, Unit> Body()
    {
        if (Taken is not null || !OutgoingBody.HasValidLength(headers)) return default(Unit);
        return Taken = OutgoingBody.OfRequest(headers);
    }

    public Result<Unit, Unit> SetMethod(Method method)
    {
        if (!method.IsValid) return Refused;
        Method = method;
        return Done;
    }

    public Result<Unit, Unit> SetPathWithQuery(string? pathWithQuery)
    {
        if (pathWithQuery is not null && !HttpSyntax.IsPathWithQuery(pathWithQuery)) return Refused;
        PathWithQuery = pathWithQuery;
        return Done;
    }

    public Result<Unit, Unit> SetScheme(Scheme? scheme)
    {
        if (scheme is { IsValid: false }) return Refused;
        Scheme = scheme;
        return Done;
    }

    public Result<Unit, Unit> SetAuthority(string? authority)
    {
        if (authority is not null && HttpAuthority.Parse(authority) is null) return Refused;
        Authority = authority;
        return Done;
    }

    /// <summary>The guest dropped it unsent: nobody will read its body.</summary>
    public void Dispose() => Taken?.Abandon(ErrorCode.Of(ErrorKind.ConnectionTerminated));

    private static Result<Unit, Unit> Done => Result<Unit, Unit>.FromValue(default);

    private static Result<Unit, Unit> Refused => Result<Unit, Unit>.FromError(default);
}

/// <summary>The resource <c>outgoing-response</c>: a guest's answer.</summary>
public sealed class OutgoingResponse : IDisposable
{
    private readonly Fields headers;

    /// <param name="headers">The guest has them no more.</param>
    public OutgoingResponse(Fields headers)
    {
        headers.Freeze();
        this.headers = headers;
    }

    /// <summary>200 to 999; at first 200.</summary>
    public ushort StatusCode { get; private set; } = 200;

    /// <summary><c>headers</c>: a handle of its own each time.</summary>
    public Fields Headers => headers.View();

    /// <summary>The body, once the guest took it.</summary>
    internal OutgoingBody? Taken { get; private set; }

    /// <summary><c>set-status-code</c>: what is no status, or announces another, is refused.</summary>
    public Result<Unit, Unit> SetStatusCode(ushort status)
    {
        if (status is < 200 or > 999) return Result<Unit, Unit>.FromError(default);
        StatusCode = status;
        return Result<Unit, Unit>.FromValue(default);
    }

    /// <summary><c>body</c>, once.</summary>
    public Result<OutgoingBody, Unit> Body()
    {
        if (Taken is not null || !OutgoingBody.HasValidLength(headers)) return default(Unit);
        return Taken = OutgoingBody.OfResponse(headers);
    }

    /// <summary>The guest dropped it unsent: nobody will read its body.</summary>
    public void Dispose() => Taken?.Abandon(ErrorCode.Of(ErrorKind.ConnectionTerminated));
}
