using Chain.Wasm.Binary;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Execution;

/// <summary>
/// An engine for core modules: the seam behind which <c>Managed</c> and a native engine stand. Safe for any thread.
/// </summary>
public abstract class Engine
{
    /// <summary>The name, such as <c>managed</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The types of all modules of this engine.</summary>
    public TypeRegistry Types { get; } = new();

    /// <summary>Validates and compiles a module. The result is shared by all its instances.</summary>
    /// <exception cref="InvalidModuleException">It is not valid.</exception>
    public CompiledModule Compile(Module module) => Compile(ModuleValidator.Validate(module, Types));

    /// <summary>Compiles a module that was validated against <see cref="Types"/>.</summary>
    public abstract CompiledModule Compile(ModuleContext validated);

    /// <summary>Decodes, validates and compiles a module.</summary>
    /// <exception cref="MalformedModuleException">The bytes are no module.</exception>
    /// <exception cref="InvalidModuleException">It is not valid.</exception>
    public CompiledModule Compile(ReadOnlyMemory<byte> bytes, string displayName = "(module)") =>
        Compile(ModuleReader.Read(bytes, displayName));

    public abstract Store CreateStore(StoreLimits? limits = null);

    /// <summary>
    /// What a reference points to: <c>i31</c>, <c>struct</c> or <c>array</c> for what a guest made, <c>func</c>, <c>exn</c>, and
    /// <c>extern</c> for an object of the host's, even where a guest holds it as <c>anyref</c>.
    /// </summary>
    public abstract AbstractHeapType KindOf(object reference);
}

/// <summary>A compiled module. Safe for any thread; instances do not share anything that can be seen through it.</summary>
public abstract class CompiledModule
{
    public abstract Engine Engine { get; }

    public abstract Module Module { get; }

    /// <summary>The functions compiled so far. An engine may compile at the first call, or all at once.</summary>
    public abstract int CompiledFunctions { get; }

    /// <summary>
    /// The indices of those, of the functions compiled so far, whose code stays unoptimised, for instance because they are too large.
    /// </summary>
    public abstract IReadOnlyCollection<uint> UnoptimisedFunctions { get; }

    /// <summary>Compiles now what would be compiled at its first call.</summary>
    public abstract void CompileAll();

    /// <summary>Links and makes an instance, writes its segments and runs its start function.</summary>
    /// <param name="store">Where it lives; only one thread may use a store at a time.</param>
    /// <param name="imports">What its imports are, in the order of <see cref="Binary.Module.Imports"/>.</param>
    /// <exception cref="WasmLinkException">An import is missing or of another type.</exception>
    /// <exception cref="WasmLimitException">A memory or table is larger than the store allows.</exception>
    /// <exception cref="WasmTrapException">A segment does not fit, or the start function trapped.</exception>
    public abstract Instance Instantiate(Store store, IReadOnlyList<External> imports);

    /// <summary>Links by name and makes an instance.</summary>
    /// <param name="store">Where it lives.</param>
    /// <param name="resolve">Gives what an import is, or <see langword="null"/>.</param>
    public Instance Instantiate(Store store, Func<Import, External?> resolve)
    {
        var imports = new External[Module.Imports.Length];
        for (int i = 0; i < imports.Length; i++)
        {
            Import import = Module.Imports[i];
            imports[i] = resolve(import) ?? throw new WasmLinkException(
                $"{Module.DisplayName}: unmet import \"{import.Module}\" \"{import.Name}\" ({import.Kind.ToString().ToLowerInvariant()})",
                import.Offset);
        }

        return Instantiate(store, imports);
    }

    /// <summary>Makes an instance of a module without imports.</summary>
    public Instance Instantiate(Store store) => Instantiate(store, static _ => null);
}

/// <summary>An instance of a module.</summary>
public abstract class Instance
{
    public abstract CompiledModule CompiledModule { get; }

    public abstract Store Store { get; }

    /// <summary>What it exports under a name, or <see langword="null"/>.</summary>
    public abstract External? Find(string export);

    /// <summary>
    /// Puts memories, tables, globals and segments back to what instantiation made of them and runs the start function again: a new instance
    /// for a fraction of the price. Things that it imported from others are not touched.
    /// </summary>
    /// <exception cref="InvalidOperationException">A call is under way in its store.</exception>
    public abstract void Reset();

    /// <exception cref="KeyNotFoundException">There is no such export, or it is something else.</exception>
    public Function GetFunction(string export) => Get<Function>(export);

    /// <inheritdoc cref="GetFunction"/>
    public LinearMemory GetMemory(string export) => Get<LinearMemory>(export);

    private T Get<T>(string export) where T : External =>
        Find(export) as T ?? throw new KeyNotFoundException(
            $"{CompiledModule.Module.DisplayName} exports no {typeof(T).Name} \"{export}\"");
}

/// <summary>
/// Everything that instances which know one another own: memories, tables, limits. One thread at a time; dispose of it to give the
/// memory back at once.
/// </summary>
public abstract class Store : IDisposable
{
    public abstract Engine Engine { get; }

    public abstract StoreLimits Limits { get; }

    /// <summary>What is left of the fuel; settable. <see langword="null"/> where none is counted.</summary>
    public abstract long? Fuel { get; set; }

    /// <summary>Whether a call from the host is under way.</summary>
    public abstract bool IsRunning { get; }

    /// <summary>The results of the last call through a typed delegate past the first, in order.</summary>
    public abstract IReadOnlyList<Value> ExtraResults { get; }

    /// <summary>
    /// Sets when running code ends with <see cref="TrapKind.Deadline"/>: within about 10 ms after this much time, or at once when the token
    /// is cancelled. It stays until the next call of this method: a call that begins past it ends at once. Any thread.
    /// </summary>
    /// <param name="timeout">From now; <see cref="Timeout.InfiniteTimeSpan"/> for none.</param>
    /// <param name="cancellation">Ends running code early.</param>
    public abstract void SetDeadline(TimeSpan timeout, CancellationToken cancellation = default);

    /// <summary>Makes a host function from a delegate with the parameters of <paramref name="type"/>; it is called without boxing.</summary>
    /// <param name="type">Its type; concrete heap types in it are ids of the engine's registry.</param>
    /// <param name="callback">
    /// Takes <c>int long float double Vector128&lt;byte&gt; object</c> (the unsigned integers will do too) and returns the one result or none.
    /// </param>
    /// <exception cref="ArgumentException">The delegate does not fit, or the type has several results.</exception>
    public abstract Function CreateFunction(FunctionType type, Delegate callback);

    /// <summary>Makes a host function that gets and returns values; for tools, and for several results.</summary>
    public abstract Function CreateFunction(FunctionType type, Func<Value[], Value[]> callback);

    public abstract LinearMemory CreateMemory(MemoryType type);

    public abstract ReferenceTable CreateTable(TableType type, object? initial = null);

    public abstract GlobalVariable CreateGlobal(GlobalType type, Value initial);

    public abstract ExceptionTag CreateTag(FunctionType type);

    public abstract void Dispose();
}
