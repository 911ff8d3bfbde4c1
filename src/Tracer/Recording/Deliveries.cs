namespace Chain.Tracer.Recording;

/// <summary>Which batches were kept, though perhaps out of order, and who waits for which.</summary>
internal sealed class Deliveries
{
    private readonly Lock _lock = new();
    private readonly HashSet<long> _done = [];
    private readonly List<(long Batch, TaskCompletionSource Waiter)> _waiters = [];
    private long _all;

    /// <summary>Batch <paramref name="number"/>, counted from 1, was kept or counted as lost.</summary>
    public void Done(long number)
    {
        lock (_lock)
        {
            _done.Add(number);
            while (_done.Remove(_all + 1)) _all++;
            for (int i = _waiters.Count - 1; i >= 0; i--)
            {
                if (_waiters[i].Batch > _all) continue;
                _waiters[i].Waiter.TrySetResult();
                _waiters.RemoveAt(i);
            }
        }
    }

    /// <summary>Completes the waiter once all batches up to this one were kept.</summary>
    public void Wait(long number, TaskCompletionSource waiter)
    {
        lock (_lock)
        {
            if (number <= _all) waiter.TrySetResult();
            else _waiters.Add((number, waiter));
        }
    }
}
