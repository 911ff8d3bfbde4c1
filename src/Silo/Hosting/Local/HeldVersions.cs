namespace Chain.Silo.Hosting.Local;

/// <summary>
/// Versions of applications that calls of other silos ask for and that do not answer here: older ones, on which chains finish that began with them, and
/// newer ones, which this silo has yet to take over. Loaded when the first call wants them. Safe for any thread.
/// </summary>
/// <param name="load">Makes a version run.</param>
internal sealed class HeldVersions(Func<string, int, Task<DeployedApplication>> load) : IDisposable
{
    /// <summary>Versions of an application that are kept at a time.</summary>
    public const int MostOfApplication = 4;

    /// <summary>How long one is kept after its last call.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(5);

    private readonly Dictionary<(string Application, int Version), Entry> entries = [];
    private readonly Lock gate = new();
    private bool isDisposed;

    /// <summary>How many are kept.</summary>
    public int Count
    {
        get
        {
            lock (gate) return entries.Count;
        }
    }

    /// <summary>Holds a version for a call; the caller lets go of it (<see cref="DeployedApplication.Leave"/>).</summary>
    /// <exception cref="Tracer.Storage.StoreException">The store has no such version.</exception>
    public async Task<DeployedApplication> HoldAsync(string application, int version, CancellationToken cancellation)
    {
        while (true)
        {
            Entry entry = EntryOf((application, version));
            DeployedApplication found;
            try
            {
                found = await entry.Loading.WaitAsync(cancellation).ConfigureAwait(false);
            }
            catch when (entry.Loading.IsFaulted || entry.Loading.IsCanceled)
            {
                // The next call tries again.
                Remove(entry);
                throw;
            }

            if (found.TryEnter()) return found;
        }
    }

    /// <summary>Lets go of those that nobody has used for a while.</summary>
    public void Trim(DateTimeOffset now)
    {
        var old = new List<Entry>();
        lock (gate)
        {
            foreach (Entry entry in entries.Values)
            {
                if (entry.IsInUse) entry.Used = now;
                else if (now - entry.Used > Kept) old.Add(entry);
            }

            foreach (Entry entry in old) entries.Remove(entry.Key);
        }

        foreach (Entry entry in old) entry.Leave();
    }

    /// <summary>Trims them every minute, until it is cancelled.</summary>
    public async Task TrimEveryMinuteAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(1));
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false)) Trim(DateTimeOffset.UtcNow);
        }
        catch (OperationCanceledException)
        {
            // The node ends.
        }
    }

    public void Dispose()
    {
        Entry[] all;
        lock (gate)
        {
            isDisposed = true;
            all = [.. entries.Values];
            entries.Clear();
        }

        foreach (Entry entry in all) entry.Leave();
    }

    private Entry EntryOf((string Application, int Version) key)
    {
        Entry? entry, tooMany = null;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (!entries.TryGetValue(key, out entry))
            {
                Entry[] others = [.. entries.Values.Where(one => one.Key.Application == key.Application)];
                if (others.Length >= MostOfApplication) tooMany = others.OrderBy(static one => one.IsInUse).ThenBy(static one => one.Used).First();
                if (tooMany is not null) entries.Remove(tooMany.Key);
                entry = new Entry(key, Task.Run(() => load(key.Application, key.Version)));
                entries.Add(key, entry);
            }

            entry.Used = DateTimeOffset.UtcNow;
        }

        tooMany?.Leave();
        return entry;
    }

    private void Remove(Entry entry)
    {
        lock (gate)
        {
            if (entries.GetValueOrDefault(entry.Key) == entry) entries.Remove(entry.Key);
        }
    }

    private sealed class Entry((string Application, int Version) key, Task<DeployedApplication> loading)
    {
        public (string Application, int Version) Key => key;

        public Task<DeployedApplication> Loading => loading;

        public DateTimeOffset Used { get; set; }

        public bool IsInUse => !loading.IsCompleted || (loading.IsCompletedSuccessfully && loading.Result.IsInUse);

        /// <summary>Ends it with the last call that has it.</summary>
        public void Leave()
        {
            if (loading.IsCompletedSuccessfully) loading.Result.Leave();
            else loading.ContinueWith(static made => made.Result.Leave(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        }
    }
}
