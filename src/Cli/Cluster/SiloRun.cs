using System.Diagnostics;

namespace Chain.Cli.Cluster;

/// <summary>One process of a silo. Safe for any thread.</summary>
/// <param name="logBefore">How much was in its log before, in bytes.</param>
/// <param name="process">It; this disposes of it.</param>
internal sealed class SiloRun(long logBefore, Process process) : IDisposable
{
    private readonly long started = Stopwatch.GetTimestamp();
    private volatile bool isToEnd;

    /// <summary>Whether somebody ends it.</summary>
    public bool IsToEnd
    {
        get => isToEnd;
        set => isToEnd = value;
    }

    public long LogBefore => logBefore;

    public int Pid { get; } = process.Id;

    /// <summary>Is done when it has ended.</summary>
    public Task Ended { get; } = process.WaitForExitAsync();

    public bool HasEnded => Ended.IsCompleted;

    public int ExitCode => process.ExitCode;

    public TimeSpan Lasted => Stopwatch.GetElapsedTime(started);

    /// <summary>Asks it to end, and ends it at once where it did not within a time.</summary>
    public async Task EndAsync(TimeSpan patience)
    {
        if (!HasEnded) Signals.SendTerminate(process);
        try
        {
            await Ended.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            Kill();
            await Ended;
        }
    }

    public void Kill() => process.Kill();

    public void Dispose() => process.Dispose();
}
