using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Chain.Wasm.Components.Types;

namespace Chain.Silo.Calls;

/// <summary>
/// One function of one link, with all that stays the same from call to call. Made when an application is deployed, or when a sink is first met, and
/// kept. Safe for any thread.
/// </summary>
public sealed class CallRoute
{
    /// <param name="link">Who calls what, for policies.</param>
    /// <param name="site">The same for the record.</param>
    /// <param name="type">The function's type; <see langword="null"/> for sinks that are no component's function.</param>
    /// <param name="arguments">What its source rules put on its arguments.</param>
    /// <param name="result">What they put on its result.</param>
    public CallRoute(CallLink link, CallSiteId site, FuncType? type, LabelRule arguments, LabelRule result)
    {
        Link = link;
        Site = site;
        Type = type;
        Arguments = arguments;
        Result = result;
    }

    public CallLink Link { get; }

    public CallSiteId Site { get; }

    public FuncType? Type { get; }

    public LabelRule Arguments { get; }

    public LabelRule Result { get; }

    /// <summary>The secrecy tags that this function, a declassifier, drops from its result.</summary>
    public IReadOnlyList<TagPattern> Drops { get; init; } = [];

    /// <summary>The integrity tags that this function, an endorser, adds to its result.</summary>
    public IReadOnlyList<Tag> Adds { get; init; } = [];

    /// <summary>Who answers: the component's instances; <see langword="null"/> for sinks.</summary>
    public ICallTarget? Target { get; init; }

    /// <summary>The interface under which the target exports the function; <see langword="null"/> for a function of its own.</summary>
    public string? ExportedInterface { get; init; }

    /// <summary>The function's name as the target exports it.</summary>
    public string ExportedFunction { get; init; } = "";
}

/// <summary>Where instances of a component are had.</summary>
public interface ICallTarget
{
    /// <summary>An instance for one call, which the calling thread has for itself until it gives it back.</summary>
    /// <param name="chain">The chain that wants it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="Chain.Wasm.WasmException">None could be made, or the chain holds the only one already.</exception>
    /// <exception cref="OperationCanceledException">Cancelled while waiting.</exception>
    Guest Take(ChainState chain, CancellationToken cancellation);

    /// <summary>Gives an instance back.</summary>
    /// <param name="guest">The instance.</param>
    /// <param name="isSound">Whether its last call returned; otherwise it is given up.</param>
    void Return(Guest guest, bool isSound);
}
