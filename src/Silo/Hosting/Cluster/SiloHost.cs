using System.Net;
using Chain.Silo.Calls.Remote;
using Chain.Silo.Hosting.Local;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans;
using Orleans.Configuration;
using Orleans.Dashboard;
using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Serialization;
using Orleans.Storage;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>Makes Orleans' silo as Chain runs it: everything that it keeps is in the node's store, and it knows the node.</summary>
internal static class SiloHost
{
    /// <summary>The grain storage: Orleans' own serializer, in Postgres.</summary>
    public const string Storage = "store";

    private const string Npgsql = "Npgsql";

    // It is counted whether anybody looks or not.
    private const int DashboardInterval = 5_000;

    // A chain carries its own deadline, which ends its calls long before.
    private static readonly TimeSpan LongestCall = TimeSpan.FromHours(2);

    // What Orleans does of its own when a silo ends, after the calls.
    private static readonly TimeSpan StopAllowance = TimeSpan.FromSeconds(10);

    /// <param name="self">What the silo is to the rest of the node.</param>
    /// <param name="node">The node.</param>
    /// <param name="options">How the node runs.</param>
    /// <param name="endpoints">Where the silo listens.</param>
    /// <param name="database">The store, with Orleans' schema as search path.</param>
    /// <param name="logging">Where lines go.</param>
    public static IHost Build(
        ClusterSilo self, LocalNode node, NodeOptions options, ClusterEndpoints endpoints, NpgsqlDataSource database, Action<ILoggingBuilder> logging)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        logging(builder.Logging);
        SiloLog.Quieten(builder.Logging);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Drain + StopAllowance);
        // The process belongs to somebody else, and its signals too.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton(self);
        builder.Services.AddSingleton(node);
        builder.Services.AddSingleton(options);
        builder.UseOrleans(silo =>
        {
            silo.Configure<global::Orleans.Configuration.ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (options.Cluster!.ClusterId, options.Cluster.ClusterId));
            silo.Configure<SiloOptions>(one => one.SiloName = options.Name);
            silo.ConfigureEndpoints(endpoints.Silo.Address, endpoints.Silo.Port, endpoints.Gateway.Port);
            silo.Configure<ClusterMembershipOptions>(FindFailuresSoon);
            silo.Configure<SiloMessagingOptions>(static messaging => messaging.ResponseTimeout = LongestCall);
            silo.Configure<ExceptionSerializationOptions>(static exceptions => exceptions.SupportedNamespacePrefixes.Add(nameof(Chain)));
            silo.UseSiloMetadata(options.Labels.ToDictionary());
            KeepIn(silo, database);
            silo.AddDashboard(static dashboard => (dashboard.HideTrace, dashboard.CounterUpdateIntervalMs) = (true, DashboardInterval));
            silo.AddGrainService<SiloService>();
            silo.Services.AddSingleton<SiloServices>();
            silo.Services.AddSingleton<IRemoteTransport, GrainTransport>();
            silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, LastRequests>();
            silo.Services.AddSingleton<IRequestRouter, GrainRequestRouter>();
            silo.Services.AddPlacementFilter<SiloLabelsFilterStrategy, SiloLabelsFilterDirector>(ServiceLifetime.Transient);
        });
        return builder.Build();
    }

    /// <summary>Has a silo keep what it keeps in Postgres.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="database">The store, with Orleans' schema as search path.</param>
    public static void KeepIn(ISiloBuilder silo, NpgsqlDataSource database)
    {
        silo.UseAdoNetClustering(store => (store.Invariant, store.DataSource) = (Npgsql, database));
        silo.UseAdoNetReminderService(store => (store.Invariant, store.DataSource) = (Npgsql, database));
        silo.AddAdoNetGrainStorage(Storage, storage => storage.Configure<Serializer>((store, serializer) =>
        {
            (store.Invariant, store.DataSource) = (Npgsql, database);
            store.GrainStorageSerializer = new OrleansGrainStorageSerializer(serializer);
        }));
    }

    /// <summary>
    /// A silo that was killed is found out within two seconds, one that hangs within five. The longest probe counts too: while connections look alive,
    /// votes wait for that long times the limit.
    /// </summary>
    private static void FindFailuresSoon(ClusterMembershipOptions membership)
    {
        membership.ProbeTimeout = TimeSpan.FromSeconds(1);
        membership.MaxProbeTimeout = TimeSpan.FromSeconds(1.5);
        membership.NumMissedProbesLimit = 3;
        membership.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
    }
}
