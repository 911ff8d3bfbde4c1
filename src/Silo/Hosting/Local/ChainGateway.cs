using System.Runtime.ExceptionServices;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Silo.Calls.Remote;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Chain.Tracer.Telemetry;
using Chain.Wasm;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Values;
using Outcome = Chain.Wasm.Components.Hosting.CallOutcome;

namespace Chain.Silo.Hosting.Local;

/// <summary>How a call from outside ended.</summary>
/// <param name="Trace">Its chain.</param>
/// <param name="Outcome">How.</param>
/// <param name="Value">What it returned; <see langword="null"/> where it returned nothing.</param>
/// <param name="Label">The label of the result.</param>
/// <param name="Error">Why it did not return; <see langword="null"/> where it did.</param>
public sealed record GatewayResult(TraceId Trace, Tracer.Calls.CallOutcome Outcome, ComponentValue? Value, Label Label, string? Error);

/// <summary>More calls than the node takes at a time.</summary>
public sealed class NodeBusyException() : Exception("the node has as many calls as it takes");

/// <summary>Where chains enter the node. Safe for any thread.</summary>
internal sealed class ChainGateway(NodeServices services)
{
    private int sent;

    /// <summary>Calls a function of a component from outside.</summary>
    /// <param name="application">The application, which the caller holds.</param>
    /// <param name="component">The component.</param>
    /// <param name="interfaceName">The interface as it is exported; <see langword="null"/> for a function of the component's own.</param>
    /// <param name="function">The function.</param>
    /// <param name="arguments">Values of its parameters' types.</param>
    /// <param name="incoming">The caller's context and label.</param>
    /// <param name="cancellation">The caller gives up.</param>
    /// <exception cref="NodeBusyException">Too many calls wait already.</exception>
    public async Task<GatewayResult> CallAsync(
        DeployedApplication application, DeployedComponent component, string? interfaceName, string function, ComponentValue[] arguments,
        Incoming incoming, CancellationToken cancellation)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        ends.CancelAfter(component.Plan.Limits.Deadline);
        var chain = new ChainState(cancellation, ends.Token, component.Plan.Limits.Deadline);
        CallRoute route = component.EntryOf(interfaceName, function, services);
        if (route.Remote is { IsHere: false } remote) return await CallAsync(route, remote.Caller, arguments, incoming, chain).ConfigureAwait(false);
        return await CallHereAsync(component, route, arguments, incoming, chain).ConfigureAwait(false);
    }

    private Task<GatewayResult> CallHereAsync(DeployedComponent component, CallRoute route, ComponentValue[] arguments, Incoming incoming, ChainState chain)
    {
        var done = new TaskCompletionSource<GatewayResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool isTaken = services.Threads.TryRun(() =>
        {
            try
            {
                done.SetResult(Call(component, route, arguments, incoming, chain));
            }
            catch (Exception failure)
            {
                done.SetException(failure);
            }
        });
        return isTaken ? done.Task : throw new NodeBusyException();
    }

    /// <summary>Runs a call that enters the node on the calling thread, a guest's: begin, work, end.</summary>
    /// <param name="component">Who is called.</param>
    /// <param name="route">What is called.</param>
    /// <param name="incoming">The caller's context and label.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="arguments">Reads the arguments, for rules.</param>
    /// <param name="request">The HTTP request that it is, if it is one.</param>
    /// <param name="work">Calls the instance; answers the message of a denial of its result.</param>
    /// <param name="slot">The instance, where the chain has its turn with one already; else the component's own instances answer.</param>
    /// <exception cref="ObjectDisposedException">The slot is closed.</exception>
    /// <returns>The frame of the call that is over, and why it failed or was denied.</returns>
    public (CallFrame Frame, string? Error, Exception? Failure) Enter(
        DeployedComponent component, CallRoute route, Incoming incoming, ChainState chain, Func<IReadOnlyList<ComponentValue>>? arguments,
        IRequestValues? request, Func<Guest, string?> work, StatefulSlot? slot = null)
    {
        CallPipeline pipeline = services.Pipeline;
        var frame = new CallFrame();
        LabelId label = incoming.Label;
        Guest guest;
        try
        {
            guest = slot is null ? component.Target.Take(chain, route.KeyOf(arguments), chain.Cancellation) : slot.Take(component.Maker, chain);
        }
        catch (Exception failure) when (failure is WasmException or OperationCanceledException)
        {
            if (pipeline.Begin(frame, route, incoming.Context, chain, 0, label, arguments, request) is { } refused) return (frame, refused, null);
            pipeline.End(frame, GuestInterceptor.OutcomeOf(chain, Outcome.LimitHit), failure.Message);
            return (frame, failure.Message, failure);
        }

        frame = guest.Frame;
        if (pipeline.Begin(frame, route, incoming.Context, chain, 0, label, arguments, request) is { } denial)
        {
            guest.Owner.Return(guest, isSound: true);
            return (frame.Copy(), denial, null);
        }

        guest.Enter(chain);
        Exception? error = null;
        string? refusal = null;
        try
        {
            refusal = work(guest);
        }
        catch (Exception failure)
        {
            error = failure;
        }

        Tracer.Calls.CallOutcome outcome = error is null ? frame.Outcome : GuestInterceptor.OutcomeOf(chain, CallInterceptor.OutcomeOf(error));
        if (error is not null) frame.LabelOut = frame.Label;
        pipeline.End(frame, outcome, refusal ?? error?.Message);
        CallFrame over = frame.Copy();
        guest.Owner.Return(guest, isSound: error is null);
        // A fault of the host's own is recorded like any end of a call, and is no answer.
        if (error is not (null or WasmException or OperationCanceledException)) ExceptionDispatchInfo.Throw(error);
        return (over, refusal ?? error?.Message, error);
    }

    /// <summary>Records a request that came to no silo's instance, or to one that nobody hears of any more.</summary>
    /// <param name="component">Who was to answer.</param>
    /// <param name="route">What was called.</param>
    /// <param name="incoming">The caller's context and label.</param>
    /// <param name="request">The request.</param>
    /// <param name="outcome">What became of it.</param>
    /// <param name="why">Why.</param>
    /// <param name="attempt">Which attempt it was, from 1.</param>
    /// <param name="silo">The silo that it was sent to; empty for none.</param>
    /// <returns>The message of a denial: policies say that it may not be answered at all.</returns>
    public string? RecordUnanswered(
        DeployedComponent component, CallRoute route, Incoming incoming, IRequestValues request, Tracer.Calls.CallOutcome outcome, string why, int attempt, string silo)
    {
        var frame = new CallFrame();
        var chain = new ChainState(CancellationToken.None, CancellationToken.None, component.Plan.Limits.Deadline);
        if (services.Pipeline.Begin(frame, route, incoming.Context, chain, 0, incoming.Label, null, request) is { } denial) return denial;
        CallSiteId? site = attempt == 1 && silo.Length == 0 ? null : services.Names.Intern(services.Names[route.Site] with { Host = silo, Attempt = attempt });
        services.Pipeline.End(frame, outcome, why, site);
        return null;
    }

    /// <summary>A call that another silo answers: no guest runs here, so it needs no thread.</summary>
    private async Task<GatewayResult> CallAsync(
        CallRoute route, RemoteCaller caller, ComponentValue[] arguments, Incoming incoming, ChainState chain)
    {
        if (Interlocked.Increment(ref sent) > services.MostSent)
        {
            Interlocked.Decrement(ref sent);
            throw new NodeBusyException();
        }

        try
        {
            RemoteResult result = await caller.CallAsync(route, incoming.Context, chain, 0, incoming.Label, arguments).ConfigureAwait(false);

            // A fault of the host's own is recorded like any end of a call, and is no answer.
            if (result.Failure is { } failure and not (WasmException or OperationCanceledException)) ExceptionDispatchInfo.Throw(failure);
            CallFrame frame = result.Frame;
            return new GatewayResult(
                frame.Call.Context.Trace, frame.Outcome, result.Value, services.Pipeline.Labels[result.Learned], result.Denial ?? result.Failure?.Message);
        }
        finally
        {
            Interlocked.Decrement(ref sent);
        }
    }

    private GatewayResult Call(DeployedComponent component, CallRoute route, ComponentValue[] arguments, Incoming incoming, ChainState chain)
    {
        ComponentValue? value = null;
        (CallFrame frame, string? error, _) = Enter(component, route, incoming, chain, () => arguments, null, guest =>
        {
            value = guest.Function(route).Invoke(arguments);
            string? denial = services.Pipeline.Result(guest.Frame, value is ResultValue { IsOk: false }, () => value);
            if (denial is not null) value = null;
            return denial;
        });
        return new GatewayResult(frame.Call.Context.Trace, frame.Outcome, value, services.Pipeline.Labels[frame.LabelOut], error);
    }
}
