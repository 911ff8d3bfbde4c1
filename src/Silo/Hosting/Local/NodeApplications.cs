using Chain.PolicyEngine.Policies;
using Chain.Silo.Applications;
using Chain.Silo.Applications.Storage;
using Chain.Tracer.Storage;
using Chain.Wasm;

namespace Chain.Silo.Hosting.Local;

/// <summary>What deploying gave.</summary>
/// <param name="Version">The version that answers now.</param>
/// <param name="Plan">The application.</param>
/// <param name="HasChanged">False where that very version answered already.</param>
/// <param name="Warnings">What somebody should look at.</param>
public sealed record Deployment(ApplicationVersion Version, ApplicationPlan Plan, bool HasChanged, IReadOnlyList<PolicyIssue> Warnings);

/// <summary>An application that is active in the store, and could not be started on the node.</summary>
/// <param name="Version">Which.</param>
/// <param name="Reason">Why not.</param>
public sealed record NotResumed(ApplicationVersion Version, string Reason);

/// <summary>
/// The applications of a node as their owners see them: every version is kept in the store, one of each is active there and answers on the node. A
/// change is saved, then tried, then made active; where any of it fails, the version before goes on answering. Nodes of one store change it one after the
/// other, and each follows what the others change. Safe for any thread.
/// </summary>
public sealed class NodeApplications : IAsyncDisposable
{
    private readonly SemaphoreSlim changing = new(1, 1);
    private readonly CancellationTokenSource stop = new();
    private readonly LocalNode node;
    private readonly ApplicationFollower follower;
    private Task following = Task.CompletedTask;

    public NodeApplications(LocalNode node)
    {
        this.node = node;
        Store = new ApplicationStore(node.Database);
        follower = new ApplicationFollower(node, Store, changing);
    }

    /// <summary>All versions, with the bytes of components.</summary>
    public ApplicationStore Store { get; }

    /// <summary>What is active in the store and could not be started here; the version before goes on answering, if there was one.</summary>
    public IReadOnlyList<NotResumed> NotRunning => follower.Failed;

    /// <summary>Deploys an application.</summary>
    /// <param name="bundle">All that it is made of.</param>
    /// <param name="author">Who deploys it.</param>
    /// <param name="cancellation">Gives up; the version before goes on answering.</param>
    /// <exception cref="ManifestException">It does not check.</exception>
    /// <exception cref="WasmException">A component cannot be linked.</exception>
    /// <exception cref="PolicySetException">Its policies and those of the other applications do not go together.</exception>
    /// <exception cref="DeploymentBusyException">Another node of the store has been deploying for a minute.</exception>
    public async Task<Deployment> DeployAsync(ApplicationBundle bundle, string author, CancellationToken cancellation = default)
    {
        ApplicationCheck check = await Task.Run(() => ApplicationCheck.Run(bundle), cancellation).ConfigureAwait(false);
        ApplicationPlan plan = check.Require();
        // What takes long comes before the lock: all nodes of the store wait for that.
        await node.CompileAsync(plan, cancellation).ConfigureAwait(false);
        await changing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await using DeploymentLock alone = await Store.LockAsync(isShared: false, cancellation).ConfigureAwait(false);
            ApplicationVersion version = await Store.SaveVersionAsync(plan, author, DateTimeOffset.UtcNow, cancellation).ConfigureAwait(false);
            bool hasChanged = node.VersionOf(plan.Name) != version.Number;
            if (hasChanged) version = await StartAsync(plan, version.Number, author, cancellation).ConfigureAwait(false);
            return new Deployment(version, plan, hasChanged, check.Issues);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Makes an earlier version answer again.</summary>
    /// <param name="application">The application's name.</param>
    /// <param name="to">The version's number; <see langword="null"/> for the one that was active before.</param>
    /// <param name="author">Who does it.</param>
    /// <param name="cancellation">Gives up; the version that answers goes on.</param>
    /// <exception cref="KeyNotFoundException">There is no such application or version; the message says which there are.</exception>
    /// <exception cref="StoreException">There is nothing to go back to.</exception>
    /// <exception cref="ManifestException">The version does not check any more.</exception>
    public async Task<Deployment> RollbackAsync(string application, int? to, string author, CancellationToken cancellation = default)
    {
        await changing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await using DeploymentLock alone = await Store.LockAsync(isShared: false, cancellation).ConfigureAwait(false);
            IReadOnlyList<ApplicationVersion> versions = await Store.VersionsAsync(application, cancellation).ConfigureAwait(false);
            if (versions.Count == 0) throw node.Unknown(application);
            int number = to ?? await Store.PreviousAsync(application, cancellation).ConfigureAwait(false);
            ApplicationVersion version = versions.FirstOrDefault(one => one.Number == number)
                ?? throw new KeyNotFoundException($"{application} has no version {number}; it has {Range(versions)}");
            ApplicationPlan plan = await Store.LoadAsync(application, number, cancellation).ConfigureAwait(false);
            bool hasChanged = node.VersionOf(application) != number;
            if (hasChanged) version = await StartAsync(plan, number, author, cancellation).ConfigureAwait(false);
            return new Deployment(version, plan, hasChanged, []);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Ends an application; its versions stay in the store.</summary>
    /// <exception cref="KeyNotFoundException">None of that name runs.</exception>
    public async Task RemoveAsync(string application, string author, CancellationToken cancellation = default)
    {
        await changing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await using DeploymentLock alone = await Store.LockAsync(isShared: false, cancellation).ConfigureAwait(false);
            bool wasActive = await Store.DeactivateAsync(application, cancellation).ConfigureAwait(false);
            bool wasRunning = await node.RemoveAsync(application, author, wasActive, cancellation).ConfigureAwait(false);
            follower.Forget(application);
            if (!wasActive && !wasRunning) throw node.Unknown(application);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Starts what is active in the store, and follows it from then on. One that cannot be started keeps no other from it.</summary>
    /// <returns>Those that could not be started; they stay active in the store.</returns>
    public async Task<IReadOnlyList<NotResumed>> ResumeAsync(CancellationToken cancellation = default)
    {
        IReadOnlyDictionary<(string, int), ApplicationPlan> compiled = await CompileAllAsync(cancellation).ConfigureAwait(false);
        await changing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await using DeploymentLock alone = await Store.LockAsync(isShared: false, cancellation).ConfigureAwait(false);
            foreach (NotResumed one in await StartAllAsync(compiled, cancellation).ConfigureAwait(false)) follower.Note(one);
        }
        finally
        {
            changing.Release();
        }

        IReadOnlyList<NotResumed> failed = NotRunning;
        following = Task.Run(() => follower.RunAsync(stop.Token), CancellationToken.None);
        return failed;
    }

    /// <summary>Follows the store no more.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await following.ConfigureAwait(false);
        stop.Dispose();
        changing.Dispose();
    }

    /// <summary>Compiles what is active, before the lock for which other nodes wait.</summary>
    private async Task<IReadOnlyDictionary<(string, int), ApplicationPlan>> CompileAllAsync(CancellationToken cancellation)
    {
        var plans = new Dictionary<(string, int), ApplicationPlan>();
        foreach (ApplicationVersion version in await Store.ListAsync(cancellation).ConfigureAwait(false))
        {
            try
            {
                ApplicationPlan plan = await Store.LoadAsync(version.Application, version.Number, cancellation).ConfigureAwait(false);
                await node.CompileAsync(plan, cancellation).ConfigureAwait(false);
                plans.Add((version.Application, version.Number), plan);
            }
            catch (Exception failure) when (failure is StoreException || IsRefusal(failure))
            {
                // Said when it is started, unless another version is active by then.
            }
        }

        return plans;
    }

    private async Task<IReadOnlyList<NotResumed>> StartAllAsync(IReadOnlyDictionary<(string, int), ApplicationPlan> compiled, CancellationToken cancellation)
    {
        var failed = new List<NotResumed>();
        var loaded = new List<(ApplicationPlan Plan, ApplicationVersion Version)>();
        foreach (ApplicationVersion version in await Store.ListAsync(cancellation).ConfigureAwait(false))
        {
            try
            {
                ApplicationPlan plan = compiled.GetValueOrDefault((version.Application, version.Number))
                    ?? await Store.LoadAsync(version.Application, version.Number, cancellation).ConfigureAwait(false);
                loaded.Add((plan, version));
            }
            catch (Exception failure) when (failure is ManifestException or StoreException)
            {
                failed.Add(new NotResumed(version, failure.Message));
            }
        }

        if (loaded.Count == 0) return failed;
        try
        {
            // Together, so that their policies become active as the one set that they were.
            await node.DeployAsync([.. loaded.Select(static one => (one.Plan, one.Version.Number))], "resume", static _ => Task.CompletedTask, cancellation)
                .ConfigureAwait(false);
        }
        catch (Exception together) when (IsRefusal(together))
        {
            foreach ((ApplicationPlan plan, ApplicationVersion version) in loaded)
            {
                try
                {
                    await node.DeployAsync(plan, version.Number, "resume", cancellation).ConfigureAwait(false);
                }
                catch (Exception failure) when (IsRefusal(failure))
                {
                    failed.Add(new NotResumed(version, failure.Message));
                }
            }
        }

        return failed;
    }

    private async Task<ApplicationVersion> StartAsync(ApplicationPlan plan, int number, string author, CancellationToken cancellation)
    {
        ApplicationVersion? before = await Store.ActiveAsync(plan.Name, cancellation).ConfigureAwait(false);
        // Another node may have made it active a moment ago, or it could not be started when this one began.
        ApplicationVersion? active = before?.Number == number ? before : null;
        try
        {
            await node.DeployAsync(
                [(plan, number)], author,
                async ends => active ??= await Store.ActivateAsync(plan.Name, number, author, DateTimeOffset.UtcNow, ends).ConfigureAwait(false),
                cancellation).ConfigureAwait(false);
            follower.Forget(plan.Name);
            return active!;
        }
        catch (Exception) when (active is not null && active != before)
        {
            // The store should say what answers, so that the next start gives the same.
            if (before is not null) await Store.ActivateAsync(plan.Name, before.Number, author, DateTimeOffset.UtcNow, CancellationToken.None).ConfigureAwait(false);
            else await Store.DeactivateAsync(plan.Name, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private static bool IsRefusal(Exception failure) => failure is WasmException or PolicySetException or ManifestException;

    private static string Range(IReadOnlyList<ApplicationVersion> versions) =>
        versions.Count == 1 ? $"version {versions[0].Number}" : $"versions {versions[^1].Number} to {versions[0].Number}";
}
