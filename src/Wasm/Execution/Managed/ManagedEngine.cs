using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Compilation;
using Chain.Wasm.Execution.Managed.Runtime;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Execution.Managed;

/// <summary>
/// The engine that comes with Chain: it compiles functions to CIL, and the .NET JIT compiles those. Safe for any thread.
/// </summary>
public sealed class ManagedEngine : Engine
{
    /// <exception cref="UnauthorizedAccessException">Others may write to the cache's folder.</exception>
    public ManagedEngine(EngineOptions? options = null)
    {
        Options = options ?? new EngineOptions();
        if (Options.CacheDirectory is { } folder) Cache = new CodeCache(folder);
        Adapters = new AdapterFactory();
        HostFunctions = new HostFunctionFactory(this);
    }

    public override string Name => "managed";

    public EngineOptions Options { get; }

    /// <summary>The compiled modules on disk, where there is a folder for them.</summary>
    internal CodeCache? Cache { get; }

    internal AdapterFactory Adapters { get; }

    internal HostFunctionFactory HostFunctions { get; }

    public override CompiledModule Compile(ModuleContext validated) => new ManagedModule(this, validated);

    public override Store CreateStore(StoreLimits? limits = null)
    {
        limits ??= new StoreLimits();
        if (limits.Fuel is not null && !Options.MeasureFuel)
            throw new ArgumentException("fuel needs an engine made with MeasureFuel", nameof(limits));
        return new ManagedStore(this, limits);
    }

    public override AbstractHeapType KindOf(object reference) => reference switch
    {
        I31Object => AbstractHeapType.I31,
        StructureObject => AbstractHeapType.Struct,
        ArrayObject => AbstractHeapType.Array,
        Function => AbstractHeapType.Func,
        WasmGuestException => AbstractHeapType.Exn,
        _ => AbstractHeapType.Extern,
    };
}
