using Chain.PolicyEngine.Decisions;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Wasi;
using Chain.Wasm.Wasi.Http;

namespace Chain.Silo.Calls;

/// <summary>An instance of a component in a store of its own, with the call that it answers. One thread at a time.</summary>
public sealed class Guest : IDisposable
{
    private readonly Dictionary<(string?, string), ComponentFunction> functions = [];
    private readonly List<(CallFrame Sink, PolicyEvent At)> open = [];
    private readonly WasiState wasi;
    private CallContext before;
    private bool hasEntered;
    private Action<IncomingRequest, ResponseOutparam>? http;

    /// <summary>Makes an instance; its start functions run on the calling thread.</summary>
    /// <param name="owner">To whom it goes back after each call.</param>
    /// <param name="component">What to make one of.</param>
    /// <param name="grants">What it may do and use.</param>
    /// <param name="pipeline">What its calls pass.</param>
    /// <param name="chain">Until when its start functions may run.</param>
    /// <exception cref="Chain.Wasm.WasmException">It could not be made.</exception>
    public Guest(IGuestOwner owner, PreparedComponent component, GuestGrants grants, CallPipeline pipeline, ChainState chain)
    {
        Owner = owner;
        Pipeline = pipeline;
        Store = new ComponentStore(component.Component.Engine, grants.Limits);
        wasi = new WasiState(grants.Wasi(this));
        try
        {
            Store.Add(wasi);
            grants.AddStates(Store, this);
            Store.Interceptor = new GuestInterceptor(this);
            SetDeadline(chain);
            Instance = component.Instantiate(Store);
        }
        catch
        {
            Store.Dispose();
            throw;
        }
    }

    public IGuestOwner Owner { get; }

    public CallPipeline Pipeline { get; }

    public ComponentStore Store { get; }

    public ComponentInstance Instance { get; }

    /// <summary>The call that it answers now.</summary>
    public CallFrame Frame { get; } = new();

    /// <summary>The chain that it is in, as text; empty for none.</summary>
    public string TraceText => Frame.Call.Context.IsNone ? "" : Frame.Call.Context.Trace.ToString();

    /// <summary>The label of all that it may remember of earlier calls: empty for one that is fresh or reset.</summary>
    public LabelId Residual { get; private set; }

    /// <summary>Of the calls that it may remember, the last one that brought something new.</summary>
    public CallContext Remembered => before;

    /// <summary>Has a new instance take the place of one that remembered calls: it may know by its state what they knew.</summary>
    public void Remember(LabelId label, in CallContext call) => (Residual, before) = (label, call);

    /// <summary>Takes up the call that was begun in <see cref="Frame"/>.</summary>
    public void Enter(ChainState chain)
    {
        open.Clear();
        hasEntered = true;
        if (!Residual.IsEmpty)
        {
            Frame.Label = Pipeline.Labels.Union(Frame.Label, Residual);
            Frame.LabelRead = Residual;
            Pipeline.Flow(Frame, Residual, before, default);
        }

        SetDeadline(chain);
    }

    /// <summary>Notes that the guest learns data with a label: from a call that it made, or from state that it read.</summary>
    /// <exception cref="CallRefusedException">It still writes to a sink that data with this label may not reach.</exception>
    public void Learn(LabelId label)
    {
        LabelId before = Frame.Label;
        Frame.Label = Pipeline.Labels.Union(before, label);
        if (Frame.Label == before) return;
        foreach ((CallFrame sink, PolicyEvent at) in open)
        {
            if (Pipeline.Again(sink, at, Frame.Label) is { } denial) throw new CallRefusedException(denial);
        }

        // Its own response is under way, and what it writes from now on may tell of this.
        if (open.Exists(one => one.Sink == Frame)) Owner.Disclosing(this);
    }

    /// <summary>Notes that data can go out by a call from now on, until the guest's own call ends.</summary>
    /// <param name="sink">The call.</param>
    /// <param name="at">When policies are asked about it.</param>
    public void KeepOpen(CallFrame sink, PolicyEvent at) => open.Add((sink, at));

    /// <summary>Remembers what the call that ended may have left in it.</summary>
    public void Keep()
    {
        // A call that was denied before it reached it left nothing.
        if (!hasEntered) return;
        hasEntered = false;
        LabelId all = Pipeline.Labels.Union(Residual, Frame.Label);
        // Of the calls that it may remember, the last one that brought something new.
        if (all != Residual) before = Frame.Call.Context;
        Residual = all;
    }

    /// <summary>Puts it back to how it began: nothing of its calls is left.</summary>
    /// <exception cref="Chain.Wasm.WasmException">A start function trapped.</exception>
    public void Reset()
    {
        Store.SetDeadline(Timeout.InfiniteTimeSpan);
        Instance.Reset();
        wasi.Reset();
        Residual = LabelId.Empty;
    }

    /// <summary>The function that a route leads to.</summary>
    public ComponentFunction Function(CallRoute route)
    {
        (string?, string) key = (route.ExportedInterface, route.ExportedFunction);
        if (!functions.TryGetValue(key, out ComponentFunction? found))
            functions[key] = found = Instance.GetFunction(route.ExportedInterface, route.ExportedFunction);
        return found;
    }

    /// <summary>Has it answer an HTTP request.</summary>
    public void HandleHttp(CallRoute route, IncomingRequest request, ResponseOutparam response)
    {
        http ??= Function(route).CreateDelegate<Action<IncomingRequest, ResponseOutparam>>();
        http(request, response);
    }

    public void Dispose() => Store.Dispose();

    private void SetDeadline(ChainState chain) => Store.SetDeadline(Timeout.InfiniteTimeSpan, chain.Cancellation);
}

/// <summary>What instances of a component may do and use.</summary>
/// <param name="Wasi">Environment, directories, streams of an instance.</param>
/// <param name="Limits">Of each instance.</param>
/// <param name="AddStates">Gives a new store what its other functions of the host need.</param>
public sealed record GuestGrants(Func<Guest, WasiOptions> Wasi, Chain.Wasm.Execution.StoreLimits Limits, Action<ComponentStore, Guest> AddStates);
