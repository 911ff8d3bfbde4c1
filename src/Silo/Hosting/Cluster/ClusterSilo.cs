using System.Net;
using System.Net.Sockets;
using Chain.Silo.Calls.Remote;
using Chain.Silo.Hosting.Local;
using Chain.Wasm.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using MemberStatus = global::Orleans.Runtime.SiloStatus;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>A node's place in its cluster: an Orleans silo in the node's process. Safe for any thread.</summary>
internal sealed partial class ClusterSilo : ICluster
{
    /// <summary>Where Orleans' tables are (<c>migrations/0006_orleans.sql</c>).</summary>
    public const string Schema = "orleans";

    // Somebody waits for the list of silos; one that is well answers within milliseconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    private const int MostStarts = 5;

    private readonly LocalNode node;
    private readonly NodeOptions options;
    private readonly NpgsqlDataSource database;
    private readonly DateTimeOffset started = DateTimeOffset.UtcNow;
    private readonly Lock gate = new();
    private readonly CancellationTokenSource leaves = new();
    private IHost host = null!;
    private ClusterEndpoints endpoints = null!;
    private Task? leaving;
    private volatile string api = "";
    private volatile int state = (int)SiloState.Joining;

    private ClusterSilo(LocalNode node, NodeOptions options)
    {
        this.node = node;
        this.options = options;
        database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(node.ConnectionString) { SearchPath = Schema });
    }

    public SiloState State => (SiloState)state;

    /// <summary>Cancelled when the silo begins to leave.</summary>
    public CancellationToken Leaving => leaves.Token;

    /// <summary>What the record calls the silo.</summary>
    public string Name => options.Name;

    /// <summary>What the silo's grains get.</summary>
    public IServiceProvider Services => host.Services;

    /// <inheritdoc cref="ClusterSupport.StartAsync"/>
    public static async Task<ICluster> StartAsync(LocalNode node, NodeOptions options, Action<ILoggingBuilder> logging, CancellationToken cancellation)
    {
        var silo = new ClusterSilo(node, options);
        try
        {
            await silo.JoinAsync(logging, cancellation).ConfigureAwait(false);
            return silo;
        }
        catch
        {
            await silo.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public void Announce(string api) => this.api = api;

    /// <summary>What the silo says of itself.</summary>
    public SiloReport Report() => new(
        State, options.Labels, started, api, node.Url, node.Calls,
        node.Applications.SelectMany(static one => one.Instances.Select(component => (Name: $"{one.Plan.Name}/{component.Key}", Count: (long)component.Value)))
            .ToDictionary(static one => one.Name, static one => one.Count));

    /// <summary>Where it takes HTTP requests that other silos forward.</summary>
    public RequestPlaceMessage Requests() => new(node.Requests!.Silo, node.Requests.Url, node.Requests.Secret);

    public async Task<IReadOnlyList<SiloStatus>> SilosAsync(CancellationToken cancellation)
    {
        if (State == SiloState.Drained) return [StatusOf(options.Name, endpoints.Silo.ToString(), Report())];
        SiloStatus[] all = await Task.WhenAll(Members().Select(member => StatusAsync(member, cancellation))).ConfigureAwait(false);
        return [.. all.OrderBy(static one => one.Name, StringComparer.Ordinal)];
    }

    public async Task DrainAsync(string silo, CancellationToken cancellation)
    {
        if (silo == options.Name)
        {
            await LeaveAsync().WaitAsync(cancellation).ConfigureAwait(false);
            return;
        }

        ClusterMember[] members = State == SiloState.Drained ? [] : Members();
        ClusterMember member = Array.Find(members, one => one.Name == silo) ?? throw new KeyNotFoundException(
            $"the cluster has no silo '{silo}'{NearNames.Hint(silo, [.. members.Select(static one => one.Name)])}");
        try
        {
            await host.Services.GetRequiredService<SiloServices>().Of(member.SiloAddress).LeaveAsync().WaitAsync(Patience, cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is TimeoutException or OrleansException)
        {
            throw new ClusterException($"silo {silo} ({member.SiloAddress.Endpoint}) does not answer: it is asked again in a moment, or held for dead", failure);
        }

        await foreach (ClusterMembershipSnapshot snapshot in Membership.MembershipUpdates.WithCancellation(cancellation).ConfigureAwait(false))
        {
            if (snapshot.GetSiloStatus(member.SiloAddress) is MemberStatus.Dead or MemberStatus.None) return;
        }
    }

    public void MapDashboard(WebApplication web, string path) => DashboardPages.Map(web, path, host.Services);

    /// <summary>Leaves the cluster; ends when it has left, and its process stays.</summary>
    public Task LeaveAsync()
    {
        lock (gate) return leaving ??= LeaveOnceAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (State == SiloState.Active || leaving is not null) await LeaveAsync().ConfigureAwait(false);
        if (host is IAsyncDisposable disposable) await disposable.DisposeAsync().ConfigureAwait(false);
        await database.DisposeAsync().ConfigureAwait(false);
        leaves.Dispose();
    }

    private IClusterMembershipService Membership => host.Services.GetRequiredService<IClusterMembershipService>();

    private async Task JoinAsync(Action<ILoggingBuilder> logging, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                endpoints = ClusterEndpoints.Choose(options.Cluster!);
                host = SiloHost.Build(this, node, options, endpoints, database, logging);
                await Predecessor.BuryAsync(host.Services.GetRequiredService<IMembershipTable>(), options.Name, cancellation).ConfigureAwait(false);

                // Before another silo can send a call: an application that is made for it must know the way to the others.
                node.Join(host.Services.GetRequiredService<IRemoteTransport>(), host.Services.GetRequiredService<IRequestRouter>());
                await host.StartAsync(cancellation).ConfigureAwait(false);
                break;
            }
            catch (Exception failure) when (IsTaken(failure) && endpoints.ArePicked && attempt < MostStarts)
            {
                await ((IAsyncDisposable)host).DisposeAsync().ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                throw new ClusterException($"silo {options.Name} cannot join cluster {options.Cluster!.ClusterId}: {ReasonOf(failure)}", failure);
            }
        }

        state = (int)SiloState.Active;
        await host.Services.GetRequiredService<IGrainFactory>().GetGrain<IUpkeepGrain>(IUpkeepGrain.Key).StartAsync().WaitAsync(cancellation).ConfigureAwait(false);
    }

    private async Task LeaveOnceAsync()
    {
        await Task.Yield();
        state = (int)SiloState.Draining;
        await leaves.CancelAsync().ConfigureAwait(false);
        Task time = Task.Delay(options.Drain);
        await node.StopTakingAsync().ConfigureAwait(false);
        Task left = host.StopAsync();
        if (await Task.WhenAny(left, time).ConfigureAwait(false) == time) node.BreakOffAnswers();
        try
        {
            await left.ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is OperationCanceledException or AggregateException)
        {
            // It is out all the same: the others hold it for dead, and what it had under way for lost.
            LogCutOff(host.Services.GetRequiredService<ILogger<ClusterSilo>>(), options.Name, failure.Message.ReplaceLineEndings(" "));
        }

        state = (int)SiloState.Drained;
    }

    private ClusterMember[] Members() => [.. Membership.CurrentSnapshot.Members.Values.Where(static one => one.Status is not (MemberStatus.None or MemberStatus.Dead))];

    private async Task<SiloStatus> StatusAsync(ClusterMember member, CancellationToken cancellation)
    {
        string address = member.SiloAddress.Endpoint.ToString();
        try
        {
            SiloReport report = member.SiloAddress.Endpoint.Equals(endpoints.Silo)
                ? Report()
                : await host.Services.GetRequiredService<SiloServices>().Of(member.SiloAddress).ReportAsync().WaitAsync(Patience, cancellation).ConfigureAwait(false);
            return StatusOf(member.Name, address, report);
        }
        catch (Exception failure) when (failure is TimeoutException or OrleansException)
        {
            SiloState seen = member.Status switch
            {
                MemberStatus.Created or MemberStatus.Joining => SiloState.Joining,
                MemberStatus.ShuttingDown or MemberStatus.Stopping => SiloState.Draining,
                _ => SiloState.Unreachable,
            };
            IReadOnlyDictionary<string, string> labels = host.Services.GetRequiredService<ISiloMetadataCache>().GetSiloMetadata(member.SiloAddress).Metadata;
            return StatusOf(member.Name, address, new SiloReport(seen, labels, default, "", "", 0, new Dictionary<string, long>()));
        }
    }

    private static SiloStatus StatusOf(string name, string address, SiloReport report) => new(
        name, report.State, address, report.Labels, report.Started, report.Api, report.Http, report.Calls, report.Components.Values.Sum(), report.Components);

    private static bool IsTaken(Exception failure) => failure is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
        || (failure.InnerException is { } inner && IsTaken(inner));

    private string ReasonOf(Exception failure)
    {
        if (Listening.ReasonOf(failure, endpoints?.Silo ?? new IPEndPoint(options.Cluster!.Address, options.Cluster.SiloPort)) is { } taken) return taken;
        while (failure.InnerException is { } inner && failure is not (NpgsqlException or ClusterException)) failure = inner;
        return failure.Message.ReplaceLineEndings(" ");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "silo {Silo} left the cluster without waiting any longer: {Reason}")]
    private static partial void LogCutOff(ILogger log, string silo, string reason);
}
