using System.Collections.Concurrent;
using System.Collections.Immutable;
using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Storage;
using Chain.Silo.Applications;
using Chain.Silo.Applications.Storage;
using Chain.Silo.Calls;
using Chain.Silo.Calls.Remote;
using Chain.Silo.Hosting.Local.Requests;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Recording.Journals;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Chain.Tracer.Telemetry;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Text;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;
using Chain.Wasm.Text;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Chain.Silo.Hosting.Local;

/// <summary>
/// One node, everything in one process: the store, the record, policies, alerts, and the applications' instances. Safe for any thread.
/// </summary>
public sealed partial class LocalNode : IAsyncDisposable
{
    private static readonly TimeSpan PostgresStop = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, DeployedApplication> applications = [];
    private readonly ConcurrentDictionary<string, ApplicationLog> logs = new();
    private readonly SemaphoreSlim deploying = new(1, 1);
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource takesNoMore = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private readonly List<Task> background = [];
    private readonly HttpClient http = new();
    private readonly NodeOptions options;
    private readonly ILogger log;
    private readonly PrivatePostgres? postgres;
    private readonly CallRecorder recorder;
    private readonly NpgsqlDataSource steady;
    private readonly FrameJournal journal;
    private readonly DecisionLog decisions;
    private readonly LogKeeper lines;
    private readonly NodeAudience audience;
    private readonly ActivePolicies policies;
    private readonly NodeServices services;
    private readonly ChainGateway gateway;
    private readonly GuestThreads threads;
    private readonly GuestThreads remoteThreads;
    private readonly RemoteAnswers answers;
    private readonly HeldVersions held;
    private readonly SpanExport? spans;
    private readonly LabelStore labels;
    private AlertPipeline alerts;
    private ExposureServer exposures = null!;
    private ForwardServer? forwards;

    private LocalNode(NodeOptions options, ILogger log, PrivatePostgres? postgres, NpgsqlDataSource database, NpgsqlDataSource steady, LabelStore labels, CallNames names, CallRecorder recorder, FrameJournal journal, SpanExport? spans)
    {
        this.options = options;
        this.log = log;
        this.postgres = postgres;
        this.recorder = recorder;
        this.spans = spans;
        this.labels = labels;
        Database = database;
        policies = new ActivePolicies(PolicySet.Empty(labels));
        this.journal = journal;
        this.steady = steady;
        decisions = new DecisionLog(steady, journal, log);
        lines = new LogKeeper(steady, recorder.Node, options.Name, log);
        // It knows of no receivers, and what it made a notice of would reach none: applications that were active come first.
        alerts = new AlertPipeline(steady, new AlertOptions(), tells: false);
        audience = new NodeAudience(decisions, journal, () => alerts, Feed, labels);
        var pipeline = new CallPipeline(recorder, labels, policies, audience);
        // A guest's stack for each call of a chain: those that are not used are only addresses.
        threads = new GuestThreads(options.Concurrency, options.Queue, options.Depth << 20);
        Engine engine = new ManagedEngine(new EngineOptions { CacheDirectory = CodeFolder(options.Folder) });
        services = new NodeServices(engine, pipeline, names, new StateStore(database, new AgreedLabels(database)), new Propagator(labels), threads, options.Labels) { MostSent = options.Queue };
        gateway = new ChainGateway(services);
        remoteThreads = new GuestThreads(options.RemoteConcurrency, 0, options.Depth << 20, Math.Max(2, Environment.ProcessorCount));
        answers = new RemoteAnswers(options.Name, services, remoteThreads, HoldAsync);
        held = new HeldVersions(LoadAsync);
    }

    /// <summary>What the record calls the node.</summary>
    public string Name => options.Name;

    /// <summary>What kind of place it is.</summary>
    public IReadOnlyDictionary<string, string> Labels => options.Labels;

    /// <summary>The store.</summary>
    public NpgsqlDataSource Database { get; }

    /// <summary>Connects to the store, with the password, which <see cref="Database"/> does not say.</summary>
    internal string ConnectionString => options.Postgres ?? postgres!.ConnectionString;

    /// <summary>Where the private Postgres is; <see langword="null"/> where the store is the user's own.</summary>
    public string? PostgresFolder => postgres?.Folder;

    /// <summary>Calls as they end.</summary>
    public CallFeed Feed { get; } = new();

    /// <summary>Where applications' HTTP is served; empty before <see cref="ListenAsync"/>.</summary>
    public string Url => exposures?.Url ?? "";

    /// <summary>Where other silos send HTTP requests that this one is to answer; <see langword="null"/> where the node is made for no cluster.</summary>
    public RequestPlace? Requests => forwards?.Place;

    public RecorderCounters Counters => recorder.Counters;

    /// <summary>Calls that ended since the node started.</summary>
    public long Calls => audience.Calls;

    /// <summary>Calls that a policy refused.</summary>
    public long Denied => audience.Denied;

    /// <summary>The stages that calls pass: all, unless a benchmark wants to know what each costs. It may change only while no call is under way.</summary>
    public PipelineStages Stages
    {
        get => services.Pipeline.Stages;
        set => services.Pipeline.Stages = value;
    }

    /// <summary>The policies that decide now.</summary>
    public PolicySet Policies => policies.Current;

    /// <summary>Starts a node.</summary>
    /// <exception cref="ListenException">The address of applications' HTTP cannot be had.</exception>
    /// <inheritdoc cref="OpenAsync"/>
    public static async Task<LocalNode> StartAsync(NodeOptions options, Action<ILoggingBuilder> logging, CancellationToken cancellation = default)
    {
        LocalNode node = await OpenAsync(options, logging, cancellation).ConfigureAwait(false);
        try
        {
            await node.ListenAsync().ConfigureAwait(false);
            return node;
        }
        catch
        {
            await node.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Serves applications' HTTP from now on, tells receivers of alerts, and takes up decisions that a killed process had left.</summary>
    /// <exception cref="ListenException">The address cannot be had.</exception>
    public async Task ListenAsync()
    {
        await exposures.StartAsync().ConfigureAwait(false);
        StartDeciding();
    }

    /// <summary>Starts a node that does not listen yet (<see cref="ListenAsync"/>), so that it can have its applications first.</summary>
    /// <param name="options">How.</param>
    /// <param name="logging">Where its own lines go.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StoreException">No Postgres could be had.</exception>
    /// <exception cref="NpgsqlException">The user's own Postgres cannot be reached.</exception>
    public static async Task<LocalNode> OpenAsync(NodeOptions options, Action<ILoggingBuilder> logging, CancellationToken cancellation = default)
    {
        PrivatePostgres? postgres = options.Postgres is null
            ? await PrivatePostgres.StartAsync(new PrivatePostgresOptions { Folder = options.SharedPostgres ?? Path.Combine(options.Folder, "postgres") }, cancellation).ConfigureAwait(false)
            : null;
        NpgsqlDataSource? database = null;
        NpgsqlDataSource? steady = null;
        CallRecorder? recorder = null;
        LocalNode? node = null;
        try
        {
            database = NpgsqlDataSource.Create(options.Postgres ?? postgres!.ConnectionString);
            await Migrations.ApplyAsync(database, cancellation).ConfigureAwait(false);
            steady = Steady(options.Postgres ?? postgres!.ConnectionString);
            (LabelStore labels, CallNames names) = (new LabelStore(), new CallNames());
            SpanExport? spans = options.Otlp is { } endpoint ? new SpanExport(new SpanExportOptions { Endpoint = endpoint }) : null;
            recorder = await CallRecorder.OpenAsync(
                steady, labels, names, new RecorderOptions { Folder = Path.Combine(options.Folder, "spool"), Name = options.Name }, spans, cancellation).ConfigureAwait(false);
            node = new LocalNode(options, LoggerFactory.Create(logging).CreateLogger<LocalNode>(), postgres, database, steady, labels, names, recorder, OpenJournal(options.Folder), spans);
            node.exposures = ExposureServer.Create(node.gateway, node.services, options, logging);
            if (options.Cluster is not null)
                node.forwards = await ForwardServer.StartAsync(node.gateway, node.services, node.remoteThreads, options, node.HoldAsync, logging).ConfigureAwait(false);
            node.StartBackground();
            return node;
        }
        catch
        {
            if (node is not null)
            {
                await node.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                if (recorder is not null) await recorder.DisposeAsync().ConfigureAwait(false);
                if (steady is not null) await steady.DisposeAsync().ConfigureAwait(false);
                if (database is not null) await database.DisposeAsync().ConfigureAwait(false);
                if (postgres is not null) await postgres.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    /// <summary>Makes a version of an application the one that answers; calls under way finish on the version they began with.</summary>
    /// <param name="plan">The application.</param>
    /// <param name="version">Its number in the store.</param>
    /// <param name="author">Who deploys it, for the history of policies.</param>
    /// <param name="cancellation">Gives up, before anything has changed.</param>
    /// <exception cref="Chain.Wasm.WasmException">A component cannot be linked.</exception>
    /// <exception cref="PolicySetException">Its policies and those of the other applications do not go together.</exception>
    public Task DeployAsync(ApplicationPlan plan, int version, string author, CancellationToken cancellation = default) =>
        DeployAsync([(plan, version)], author, static _ => Task.CompletedTask, cancellation);

    /// <summary>Makes versions of several applications those that answer, all of them or none.</summary>
    /// <param name="versions">The applications, with the versions' numbers in the store.</param>
    /// <param name="author">Who deploys them, for the history of policies.</param>
    /// <param name="keep">Called when nothing of them can be refused any more and nothing has changed yet: notes it in the store.</param>
    /// <param name="cancellation">Gives up, before anything has changed.</param>
    /// <exception cref="Chain.Wasm.WasmException">A component cannot be linked.</exception>
    /// <exception cref="PolicySetException">Their policies and those of the other applications do not go together.</exception>
    public async Task DeployAsync(
        IReadOnlyList<(ApplicationPlan Plan, int Version)> versions, string author, Func<CancellationToken, Task> keep, CancellationToken cancellation)
    {
        await deploying.WaitAsync(cancellation).ConfigureAwait(false);
        var made = new List<DeployedApplication>();
        try
        {
            foreach ((ApplicationPlan plan, int version) in versions) made.Add(await MakeAsync(plan, version, cancellation).ConfigureAwait(false));
            PolicySet set = await PoliciesWithAsync([.. versions.Select(static one => one.Plan)], null, cancellation).ConfigureAwait(false);
            AlertOptions[] alerting = [.. versions.Select(static one => one.Plan.Alerts).OfType<PolicyFile>()
                .Select(file => AlertConfiguration.Read(file, http, TextWriter.Null))];
            await keep(cancellation).ConfigureAwait(false);
            await UseAsync(set, author, CancellationToken.None).ConfigureAwait(false);
            foreach (DeployedApplication one in made) Swap(one.Plan.Name, one);
            made.Clear();
            foreach (AlertOptions one in alerting) await UseAlertsAsync(one).ConfigureAwait(false);
        }
        finally
        {
            foreach (DeployedApplication one in made) one.Leave();
            deploying.Release();
        }
    }

    /// <summary>Ends an application: what it exposes is gone, calls under way finish.</summary>
    /// <returns>False when there is none of that name.</returns>
    public Task<bool> RemoveAsync(string application, string author, CancellationToken cancellation = default) =>
        RemoveAsync(application, author, wasActive: false, cancellation);

    /// <param name="application">The application's name.</param>
    /// <param name="author">Who ends it, for the history of policies.</param>
    /// <param name="wasActive">Whether its policies are among the active ones although it may not answer here.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <inheritdoc cref="RemoveAsync(string, string, CancellationToken)"/>
    internal async Task<bool> RemoveAsync(string application, string author, bool wasActive, CancellationToken cancellation)
    {
        await deploying.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            bool isHere = VersionOf(application) is not null;
            if (!isHere && !wasActive) return false;
            if (isHere) Swap(application, null);
            await UseAsync(await PoliciesWithAsync([], application, cancellation).ConfigureAwait(false), author, cancellation).ConfigureAwait(false);
            return isHere;
        }
        finally
        {
            deploying.Release();
        }
    }

    /// <summary>The applications that answer, with their versions.</summary>
    public IReadOnlyList<(ApplicationPlan Plan, int Version, IReadOnlyDictionary<string, int> Instances)> Applications
    {
        get
        {
            lock (gate)
            {
                return
                [
                    .. applications.Values.OrderBy(static one => one.Plan.Name, StringComparer.Ordinal).Select(static one => (
                        one.Plan, one.Version,
                        (IReadOnlyDictionary<string, int>)one.Components.ToDictionary(static c => c.Key, static c => c.Value.Target.Alive))),
                ];
            }
        }
    }

    /// <summary>The version of an application that answers; <see langword="null"/> where none does.</summary>
    public int? VersionOf(string application)
    {
        lock (gate) return applications.GetValueOrDefault(application)?.Version;
    }

    /// <summary>The functions that a component exports, as they are called; none where it does not run.</summary>
    public IReadOnlyList<string> FunctionsOf(string application, string component)
    {
        lock (gate)
        {
            return applications.GetValueOrDefault(application)?.Components.GetValueOrDefault(component) is { } found
                ? [.. ExportedFunction.All(found.Compiled.Context.Type).Select(static one => one.Call)]
                : [];
        }
    }

    /// <summary>What an application's guests wrote; <see langword="null"/> where there is no such application.</summary>
    public ApplicationLog? LogOf(string application) => logs.GetValueOrDefault(application);

    /// <summary>Waits until every call that ended before is in the store or the spool, and every decision in the store.</summary>
    public Task FlushAsync(CancellationToken cancellation = default) => Task.WhenAll(recorder.FlushAsync(), decisions.FlushAsync(cancellation));

    /// <summary>Is done when the node begins to take no more calls from outside.</summary>
    public Task TakesNoMore => takesNoMore.Task;

    /// <summary>Takes no more calls from outside, and waits for those under way. Calls of other silos are answered still.</summary>
    public async Task StopTakingAsync()
    {
        takesNoMore.TrySetResult();
        if (exposures is not null) await exposures.StopAsync().ConfigureAwait(false);

        // Those that were broken off end too, and are recorded.
        await threads.DrainAsync(options.Drain).ConfigureAwait(false);
    }

    /// <summary>Takes no more calls, waits for those under way, and keeps what is there.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopTakingAsync().ConfigureAwait(false);
        if (forwards is not null) await forwards.StopAsync().ConfigureAwait(false);
        await remoteThreads.DrainAsync(options.Drain).ConfigureAwait(false);
        if (forwards is not null) await forwards.DisposeAsync().ConfigureAwait(false);
        if (exposures is not null) await exposures.DisposeAsync().ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(background).ConfigureAwait(false);
        lock (gate)
        {
            foreach (DeployedApplication application in applications.Values) application.Leave();
            applications.Clear();
        }

        held.Dispose();
        await recorder.DisposeAsync().ConfigureAwait(false);
        if (spans is not null) await spans.DisposeAsync().ConfigureAwait(false);
        await decisions.DisposeAsync().ConfigureAwait(false);
        await lines.DisposeAsync().ConfigureAwait(false);
        await alerts.DisposeAsync().ConfigureAwait(false);
        journal.Dispose();
        http.Dispose();
        await steady.DisposeAsync().ConfigureAwait(false);
        await Database.DisposeAsync().ConfigureAwait(false);
        if (postgres is not null && options.SharedPostgres is not null) await postgres.DisposeAsync().ConfigureAwait(false);
        else if (postgres is not null) await LeavePostgresAsync(postgres).ConfigureAwait(false);
        stop.Dispose();
        deploying.Dispose();
    }

    private void Swap(string name, DeployedApplication? made)
    {
        DeployedApplication? old;
        lock (gate)
        {
            old = applications.GetValueOrDefault(name);
            if (made is null) applications.Remove(name);
            else applications[name] = made;
        }

        exposures.Replace(name, made);
        old?.Leave();
    }

    // The policies of all applications are one set: the store has one that is active, for all nodes that share it.
    private async Task<PolicySet> PoliciesWithAsync(IReadOnlyList<ApplicationPlan> changed, string? without, CancellationToken cancellation)
    {
        var files = new List<PolicyFile>();
        IReadOnlyDictionary<string, IReadOnlyList<PolicyFile>> stored = await new ApplicationStore(Database).ActivePoliciesAsync(cancellation).ConfigureAwait(false);
        bool IsOther(string application) => application != without && changed.All(plan => plan.Name != application);
        // What the store says goes before what answers here, which may be about to follow it.
        foreach ((string application, IReadOnlyList<PolicyFile> theirs) in stored)
        {
            if (IsOther(application)) files.AddRange(theirs);
        }

        lock (gate)
        {
            foreach (DeployedApplication other in applications.Values)
            {
                if (!stored.ContainsKey(other.Plan.Name) && IsOther(other.Plan.Name)) files.AddRange(other.Plan.Policies);
            }
        }

        files.AddRange(changed.SelectMany(static plan => plan.Policies));
        return PolicyLoader.Load(files, labels);
    }

    private Task UseAsync(PolicySet set, string author, CancellationToken cancellation) => policies.ChangeAsync(
        async () =>
        {
            await new PolicyHistory(Database).ActivateAsync(set, author, DateTimeOffset.UtcNow, cancellation).ConfigureAwait(false);
            return set;
        },
        cancellation);

    /// <summary>One round of looking after the store, where the cluster says whose turn it is; one that fails is left to the next.</summary>
    internal async Task UpkeepAsync(CancellationToken cancellation)
    {
        try
        {
            await new StoreUpkeep(Database, options.Upkeep).RunAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            if (!cancellation.IsCancellationRequested) LogUpkeep(log, failure.Message);
        }
    }

    private void StartBackground()
    {
        var upkeep = new StoreUpkeep(Database, options.Upkeep);
        // In a cluster a grain has its rounds, on one silo.
        if (options.Cluster is null)
            background.Add(Task.Run(() => upkeep.RunEveryAsync(TimeSpan.FromMinutes(1), error => LogUpkeep(log, error.Message), stop.Token)));
        background.Add(Task.Run(WatchPoliciesAsync));
        background.Add(Task.Run(() => held.TrimEveryMinuteAsync(stop.Token)));
    }

    /// <summary>Takes over the set that somebody makes active in the store.</summary>
    private async Task WatchPoliciesAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await new PolicyHistory(Database).WatchAsync(policies, refused => LogPolicies(log, refused.Message), stop.Token).ConfigureAwait(false);
            }
            catch (Exception lost) when (lost is NpgsqlException or OperationCanceledException)
            {
                try
                {
                    await Task.Delay(TimeSpan.FromSeconds(1), stop.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Whoever ends a node may remove its folder next; but others may share the server, and then it stays.</summary>
    private static async Task LeavePostgresAsync(PrivatePostgres postgres)
    {
        await postgres.DisposeAsync().ConfigureAwait(false);
        try
        {
            await postgres.WaitForStopAsync(PostgresStop).ConfigureAwait(false);
        }
        catch (StoreException)
        {
            // Somebody else has it still.
        }
    }

    private static string CodeFolder(string folder)
    {
        string code = Path.Combine(folder, "code");
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(code);
        else Directory.CreateDirectory(code, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return code;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "upkeep of the store failed: {Reason}")]
    private static partial void LogUpkeep(ILogger log, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "a set of policies in the store does not check here: {Reason}")]
    private static partial void LogPolicies(ILogger log, string reason);
}
