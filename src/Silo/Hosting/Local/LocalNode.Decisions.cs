using Chain.PolicyEngine.Alerts;
using Chain.Tracer.Recording.Journals;
using Chain.Tracer.Storage;
using Npgsql;

namespace Chain.Silo.Hosting.Local;

/// <content>What becomes of decisions and violations.</content>
public sealed partial class LocalNode
{
    private long droppedBefore;
    private long deferredBefore;

    /// <summary>Decisions, violations and lines of logs that could not be kept.</summary>
    public long Dropped => Interlocked.Read(ref droppedBefore) + decisions.Dropped + alerts.Dropped + lines.Dropped;

    /// <summary>What became of decisions and violations besides.</summary>
    public DecisionState Decisions => new(
        decisions.Stored, decisions.Recovered, Interlocked.Read(ref deferredBefore) + decisions.Deferred + alerts.Deferred, journal.Unprotected, journal.Damaged, journal.Waiting);

    /// <summary>
    /// Connections for what is stored all day by a few statements, which are prepared, and in transactions, which leave nothing behind that a connection had to be cleaned of. What
    /// the connection string says of that counts.
    /// </summary>
    internal static NpgsqlDataSource Steady(string connection)
    {
        var settings = new NpgsqlConnectionStringBuilder(connection);
        // ContainsKey says of every setting that there is, whether it is said or not.
        if (!settings.ShouldSerialize("No Reset On Close")) settings.NoResetOnClose = true;
        if (!settings.ShouldSerialize("Max Auto Prepare")) (settings.MaxAutoPrepare, settings.AutoPrepareMinUsages) = (20, 2);
        return NpgsqlDataSource.Create(settings);
    }

    private static FrameJournal OpenJournal(string folder)
    {
        try
        {
            return FrameJournal.Open(Path.Combine(folder, "decisions"));
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"the journal of decisions in {folder} cannot be used: {refused.Message}", refused);
        }
    }

    private void StartDeciding()
    {
        alerts.Tell();
        background.Add(Task.Run(() => decisions.RecoverAsync(() => alerts, stop.Token)));
    }

    private async Task UseAlertsAsync(AlertOptions with)
    {
        AlertPipeline old = alerts;
        alerts = new AlertPipeline(steady, with);
        await old.DisposeAsync().ConfigureAwait(false);
        Interlocked.Add(ref droppedBefore, old.Dropped);
        Interlocked.Add(ref deferredBefore, old.Deferred);
    }
}

/// <summary>What became of a node's decisions in which policies had a part, and of their violations.</summary>
/// <param name="Stored">Decisions that are in the store, since the node started.</param>
/// <param name="Recovered">Decisions and violations that a killed process had left in the node's folder, and that were taken up.</param>
/// <param name="Deferred">Those that stay in the folder for the next start, because too many waited for Postgres.</param>
/// <param name="Unprotected">Those that were in memory only, because the disk was full or too many waited: they would not have survived a kill.</param>
/// <param name="Damaged">Places in what a killed process had left that do not read; the files are kept aside.</param>
/// <param name="WaitingBytes">Bytes in the folder that are not in the store yet.</param>
public sealed record DecisionState(long Stored, long Recovered, long Deferred, long Unprotected, long Damaged, long WaitingBytes);
