using System.Net;
using System.Text;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Execution.Managed;
using Chain.Wasm.Wasi.Http;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Tests.Wasi.Http;

/// <summary>What a guest got for a request: an error, or a response as far as it was read.</summary>
internal sealed record GuestAnswer(ErrorCode? Error, int Status = 0, Fields? Headers = null, string Body = "", ErrorCode? BodyError = null, Fields? Trailers = null);

/// <summary>Makes requests as a guest does, through the functions that it would import.</summary>
internal sealed class OutgoingGuest : IDisposable
{
    private static readonly ManagedEngine Engine = new();

    private readonly OutgoingHttp client;

    public OutgoingGuest(params string[] grants)
        : this(grants, new OutgoingHttpLimits())
    {
    }

    /// <param name="grants">As for <c>--allow-http</c>.</param>
    /// <param name="limits">Of the client.</param>
    /// <param name="addresses">What every name leads to; by default what the system says.</param>
    public OutgoingGuest(string[] grants, OutgoingHttpLimits limits, params string[] addresses)
        : this(grants, limits, addresses.Length == 0 ? Dns.GetHostAddressesAsync : (_, _) => Task.FromResult(Array.ConvertAll(addresses, IPAddress.Parse)))
    {
    }

    /// <param name="grants">As for <c>--allow-http</c>.</param>
    /// <param name="limits">Of the client.</param>
    /// <param name="resolve">Says where a name leads.</param>
    public OutgoingGuest(string[] grants, OutgoingHttpLimits limits, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        client = new OutgoingHttp(HttpGrants.Parse(grants), limits, resolve);
        Store = new ComponentStore(Engine);
        Store.Add(new HttpState(client));
        Store.SetDeadline(TimeSpan.FromSeconds(20), CancellationToken.None);
    }

    public ComponentStore Store { get; }

    /// <summary>A request as the guest builds it.</summary>
    /// <exception cref="InvalidOperationException">A part of it was refused as it was set; the message names it.</exception>
    public static OutgoingRequest Request(string authority, string? path = "/", Method? method = null, Scheme? scheme = null, params (string Name, string Value)[] headers)
    {
        Result<Fields, HeaderError> fields = Fields.FromList(Array.ConvertAll(headers, header => (header.Name, Encoding.Latin1.GetBytes(header.Value))));
        if (fields.IsError) throw new InvalidOperationException($"headers: {fields.Error}");
        var request = new OutgoingRequest(fields.Value);
        if (request.SetAuthority(authority).IsError) throw new InvalidOperationException("authority");
        if (request.SetPathWithQuery(path).IsError) throw new InvalidOperationException("path");
        if (request.SetMethod(method ?? Method.Get).IsError) throw new InvalidOperationException("method");
        if (request.SetScheme(scheme ?? Scheme.Http).IsError) throw new InvalidOperationException("scheme");
        return request;
    }

    /// <summary>Sends a request and reads its whole response.</summary>
    public GuestAnswer Get(string authority, string? path = "/") => Send(Request(authority, path));

    /// <summary>Sends a request, with a body where it is given, and reads its whole response.</summary>
    public GuestAnswer Send(OutgoingRequest request, string? body = null, RequestOptions? options = null)
    {
        OutgoingBody? outgoing = body is null ? null : request.Body().Value;
        Result<FutureIncomingResponse, ErrorCode> sent = Handle(request, options);
        if (sent.IsError) return new GuestAnswer(sent.Error);
        if (outgoing is not null)
        {
            OutputStream stream = outgoing.Write().Value;
            stream.BlockingWriteAndFlush(Encoding.Latin1.GetBytes(body!));
            stream.Dispose();
            outgoing.Finish(null);
        }

        return Read(sent.Value);
    }

    /// <summary><c>outgoing-handler.handle</c>.</summary>
    public Result<FutureIncomingResponse, ErrorCode> Handle(OutgoingRequest request, RequestOptions? options = null) =>
        ((Func<ComponentStore, OutgoingRequest, RequestOptions?, Result<FutureIncomingResponse, ErrorCode>>)HttpInterfaces.Outgoing.Functions["handle"])(Store, request, options);

    /// <summary>Waits for a response and reads it to its end.</summary>
    public GuestAnswer Read(FutureIncomingResponse future)
    {
        future.Subscribe().Block(Store.Cancellation);
        Result<IncomingResponse, ErrorCode> response = future.Get()!.Value.Value;
        if (response.IsError) return new GuestAnswer(response.Error);
        using IncomingResponse received = response.Value;
        IncomingBody body = received.Consume().Value;
        InputStream stream = body.TakeStream().Value;
        var text = new StringBuilder();
        ErrorCode? bodyError = null;
        while (true)
        {
            Result<byte[], StreamError> read = stream.BlockingRead(64 * 1024, Store.Cancellation);
            if (read.IsError)
            {
                bodyError = (read.Error.Error as HttpIoError)?.Code;
                break;
            }

            text.Append(Encoding.Latin1.GetString(read.Value));
        }

        stream.Dispose();
        using FutureTrailers trailers = body.Finish();
        trailers.Subscribe().Block(Store.Cancellation);
        Result<Fields?, ErrorCode> last = trailers.Get()!.Value.Value;
        return new GuestAnswer(null, received.Status, received.Headers, text.ToString(), bodyError, last.IsError ? null : last.Value);
    }

    public void Dispose()
    {
        Store.Dispose();
        client.Dispose();
    }
}
