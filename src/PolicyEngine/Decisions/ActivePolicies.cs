namespace Chain.PolicyEngine.Decisions;

/// <summary>The set that decides now. A changed set takes its place at once and whole.</summary>
/// <remarks>Thread-safe: a decision that began with the old set ends with it.</remarks>
/// <param name="initial">The set to begin with.</param>
public sealed class ActivePolicies(PolicySet initial)
{
    private readonly SemaphoreSlim _changing = new(1, 1);
    private PolicySet _current = initial;

    /// <summary>The set that decides now. Read it once for each decision.</summary>
    public PolicySet Current => Volatile.Read(ref _current);

    /// <summary>Raised after a set took the place of another, on the thread that swapped it: the old, the new.</summary>
    public event Action<PolicySet, PolicySet>? Changed;

    /// <summary>Makes another set the current one.</summary>
    /// <returns>False where the set says the same as the current one, which then stays.</returns>
    public bool Swap(PolicySet set)
    {
        if (Current.Digest == set.Digest) return false;
        PolicySet old = Interlocked.Exchange(ref _current, set);
        Changed?.Invoke(old, set);
        return true;
    }

    /// <summary>
    /// Makes the set current that somebody looks for, such as the one that is active in a store. One looks after the other, so that what was found
    /// earlier never takes the place of what was found later.
    /// </summary>
    /// <param name="find">Finds it; <see langword="null"/> for none.</param>
    /// <param name="cancellation">Gives up while another looks.</param>
    public async Task ChangeAsync(Func<Task<PolicySet?>> find, CancellationToken cancellation = default)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            if (await find() is PolicySet set) Swap(set);
        }
        finally
        {
            _changing.Release();
        }
    }
}
