using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Silo.Calls.Remote;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Text;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;

namespace Chain.Silo.Calls;

/// <summary>
/// One function of one link, with all that stays the same from call to call. Made when an application is deployed, or when a sink is first met, and
/// kept. Safe for any thread.
/// </summary>
public sealed class CallRoute
{
    /// <summary>The longest key of an instance, in characters.</summary>
    public const int MostKeyCharacters = 200;

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

    /// <summary>The way to it where instances may be on other silos; <see langword="null"/> where every call is answered here.</summary>
    public RemoteRoute? Remote { get; init; }

    /// <summary>Finds a component or sink of the application by its whole name; those that it does not know give <see langword="null"/>.</summary>
    public Func<string, CallParty?>? Parties { get; init; }

    /// <summary>The parameter whose value says which instance of a stateful component answers, from 0; -1 where none does.</summary>
    public int KeyParameter { get; init; } = -1;

    /// <summary>The interface under which the target exports the function; <see langword="null"/> for a function of its own.</summary>
    public string? ExportedInterface { get; init; }

    /// <summary>The function's name as the target exports it.</summary>
    public string ExportedFunction { get; init; } = "";

    /// <summary>Which instance answers a call with these arguments; empty where the component has no keys.</summary>
    /// <exception cref="ComponentTrapException">The key is longer than <see cref="MostKeyCharacters"/>.</exception>
    public string KeyOf(Func<IReadOnlyList<ComponentValue>>? arguments)
    {
        if (KeyParameter < 0 || arguments is null) return "";
        ComponentValue value = arguments()[KeyParameter];
        string key = value is StringValue text ? text.Value : Wave.Format(value);
        return key.Length <= MostKeyCharacters ? key : throw new ComponentTrapException(
            $"{Link.Callee.Name}: the key is {key.Length} characters long, expected at most {MostKeyCharacters}");
    }
}

/// <summary>Where instances of a component are had. Safe for any thread.</summary>
public interface ICallTarget
{
    /// <summary>An instance for one call, which the calling thread has for itself until it gives it back to its owner.</summary>
    /// <param name="chain">The chain that wants it.</param>
    /// <param name="key">Which instance, where a component has one for each key; else empty.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="Chain.Wasm.WasmException">None could be made, or the chain holds the only one already.</exception>
    /// <exception cref="OperationCanceledException">Cancelled while waiting.</exception>
    Guest Take(ChainState chain, string key, CancellationToken cancellation);
}

/// <summary>To whom an instance goes back after a call.</summary>
public interface IGuestOwner
{
    /// <summary>Called, on the guest's thread, before something of what it knows goes out as an answer while its call is still under way.</summary>
    /// <exception cref="Chain.Wasm.WasmException">It must not go out.</exception>
    void Disclosing(Guest guest)
    {
    }

    /// <summary>Gives an instance back.</summary>
    /// <param name="guest">The instance.</param>
    /// <param name="isSound">Whether its last call returned; otherwise it is given up.</param>
    void Return(Guest guest, bool isSound);
}
