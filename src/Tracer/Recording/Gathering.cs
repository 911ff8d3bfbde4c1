namespace Chain.Tracer.Recording;

/// <summary>
/// How long a batch is gathered: for one interval, and for longer while records come so fast that a transaction for each interval would cost them more than waiting does. What waits
/// is safe from a kill of its process. For one thread.
/// </summary>
/// <param name="options">The intervals.</param>
internal sealed class Gathering(RecorderOptions options)
{
    private TimeSpan _next;
    private int _before;

    /// <summary>A new batch begins.</summary>
    public void Begin() => (_next, _before) = (options.FlushInterval, 0);

    /// <summary>Whether the batch is to be kept now.</summary>
    /// <param name="count">Records in it.</param>
    /// <param name="age">How long ago it began.</param>
    public bool IsOver(int count, TimeSpan age)
    {
        if (age < _next) return false;
        // The next interval begins where this one was looked at: on a busy machine that may be late.
        bool isBusy = count - _before >= options.BusyRecords;
        (_next, _before) = (age + options.FlushInterval, count);
        return !isBusy || age >= options.BusyFlushInterval;
    }
}
