using Chain.Silo.Hosting.Local;
using Orleans;
using Orleans.Runtime;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>Looks after the store that the silos share: one grain of the cluster, called every minute on whichever silo has it.</summary>
[Alias("chain.IUpkeepGrain")]
internal interface IUpkeepGrain : IGrainWithStringKey
{
    /// <summary>The one that there is. (No hexadecimal number, which would be stored as one.)</summary>
    const string Key = "store";

    /// <summary>Has rounds begin, unless they have.</summary>
    [Alias("Start")]
    Task StartAsync();
}

/// <inheritdoc cref="IUpkeepGrain"/>
[GrainType("chain-upkeep")]
internal sealed class UpkeepGrain(LocalNode node, ClusterSilo silo) : Grain, IUpkeepGrain, IRemindable
{
    private const string Round = "round";

    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    // Anew each time: what is left of a cluster that ended would be due up to a minute from now.
    public Task StartAsync() => this.RegisterOrUpdateReminder(Round, First, Every);

    // Off the grain's scheduler: what a round computes is no work for the threads that pass calls on.
    public Task ReceiveReminder(string reminderName, TickStatus status) => Task.Run(() => node.UpkeepAsync(silo.Leaving));
}
