using System.Collections.Concurrent;
using Chain.PolicyEngine.Decisions;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Tracer.Calls;
using Chain.Tracer.Telemetry;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Wasi.Http;

namespace Chain.Silo.Hosting.Local;

/// <summary>
/// The HTTP requests that one component makes, as calls to sinks: to one that the manifest names, or else to <c>outside/HOST</c>. The trace and the
/// label go with the request. Safe for any thread.
/// </summary>
internal sealed class HttpSinks(ComponentPlan component, IReadOnlyList<SinkRule> sinks, CallNames names, LabelRule responses, Propagator propagator) : ISinkRouter
{
    private const string Function = "wasi:http/outgoing-handler#handle";

    /// <summary>Hosts whose routes are kept; a guest that names more of them makes new ones each time.</summary>
    private const int MostHosts = 1000;

    private readonly ConcurrentDictionary<string, CallRoute> routes = new(StringComparer.OrdinalIgnoreCase);

    public SinkCall Route(Guest guest, ComponentCall call)
    {
        var request = (OutgoingRequest)((ResourceValue)call.Arguments[0]).Resource;
        string authority = request.Authority ?? "";
        if (!routes.TryGetValue(authority, out CallRoute? route))
        {
            route = MakeRoute(authority);
            if (routes.Count < MostHosts) route = routes.GetOrAdd(authority, route);
        }

        return new SinkCall(
            route,
            static _ => new ResultValue(false, new VariantValue("HTTP-request-denied", null)),
            frame => request.HostHeaders = Headers(frame));
    }

    private CallRoute MakeRoute(string authority)
    {
        SinkRule? sink = sinks.FirstOrDefault(rule => rule.Kind == SinkKind.Http
            && (rule.Component is null || rule.Component == component.Name) && HttpGrants.Parse([rule.Pattern]).Names(authority));
        string name = authority.Length <= 100 ? authority : authority[..100];
        CallParty party = sink?.Party ?? new CallParty(new ComponentRef($"outside/{name}"));
        var function = new FunctionRef(Function);
        return new CallRoute(
            new CallLink(component.Party, party, function), names.Intern(new CallSite(component.Party.Component, party.Component, function)), null, LabelRule.None, responses);
    }

    private List<KeyValuePair<string, string>> Headers(CallFrame frame)
    {
        if (frame.Call.Context.IsNone) return [];
        var headers = new List<KeyValuePair<string, string>> { new("traceparent", TraceParent.ToString(frame.Call.Context)) };
        if (frame.Call.Context.State is { } state) headers.Add(new("tracestate", state));
        if (propagator.Baggage(frame.LabelIn) is { } baggage) headers.Add(new("baggage", baggage));
        return headers;
    }
}
