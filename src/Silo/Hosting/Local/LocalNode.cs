using System.Collections.Concurrent;
using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Storage;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Tracer.Calls;
using Chain.Tracer.Recording;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Chain.Tracer.Telemetry;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Chain.Silo.Hosting.Local;

/// <summary>
/// One node, everything in one process: the store, the record, policies, alerts, and the applications' instances. Safe for any thread.
/// </summary>
public sealed partial class LocalNode : IAsyncDisposable
{
    private readonly Dictionary<string, DeployedApplication> applications = [];
    private readonly ConcurrentDictionary<string, ApplicationLog> logs = new();
    private readonly SemaphoreSlim deploying = new(1, 1);
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private readonly List<Task> background = [];
    private readonly HttpClient http = new();
    private readonly NodeOptions options;
    private readonly ILogger log;
    private readonly PrivatePostgres? postgres;
    private readonly CallRecorder recorder;
    private readonly DecisionLog decisions;
    private readonly NodeAudience audience;
    private readonly ActivePolicies policies;
    private readonly NodeServices services;
    private readonly ChainGateway gateway;
    private readonly GuestThreads threads;
    private readonly SpanExport? spans;
    private readonly LabelStore labels;
    private AlertPipeline alerts;
    private ExposureServer exposures = null!;

    private LocalNode(NodeOptions options, ILogger log, PrivatePostgres? postgres, NpgsqlDataSource database, LabelStore labels, CallNames names, CallRecorder recorder, SpanExport? spans)
    {
        this.options = options;
        this.log = log;
        this.postgres = postgres;
        this.recorder = recorder;
        this.spans = spans;
        this.labels = labels;
        Database = database;
        policies = new ActivePolicies(PolicySet.Empty(labels));
        decisions = new DecisionLog(database, log);
        alerts = new AlertPipeline(database, new AlertOptions());
        audience = new NodeAudience(decisions, () => alerts, Feed, labels);
        var pipeline = new CallPipeline(recorder, labels, policies, audience);
        // A guest's stack for each call of a chain: those that are not used are only addresses.
        threads = new GuestThreads(options.Concurrency, options.Queue, options.Depth << 20);
        Engine engine = new ManagedEngine(new EngineOptions { CacheDirectory = CodeFolder(options.Folder) });
        services = new NodeServices(engine, pipeline, names, new StateStore(database, new AgreedLabels(database)), new Propagator(labels), threads);
        gateway = new ChainGateway(services);
    }

    /// <summary>The store.</summary>
    public NpgsqlDataSource Database { get; }

    /// <summary>Calls as they end.</summary>
    public CallFeed Feed { get; } = new();

    /// <summary>Where applications' HTTP is served.</summary>
    public string Url => exposures.Url;

    public RecorderCounters Counters => recorder.Counters;

    /// <summary>Calls that ended since the node started.</summary>
    public long Calls => audience.Calls;

    /// <summary>Calls that a policy refused.</summary>
    public long Denied => audience.Denied;

    /// <summary>Decisions and violations that could not be kept.</summary>
    public long Dropped => decisions.Dropped + alerts.Dropped;

    /// <summary>The stages that calls pass: all, unless a benchmark wants to know what each costs. It may change only while no call is under way.</summary>
    public PipelineStages Stages
    {
        get => services.Pipeline.Stages;
        set => services.Pipeline.Stages = value;
    }

    /// <summary>The policies that decide now.</summary>
    public PolicySet Policies => policies.Current;

    /// <summary>Starts a node.</summary>
    /// <param name="options">How.</param>
    /// <param name="logging">Where its own lines go.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StoreException">No Postgres could be had.</exception>
    /// <exception cref="NpgsqlException">The user's own Postgres cannot be reached.</exception>
    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<LocalNode> StartAsync(NodeOptions options, Action<ILoggingBuilder> logging, CancellationToken cancellation = default)
    {
        PrivatePostgres? postgres = options.Postgres is null
            ? await PrivatePostgres.StartAsync(new PrivatePostgresOptions { Folder = Path.Combine(options.Folder, "postgres") }, cancellation).ConfigureAwait(false)
            : null;
        NpgsqlDataSource? database = null;
        CallRecorder? recorder = null;
        LocalNode? node = null;
        try
        {
            database = NpgsqlDataSource.Create(options.Postgres ?? postgres!.ConnectionString);
            await Migrations.ApplyAsync(database, cancellation).ConfigureAwait(false);
            (LabelStore labels, CallNames names) = (new LabelStore(), new CallNames());
            SpanExport? spans = options.Otlp is { } endpoint ? new SpanExport(new SpanExportOptions { Endpoint = endpoint }) : null;
            recorder = await CallRecorder.OpenAsync(
                database, labels, names, new RecorderOptions { Folder = Path.Combine(options.Folder, "spool"), Name = options.Name }, spans, cancellation).ConfigureAwait(false);
            node = new LocalNode(options, LoggerFactory.Create(logging).CreateLogger<LocalNode>(), postgres, database, labels, names, recorder, spans);
            node.exposures = await ExposureServer.StartAsync(node.gateway, node.services, options, logging).ConfigureAwait(false);
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
    public async Task DeployAsync(ApplicationPlan plan, int version, string author, CancellationToken cancellation = default)
    {
        await deploying.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            DeployedApplication made = await Task.Run(
                () => new DeployedApplication(plan, version, logs.GetOrAdd(plan.Name, static _ => new ApplicationLog()), services), cancellation).ConfigureAwait(false);
            try
            {
                await UsePoliciesAsync(plan, author, cancellation).ConfigureAwait(false);
            }
            catch
            {
                made.Leave();
                throw;
            }

            Swap(plan.Name, made);
            if (plan.Alerts is { } file) await UseAlertsAsync(file).ConfigureAwait(false);
        }
        finally
        {
            deploying.Release();
        }
    }

    /// <summary>Ends an application: what it exposes is gone, calls under way finish.</summary>
    /// <returns>False when there is none of that name.</returns>
    public async Task<bool> RemoveAsync(string application, string author, CancellationToken cancellation = default)
    {
        await deploying.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            lock (gate)
            {
                if (!applications.ContainsKey(application)) return false;
            }

            Swap(application, null);
            await UsePoliciesAsync(null, author, cancellation).ConfigureAwait(false);
            return true;
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
                        (IReadOnlyDictionary<string, int>)one.Components.ToDictionary(static c => c.Key, static c => c.Value.Pool.Alive))),
                ];
            }
        }
    }

    /// <summary>What an application's guests wrote; <see langword="null"/> where there is no such application.</summary>
    public ApplicationLog? LogOf(string application) => logs.GetValueOrDefault(application);

    /// <summary>Calls a function of a component from outside.</summary>
    /// <param name="application">The application's name.</param>
    /// <param name="component">The component's name.</param>
    /// <param name="interfaceName">The interface as it is exported; <see langword="null"/> for a function of the component's own.</param>
    /// <param name="function">The function.</param>
    /// <param name="arguments">Values of its parameters' types.</param>
    /// <param name="incoming">The caller's context and label.</param>
    /// <param name="cancellation">The caller gives up.</param>
    /// <exception cref="KeyNotFoundException">There is no such application, component or function.</exception>
    /// <exception cref="NodeBusyException">Too many calls wait already.</exception>
    public async Task<GatewayResult> CallAsync(
        string application, string component, string? interfaceName, string function, ComponentValue[] arguments, Incoming incoming = default,
        CancellationToken cancellation = default)
    {
        DeployedApplication held = Enter(application);
        try
        {
            if (!held.Components.TryGetValue(component, out DeployedComponent? found))
                throw new KeyNotFoundException($"{application} has no component \"{component}\", it has {string.Join(", ", held.Components.Keys)}");
            return await gateway.CallAsync(held, found, interfaceName, function, arguments, incoming, cancellation).ConfigureAwait(false);
        }
        finally
        {
            held.Leave();
        }
    }

    /// <summary>Waits until every call that ended before is in the store or the spool, and every decision in the store.</summary>
    public async Task FlushAsync(CancellationToken cancellation = default)
    {
        await recorder.FlushAsync().ConfigureAwait(false);
        await decisions.FlushAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Takes no more calls, waits for those under way, and keeps what is there.</summary>
    public async ValueTask DisposeAsync()
    {
        if (exposures is not null)
        {
            await exposures.StopAsync().ConfigureAwait(false);
            await exposures.DisposeAsync().ConfigureAwait(false);
        }

        await stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(background).ConfigureAwait(false);
        lock (gate)
        {
            foreach (DeployedApplication application in applications.Values) application.Leave();
            applications.Clear();
        }

        threads.Dispose();
        await recorder.DisposeAsync().ConfigureAwait(false);
        if (spans is not null) await spans.DisposeAsync().ConfigureAwait(false);
        await decisions.DisposeAsync().ConfigureAwait(false);
        await alerts.DisposeAsync().ConfigureAwait(false);
        http.Dispose();
        await Database.DisposeAsync().ConfigureAwait(false);
        if (postgres is not null) await postgres.DisposeAsync().ConfigureAwait(false);
        stop.Dispose();
        deploying.Dispose();
    }

    private DeployedApplication Enter(string name)
    {
        while (true)
        {
            DeployedApplication? found;
            lock (gate) found = applications.GetValueOrDefault(name);
            if (found is null) throw new KeyNotFoundException($"there is no application \"{name}\"");
            if (found.TryEnter()) return found;
        }
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

    // The policies of all applications are one set: the store has one that is active.
    private async Task UsePoliciesAsync(ApplicationPlan? changed, string author, CancellationToken cancellation)
    {
        var files = new List<PolicyFile>();
        lock (gate)
        {
            foreach (DeployedApplication other in applications.Values)
            {
                if (other.Plan.Name != changed?.Name) files.AddRange(other.Plan.Policies);
            }
        }

        if (changed is not null) files.AddRange(changed.Policies);
        PolicySet set = PolicyLoader.Load(files, labels);
        await new PolicyHistory(Database).ActivateAsync(set, author, DateTimeOffset.UtcNow, cancellation).ConfigureAwait(false);
        policies.Swap(set);
    }

    private async Task UseAlertsAsync(PolicyFile file)
    {
        AlertPipeline old = alerts;
        alerts = new AlertPipeline(Database, AlertConfiguration.Read(file, http, TextWriter.Null));
        await old.DisposeAsync().ConfigureAwait(false);
    }

    private void StartBackground()
    {
        var upkeep = new StoreUpkeep(Database, options.Upkeep);
        background.Add(Task.Run(() => upkeep.RunEveryAsync(TimeSpan.FromMinutes(1), error => LogUpkeep(log, error.Message), stop.Token)));
        background.Add(Task.Run(WatchPoliciesAsync));
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
