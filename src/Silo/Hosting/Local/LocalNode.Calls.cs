using System.Collections.Immutable;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Silo.Calls.Remote;
using Chain.Tracer.Telemetry;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Text;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Text;

namespace Chain.Silo.Hosting.Local;

/// <content>Calls that come from outside, and from other silos.</content>
public sealed partial class LocalNode
{
    /// <summary>Calls a function of a component from outside.</summary>
    /// <param name="application">The application's name.</param>
    /// <param name="component">The component's name.</param>
    /// <param name="interfaceName">The interface as it is exported; <see langword="null"/> for a function of the component's own.</param>
    /// <param name="function">The function.</param>
    /// <param name="arguments">Values of its parameters' types.</param>
    /// <param name="incoming">The caller's context and label.</param>
    /// <param name="cancellation">The caller gives up.</param>
    /// <exception cref="KeyNotFoundException">There is no such application, component or function.</exception>
    /// <exception cref="NodeBusyException">Too many calls wait already.</exception>
    public async Task<GatewayResult> CallAsync(
        string application, string component, string? interfaceName, string function, ComponentValue[] arguments, Incoming incoming = default,
        CancellationToken cancellation = default)
    {
        DeployedApplication held = Enter(application);
        try
        {
            return await gateway.CallAsync(held, ComponentOf(held, component), interfaceName, function, arguments, incoming, cancellation).ConfigureAwait(false);
        }
        finally
        {
            held.Leave();
        }
    }

    /// <summary>Calls a function of a component from outside, as people write it.</summary>
    /// <param name="application">The application's name.</param>
    /// <param name="component">The component's name.</param>
    /// <param name="call">The function, with as little of the interface's name as tells it from others, and its arguments in WAVE: <c>store#get("7")</c>.</param>
    /// <param name="incoming">The caller's context and label.</param>
    /// <param name="cancellation">The caller gives up.</param>
    /// <exception cref="KeyNotFoundException">There is no such application, component or function; the message has near names.</exception>
    /// <exception cref="WaveException">The arguments are none of the function's.</exception>
    /// <exception cref="NodeBusyException">Too many calls wait already.</exception>
    public async Task<GatewayResult> CallAsync(
        string application, string component, string call, Incoming incoming, CancellationToken cancellation = default)
    {
        DeployedApplication held = Enter(application);
        try
        {
            DeployedComponent found = ComponentOf(held, component);
            int parenthesis = call.IndexOf('(');
            if (parenthesis < 0) parenthesis = call.Length;
            ExportedFunction function = ExportedFunction.Find(
                found.Plan.Party.Name, ExportedFunction.All(found.Compiled.Context.Type), call[..parenthesis].Trim());
            ComponentValue[] arguments = Wave.ParseArguments(call, function.Type, parenthesis);
            return await gateway.CallAsync(held, found, function.Interface, function.Name, arguments, incoming, cancellation).ConfigureAwait(false);
        }
        finally
        {
            held.Leave();
        }
    }

    /// <summary>The context and the label that a request from outside brings; an absent header is empty.</summary>
    public Incoming Extract(string traceparent, string tracestate, string baggage) => services.Propagator.Extract(traceparent, tracestate, baggage);

    /// <summary>
    /// Makes it a silo of a cluster: calls of components that have one instance, or that ask for another place, go to the silo that has it. Before any
    /// application is deployed.
    /// </summary>
    /// <param name="transport">Carries calls to other silos.</param>
    /// <param name="router">
    /// Finds the silo for HTTP requests that this one may not answer; <see langword="null"/> where this one answers all that reach it.
    /// </param>
    public void Join(IRemoteTransport transport, IRequestRouter? router = null)
    {
        lock (gate)
        {
            if (applications.Count > 0) throw new InvalidOperationException("applications are there already");
        }

        services.Remote = new RemoteCaller(services.Pipeline, services.Names, transport, services.LabelTexts);
        services.Router = router;
    }

    /// <summary>Answers a call that another silo sent; what goes wrong is in the reply.</summary>
    /// <param name="request">One attempt of the call.</param>
    /// <param name="slot">The instance, where the component is stateful.</param>
    /// <param name="cancellation">The sender gives up.</param>
    public Task<RemoteReply> AnswerAsync(RemoteRequest request, StatefulSlot? slot, CancellationToken cancellation) =>
        answers.AnswerAsync(request, slot, cancellation);

    /// <summary>
    /// A function of a new instance that no call of Chain reaches: nothing of the pipeline is around it. For comparisons, with components that import nothing
    /// of one another; the instance lives as long as the function is held.
    /// </summary>
    /// <exception cref="KeyNotFoundException">There is no such application or component.</exception>
    internal TDelegate BareFunction<TDelegate>(string application, string component, string interfaceName, string function)
        where TDelegate : Delegate
    {
        DeployedApplication held = Enter(application);
        try
        {
            PreparedComponent prepared = ComponentOf(held, component).Prepared;
            return prepared.Instantiate(new ComponentStore(prepared.Component.Engine)).GetFunction(interfaceName, function).CreateDelegate<TDelegate>();
        }
        finally
        {
            held.Leave();
        }
    }

    /// <summary>Ends calls of other silos that are under way: they are lost, as if the silo had died, but their senders hear of it.</summary>
    internal void BreakOffAnswers() => answers.BreakOff();

    /// <summary>Room for the one instance of a stateful component of which this silo is in charge; HTTP requests that other silos forward find it here.</summary>
    /// <param name="target">The instance.</param>
    /// <param name="prepare">Done with it before any call comes to it.</param>
    public StatefulSlot NewSlot(RemoteTarget target, Action<StatefulSlot>? prepare = null)
    {
        var slot = new StatefulSlot(target.Name, labels);
        prepare?.Invoke(slot);

        // HTTP requests have no key, so there is one entry a component at most; the next slot takes its place.
        if (target.Key.Length == 0) services.Slots[target.Name] = slot;
        return slot;
    }

    /// <summary>The labels that a silo must have to host a component; none where it asks for none, or is not known here.</summary>
    public IReadOnlyDictionary<string, string> PlacementOf(string application, string component)
    {
        lock (gate)
        {
            return applications.GetValueOrDefault(application)?.Components.GetValueOrDefault(component)?.Plan.Placement
                ?? ImmutableDictionary<string, string>.Empty;
        }
    }

    private DeployedApplication Enter(string name)
    {
        while (true)
        {
            DeployedApplication? found;
            lock (gate) found = applications.GetValueOrDefault(name);
            if (found is null) throw Unknown(name);
            if (found.TryEnter()) return found;
        }
    }

    /// <summary>Says that there is no such application, and what there is.</summary>
    internal KeyNotFoundException Unknown(string application)
    {
        string[] names;
        lock (gate) names = [.. applications.Keys.Order(StringComparer.Ordinal)];
        return new KeyNotFoundException(
            $"there is no application '{application}'{(names.Length == 0 ? "; none is deployed" : NearNames.Hint(application, names))}");
    }

    private static DeployedComponent ComponentOf(DeployedApplication application, string component) =>
        application.Components.GetValueOrDefault(component) ?? throw new KeyNotFoundException(
            $"{application.Plan.Name} has no component '{component}'{NearNames.Hint(component, [.. application.Components.Keys])}");
}
