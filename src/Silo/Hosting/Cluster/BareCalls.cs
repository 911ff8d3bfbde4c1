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
    private readonly IBareGrain[] grains;

    private BareCalls(IBareGrain[] grains) => this.grains = grains;

    /// <summary>Makes grains, each with an instance of a component that answers one call at a time, and calls each once.</summary>
    /// <param name="from">The silo that calls.</param>
    /// <param name="to">The silo whose grains answer.</param>
    /// <param name="function"><c>application/component#interface#function</c>, of two <c>u32</c> and with a <c>u32</c> as result.</param>
    /// <param name="count">How many.</param>
    public static async Task<BareCalls> BetweenAsync(ICluster from, ICluster to, string function, int count)
    {
        IGrainFactory factory = ((ClusterSilo)from).Services.GetRequiredService<IGrainFactory>();
        string name = $"{((ClusterSilo)to).Name}|{function}";
        var calls = new BareCalls([.. Enumerable.Range(0, count).Select(grain => factory.GetGrain<IBareGrain>($"{grain}|{name}"))]);

        // Only where grains are made: each request that carried it would cost more than one that does not.
        RequestContext.Set(IPlacementDirector.PlacementHintKey, ((ClusterSilo)to).Services.GetRequiredService<ILocalSiloDetails>().SiloAddress);
        foreach (IBareGrain grain in calls.grains) await grain.RunAsync(0, 0).ConfigureAwait(false);
        return calls;
    }

    /// <summary>Calls one of the grains.</summary>
    /// <param name="grain">Which, from 0.</param>
    /// <param name="first">The function's first argument.</param>
    /// <param name="second">The second.</param>
    public ValueTask<uint> CallAsync(int grain, uint first, uint second) => grains[grain].RunAsync(first, second);
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
