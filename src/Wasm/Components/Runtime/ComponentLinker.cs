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
    private readonly Dictionary<string, HostInterface> hosts = [];
    private readonly Dictionary<string, (ComponentItem Item, ExternType Type)> items = [];
    private readonly Dictionary<string, string> routes = [];

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
    public ComponentLinker Add(ComponentInstance provider)
    {
        foreach (NamedExtern export in provider.Component.Context.Type.Exports)
            items[export.Name] = (provider.Exports[export.Name], export.Type);
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
        foreach (NamedExtern import in type.Imports)
        {
            if (InterfaceVersions.Find(items.ToDictionary(static item => item.Key, static item => (object)item.Key), import.Name) is string name)
            {
                (ComponentItem item, ExternType given) = items[name];
                matching.Open(given, import.Type, type.ImportedResources, substitution);
                if (matching.Check(given, substitution.Apply(import.Type)) is { } reason)
                    throw Unmet(component, import, $"what is there under '{name}' does not fit: {reason}");
                matching.Bind(given, import.Type, substitution);
                imports[import.Name] = item;
            }
            else if (InterfaceVersions.Find(routes, import.Name) is not null)
            {
                imports[import.Name] = Routed(component, import, import, resources);
            }
            else
            {
                imports[import.Name] = FromHost(component, import, resources);
            }
        }

        return new PreparedComponent(component, imports);
    }

    private ComponentItem FromHost(CompiledComponent component, NamedExtern import, Dictionary<ResourceIdentity, TypeItem> resources)
    {
        if (InterfaceVersions.Find(hosts, import.Name) is { } host && import.Type is InstanceExtern { Instance: var wanted })
            return new InstanceItem(wanted.Exports.ToDictionary(static export => export.Name, export => FromHost(component, import, host, export, resources)));
        // Functions and types that are imported by themselves belong to the interface without a name.
        if (hosts.TryGetValue("", out HostInterface? loose) && import.Type is FuncExtern or TypeExtern)
            return FromHost(component, import, loose!, import, resources);
        throw Unmet(component, import, Offer(import.Name));
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

    private string Offer(string name)
    {
        string path = InterfaceVersions.WithoutVersion(name);
        string[] versions = [.. hosts.Keys.Concat(items.Keys).Where(other => InterfaceVersions.WithoutVersion(other) == path)];
        if (versions.Length > 0) return $"there is {string.Join(", ", versions)}, which is not compatible";
        string other = InterfaceVersions.CanonicalName(name) is var canonical && canonical != name ? $"'{name}', or another version of {canonical}" : $"'{name}'";
        return $"the host does not offer it, and no component is linked that exports {other}";
    }

    private static ComponentLinkException Unmet(CompiledComponent component, NamedExtern import, string why) =>
        new($"{component.DisplayName}: unmet import \"{import.Name}\" ({import.Type.Sort.ToString().ToLowerInvariant()}): {why}");
}

/// <summary>A component whose imports are met. Safe for any thread, where nothing it is linked with is bound to a store.</summary>
public sealed class PreparedComponent
{
    private readonly IReadOnlyDictionary<string, ComponentItem> imports;

    internal PreparedComponent(CompiledComponent component, IReadOnlyDictionary<string, ComponentItem> imports)
    {
        Component = component;
        this.imports = imports;
    }

    public CompiledComponent Component { get; }

    /// <summary>What meets its imports, by name.</summary>
    public IReadOnlyDictionary<string, ComponentItem> Imports => imports;

    /// <summary>Makes an instance, running start functions.</summary>
    /// <exception cref="UnsupportedComponentException">It needs the Component Model's async.</exception>
    /// <exception cref="WasmLimitException">The store allows less than it needs.</exception>
    /// <exception cref="WasmTrapException">A start function or a segment trapped.</exception>
    public ComponentInstance Instantiate(ComponentStore store) => new(Component, store, imports);
}
