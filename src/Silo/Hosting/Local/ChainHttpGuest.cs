using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Silo.Hosting.Http;
using Chain.Silo.Hosting.Local.Requests;
using Chain.Tracer.Telemetry;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Wasi.Http;

namespace Chain.Silo.Hosting.Local;

/// <summary>One HTTP request as the root of a chain.</summary>
/// <param name="gateway">Where chains enter.</param>
/// <param name="services">What the node has.</param>
/// <param name="component">Whose instance answers.</param>
/// <param name="exposure">By which of its exports.</param>
/// <param name="time">The time until the chain's deadline.</param>
/// <param name="turn">The turn with the instance, where it is one that silos of a cluster find; else the node's own instances answer.</param>
internal sealed class ChainHttpGuest(
    ChainGateway gateway, NodeServices services, DeployedComponent component, Exposure exposure, TimeSpan time, SlotTurn? turn = null) : IHttpGuest
{
    public void Handle(IncomingRequest request, ResponseOutparam response, CancellationToken client, CancellationToken cancellation)
    {
        var values = new RequestValues(request);
        Incoming incoming = services.Extract(values);
        ChainState chain = turn?.Chain ?? new ChainState(client, cancellation, time);
        CallRoute route = component.HttpEntryOf(exposure.Export, services);
        bool hasBegun = false;
        turn?.Use();
        (string? error, Exception? failure) = (null, null);
        try
        {
            (_, error, failure) = gateway.Enter(component, route, incoming, chain, null, values, Work, turn?.Slot);
        }
        catch (ObjectDisposedException) when (turn is not null && !hasBegun)
        {
            turn.HasMoved = true;
            throw;
        }

        if (failure is not null) throw failure;
        if (error is null) return;

        // Denied before anything ran.
        var refusal = new OutgoingResponse(new Fields());
        refusal.SetStatusCode(ResponseGate.Forbidden);
        response.Set(refusal);

        string? Work(Guest guest)
        {
            hasBegun = true;
            guest.HandleHttp(route, request, response);
            guest.Frame.LabelOut = guest.Frame.Label;
            return null;
        }
    }

    public void Reset()
    {
    }

    public void Dispose()
    {
    }
}
