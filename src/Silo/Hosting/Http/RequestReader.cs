using System.Text;
using Chain.Wasm.Wasi.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Chain.Silo.Hosting.Http;

/// <summary>Makes the request that a guest sees of the one that came.</summary>
internal static class RequestReader
{
    /// <param name="context">The request that came.</param>
    /// <param name="cancellation">Ends reading its body.</param>
    /// <exception cref="FieldsTooLargeException">It has too many headers.</exception>
    public static IncomingRequest Read(HttpContext context, CancellationToken cancellation)
    {
        HttpRequest request = context.Request;
        var body = new IncomingBody(new RequestBody(request.Body), () => Trailers(context), Timeout.InfiniteTimeSpan, cancellation);
        return new IncomingRequest(
            Method.Of(request.Method), Target(context), Scheme.Of(request.Scheme), request.Host.HasValue ? request.Host.Value : null, Fields(request.Headers), body);
    }

    /// <summary>The path and the query as they came: decoding them is the guest's affair.</summary>
    public static string Target(HttpContext context)
    {
        string target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (target.Length == 0 || target[0] == '/' || target == "*") return target;

        // The absolute form (RFC 9112, section 3.2.2).
        int authority = target.IndexOf("://", StringComparison.Ordinal) + 3;
        int path = target.AsSpan(authority).IndexOfAny('/', '?');
        if (path < 0) return "/";
        path += authority;
        return target[path] == '/' ? target[path..] : "/" + target[path..];
    }

    private static Fields? Trailers(HttpContext context) =>
        context.Features.Get<IHttpRequestTrailersFeature>() is { Available: true } feature ? Fields(feature.Trailers) : null;

    private static Fields Fields(IHeaderDictionary headers)
    {
        var received = new List<(string Name, byte[] Value)>(headers.Count);
        foreach ((string name, StringValues values) in headers)
        {
            foreach (string? value in values) received.Add((name, Encoding.Latin1.GetBytes(value ?? "")));
        }

        return Chain.Wasm.Wasi.Http.Fields.OfMessage(received);
    }
}
