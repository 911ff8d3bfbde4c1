using System.Text.Json;
using Chain.PolicyEngine.Policies;
using Chain.Silo.Applications;
using Chain.Silo.Applications.Storage;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;
using Chain.Tracer.Storage;
using Chain.Wasm;
using Chain.Wasm.Components.Text;
using Chain.Wasm.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Chain.Silo.Api;

/// <summary>An answer that is an error (RFC 9457).</summary>
/// <param name="Type">A URI that names the kind of problem: <c>urn:chain:problem:NAME</c>.</param>
/// <param name="Title">The kind in words; the same for each of them.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What is wrong in this case.</param>
/// <param name="Errors">What is wrong in files, where it is that.</param>
public sealed record Problem(string Type, string Title, int Status, string Detail, IReadOnlyList<IssueLine>? Errors = null)
{
    public const string MediaType = "application/problem+json";
    /// <summary>The <see cref="Type"/> of arguments that are none of a function's.</summary>
    public const string BadArguments = Kinds + "bad-arguments";

    /// <summary>The <see cref="Type"/> of a request to a silo that takes no more calls; another may take it.</summary>
    public const string Leaving = Kinds + "leaving";

    private const string Kinds = "urn:chain:problem:";

    public static Problem Unauthorized(string detail) => new(Kinds + "unauthorized", "The token is missing or wrong", StatusCodes.Status401Unauthorized, detail);

    public static Problem BadRequest(string detail) => new(Kinds + "bad-request", "The request is malformed", StatusCodes.Status400BadRequest, detail);

    public static Problem NoCluster(string node) => new(
        Kinds + "no-cluster", "The node is in no cluster", StatusCodes.Status409Conflict, $"{node} is a node by itself; silos are started with: chain up --silos N");

    public static Problem IsLeaving(string silo) => new(
        Leaving, "The silo takes no more calls", StatusCodes.Status503ServiceUnavailable, $"silo {silo} is drained or on its way out; ask another");

    /// <summary>What an exception means to a caller; what only the node's owner should see stays in its log.</summary>
    public static Problem Of(Exception failure) => failure switch
    {
        KeyNotFoundException => new(Kinds + "unknown-name", "There is nothing of that name", StatusCodes.Status404NotFound, failure.Message),
        WaveException => new(BadArguments, "The arguments are none of the function's", StatusCodes.Status400BadRequest, failure.Message),
        ManifestException refused => Refused(refused.Issues),
        PolicySetException refused => Refused(refused.Issues),
        WasmException => new(Kinds + "refused-component", "A component cannot be linked", StatusCodes.Status422UnprocessableEntity, failure.Message),
        NodeBusyException or DeploymentBusyException => new(Kinds + "busy", "The node is busy", StatusCodes.Status503ServiceUnavailable, failure.Message),
        ClusterException => new(Kinds + "cluster", "The cluster cannot do that now", StatusCodes.Status503ServiceUnavailable, failure.Message),
        ProblemException known => known.Problem,
        BadHttpRequestException bad when bad.StatusCode == StatusCodes.Status413PayloadTooLarge => OfStatus(bad.StatusCode, bad.Message),
        BadHttpRequestException { InnerException: JsonException json } => BadRequest(
            $"the body is not the JSON that {ApiServer.Root}/openapi.json describes: line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}, at {TextLiteral.OneLine(json.Path ?? "$")}"),
        BadHttpRequestException bad => OfStatus(bad.StatusCode, TextLiteral.OneLine(bad.Message)),
        InvalidDataException => BadRequest(failure.Message),
        StoreException => new(Kinds + "refused-by-store", "The store cannot do that", StatusCodes.Status409Conflict, failure.Message),
        NpgsqlException or TimeoutException => new(
            Kinds + "store-unavailable", "The store does not answer", StatusCodes.Status503ServiceUnavailable, $"the store: {failure.Message}"),
        _ => new(Kinds + "internal", "A fault of Chain itself", StatusCodes.Status500InternalServerError, $"internal error: {failure.GetType().Name}; the node's log says more"),
    };

    /// <summary>The problem of a status that the web server gave without a word.</summary>
    public static Problem OfStatus(int status, string detail) => status switch
    {
        StatusCodes.Status404NotFound => new(Kinds + "unknown-address", "There is nothing at this address", status, detail),
        StatusCodes.Status405MethodNotAllowed => new(Kinds + "method-not-allowed", "The address knows no such method", status, detail),
        StatusCodes.Status413PayloadTooLarge => new(Kinds + "too-large", "The request is too large", status, detail),
        StatusCodes.Status415UnsupportedMediaType => new(Kinds + "unsupported-media-type", "The body is of another media type", status, detail),
        _ => BadRequest(detail) with { Status = status },
    };

    public Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        return context.Response.WriteAsJsonAsync(this, ApiJson.Options, MediaType, context.RequestAborted);
    }

    private static Problem Refused(IReadOnlyList<PolicyIssue> issues) => new(
        Kinds + "refused-application", "The application does not check", StatusCodes.Status422UnprocessableEntity,
        issues.Count == 1 ? $"{issues[0].Place}: {issues[0].Message}" : $"{issues.Count} errors; the first: {issues[0].Place}: {issues[0].Message}",
        [.. issues.Select(IssueLine.Of)]);
}

/// <summary>Something is wrong that has no exception of its own.</summary>
internal sealed class ProblemException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem { get; } = problem;
}

/// <summary>JSON of the API.</summary>
public static class ApiJson
{
    public static JsonSerializerOptions Options { get; } = Create();

    internal static void Set(JsonSerializerOptions options)
    {
        options.DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull;
        options.NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict;
        // Nothing of it is ever put into HTML, and people read it.
        options.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
    }

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        Set(options);
        return options;
    }
}
