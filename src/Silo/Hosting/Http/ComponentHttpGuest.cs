using Chain.Wasm;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Execution;
using Chain.Wasm.Wasi;
using Chain.Wasm.Wasi.Http;

namespace Chain.Silo.Hosting.Http;

/// <summary>An instance of a component that exports <c>wasi:http/incoming-handler</c>, in a store of its own.</summary>
public sealed class ComponentHttpGuest : IHttpGuest
{
    private readonly ComponentStore store;
    private readonly WasiState wasi;
    private readonly ComponentInstance instance;
    private readonly Action<IncomingRequest, ResponseOutparam> handle;

    private ComponentHttpGuest(ComponentStore store, WasiState wasi, ComponentInstance instance)
    {
        this.store = store;
        this.wasi = wasi;
        this.instance = instance;
        handle = instance.GetFunction(HttpInterfaces.IncomingHandler, "handle").CreateDelegate<Action<IncomingRequest, ResponseOutparam>>();
    }

    /// <summary>Makes an instance; on a guest's thread.</summary>
    /// <param name="component">What to make one of.</param>
    /// <param name="grants">What it may do and use.</param>
    /// <param name="cancellation">Ends its start functions.</param>
    /// <exception cref="WasmException">It could not be made.</exception>
    /// <exception cref="KeyNotFoundException">It exports no <c>wasi:http/incoming-handler</c> of a version of WASI 0.2.</exception>
    public static ComponentHttpGuest Create(PreparedComponent component, HttpGuestGrants grants, CancellationToken cancellation)
    {
        var store = new ComponentStore(component.Component.Engine, grants.Limits);
        try
        {
            var wasi = new WasiState(grants.Wasi);
            store.Add(wasi);
            store.Add(new HttpState(grants.Http));
            grants.Other?.Invoke(store);
            store.SetDeadline(Timeout.InfiniteTimeSpan, cancellation);
            return new ComponentHttpGuest(store, wasi, component.Instantiate(store));
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    public void Handle(IncomingRequest request, ResponseOutparam response, CancellationToken client, CancellationToken cancellation)
    {
        store.SetDeadline(Timeout.InfiniteTimeSpan, cancellation);
        try
        {
            handle(request, response);
        }
        finally
        {
            // The request's token is gone after it; a start function that runs at a reset must not hear it.
            store.SetDeadline(Timeout.InfiniteTimeSpan, CancellationToken.None);
        }
    }

    public void Reset()
    {
        instance.Reset();
        wasi.Reset();
    }

    public void Dispose() => store.Dispose();
}

/// <summary>What instances that answer requests may do and use.</summary>
/// <param name="Wasi">Environment, directories, streams.</param>
/// <param name="Http">The client for their own requests; shared, and not theirs to dispose of. <see langword="null"/> where they may make none.</param>
/// <param name="Limits">Of each instance.</param>
/// <param name="Other">Gives a new store what else its functions of the host need.</param>
public sealed record HttpGuestGrants(WasiOptions Wasi, OutgoingHttp? Http, StoreLimits Limits, Action<ComponentStore>? Other = null);
