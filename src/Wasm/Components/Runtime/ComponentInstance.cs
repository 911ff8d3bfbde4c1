using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.Runtime;

/// <summary>An instance of a component. It belongs to its store, whose thread alone may use it.</summary>
public sealed class ComponentInstance
{
    private readonly List<InstanceState> states = [];
    private readonly List<Action> steps = [];
    private InstanceItem exports = null!;

    internal ComponentInstance(CompiledComponent component, ComponentStore store, IReadOnlyDictionary<string, ComponentItem> imports)
    {
        Component = component;
        Store = store;
        Budget = new InstantiationBudget(component.DisplayName, store.Core.Limits);
        var state = new InstanceState(store, null, "");
        Own(state);
        exports = new Instantiation(this, component, component.Context, null, state).Run(imports);
    }

    public CompiledComponent Component { get; }

    public ComponentStore Store { get; }

    /// <summary>What it exports, by name.</summary>
    public IReadOnlyDictionary<string, ComponentItem> Exports => exports.Exports;

    /// <summary>What it exports under a name, or under the name of a compatible version; else <see langword="null"/>.</summary>
    public ComponentItem? Find(string export) => InterfaceVersions.Find(exports.Exports, export);

    /// <summary>A function that it exports.</summary>
    /// <param name="interfaceName">The interface it belongs to, of a compatible version; <see langword="null"/> for a function of its own.</param>
    /// <param name="function">The function's name.</param>
    /// <exception cref="KeyNotFoundException">It exports no such function.</exception>
    public ComponentFunction GetFunction(string? interfaceName, string function)
    {
        ComponentItem? found = interfaceName is null ? Find(function) : (Find(interfaceName) as InstanceItem)?.Find(function);
        return found as ComponentFunction ?? throw new KeyNotFoundException(
            $"{Component.DisplayName} exports no function \"{(interfaceName is null ? "" : interfaceName + "#")}{function}\"");
    }

    /// <summary>
    /// Puts all core instances back to what instantiation made of them, runs start functions again, drops all handles and makes it enterable again: a
    /// new instance for a fraction of the price. Resources of it that the host or other components hold mean nothing any more.
    /// </summary>
    /// <exception cref="InvalidOperationException">A call is under way in its store.</exception>
    /// <exception cref="WasmTrapException">A start function trapped; the instance can be reset, but not called.</exception>
    public void Reset()
    {
        if (Store.Core.IsRunning) throw new InvalidOperationException("the instance cannot be reset while its store runs a call");
        foreach (InstanceState state in states) state.Reset();
        try
        {
            foreach (Action step in steps) step();
        }
        catch
        {
            foreach (InstanceState state in states) state.Close();
            throw;
        }
    }

    /// <summary>What its instantiation may still do.</summary>
    internal InstantiationBudget Budget { get; }

    /// <summary>Notes an instance inside it.</summary>
    internal void Own(InstanceState state)
    {
        Budget.Enter(state);
        states.Add(state);
        Store.Own(state);
    }

    internal void Own(Instance instance) => steps.Add(instance.Reset);

    internal void OwnStart(ComponentFunction function) => steps.Add(() => function.Invoke());
}
