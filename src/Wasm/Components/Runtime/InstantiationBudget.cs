using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.Runtime;

/// <summary>
/// Bounds what one instantiation does: a few bytes of nested components can ask for any number of instances, for instances any depth inside one another,
/// and for the same long list of imports again and again. For one thread.
/// </summary>
/// <param name="component">The component's name, for messages.</param>
/// <param name="limits">Those of its store.</param>
internal sealed class InstantiationBudget(string component, StoreLimits limits)
{
    /// <summary>Component instances inside one another.</summary>
    public const int Depth = 100;

    /// <summary>Definitions carried out, arguments passed and types looked at.</summary>
    public const long Steps = 20_000_000;

    private long steps = Steps;
    private int instances;

    /// <summary>Counts a component instance. Core instances are counted by the store.</summary>
    /// <exception cref="WasmLimitException">There are too many, or too many inside one another.</exception>
    public void Enter(InstanceState instance)
    {
        if (instance.Depth > Depth) throw new WasmLimitException($"{component}: component instances inside one another, expected at most {Depth}");
        if (++instances > limits.Instances)
            throw new WasmLimitException($"{component}: it makes too many component instances, expected at most {limits.Instances}");
    }

    /// <exception cref="WasmLimitException">The steps are used up.</exception>
    public void Spend(long count)
    {
        steps -= count;
        if (steps < 0) throw new WasmLimitException($"{component}: it takes too long to instantiate, expected at most {Steps} steps");
    }
}
