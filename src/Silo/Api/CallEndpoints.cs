using System.Text.Json;
using Chain.Silo.Calls;
using Chain.Silo.Hosting.Local;
using Chain.Tracer.Telemetry;
using Chain.Wasm.Components.Text;
using Chain.Wasm.Components.Values;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Chain.Silo.Api;

/// <summary><c>/apps/{app}/components/{component}/call</c>.</summary>
internal static class CallEndpoints
{
    public static void Map(RouteGroupBuilder routes, NodeApi api) =>
        routes.MapPost("/apps/{app}/components/{component}/call", (string app, string component, CallRequest call, HttpRequest request, CancellationToken cancellation) =>
                CallAsync(api, app, component, call, request.Headers, cancellation))
            .WithName("call").WithTags("calls").WithSummary("Calls a function of a component.")
            .WithDescription(
                "The call is the root of a chain, or a part of the one that `traceparent` names; the label of its data comes in the member "
                + $"`{Propagator.LabelMember}` of `baggage`. However the call ends, the answer is 200 and says how.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

    private static async Task<CallAnswer> CallAsync(
        NodeApi api, string app, string component, CallRequest call, IHeaderDictionary headers, CancellationToken cancellation)
    {
        Incoming incoming = api.Node.Extract(headers["traceparent"].ToString(), headers["tracestate"].ToString(), headers["baggage"].ToString());
        GatewayResult result = await api.Node.CallAsync(app, component, call.Call, incoming, cancellation).ConfigureAwait(false);
        return new CallAnswer(
            OutcomeNames.Of(result.Outcome), result.Trace.ToString(), [.. result.Label.Tags.Select(static tag => tag.ToString())],
            result.Value is null ? null : Wave.Format(result.Value), result.Value is null ? null : Json(result.Value), result.Error);
    }

    private static JsonElement Json(ComponentValue value)
    {
        using var content = new MemoryStream();
        using (var json = new Utf8JsonWriter(content)) ValueJson.Write(value, json);
        return JsonElement.Parse(content.ToArray());
    }
}
