using System.Collections.Concurrent;
using System.Net.Sockets;
using Chain.Silo.Applications;
using Chain.Silo.Applications.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Chain.Silo.Hosting.Local;

/// <summary>
/// Makes what the store says is active the version that answers on a node, whichever node of the store deployed it. One that cannot be started here
/// leaves the version before, and is tried again when its application changes or the store was away. Safe for any thread.
/// </summary>
/// <param name="node">The node.</param>
/// <param name="store">Its store.</param>
/// <param name="changing">Held by whoever changes the applications of the node.</param>
internal sealed partial class ApplicationFollower(LocalNode node, ApplicationStore store, SemaphoreSlim changing)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, NotResumed> failed = new(StringComparer.Ordinal);

    /// <summary>What is active in the store and does not answer here, by name.</summary>
    public IReadOnlyList<NotResumed> Failed => [.. failed.Values.OrderBy(static one => one.Version.Application, StringComparer.Ordinal)];

    /// <summary>Notes what could not be started.</summary>
    public void Note(NotResumed one) => failed[one.Version.Application] = one;

    /// <summary>Notes that an application is as it should be.</summary>
    public void Forget(string application) => failed.TryRemove(application, out _);

    /// <summary>Follows the store until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            bool isFirst = true;
            try
            {
                await store.ListenAsync(
                    async names =>
                    {
                        await LookAsync(names, isFirst || names is not null, cancellation).ConfigureAwait(false);
                        isFirst = false;
                    },
                    cancellation).ConfigureAwait(false);
            }
            catch (Exception lost) when (IsAway(lost) || lost is OperationCanceledException)
            {
                await Task.Delay(Pause, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task LookAsync(IReadOnlyCollection<string>? names, bool again, CancellationToken cancellation)
    {
        if (names is null)
        {
            IEnumerable<string> active = (await store.ListAsync(cancellation).ConfigureAwait(false)).Select(static one => one.Application);
            names = [.. active.Concat(node.Applications.Select(static one => one.Plan.Name)).Concat(failed.Keys).Distinct(StringComparer.Ordinal)];
        }

        foreach (string name in names) await FollowAsync(name, again, cancellation).ConfigureAwait(false);
    }

    private async Task FollowAsync(string application, bool again, CancellationToken cancellation)
    {
        // Most notices are of what this node does itself: then it is done now.
        await changing.WaitAsync(cancellation).ConfigureAwait(false);
        changing.Release();
        ApplicationVersion? active = await store.ActiveAsync(application, cancellation).ConfigureAwait(false);
        if (Answers(active, application)) return;
        if (active is null)
        {
            await ChangeAsync(application, null, () => node.EndAsync(application, cancellation), cancellation).ConfigureAwait(false);
            return;
        }

        if (!again && failed.TryGetValue(application, out NotResumed? before) && before.Version.Number == active.Number) return;
        try
        {
            // What takes long comes before the lock: others wait for that.
            ApplicationPlan plan = await store.LoadAsync(application, active.Number, cancellation).ConfigureAwait(false);
            await node.CompileAsync(plan, cancellation).ConfigureAwait(false);
            await ChangeAsync(application, active.Number, () => node.TakeOverAsync(plan, active.Number, cancellation), cancellation).ConfigureAwait(false);
        }
        catch (Exception refused) when (!IsAway(refused) && refused is not OperationCanceledException)
        {
            failed.TryGetValue(application, out NotResumed? known);
            Note(new NotResumed(active, refused.Message));
            if (known?.Version.Number != active.Number || known.Reason != refused.Message) LogFailed(node.Log, application, active.Number, refused.Message);
        }
    }

    private async Task ChangeAsync(string application, int? active, Func<Task> change, CancellationToken cancellation)
    {
        await changing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            // Whoever made it active is done with all that belongs to it, or has taken it back; then another notice is on its way.
            await using DeploymentLock settled = await store.LockAsync(isShared: true, cancellation).ConfigureAwait(false);
            ApplicationVersion? now = await store.ActiveAsync(application, cancellation).ConfigureAwait(false);
            if (now?.Number != active || Answers(now, application)) return;
            await change().ConfigureAwait(false);
            Forget(application);
        }
        finally
        {
            changing.Release();
        }
    }

    private bool Answers(ApplicationVersion? active, string application)
    {
        if (node.VersionOf(application) != active?.Number) return false;
        Forget(application);
        return true;
    }

    private static bool IsAway(Exception failure) => failure is NpgsqlException or SocketException or TimeoutException or DeploymentBusyException;

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Application} version {Version} is active in the store and cannot be started here: {Reason}")]
    private static partial void LogFailed(ILogger log, string application, int version, string reason);
}
