using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Chain.Silo.Hosting.Local.Requests;

/// <summary>One request as it goes to another silo, headers and all as they came, and what comes back.</summary>
/// <param name="said">What this silo says of it.</param>
/// <param name="secret">The other silo's.</param>
internal sealed class RequestLetter(ForwardedRequest said, string secret) : HttpTransformer
{
    /// <summary>Why the other silo did not let it reach the component; <see langword="null"/> where it did.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Whether the component's response has begun.</summary>
    public bool HasAnswer { get; private set; }

    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken).ConfigureAwait(false);

        // What a client sends by these names would go along otherwise.
        proxyRequest.Headers.Remove(ForwardedRequest.Header);
        proxyRequest.Headers.Remove(ForwardedRequest.SecretHeader);
        proxyRequest.Headers.TryAddWithoutValidation(ForwardedRequest.Header, said.ToHeader());
        proxyRequest.Headers.TryAddWithoutValidation(ForwardedRequest.SecretHeader, secret);

        // The target goes in the header: as a URI it would not stay byte for byte what it is.
        proxyRequest.RequestUri = new Uri(destinationPrefix);
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null) return false;
        if (proxyResponse.Headers.TryGetValues(ForwardedRequest.RefusalHeader, out IEnumerable<string>? values)
            && said.ReasonIn(string.Join(',', values)) is { } reason)
        {
            Refusal = reason;
            return false;
        }

        HasAnswer = true;
        await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken).ConfigureAwait(false);

        // A component that streams may write the head long before the first part of the body.
        if (proxyResponse.Content.Headers.ContentLength is null) await httpContext.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
        return true;
    }
}
