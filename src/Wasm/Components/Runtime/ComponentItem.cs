using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Validation;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.Runtime;

/// <summary>Something that a component instance can export and another can import.</summary>
public abstract class ComponentItem
{
    private protected ComponentItem()
    {
    }
}

/// <summary>An instance as others see it: its exports by name.</summary>
public sealed class InstanceItem : ComponentItem
{
    private readonly IReadOnlyDictionary<string, ComponentItem> exports;

    internal InstanceItem(IReadOnlyDictionary<string, ComponentItem> exports) => this.exports = exports;

    public IReadOnlyDictionary<string, ComponentItem> Exports => exports;

    /// <summary>What it exports under exactly that name, or <see langword="null"/>.</summary>
    public ComponentItem? Find(string name) => exports.GetValueOrDefault(name);
}

/// <summary>A type; of a resource type, which one it is at run time.</summary>
internal sealed class TypeItem(RuntimeResourceType? resource) : ComponentItem
{
    public RuntimeResourceType? Resource { get; } = resource;
}

/// <summary>A core module that is passed on.</summary>
internal sealed class ModuleItem(CompiledModule module) : ComponentItem
{
    public CompiledModule Module { get; } = module;
}

/// <summary>A component that is passed on, with the instance in which it was defined.</summary>
internal sealed class ComponentClosure(ComponentContext context, Instantiation outer) : ComponentItem
{
    public ComponentContext Context { get; } = context;

    public Instantiation Outer { get; } = outer;
}
