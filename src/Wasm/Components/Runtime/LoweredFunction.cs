using Chain.Wasm.Components.CanonicalAbi;
using Chain.Wasm.Components.CanonicalAbi.Compilation;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Components.Runtime;

/// <summary>
/// A component function as a core module calls it (Canonical ABI, <c>canon lower</c>): the first argument of generated code.
/// </summary>
internal sealed class LoweredFunction(FuncType type, ComponentFunction callee, AbiContext caller, RuntimeResourceType[] resources)
{
    private Delegate? code;

    // Read by generated code.

    public readonly AbiContext Caller = caller;

    /// <summary>The caller's resource types in the order of <see cref="FunctionShape.Resources"/>.</summary>
    public readonly RuntimeResourceType[] Resources = resources;

    /// <summary>The guest's function that is called, if it is one; routing sets it for each call.</summary>
    public LiftedFunction? Lifted = callee as LiftedFunction;

    /// <summary>Where calls are shown to an interceptor: asked whether the caller may have the result whose core form is given.</summary>
    public Func<ulong, bool>? Gate;

    /// <summary>The host's function that is called, if it is one.</summary>
    public readonly Delegate? Host = (callee as HostFunction)?.Callback;

    public FunctionShape Shape { get; } = FunctionShape.Of(type);

    public ComponentFunction Callee { get; } = callee;

    /// <summary>The caller's store.</summary>
    public ComponentStore Store => Caller.Instance.Store;

    /// <summary>The code behind it, generated at the first call; a delegate of <see cref="CoreDelegates.TypeOf"/> its lowered type.</summary>
    public Delegate Code => code ??= LowerAdapter.Create(this);
}
