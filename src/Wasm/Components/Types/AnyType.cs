namespace Chain.Wasm.Components.Types;

/// <summary>
/// What a type index can mean: a value type, a function, component, instance or resource type. Types are compared by structure, resource
/// types by <see cref="ResourceType.Identity"/>; but each import or export of a type makes an object of its own, because a name belongs to
/// that object (Component Model, "External Visibility of Types"). Immutable.
/// </summary>
public abstract class AnyType
{
    /// <summary>The type that this one is another name of, or <see langword="null"/>.</summary>
    public AnyType? AliasOf { get; private set; }

    /// <summary>Itself or, where it is another name, the type as it was defined.</summary>
    public AnyType Original
    {
        get
        {
            AnyType type = this;
            while (type.AliasOf is { } next) type = next;
            return type;
        }
    }

    /// <summary>The types in it, each counted as often as it is used, and itself.</summary>
    internal long Size { get; private protected init; } = 1;

    /// <summary>Its fields, cases, parameters or exports: the steps of looking at it once.</summary>
    internal virtual int MemberCount => 0;

    /// <summary>Whether a resource type is in it.</summary>
    internal bool HasResources { get; private protected init; }

    /// <summary>The same type under a name of its own.</summary>
    internal AnyType Alias() => AliasTo(this);

    internal AnyType AliasTo(AnyType original)
    {
        var alias = (AnyType)MemberwiseClone();
        alias.AliasOf = original;
        return alias;
    }
}

/// <summary>What tells one resource type from another: each definition and each instantiation makes a new one.</summary>
public sealed class ResourceIdentity
{
}

/// <summary>A resource type.</summary>
public sealed class ResourceType : AnyType
{
    internal ResourceType(ResourceIdentity identity)
    {
        Identity = identity;
        HasResources = true;
    }

    public ResourceIdentity Identity { get; }
}

/// <summary>A parameter of a function.</summary>
public readonly record struct Parameter(string Label, ValType Type);

/// <summary>A function type.</summary>
public sealed class FuncType : AnyType
{
    internal FuncType(bool isAsync, Parameter[] parameters, ValType? result)
    {
        IsAsync = isAsync;
        Parameters = parameters;
        Result = result;
        long size = 1 + (result?.Size ?? 0);
        bool resources = result?.HasResources ?? false;
        foreach (Parameter parameter in parameters)
        {
            size += parameter.Type.Size;
            resources |= parameter.Type.HasResources;
        }

        Size = size;
        HasResources = resources;
    }

    public bool IsAsync { get; }

    internal override int MemberCount => Parameters.Count;

    public IReadOnlyList<Parameter> Parameters { get; }

    public ValType? Result { get; }
}

/// <summary>An instance type: what it exports.</summary>
public sealed class InstanceType : AnyType
{
    private readonly Dictionary<string, ExternType> byName;

    internal InstanceType(IReadOnlyList<NamedExtern> exports, IReadOnlyCollection<ResourceIdentity> definedResources)
    {
        Exports = exports;
        DefinedResources = definedResources;
        byName = new Dictionary<string, ExternType>(exports.Count);
        long size = 1;
        bool resources = false;
        foreach (NamedExtern export in exports)
        {
            byName[export.Name] = export.Type;
            size += export.Type.Size;
            resources |= export.Type.HasResources;
        }

        Size = size;
        HasResources = resources;
    }

    /// <summary>Its exports in order.</summary>
    public IReadOnlyList<NamedExtern> Exports { get; }

    internal override int MemberCount => Exports.Count;

    /// <summary>The resource types that every instance of this type has anew; none where it is the type of one certain instance.</summary>
    public IReadOnlyCollection<ResourceIdentity> DefinedResources { get; }

    /// <summary>The type of an export, or <see langword="null"/>.</summary>
    public ExternType? Find(string name) => byName.GetValueOrDefault(name);
}

/// <summary>A component type.</summary>
public sealed class ComponentType : AnyType
{
    internal ComponentType(
        IReadOnlyList<NamedExtern> imports,
        IReadOnlyList<NamedExtern> exports,
        IReadOnlyCollection<ResourceIdentity> importedResources,
        IReadOnlyCollection<ResourceIdentity> definedResources)
    {
        Imports = imports;
        Exports = exports;
        ImportedResources = importedResources;
        DefinedResources = definedResources;
        long size = 1;
        bool resources = false;
        foreach (NamedExtern item in imports)
        {
            size += item.Type.Size;
            resources |= item.Type.HasResources;
        }

        foreach (NamedExtern item in exports)
        {
            size += item.Type.Size;
            resources |= item.Type.HasResources;
        }

        Size = size;
        HasResources = resources;
    }

    public IReadOnlyList<NamedExtern> Imports { get; }

    internal override int MemberCount => Imports.Count + Exports.Count;

    public IReadOnlyList<NamedExtern> Exports { get; }

    /// <summary>The resource types that its imports bring in; an instantiation puts those of the arguments in their place.</summary>
    public IReadOnlyCollection<ResourceIdentity> ImportedResources { get; }

    /// <summary>The resource types that every instance has anew.</summary>
    public IReadOnlyCollection<ResourceIdentity> DefinedResources { get; }
}
