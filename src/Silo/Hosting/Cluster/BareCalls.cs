using Chain.Silo.Hosting.Local;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Chain.Silo.Hosting.Cluster;

/// <summary>
/// Calls of plain grains that run a component's function where Orleans runs them, and do nothing else: no tags, no record, no policies, no thread and no
/// limits for the guest. What <c>chain bench hop --cluster</c> compares Chain with, and good for nothing else. Safe for any thread.
/// </summary>
public sealed class BareCalls
{
    private readonly IGrainFactory grains;
    private readonly SiloAddress silo;
    private readonly string name;

    private BareCalls(IGrainFactory grains, SiloAddress silo, string name)
    {
        this.grains = grains;
        this.silo = silo;
        this.name = name;
    }

    /// <param name="from">The silo that calls.</param>
    /// <param name="to">The silo whose grains answer.</param>
    /// <param name="function"><c>application/component#interface#function</c>, of two <c>u32</c> and with a <c>u32</c> as result.</param>
    public static BareCalls Between(ICluster from, ICluster to, string function) => new(
        ((ClusterSilo)from).Services.GetRequiredService<IGrainFactory>(),
        ((ClusterSilo)to).Services.GetRequiredService<ILocalSiloDetails>().SiloAddress, $"{((ClusterSilo)to).Name}|{function}");

    /// <summary>Calls one of the grains.</summary>
    /// <param name="grain">Which; each has an instance of the component and answers one call at a time.</param>
    /// <param name="first">The function's first argument.</param>
    /// <param name="second">The second.</param>
    public ValueTask<uint> CallAsync(int grain, uint first, uint second)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
        return grains.GetGrain<IBareGrain>($"{grain}|{name}").RunAsync(first, second);
    }
}

[Alias("chain.IBareGrain")]
internal interface IBareGrain : IGrainWithStringKey
{
    [Alias("run")]
    ValueTask<uint> RunAsync(uint first, uint second);
}

/// <summary>A grain as one would write it who wants no more than the function's result.</summary>
[GrainType("bare")]
internal sealed class BareGrain(LocalNode node) : Grain, IBareGrain
{
    private Func<uint, uint, uint> function = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        string[] parts = this.GetPrimaryKeyString().Split('|')[2].Split('#');
        string[] component = parts[0].Split('/');
        function = node.BareFunction<Func<uint, uint, uint>>(component[0], component[1], parts[1], parts[2]);
        return Task.CompletedTask;
    }

    public ValueTask<uint> RunAsync(uint first, uint second) => new(function(first, second));
}
