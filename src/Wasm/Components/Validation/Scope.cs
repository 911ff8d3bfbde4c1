using Chain.Wasm.Binary;
using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Components.Validation;

/// <summary>What a scope of definitions is; an outer alias counts scopes.</summary>
internal enum ScopeKind
{
    Component,
    ComponentType,
    InstanceType,

    /// <summary>A core module type; it has core types only.</summary>
    ModuleType,
}

/// <summary>A core type: a type of the registry, or the type of a module.</summary>
internal readonly record struct CoreType(int Id, ModuleType? Module);

/// <summary>The index spaces of a component or of a type with declarators, as far as they have been read.</summary>
internal sealed class Scope(ScopeKind kind)
{
    public ScopeKind Kind { get; } = kind;

    public List<int> CoreFuncs { get; } = [];

    public List<TableType> CoreTables { get; } = [];

    public List<MemoryType> CoreMemories { get; } = [];

    public List<GlobalType> CoreGlobals { get; } = [];

    public List<int> CoreTags { get; } = [];

    public List<CoreType> CoreTypes { get; } = [];

    /// <summary>The ids of <see cref="CoreTypes"/>, with room behind.</summary>
    public int[] CoreTypeIds { get; private set; } = new int[4];

    public List<ModuleType> CoreModules { get; } = [];

    public List<IReadOnlyDictionary<string, CoreExternType>> CoreInstances { get; } = [];

    public List<FuncType> Funcs { get; } = [];

    public List<(ValType Type, bool IsUsed)> Values { get; } = [];

    public List<AnyType> Types { get; } = [];

    public List<ComponentType> Components { get; } = [];

    public List<InstanceType> Instances { get; } = [];

    public List<NamedExtern> Imports { get; } = [];

    public List<NamedExtern> Exports { get; } = [];

    public NameScope ImportNames { get; } = new("import");

    public NameScope ExportNames { get; } = new("export");

    /// <summary>The resource types that its imports bring in.</summary>
    public HashSet<ResourceIdentity> ImportedResources { get; } = [];

    /// <summary>The resource types that come into being in it.</summary>
    public HashSet<ResourceIdentity> DefinedResources { get; } = [];

    /// <summary>Those of them that a type definition of this very component makes, whose representation it may therefore see.</summary>
    public HashSet<ResourceIdentity> LocalResources { get; } = [];

    /// <summary>The types that an import may name: those that were imported.</summary>
    public HashSet<AnyType> ImportedTypes { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>The types that an export may name: those that were imported or exported.</summary>
    public HashSet<AnyType> ExportedTypes { get; } = new(ReferenceEqualityComparer.Instance);

    public void AddCoreType(CoreType type)
    {
        if (CoreTypes.Count == CoreTypeIds.Length)
        {
            var grown = new int[CoreTypeIds.Length * 2];
            CoreTypeIds.CopyTo(grown, 0);
            CoreTypeIds = grown;
        }

        CoreTypeIds[CoreTypes.Count] = type.Id;
        CoreTypes.Add(type);
    }

    /// <summary>The type of the component, once all its definitions have been read.</summary>
    public ComponentType ToComponentType() => new(Imports, Exports, ImportedResources, DefinedResources);
}
