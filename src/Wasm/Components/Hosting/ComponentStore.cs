using System.Diagnostics;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.Hosting;

/// <summary>
/// Where component instances that know one another live: their core store, and the state that functions of the host keep for them. One thread at a
/// time; dispose of it to give everything back.
/// </summary>
public sealed class ComponentStore : IDisposable
{
    private readonly Dictionary<Type, object> states = [];

    // When the call is to end, as SetDeadline was told; the timer is made when something may wait.
    private CancellationToken cancellation;
    private long due = long.MaxValue;
    private CancellationTokenSource? timer;

    public ComponentStore(Engine engine, StoreLimits? limits = null) => Core = engine.CreateStore(limits);

    /// <summary>The core store.</summary>
    public Store Core { get; }

    /// <summary>Who is shown the calls of instances made from now on; <see langword="null"/> for nobody.</summary>
    public CallInterceptor? Interceptor { get; set; }

    /// <summary>What functions of the host that wait must listen to: cancelled when the call is to end, or its time is over.</summary>
    public CancellationToken Cancellation
    {
        get
        {
            // Only calls that may wait pay for a timer.
            if (due == long.MaxValue || timer is not null) return timer?.Token ?? cancellation;
            timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            TimeSpan left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            timer.CancelAfter(left < TimeSpan.Zero ? TimeSpan.Zero : left);
            return timer.Token;
        }
    }

    /// <summary>Sets when calls end, for running code (<see cref="Store.SetDeadline"/>) and for functions of the host that wait.</summary>
    public void SetDeadline(TimeSpan timeout, CancellationToken cancellation = default)
    {
        timer?.Dispose();
        timer = null;
        this.cancellation = cancellation;

        // A timer takes 49 days at most.
        bool ends = timeout != Timeout.InfiniteTimeSpan && timeout.TotalDays < 49;
        due = ends ? Stopwatch.GetTimestamp() + (long)(timeout.TotalSeconds * Stopwatch.Frequency) : long.MaxValue;
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

    public void Dispose()
    {
        timer?.Dispose();
        Core.Dispose();
        foreach (object state in states.Values) (state as IDisposable)?.Dispose();
        states.Clear();
    }
}
