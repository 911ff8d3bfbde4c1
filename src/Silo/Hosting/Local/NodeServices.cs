using System.Collections.Concurrent;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Tracer.Calls;
using Chain.Tracer.Storage;
using Chain.Tracer.Telemetry;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Execution;

namespace Chain.Silo.Hosting.Local;

/// <summary>What a node has for the applications on it. Safe for any thread.</summary>
internal sealed class NodeServices(Engine engine, CallPipeline pipeline, CallNames names, StateStore state, Propagator propagator, GuestThreads threads)
{
    private readonly ConcurrentDictionary<string, Lazy<CompiledComponent>> compiled = new();

    public CallPipeline Pipeline { get; } = pipeline;

    public CallNames Names { get; } = names;

    public StateStore State { get; } = state;

    public Propagator Propagator { get; } = propagator;

    public GuestThreads Threads { get; } = threads;

    /// <summary>A component's code, compiled once for all applications and versions that have it.</summary>
    public CompiledComponent Compile(ComponentPlan component) => compiled.GetOrAdd(
        component.Digest,
        static (_, state) => new Lazy<CompiledComponent>(
            () => CompiledComponent.Compile(state.engine, ComponentReader.Read(state.component.Bytes, state.component.Name))),
        (engine, component)).Value;
}
