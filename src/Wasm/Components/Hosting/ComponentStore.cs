using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.Hosting;

/// <summary>
/// Where component instances that know one another live: their core store, and the state that functions of the host keep for them. One thread at a
/// time; dispose of it to give everything back.
/// </summary>
public sealed class ComponentStore : IDisposable
{
    private readonly Dictionary<Type, object> states = [];
    private readonly List<InstanceState> instances = [];
    private readonly CallCancellation cancellation = new();

    public ComponentStore(Engine engine, StoreLimits? limits = null) => Core = engine.CreateStore(limits);

    /// <summary>The core store.</summary>
    public Store Core { get; }

    /// <summary>Who is shown the calls of instances made from now on; <see langword="null"/> for nobody.</summary>
    public CallInterceptor? Interceptor { get; set; }

    /// <summary>
    /// What functions of the host that wait must listen to: cancelled when the call is to end, because its time is up or somebody wants it so. Any thread.
    /// </summary>
    public CancellationToken Cancellation => cancellation.Token;

    /// <summary>
    /// Sets when calls end, for running code (<see cref="Store.SetDeadline"/>) and for functions of the host that wait. Any thread; host functions that
    /// wait already are told too.
    /// </summary>
    public void SetDeadline(TimeSpan timeout, CancellationToken cancellation = default)
    {
        this.cancellation.Set(timeout, cancellation);
        Core.SetDeadline(timeout, cancellation);
    }

    /// <summary>Gives functions of the host their state, such as what a guest is granted. It belongs to the store, which disposes of it.</summary>
    public void Add<T>(T state)
        where T : class => states.Add(typeof(T), state);

    /// <summary>The state of a type.</summary>
    /// <exception cref="InvalidOperationException">The store was given none.</exception>
    public T Get<T>()
        where T : class =>
        states.TryGetValue(typeof(T), out object? state) ? (T)state : throw new InvalidOperationException($"the store has no {typeof(T).Name}");

    /// <summary>Gives everything back: memory, resources of the host that guests own, and the states. Destructors of guests do not run.</summary>
    /// <exception cref="InvalidOperationException">A call is under way.</exception>
    public void Dispose()
    {
        Core.Dispose();
        foreach (InstanceState instance in instances) instance.Handles.Clear();
        instances.Clear();
        foreach (object state in states.Values) (state as IDisposable)?.Dispose();
        states.Clear();
        cancellation.Dispose();
    }

    internal void Own(InstanceState instance) => instances.Add(instance);
}
