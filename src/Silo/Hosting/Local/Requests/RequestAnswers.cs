using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Silo.Hosting.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Hosting.Local.Requests;

/// <summary>Has this silo's instances of exposed components answer HTTP requests. Safe for any thread.</summary>
/// <param name="gateway">Where chains enter.</param>
/// <param name="services">What the node has.</param>
/// <param name="log">Gets a line for each request that failed in the guest.</param>
internal sealed class RequestAnswers(ChainGateway gateway, NodeServices services, ILogger log)
{
    /// <summary>What answers all requests to a component that may be answered here.</summary>
    public HttpBridge BridgeTo(DeployedComponent component, Exposure exposure) => BridgeTo(
        component, component.Plan.Limits.Deadline, services.Threads, () => new ChainHttpGuest(gateway, services, component, exposure, component.Plan.Limits.Deadline));

    /// <summary>Answers one request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="component">Whose instance answers.</param>
    /// <param name="exposure">By which of its exports.</param>
    /// <param name="slot">The instance, where the component is stateful.</param>
    /// <param name="threads">Where it runs.</param>
    /// <param name="left">What is left until the chain's deadline.</param>
    /// <returns>Why it did not reach the component; then nothing was sent. <see langword="null"/> where it was answered, however.</returns>
    public async Task<string?> AnswerAsync(
        HttpContext context, DeployedComponent component, Exposure exposure, StatefulSlot? slot, GuestThreads threads, TimeSpan left)
    {
        if (slot is null)
        {
            await BridgeTo(component, left, threads, () => new ChainHttpGuest(gateway, services, component, exposure, left)).HandleAsync(context).ConfigureAwait(false);
            return null;
        }

        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        ends.CancelAfter(left);
        var chain = new ChainState(context.RequestAborted, ends.Token, left);
        try
        {
            // Without a thread: many may wait for a stateful instance.
            await slot.EnterAsync(chain, ends.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return "it waited until its time was over";
        }

        var turn = new SlotTurn(slot, chain);
        try
        {
            await BridgeTo(component, chain.Left, threads, () => new ChainHttpGuest(gateway, services, component, exposure, left, turn)).HandleAsync(context).ConfigureAwait(false);
        }
        finally
        {
            turn.GiveBack();
        }

        if (!turn.HasMoved || context.Response.HasStarted) return null;
        context.Response.Clear();
        return "its instance moves to another silo";
    }

    private HttpBridge BridgeTo(DeployedComponent component, TimeSpan left, GuestThreads threads, Func<IHttpGuest> guest)
    {
        var limits = new HttpHostOptions { Deadline = left, RequestBodyBytes = component.Plan.Limits.RequestBodyBytes };
        return new HttpBridge(new HttpGuestPool(_ => guest(), 0), threads, limits, log);
    }
}

/// <summary>A request's turn with a stateful instance.</summary>
/// <param name="slot">The instance; the turn is had.</param>
/// <param name="chain">The chain that has it.</param>
internal sealed class SlotTurn(StatefulSlot slot, ChainState chain)
{
    private volatile bool isUsed;

    public StatefulSlot Slot => slot;

    public ChainState Chain => chain;

    /// <summary>Whether the instance ended before it saw the request, because another silo has it from now on.</summary>
    public bool HasMoved { get; set; }

    /// <summary>Whoever uses it gives the turn back with the instance.</summary>
    public void Use() => isUsed = true;

    /// <summary>Gives it back where no guest came to use it.</summary>
    public void GiveBack()
    {
        if (!isUsed) slot.Leave();
    }
}
