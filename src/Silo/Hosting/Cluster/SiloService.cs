using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>What silos ask one another. A service of each silo, no grain: it answers for the silo that was asked, and as long as that listens.</summary>
[Alias("chain.ISiloService")]
internal interface ISiloService : IGrainService
{
    [Alias("Report")]
    Task<SiloReport> ReportAsync();

    /// <summary>Where it takes HTTP requests that other silos forward.</summary>
    [Alias("Requests")]
    Task<RequestPlaceMessage> RequestsAsync();

    /// <summary>Begins to leave the cluster.</summary>
    [Alias("Leave")]
    Task LeaveAsync();
}

/// <inheritdoc cref="ISiloService"/>
internal sealed class SiloService(GrainId id, global::Orleans.Runtime.Silo silo, ILoggerFactory logging, ClusterSilo self)
    : GrainService(id, silo, logging), ISiloService
{
    public Task<SiloReport> ReportAsync() => Task.FromResult(self.Report());

    public Task<RequestPlaceMessage> RequestsAsync() => Task.FromResult(self.Requests());

    public Task LeaveAsync()
    {
        _ = Task.Run(self.LeaveAsync);
        return Task.CompletedTask;
    }
}

/// <summary>The way to the services of silos.</summary>
internal sealed class SiloServices(IServiceProvider services) : GrainServiceClient<ISiloService>(services)
{
    public ISiloService Of(SiloAddress silo) => GetGrainService(silo);
}
