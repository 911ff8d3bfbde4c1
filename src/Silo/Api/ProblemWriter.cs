using System.Text;
using Chain.Wasm.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Api;

/// <summary>Lets in who shows the token, and turns whatever goes wrong into a <see cref="Problem"/>. Safe for any thread.</summary>
internal sealed partial class ProblemWriter(ApiToken token, ILogger log)
{
    private const string Scheme = "Bearer ";
    private const string BasicScheme = "Basic ";
    private const int ClientClosed = 499;

    public async Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        if (Refusal(context) is { } refusal)
        {
            context.Response.Headers.WWWAuthenticate = IsForBrowsers(context.Request) ? "Basic realm=\"chain\", charset=\"UTF-8\"" : "Bearer realm=\"chain\"";
            await refusal.WriteAsync(context).ConfigureAwait(false);
            return;
        }

        try
        {
            await next(context).ConfigureAwait(false);
            if (!context.Response.HasStarted && context.Response is { StatusCode: >= 400, ContentType: null })
                await Problem.OfStatus(context.Response.StatusCode, DetailOf(context)).WriteAsync(context).ConfigureAwait(false);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            if (!context.Response.HasStarted) context.Response.StatusCode = ClientClosed;
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            Problem problem = Problem.Of(failure);
            if (problem.Status >= 500) LogFailure(log, failure, context.Request.Method, context.Request.Path);
            if (problem.Status == StatusCodes.Status503ServiceUnavailable) context.Response.Headers.RetryAfter = "1";
            await problem.WriteAsync(context).ConfigureAwait(false);
        }
    }

    private Problem? Refusal(HttpContext context)
    {
        string shown = context.Request.Headers.Authorization.ToString();
        if (shown.StartsWith(BasicScheme, StringComparison.OrdinalIgnoreCase) && IsForBrowsers(context.Request) && token.Fits(PasswordOf(shown[BasicScheme.Length..]))) return null;
        if (shown.Length == 0) return Problem.Unauthorized("expected the header 'Authorization: Bearer TOKEN'; the token is in the file 'token' of the node's folder");
        bool isToken = shown.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && token.Fits(shown[Scheme.Length..].Trim());
        return isToken ? null : Problem.Unauthorized("this is not the node's token; it is in the file 'token' of the node's folder");
    }

    // A browser asks its user for a password, and from then on sends it with every request, whoever made that request: so not to what changes anything.
    private static bool IsForBrowsers(HttpRequest request) =>
        request.Path.StartsWithSegments(ApiServer.DashboardPath) && (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method));

    /// <summary>The password of HTTP's Basic scheme (RFC 7617); empty where it is malformed.</summary>
    private static string PasswordOf(string credentials)
    {
        try
        {
            string both = Encoding.UTF8.GetString(Convert.FromBase64String(credentials.Trim()));
            return both[(both.IndexOf(':') + 1)..];
        }
        catch (FormatException)
        {
            return "";
        }
    }

    private static string DetailOf(HttpContext context)
    {
        HttpRequest request = context.Request;
        string path = TextLiteral.OneLine(request.Path.Value ?? "/");
        if (context.Response.StatusCode == StatusCodes.Status405MethodNotAllowed)
            return $"{request.Method} {path}: expected {context.Response.Headers.Allow}";
        if (context.Response.StatusCode == StatusCodes.Status415UnsupportedMediaType)
            return $"{path} takes no '{TextLiteral.OneLine(request.ContentType ?? "")}'; see {ApiServer.Root}/openapi.json";
        if (context.Response.StatusCode != StatusCodes.Status404NotFound) return $"{request.Method} {path} cannot be answered";
        string[] known = [.. context.RequestServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(one => Filled(one.RoutePattern.RawText ?? "", path)).Distinct().Order(StringComparer.Ordinal)];
        return $"there is no {path}{NearNames.Hint(path, known)}; see {ApiServer.Root}/openapi.json";
    }

    /// <summary>An address with the names that the request has where it takes any.</summary>
    private static string Filled(string pattern, string path)
    {
        string[] parts = path.Split('/');
        return string.Join('/', pattern.Split('/').Select((part, i) => part.StartsWith('{') && i < parts.Length ? parts[i] : part));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private static partial void LogFailure(ILogger log, Exception failure, string method, string path);
}
