using Chain.Silo.Applications;
using Chain.Silo.Applications.Storage;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;

namespace Chain.Silo.Api;

/// <summary>What the endpoints show and do. Safe for any thread.</summary>
/// <param name="node">The node.</param>
/// <param name="cluster">What it is a silo of; <see langword="null"/> where it is by itself.</param>
/// <param name="applications">Its applications.</param>
/// <param name="description">How it is reached, once it is.</param>
/// <param name="shutdown">Asks the process to end.</param>
internal sealed class NodeApi(LocalNode node, ICluster? cluster, NodeApplications applications, Func<NodeDescription> description, Action shutdown)
{
    private static readonly TimeSpan SpreadTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SpreadCheck = TimeSpan.FromMilliseconds(50);

    public LocalNode Node => node;

    public ICluster? Cluster => cluster;

    public NodeApplications Applications => applications;

    public NodeDescription Description => description();

    /// <summary>Cancelled when the API stops: streams of events end then.</summary>
    public CancellationToken Stopping { get; set; }

    public void Shutdown() => shutdown();

    /// <summary>What runs, by name.</summary>
    public IReadOnlyList<RunningApplication> Running() =>
        [.. node.Applications.Select(one => Of(one.Plan, one.Version, one.Instances))];

    /// <summary>What runs of one application; <see langword="null"/> where nothing does.</summary>
    public RunningApplication? Running(string application) => Running().FirstOrDefault(one => one.Name == application);

    /// <summary>What should run and could not be started; <see langword="null"/> where all does.</summary>
    public IReadOnlyList<StoppedApplication>? NotRunning() => applications.NotRunning is { Count: > 0 } some
        ? [.. some.Select(static one => new StoppedApplication(one.Version.Application, one.Version.Number, one.Reason))]
        : null;

    public DeployAnswer Answer(Deployment deployment) => new(
        deployment.HasChanged,
        Running(deployment.Plan.Name) ?? Of(deployment.Plan, deployment.Version.Number, new Dictionary<string, int>()),
        [.. deployment.Warnings.Select(IssueLine.Of)]);

    /// <summary>
    /// Waits until every silo that answers has an application, or for ten seconds at most: whoever deployed it may call any of them next. Of versions it
    /// says nothing; the one before answers until a silo has the new one.
    /// </summary>
    public async Task SpreadAsync(string application, CancellationToken cancellation)
    {
        if (cluster is null) return;
        long end = Environment.TickCount64 + (long)SpreadTime.TotalMilliseconds;
        while (Environment.TickCount64 < end)
        {
            IReadOnlyList<SiloStatus> silos = await cluster.SilosAsync(cancellation).ConfigureAwait(false);
            if (silos.All(silo => silo.State != SiloState.Active || silo.Components.Keys.Any(one => one.StartsWith($"{application}/", StringComparison.Ordinal)))) return;
            await Task.Delay(SpreadCheck, cancellation).ConfigureAwait(false);
        }
    }

    public async Task<ApplicationDetails> DetailsAsync(string application, CancellationToken cancellation)
    {
        IReadOnlyList<ApplicationVersion> versions = await applications.Store.VersionsAsync(application, cancellation).ConfigureAwait(false);
        RunningApplication? running = Running(application);
        return versions.Count > 0 || running is not null
            ? new ApplicationDetails(application, versions, running)
            : throw node.Unknown(application);
    }

    private RunningApplication Of(ApplicationPlan plan, int version, IReadOnlyDictionary<string, int> instances) => new(
        plan.Name, version, plan.Digest,
        [
            .. plan.Components.Values.OrderBy(static one => one.Name, StringComparer.Ordinal)
                .Select(one => new RunningComponent(one.Name, one.Digest, instances.GetValueOrDefault(one.Name), node.FunctionsOf(plan.Name, one.Name))),
        ],
        [.. plan.Exposures.Select(UrlOf)]);

    private string UrlOf(Exposure exposure)
    {
        string url = NodeProcess.Reachable(node.Url);
        return (exposure.Host is { } host ? $"http://{host}:{new Uri(url).Port}" : url) + exposure.Path;
    }
}
