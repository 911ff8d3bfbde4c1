using System.Net;
using Chain.Silo.Hosting.Cluster;
using Chain.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;

namespace Chain.Silo.Tests.Hosting.Cluster;

/// <summary>Orleans' ADO.NET providers, set up as Chain's silos have them, on a database of their own; no silo runs.</summary>
internal sealed class OrleansTables : IAsyncDisposable
{
    private readonly NpgsqlDataSource database;
    private readonly IHost host;

    private OrleansTables(NpgsqlDataSource database, string cluster)
    {
        this.database = database;
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (cluster, cluster));
            silo.ConfigureEndpoints(IPAddress.Loopback, 1, 0);
            SiloHost.KeepIn(silo, database);
        });
        host = builder.Build();
    }

    public IMembershipTable Members => host.Services.GetRequiredService<IMembershipTable>();

    public IReminderTable Reminders => host.Services.GetRequiredService<IReminderTable>();

    public IGrainStorage Storage => host.Services.GetRequiredKeyedService<IGrainStorage>(SiloHost.Storage);

    /// <summary>For some silos that share a store.</summary>
    public static async Task<OrleansTables[]> OpenAsync(params string[] clusters)
    {
        await using NpgsqlDataSource made = await TestPostgres.NewDatabaseAsync();
        string connection = await TestPostgres.ConnectionStringAsync(made);
        return await Task.WhenAll(clusters.Select(cluster => OpenAsync(connection, cluster)));
    }

    public async ValueTask DisposeAsync()
    {
        await ((IAsyncDisposable)host).DisposeAsync();
        await database.DisposeAsync();
    }

    private static async Task<OrleansTables> OpenAsync(string connection, string cluster)
    {
        var tables = new OrleansTables(
            NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connection) { SearchPath = ClusterSilo.Schema }), cluster);
        await tables.Members.InitializeMembershipTableAsync(true, default);
        await tables.Reminders.StartAsync();
        var lifecycle = new SiloLifecycleSubject(NullLogger<SiloLifecycleSubject>.Instance);
        ((ILifecycleParticipant<ISiloLifecycle>)tables.Storage).Participate(lifecycle);
        await lifecycle.OnStart(default);
        return tables;
    }
}
