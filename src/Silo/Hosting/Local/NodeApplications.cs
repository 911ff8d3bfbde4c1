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

/// <summary>An application that was active when the node stopped, and could not be started again.</summary>
/// <param name="Version">Which.</param>
/// <param name="Reason">Why not.</param>
public sealed record NotResumed(ApplicationVersion Version, string Reason);

/// <summary>
/// The applications of a node as their owners see them: every version is kept in the store, one of each is active there and answers on the node. A
/// change is saved, then tried, then made active; where any of it fails, the version before goes on answering. Safe for any thread.
/// </summary>
public sealed class NodeApplications(LocalNode node)
{
    private readonly SemaphoreSlim changing = new(1, 1);

    /// <summary>All versions, with the bytes of components.</summary>
    public ApplicationStore Store { get; } = new(node.Database);

    /// <summary>Deploys an application.</summary>
    /// <param name="bundle">All that it is made of.</param>
    /// <param name="author">Who deploys it.</param>
    /// <param name="cancellation">Gives up; the version before goes on answering.</param>
    /// <exception cref="ManifestException">It does not check.</exception>
    /// <exception cref="WasmException">A component cannot be linked.</exception>
    /// <exception cref="PolicySetException">Its policies and those of the other applications do not go together.</exception>
    public async Task<Deployment> DeployAsync(ApplicationBundle bundle, string author, CancellationToken cancellation = default)
    {
        ApplicationCheck check = await Task.Run(() => ApplicationCheck.Run(bundle), cancellation).ConfigureAwait(false);
        ApplicationPlan plan = check.Require();
        await changing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            ApplicationVersion version = await Store.SaveVersionAsync(plan, author, DateTimeOffset.UtcNow, cancellation).ConfigureAwait(false);
            bool hasChanged = VersionOf(plan.Name) != version.Number;
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
            IReadOnlyList<ApplicationVersion> versions = await Store.VersionsAsync(application, cancellation).ConfigureAwait(false);
            if (versions.Count == 0) throw node.Unknown(application);
            int number = to ?? await Store.PreviousAsync(application, cancellation).ConfigureAwait(false);
            ApplicationVersion version = versions.FirstOrDefault(one => one.Number == number)
                ?? throw new KeyNotFoundException($"{application} has no version {number}; it has {Range(versions)}");
            ApplicationPlan plan = await Store.LoadAsync(application, number, cancellation).ConfigureAwait(false);
            bool hasChanged = VersionOf(application) != number;
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
            bool wasActive = await Store.DeactivateAsync(application, cancellation).ConfigureAwait(false);
            bool wasRunning = await node.RemoveAsync(application, author, cancellation).ConfigureAwait(false);
            if (!wasActive && !wasRunning) throw node.Unknown(application);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Starts what was active when the node stopped. One that cannot be started keeps no other from it.</summary>
    /// <returns>Those that could not be started; they stay active in the store.</returns>
    public async Task<IReadOnlyList<NotResumed>> ResumeAsync(CancellationToken cancellation = default)
    {
        var failed = new List<NotResumed>();
        var loaded = new List<(ApplicationPlan Plan, ApplicationVersion Version)>();
        foreach (ApplicationVersion version in await Store.ListAsync(cancellation).ConfigureAwait(false))
        {
            try
            {
                loaded.Add((await Store.LoadAsync(version.Application, version.Number, cancellation).ConfigureAwait(false), version));
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
        int? before = VersionOf(plan.Name);
        ApplicationVersion? active = null;
        try
        {
            await node.DeployAsync(
                [(plan, number)], author,
                async ends => active = await Store.ActivateAsync(plan.Name, number, author, DateTimeOffset.UtcNow, ends).ConfigureAwait(false),
                cancellation).ConfigureAwait(false);
            return active!;
        }
        catch (Exception) when (active is not null)
        {
            // The store should say what answers, so that the next start gives the same.
            if (before is { } old) await Store.ActivateAsync(plan.Name, old, author, DateTimeOffset.UtcNow, CancellationToken.None).ConfigureAwait(false);
            else await Store.DeactivateAsync(plan.Name, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private int? VersionOf(string application)
    {
        foreach ((ApplicationPlan plan, int version, _) in node.Applications)
        {
            if (plan.Name == application) return version;
        }

        return null;
    }

    private static bool IsRefusal(Exception failure) => failure is WasmException or PolicySetException or ManifestException;

    private static string Range(IReadOnlyList<ApplicationVersion> versions) =>
        versions.Count == 1 ? $"version {versions[0].Number}" : $"versions {versions[^1].Number} to {versions[0].Number}";
}
