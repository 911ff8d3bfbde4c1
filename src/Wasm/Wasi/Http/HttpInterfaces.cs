using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi.Http;

/// <summary>The interfaces of <c>wasi:http</c> that the host offers. Their stores need an <see cref="HttpState"/>.</summary>
public static class HttpInterfaces
{
    /// <summary>What a component exports that answers requests; any 0.2 version.</summary>
    public const string IncomingHandler = "wasi:http/incoming-handler@" + WasiInterfaces.Version;

    public static HostInterface Types { get; } = CreateTypes();

    public static HostInterface Outgoing { get; } = new HostInterface("wasi:http/outgoing-handler@" + WasiInterfaces.Version)
        .Function("handle", OutgoingHandler.Handle);

    /// <summary>Both.</summary>
    public static IReadOnlyList<HostInterface> All { get; } = [Types, Outgoing];

    private static HostInterface CreateTypes()
    {
        var types = new HostInterface("wasi:http/types@" + WasiInterfaces.Version);
        types.Function("http-error-code", static (IoError error) => (error as HttpIoError)?.Code);
        AddFields(types);
        AddIncoming(types);
        AddOutgoing(types);
        AddFutures(types);
        return types;
    }

    private static void AddFields(HostInterface types) => types
        .Resource<Fields>("fields")
        .Function("[constructor]fields", static () => new Fields())
        .Function("[static]fields.from-list", static ((string Name, byte[] Value)[] entries) => Fields.FromList(entries))
        .Function("[method]fields.get", static (Fields self, string name) => self.Get(name))
        .Function("[method]fields.has", static (Fields self, string name) => self.Has(name))
        .Function("[method]fields.set", static (Fields self, string name, byte[][] value) => self.Set(name, value))
        .Function("[method]fields.delete", static (Fields self, string name) => self.Delete(name))
        .Function("[method]fields.append", static (Fields self, string name, ReadOnlySpan<byte> value) => self.Append(name, value))
        .Function("[method]fields.entries", static (Fields self) => self.Entries())
        .Function("[method]fields.clone", static (Fields self) => self.Clone());

    private static void AddIncoming(HostInterface types) => types
        .Resource<IncomingRequest>("incoming-request")
        .Function("[method]incoming-request.method", static (IncomingRequest self) => self.Method)
        .Function("[method]incoming-request.path-with-query", static (IncomingRequest self) => self.PathWithQuery)
        .Function("[method]incoming-request.scheme", static (IncomingRequest self) => self.Scheme)
        .Function("[method]incoming-request.authority", static (IncomingRequest self) => self.Authority)
        .Function("[method]incoming-request.headers", static (IncomingRequest self) => self.Headers)
        .Function("[method]incoming-request.consume", static (IncomingRequest self) => self.Consume())
        .Resource<IncomingResponse>("incoming-response")
        .Function("[method]incoming-response.status", static (IncomingResponse self) => self.Status)
        .Function("[method]incoming-response.headers", static (IncomingResponse self) => self.Headers)
        .Function("[method]incoming-response.consume", static (IncomingResponse self) => self.Consume())
        .Resource<IncomingBody>("incoming-body")
        .Function("[method]incoming-body.stream", static (IncomingBody self) => self.TakeStream())
        .Function("[static]incoming-body.finish", static (IncomingBody @this) => @this.Finish());

    private static void AddOutgoing(HostInterface types) => types
        .Resource<OutgoingRequest>("outgoing-request")
        .Function("[constructor]outgoing-request", static (Fields headers) => new OutgoingRequest(headers))
        .Function("[method]outgoing-request.body", static (OutgoingRequest self) => self.Body())
        .Function("[method]outgoing-request.method", static (OutgoingRequest self) => self.Method)
        .Function("[method]outgoing-request.set-method", static (OutgoingRequest self, Method method) => self.SetMethod(method))
        .Function("[method]outgoing-request.path-with-query", static (OutgoingRequest self) => self.PathWithQuery)
        .Function("[method]outgoing-request.set-path-with-query", static (OutgoingRequest self, string? pathWithQuery) => self.SetPathWithQuery(pathWithQuery))
        .Function("[method]outgoing-request.scheme", static (OutgoingRequest self) => self.Scheme)
        .Function("[method]outgoing-request.set-scheme", static (OutgoingRequest self, Scheme? scheme) => self.SetScheme(scheme))
        .Function("[method]outgoing-request.authority", static (OutgoingRequest self) => self.Authority)
        .Function("[method]outgoing-request.set-authority", static (OutgoingRequest self, string? authority) => self.SetAuthority(authority))
        .Function("[method]outgoing-request.headers", static (OutgoingRequest self) => self.Headers)
        .Resource<RequestOptions>("request-options")
        .Function("[constructor]request-options", static () => new RequestOptions())
        .Function("[method]request-options.connect-timeout", static (RequestOptions self) => self.ConnectTimeout)
        .Function("[method]request-options.set-connect-timeout", static (RequestOptions self, ulong? duration) => Done(self.ConnectTimeout = duration))
        .Function("[method]request-options.first-byte-timeout", static (RequestOptions self) => self.FirstByteTimeout)
        .Function("[method]request-options.set-first-byte-timeout", static (RequestOptions self, ulong? duration) => Done(self.FirstByteTimeout = duration))
        .Function("[method]request-options.between-bytes-timeout", static (RequestOptions self) => self.BetweenBytesTimeout)
        .Function("[method]request-options.set-between-bytes-timeout", static (RequestOptions self, ulong? duration) => Done(self.BetweenBytesTimeout = duration))
        .Resource<ResponseOutparam>("response-outparam")
        .Function(
            "[method]response-outparam.send-informational",
            static (ResponseOutparam self, ushort status, Fields headers) => self.SendInformational(status, headers))
        .Function("[static]response-outparam.set", static (ResponseOutparam param, Result<OutgoingResponse, ErrorCode> response) => param.Set(response))
        .Resource<OutgoingResponse>("outgoing-response")
        .Function("[constructor]outgoing-response", static (Fields headers) => new OutgoingResponse(headers))
        .Function("[method]outgoing-response.status-code", static (OutgoingResponse self) => self.StatusCode)
        .Function("[method]outgoing-response.set-status-code", static (OutgoingResponse self, ushort statusCode) => self.SetStatusCode(statusCode))
        .Function("[method]outgoing-response.headers", static (OutgoingResponse self) => self.Headers)
        .Function("[method]outgoing-response.body", static (OutgoingResponse self) => self.Body())
        .Resource<OutgoingBody>("outgoing-body")
        .Function("[method]outgoing-body.write", static (OutgoingBody self) => self.Write())
        .Function("[static]outgoing-body.finish", static (OutgoingBody @this, Fields? trailers) => @this.Finish(trailers));

    private static void AddFutures(HostInterface types) => types
        .Resource<FutureTrailers>("future-trailers")
        .Function("[method]future-trailers.subscribe", static (FutureTrailers self) => self.Subscribe())
        .Function("[method]future-trailers.get", static (FutureTrailers self) => self.Get())
        .Resource<FutureIncomingResponse>("future-incoming-response")
        .Function("[method]future-incoming-response.subscribe", static (FutureIncomingResponse self) => self.Subscribe())
        .Function("[method]future-incoming-response.get", static (FutureIncomingResponse self) => self.Get());

    private static Result<Unit, Unit> Done(ulong? _) => Result<Unit, Unit>.FromValue(default);
}
