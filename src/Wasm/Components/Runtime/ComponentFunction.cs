using Chain.Wasm.Components.CanonicalAbi;
using Chain.Wasm.Components.CanonicalAbi.Compilation;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.Runtime;

/// <summary>A function at the component level. It belongs to one <see cref="ComponentStore"/>, whose thread alone may call it.</summary>
public abstract class ComponentFunction : ComponentItem
{
    private protected ComponentFunction(FuncType type) => Type = type;

    /// <summary>Parameters and result.</summary>
    public FuncType Type { get; }

    /// <summary>Its name, as the one who exports it says; empty for one that nobody exports.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The interface it belongs to, such as <c>wasi:io/streams@0.2.0</c>; <see langword="null"/> where it is of none.</summary>
    public string? Interface { get; private set; }

    /// <summary>Whatever an interceptor wants to find again with the function.</summary>
    public object? Tag { get; set; }

    /// <summary>Calls it with values as trees.</summary>
    /// <returns>The result, or <see langword="null"/> where it has none.</returns>
    /// <exception cref="ArgumentException">The arguments are not of its parameters' types.</exception>
    /// <exception cref="ComponentTrapException">The call broke a rule of the canonical ABI.</exception>
    /// <exception cref="WasmTrapException">The guest trapped or reached a limit.</exception>
    /// <exception cref="GuestExitException">The guest ended itself.</exception>
    public abstract ComponentValue? Invoke(params ReadOnlySpan<ComponentValue> arguments);

    /// <summary>
    /// A delegate that calls it without building trees. Its CLR types stand for the component types as <see cref="HostInterface"/> says.
    /// </summary>
    /// <exception cref="ArgumentException">The delegate's signature is another.</exception>
    public abstract TDelegate CreateDelegate<TDelegate>()
        where TDelegate : Delegate;

    /// <summary>Its interface and name, for messages.</summary>
    internal string Describe() => Interface is null ? Name : $"{Interface}#{Name}";

    /// <summary>Takes a name, if it has none yet: the innermost export knows best.</summary>
    internal void TakeName(string name)
    {
        if (Name.Length == 0) Name = name;
    }

    internal void TakeInterface(string name) => Interface ??= name;
}

/// <summary>A guest's function (Canonical ABI, <c>canon lift</c>).</summary>
internal sealed class LiftedFunction : ComponentFunction
{
    private readonly Function core;
    private readonly Function? postReturn;
    private Delegate? coreDelegate;
    private Delegate? entryDelegate;
    private Delegate? postReturnDelegate;
    private CallInterceptor? observer;
    private ObservedExport? observed;
    private bool hasAskedObserver;

    public LiftedFunction(FuncType type, AbiContext context, Function core, Function? postReturn, RuntimeResourceType[] resources)
        : base(type)
    {
        Shape = FunctionShape.Of(type);
        Context = context;
        Resources = resources;
        this.core = core;
        this.postReturn = postReturn;
    }

    // Read by generated code.

    public readonly AbiContext Context;

    /// <summary>Its resource types in the order of <see cref="FunctionShape.Resources"/>.</summary>
    public readonly RuntimeResourceType[] Resources;

    public FunctionShape Shape { get; }

    public InstanceState Instance => Context.Instance;

    public Function CoreFunction => core;

    public bool HasPostReturn => postReturn is not null;

    /// <summary>Who is shown its calls; asked when the first one is made, since it has its name only then.</summary>
    private CallInterceptor? Observer
    {
        get
        {
            if (!hasAskedObserver) observer = Instance.Interceptor is { } interceptor && interceptor.Observes(this) ? interceptor : null;
            hasAskedObserver = true;
            return observer;
        }
    }

    /// <summary>The core function, as a delegate of <see cref="CoreDelegates.TypeOf"/> its type.</summary>
    public Delegate CoreDelegate => coreDelegate ??= core.CreateDelegate(Shape.LiftedDelegate);

    /// <summary>What the host calls: the core function, or what shows calls of it to the interceptor.</summary>
    public Delegate EntryDelegate => entryDelegate ??= Observed is { } observed ? ObservedCode.Create(observed, Shape.LiftedDelegate) : CoreDelegate;

    /// <summary>Whether an interceptor is shown its calls.</summary>
    public bool IsObserved => Observer is not null;

    /// <summary>What shows its calls through delegates to the interceptor, if there is one.</summary>
    public ObservedExport? Observed => observed ??= Observer is { } interceptor ? new ObservedExport(this, CoreDelegate, interceptor) : null;

    public Delegate PostReturnDelegate => postReturnDelegate ??= postReturn!.CreateDelegate(CoreDelegates.TypeOf(postReturn.Type));

    public override ComponentValue? Invoke(params ReadOnlySpan<ComponentValue> arguments) => Observer is { } interceptor
        ? TreeCall.Invoke(this, arguments, interceptor)
        : TreeCall.Invoke(this, arguments);

    public override TDelegate CreateDelegate<TDelegate>() => (TDelegate)LiftAdapter.Create(this, typeof(TDelegate));

    /// <summary>Lets the guest clean up after its result was taken; generated code does the same with its own delegate.</summary>
    public void PostReturn(Value[] coreResults)
    {
        if (postReturn is null) return;
        Instance.MayLeave = false;
        try
        {
            postReturn.Invoke(coreResults);
        }
        catch (WasmGuestException exception)
        {
            AdapterRuntime.TrapOnThrow(exception);
        }

        Instance.MayLeave = true;
    }
}

/// <summary>A function that needs a part of the Component Model which is not run yet: calling it says so.</summary>
internal sealed class RefusingFunction(FuncType type, UnsupportedComponentException refusal) : ComponentFunction(type)
{
    /// <exception cref="UnsupportedComponentException">Always.</exception>
    public override ComponentValue? Invoke(params ReadOnlySpan<ComponentValue> arguments) =>
        throw new UnsupportedComponentException(refusal.Message, refusal.Offset);

    public override TDelegate CreateDelegate<TDelegate>() => throw new UnsupportedComponentException(refusal.Message, refusal.Offset);
}

/// <summary>A function whose callee the interceptor finds anew for each call (<see cref="CallDecision.Route"/>).</summary>
internal sealed class RoutedFunction(FuncType type) : ComponentFunction(type)
{
    public override ComponentValue? Invoke(params ReadOnlySpan<ComponentValue> arguments) =>
        throw new NotSupportedException("a routed function is called by guests only");

    public override TDelegate CreateDelegate<TDelegate>() => throw new NotSupportedException("a routed function is called by guests only");
}

/// <summary>A function of the host as one import sees it.</summary>
internal sealed class HostFunction(FuncType type, Delegate callback) : ComponentFunction(type)
{
    public Delegate Callback { get; } = callback;

    public override ComponentValue? Invoke(params ReadOnlySpan<ComponentValue> arguments) =>
        throw new NotSupportedException("a function of the host is called by guests only");

    public override TDelegate CreateDelegate<TDelegate>() =>
        Callback as TDelegate ?? throw new ArgumentException($"the function of the host is a {Callback.GetType()}");
}
