using Chain.Wasm.Components.CanonicalAbi.Compilation;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Validation;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.Runtime;

/// <summary>
/// Finds what meets the imports of components: interfaces of the host, and exports of instances. An import is met by any version that is
/// compatible. Not safe for several threads at once.
/// </summary>
public sealed class ComponentLinker(Engine engine)
{
    private readonly VersionedItems<HostInterface> hosts = new();
    private readonly VersionedItems<Offer> offers = new();
    private readonly VersionedItems<string> routes = new();
    private ComponentStore? store;

    public Engine Engine { get; } = engine;

    /// <summary>Offers an interface of the host.</summary>
    public ComponentLinker Add(HostInterface host)
    {
        hosts.Add(host.Name, host);
        return this;
    }

    /// <inheritdoc cref="Add(HostInterface)"/>
    public ComponentLinker Add(IEnumerable<HostInterface> several)
    {
        foreach (HostInterface host in several) Add(host);
        return this;
    }

    /// <summary>Offers all that an instance exports to components in the same store; it goes before interfaces of the host.</summary>
    /// <exception cref="ArgumentException">An instance of another store was offered before.</exception>
    public ComponentLinker Add(ComponentInstance provider)
    {
        if (store is not null && store != provider.Store)
            throw new ArgumentException("instances of different stores cannot be linked; leave the calls to an interceptor (AddRoute)", nameof(provider));
        store = provider.Store;
        foreach (NamedExtern export in provider.Component.Context.Type.Exports)
            offers.Set(export.Name, new Offer(export.Name, provider.Exports[export.Name], export.Type));
        return this;
    }

    /// <summary>
    /// Leaves the calls of an interface, or of a function that is imported by itself, to the store's interceptor: it finds the callee anew for each
    /// (<see cref="CallDecision.Route"/>). It goes before interfaces of the host.
    /// </summary>
    public ComponentLinker AddRoute(string name)
    {
        routes.Add(name, name);
        return this;
    }

    /// <summary>Meets all imports of a component.</summary>
    /// <exception cref="ComponentLinkException">One is unmet, or met by something of another type.</exception>
    public PreparedComponent Prepare(CompiledComponent component)
    {
        var imports = new Dictionary<string, ComponentItem>();
        var budget = new WorkBudget(component.DisplayName);
        var matching = new TypeMatching(component.Context.Registry, budget);
        var substitution = new TypeSubstitution(budget);
        ComponentType type = component.Context.Type;
        // What an interface uses of another is the resource type that the other import brought in.
        var resources = new Dictionary<ResourceIdentity, TypeItem>();
        ComponentStore? boundTo = null;
        foreach (NamedExtern import in type.Imports)
        {
            if (offers.Find(import.Name) is { } offer)
            {
                matching.Open(offer.Type, import.Type, type.ImportedResources, substitution);
                if (matching.Check(offer.Type, substitution.Apply(import.Type)) is { } reason)
                    throw Unmet(component, import, $"what is there under '{offer.Name}' does not fit: {reason}");
                matching.Bind(offer.Type, import.Type, substitution);
                imports[import.Name] = offer.Item;
                Note(import.Type, offer.Item, resources);
                boundTo = store;
            }
            else if (routes.Find(import.Name) is not null)
            {
                imports[import.Name] = Routed(component, import, import, resources);
            }
            else
            {
                imports[import.Name] = FromHost(component, import, resources);
            }
        }

        return new PreparedComponent(component, imports, boundTo);
    }

    // Interfaces of the host may use resource types of an instance that was offered.
    private static void Note(ExternType wanted, ComponentItem item, Dictionary<ResourceIdentity, TypeItem> resources)
    {
        switch (wanted, item)
        {
            case (TypeExtern { Type: ResourceType resource }, TypeItem type): resources[resource.Identity] = type; break;
            case (InstanceExtern { Instance: var instance }, InstanceItem made):
                foreach (NamedExtern export in instance.Exports)
                {
                    if (made.Find(export.Name) is { } found) Note(export.Type, found, resources);
                }

                break;
        }
    }

    private ComponentItem FromHost(CompiledComponent component, NamedExtern import, Dictionary<ResourceIdentity, TypeItem> resources)
    {
        if (hosts.Find(import.Name) is { } host && import.Type is InstanceExtern { Instance: var wanted })
            return new InstanceItem(wanted.Exports.ToDictionary(static export => export.Name, export => FromHost(component, import, host, export, resources)));
        // What a type is bound to needs nobody who offers it.
        if (import.Type is TypeExtern { Type: not ResourceType }) return new TypeItem(null);
        if (import.Type is InstanceExtern { Instance: var types } && types.Exports.All(static export => export.Type is TypeExtern { Type: not ResourceType }))
            return new InstanceItem(types.Exports.ToDictionary(static export => export.Name, static ComponentItem (_) => new TypeItem(null)));
        if (import.Type is TypeExtern { Type: ResourceType same } && resources.TryGetValue(same.Identity, out TypeItem? known)) return known;
        // Functions and types that are imported by themselves belong to the interface without a name.
        if (import.Type is FuncExtern or TypeExtern && hosts.Find("") is { } loose) return FromHost(component, import, loose, import, resources);
        throw Unmet(component, import, Offers(import.Name));
    }

    private static ComponentItem FromHost(
        CompiledComponent component, NamedExtern import, HostInterface host, NamedExtern export, Dictionary<ResourceIdentity, TypeItem> resources)
    {
        switch (export.Type)
        {
            case TypeExtern { Type: ResourceType wanted }:
                if (resources.TryGetValue(wanted.Identity, out TypeItem? known)) return known;
                if (!host.Resources.TryGetValue(export.Name, out HostResource? resource))
                    throw Unmet(component, import, $"the host's {host.Name} has no resource '{export.Name}'");
                return resources[wanted.Identity] = new TypeItem(resource.Type);
            case TypeExtern: return new TypeItem(null);
            case FuncExtern { Func: var func }:
                if (!host.Functions.TryGetValue(export.Name, out Delegate? callback))
                    throw Unmet(component, import, $"the host's {host.Name} has no function '{export.Name}'");
                try
                {
                    LowerAdapter.CheckFits(func, callback);
                }
                catch (ArgumentException misfit)
                {
                    throw Unmet(component, import, $"the host's '{export.Name}' is of another type: {misfit.Message}");
                }

                var function = new HostFunction(func, callback);
                function.TakeName(export.Name);
                if (!ReferenceEquals(export, import)) function.TakeInterface(import.Name);
                return function;
            default: throw Unmet(component, import, $"the host has only functions and resources, '{export.Name}' is of sort {export.Type.Sort}");
        }
    }

    private static ComponentItem Routed(
        CompiledComponent component, NamedExtern import, NamedExtern export, Dictionary<ResourceIdentity, TypeItem> resources)
    {
        switch (export.Type)
        {
            case InstanceExtern { Instance: var wanted }:
                return new InstanceItem(wanted.Exports.ToDictionary(
                    static inner => inner.Name, inner => Routed(component, import, inner, resources)));
            case TypeExtern { Type: ResourceType resource }:
                return resources.TryGetValue(resource.Identity, out TypeItem? known)
                    ? known
                    : throw Unmet(component, import, $"it has the resource '{export.Name}', and calls with resources of a component cannot be routed");
            case TypeExtern: return new TypeItem(null);
            case FuncExtern { Func: var func }:
                var function = new RoutedFunction(func);
                function.TakeName(export.Name);
                if (!ReferenceEquals(export, import)) function.TakeInterface(import.Name);
                return function;
            default: throw Unmet(component, import, $"only functions can be routed, '{export.Name}' is of sort {export.Type.Sort}");
        }
    }

    private string Offers(string name)
    {
        string path = InterfaceVersions.WithoutVersion(name);
        string[] versions = [.. hosts.Names.Concat(offers.Names).Where(other => InterfaceVersions.WithoutVersion(other) == path)];
        if (versions.Length > 0) return $"there is {string.Join(", ", versions)}, which is not compatible";
        string other = InterfaceVersions.CanonicalName(name) is var canonical && canonical != name ? $"'{name}', or another version of {canonical}" : $"'{name}'";
        return $"the host does not offer it, and no component is linked that exports {other}";
    }

    private static ComponentLinkException Unmet(CompiledComponent component, NamedExtern import, string why) =>
        new($"{component.DisplayName}: unmet import \"{import.Name}\" ({import.Type.Sort.ToString().ToLowerInvariant()}): {why}");

    /// <summary>What an instance exports.</summary>
    private sealed record Offer(string Name, ComponentItem Item, ExternType Type);
}

/// <summary>A component whose imports are met. Safe for any thread, where nothing it is linked with is bound to a store.</summary>
public sealed class PreparedComponent
{
    private readonly IReadOnlyDictionary<string, ComponentItem> imports;
    private readonly ComponentStore? boundTo;

    internal PreparedComponent(CompiledComponent component, IReadOnlyDictionary<string, ComponentItem> imports, ComponentStore? boundTo)
    {
        Component = component;
        this.imports = imports;
        this.boundTo = boundTo;
    }

    public CompiledComponent Component { get; }

    /// <summary>What meets its imports, by name.</summary>
    public IReadOnlyDictionary<string, ComponentItem> Imports => imports;

    /// <summary>Makes an instance, running start functions.</summary>
    /// <exception cref="UnsupportedComponentException">A start function calls what needs the Component Model's async.</exception>
    /// <exception cref="WasmLimitException">The store allows less than it needs.</exception>
    /// <exception cref="WasmTrapException">A start function or a segment trapped.</exception>
    /// <exception cref="ArgumentException">The store is of another engine, or not that of the instances it is linked with.</exception>
    public ComponentInstance Instantiate(ComponentStore store)
    {
        if (store.Core.Engine != Component.Engine) throw new ArgumentException("the store is of another engine", nameof(store));
        if (boundTo is not null && boundTo != store) throw new ArgumentException("the store is not that of the instances it is linked with", nameof(store));
        return new(Component, store, imports);
    }
}
