using Chain.PolicyEngine.Decisions;
using Chain.Silo.Calls;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Wasi.Http;

namespace Chain.Silo.Hosting.Local;

/// <summary>
/// Decides on an HTTP response when the guest gives its head, before anything of it leaves; what the guest learns after it is decided on as it
/// learns it. A response that is denied becomes 403.
/// </summary>
internal sealed class ResponseGate : IHostGate
{
    /// <summary>The status of a response in the place of one that a policy denied.</summary>
    public const ushort Forbidden = 403;

    public static ResponseGate Instance { get; } = new();

    /// <exception cref="CallRefusedException">It was denied; the client has its answer.</exception>
    public CallDecision Decide(Guest guest, ComponentCall call)
    {
        var outparam = (ResponseOutparam)((ResourceValue)call.Arguments[0]).Resource;
        if (guest.Pipeline.Result(guest.Frame, isError: false, null) is not { } denial)
        {
            guest.Owner.Disclosing(guest);
            guest.KeepOpen(guest.Frame, PolicyEvent.Result);
            return CallDecision.Proceed;
        }

        var refusal = new OutgoingResponse(new Fields());
        refusal.SetStatusCode(Forbidden);
        outparam.Set(refusal);
        return CallDecision.Refuse(denial);
    }
}
