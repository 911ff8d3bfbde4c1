using System.Collections.Concurrent;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Silo.Calls.Remote;
using Chain.Tracer.Calls;
using Chain.Tracer.Storage;
using Chain.Tracer.Telemetry;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Execution;

namespace Chain.Silo.Hosting.Local;

/// <summary>What a node has for the applications on it. Safe for any thread.</summary>
internal sealed class NodeServices(
    Engine engine, CallPipeline pipeline, CallNames names, StateStore state, Propagator propagator, GuestThreads threads, IReadOnlyDictionary<string, string> labels)
{
    private readonly ConcurrentDictionary<string, Lazy<CompiledComponent>> compiled = new();

    public CallPipeline Pipeline { get; } = pipeline;

    public CallNames Names { get; } = names;

    public StateStore State { get; } = state;

    public Propagator Propagator { get; } = propagator;

    public GuestThreads Threads { get; } = threads;

    /// <summary>What makes calls to other silos; <see langword="null"/> while the node is none of a cluster.</summary>
    public RemoteCaller? Remote { get; set; }

    /// <summary>Finds the silo for requests that this one may not answer; <see langword="null"/> while the node is none of a cluster.</summary>
    public IRequestRouter? Router { get; set; }

    /// <summary>The instances of stateful components that this silo of a cluster is in charge of, by <c>application/component</c>. One whose slot is closed has moved.</summary>
    public ConcurrentDictionary<string, StatefulSlot> Slots { get; } = new(StringComparer.Ordinal);

    /// <summary>The context and the label that a request brings.</summary>
    public Incoming Extract(IRequestValues request) =>
        Propagator.Extract(request.Header("traceparent") ?? "", request.Header("tracestate") ?? "", request.Header("baggage") ?? "");

    /// <summary>Calls from outside that wait for other silos at a time, at most.</summary>
    public int MostSent { get; init; } = 20_000;

    public LabelTexts LabelTexts { get; } = new(pipeline.Labels);

    /// <summary>Whether this silo of a cluster may host a component: it has the labels that the component's place asks for.</summary>
    public bool MayRun(ComponentPlan component) =>
        component.Placement.All(wanted => labels.TryGetValue(wanted.Key, out string? has) && has == wanted.Value);

    /// <summary>A component's code, compiled once for all applications and versions that have it.</summary>
    public CompiledComponent Compile(ComponentPlan component) => compiled.GetOrAdd(
        component.Digest,
        static (_, state) => new Lazy<CompiledComponent>(
            () => CompiledComponent.Compile(state.engine, ComponentReader.Read(state.component.Bytes, state.component.Name))),
        (engine, component)).Value;
}
