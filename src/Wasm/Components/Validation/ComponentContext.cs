using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Components.Validation;

/// <summary>A validated component with the types of its index spaces. Safe to read from any thread.</summary>
public sealed class ComponentContext
{
    internal ComponentContext(Component component, ComponentType type, Scope scope, TypeRegistry registry)
    {
        Component = component;
        Type = type;
        Registry = registry;
        Types = scope.Types;
        Funcs = scope.Funcs;
        Instances = scope.Instances;
        Components = scope.Components;
        CoreModules = scope.CoreModules;
        CoreFuncs = scope.CoreFuncs;
    }

    public Component Component { get; }

    /// <summary>What it imports and exports.</summary>
    public ComponentType Type { get; }

    /// <summary>The meaning of core type ids.</summary>
    public TypeRegistry Registry { get; }

    /// <summary>By type index.</summary>
    public IReadOnlyList<AnyType> Types { get; }

    /// <summary>By function index.</summary>
    public IReadOnlyList<FuncType> Funcs { get; }

    /// <summary>By instance index.</summary>
    public IReadOnlyList<InstanceType> Instances { get; }

    /// <summary>By component index.</summary>
    public IReadOnlyList<ComponentType> Components { get; }

    /// <summary>By core module index.</summary>
    public IReadOnlyList<ModuleType> CoreModules { get; }

    /// <summary>The registry's type id of each core function, by its index.</summary>
    public IReadOnlyList<int> CoreFuncs { get; }

    /// <summary>The core modules that stand in it.</summary>
    public IReadOnlyDictionary<Definition, ModuleContext> Modules => modules;

    /// <summary>The components that stand in it.</summary>
    public IReadOnlyDictionary<Definition, ComponentContext> Nested => nested;

    private readonly Dictionary<Definition, ModuleContext> modules = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Definition, ComponentContext> nested = new(ReferenceEqualityComparer.Instance);

    internal void Add(Definition definition, ModuleContext module) => modules.Add(definition, module);

    internal void Add(Definition definition, ComponentContext component) => nested.Add(definition, component);
}
