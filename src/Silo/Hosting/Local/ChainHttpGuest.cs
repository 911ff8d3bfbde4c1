using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Silo.Hosting.Http;
using Chain.Tracer.Telemetry;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Wasi.Http;

namespace Chain.Silo.Hosting.Local;

/// <summary>One HTTP request as the root of a chain.</summary>
internal sealed class ChainHttpGuest(ChainGateway gateway, NodeServices services, DeployedComponent component, Exposure exposure, LabelRule requests) : IHttpGuest
{
    private const string Function = "handle";

    public void Handle(IncomingRequest request, ResponseOutparam response, CancellationToken client, CancellationToken cancellation)
    {
        var values = new RequestValues(request);
        Incoming incoming = services.Propagator.Extract(values.All("traceparent"), values.All("tracestate"), values.All("baggage"));
        var chain = new ChainState(client, cancellation, component.Plan.Limits.Deadline);
        CallRoute route = component.HttpEntryOf(exposure.Export, requests, services);
        (_, string? error, Exception? failure) = gateway.Enter(component, route, incoming, chain, null, values, guest =>
        {
            guest.HandleHttp(route, request, response);
            guest.Frame.LabelOut = guest.Frame.Label;
            return null;
        });
        if (failure is not null) throw failure;
        if (error is null) return;

        // Denied before anything ran.
        var refusal = new OutgoingResponse(new Fields());
        refusal.SetStatusCode(ResponseGate.Forbidden);
        response.Set(refusal);
    }

    public void Reset()
    {
    }

    public void Dispose()
    {
    }

    private sealed class RequestValues(IncomingRequest request) : IRequestValues
    {
        public string All(string name) => Header(name) ?? "";

        public string? Header(string name)
        {
            byte[][] values = request.Headers.Get(name);
            return values.Length == 0 ? null : string.Join(',', values.Select(System.Text.Encoding.Latin1.GetString));
        }

        public string? Query(string name)
        {
            string target = request.PathWithQuery ?? "";
            int question = target.IndexOf('?');
            if (question < 0) return null;
            foreach (string pair in target[(question + 1)..].Split('&'))
            {
                int equals = pair.IndexOf('=');
                string key = Uri.UnescapeDataString((equals < 0 ? pair : pair[..equals]).Replace('+', ' '));
                if (key == name) return equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..].Replace('+', ' '));
            }

            return null;
        }
    }
}
