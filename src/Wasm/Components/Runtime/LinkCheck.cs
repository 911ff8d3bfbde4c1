using Chain.Wasm.Components.CanonicalAbi.Compilation;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Validation;

namespace Chain.Wasm.Components.Runtime;

/// <summary>
/// Whether imports of validated components can be met, without compiling anything: what <see cref="ComponentLinker"/> would refuse is refused here.
/// </summary>
public static class LinkCheck
{
    /// <summary>
    /// Why an export of a component cannot answer calls of an import of another one, each in a store of its own, or <see langword="null"/>
    /// where it can. Nothing with resources can, as their handles mean nothing in another store.
    /// </summary>
    /// <param name="importer">The component that imports.</param>
    /// <param name="import">One of its imports.</param>
    /// <param name="export">An export of another component.</param>
    public static string? Mismatch(ComponentContext importer, NamedExtern import, NamedExtern export)
    {
        if (ResourceIn(import.Type) is { } resource) return $"it uses the resource {resource}, and resources cannot cross between components";
        try
        {
            var matching = new TypeMatching(importer.Registry, new WorkBudget(importer.Component.DisplayName));
            return matching.Check(export.Type, import.Type);
        }
        catch (InvalidComponentException tooMuch)
        {
            return tooMuch.Message;
        }
    }

    /// <summary>Why an interface of the host cannot meet an import, or <see langword="null"/> where it can.</summary>
    /// <param name="import">An import of an instance.</param>
    /// <param name="host">The interface, of a compatible version.</param>
    /// <param name="met">
    /// The resource types that the host has met for this component by now, which grow: what an interface uses of another is the type that the other
    /// import brought in. One set serves all imports of a component, in their order.
    /// </param>
    public static string? Mismatch(NamedExtern import, HostInterface host, ISet<ResourceIdentity> met)
    {
        if (import.Type is not InstanceExtern { Instance: var wanted }) return $"expected an instance, found {import.Type.Sort.ToString().ToLowerInvariant()}";
        foreach (NamedExtern export in wanted.Exports)
        {
            switch (export.Type)
            {
                case TypeExtern { Type: ResourceType resource }:
                    if (!met.Contains(resource.Identity) && !host.Resources.ContainsKey(export.Name)) return $"the host's {host.Name} has no resource '{export.Name}'";
                    met.Add(resource.Identity);
                    break;
                case FuncExtern { Func: var func }:
                    if (!host.Functions.TryGetValue(export.Name, out Delegate? callback)) return $"the host's {host.Name} has no function '{export.Name}'";
                    try
                    {
                        LowerAdapter.CheckFits(func, callback);
                    }
                    catch (ArgumentException misfit)
                    {
                        return $"the host's '{export.Name}' is of another type: {misfit.Message}";
                    }

                    break;
                case not (TypeExtern or FuncExtern):
                    return $"the host has only functions and resources, '{export.Name}' is of sort {export.Type.Sort}";
            }
        }

        return null;
    }

    /// <summary>Whether it is an instance or a type without functions and resources: anything can meet it.</summary>
    public static bool HasTypesOnly(ExternType type) => !type.HasResources && type switch
    {
        TypeExtern => true,
        InstanceExtern { Instance: var instance } => instance.Exports.All(static export => HasTypesOnly(export.Type)),
        _ => false,
    };

    /// <summary>The name of a resource that is in a type, or of what has one in it; <see langword="null"/> where there is none.</summary>
    private static string? ResourceIn(ExternType type)
    {
        if (!type.HasResources) return null;
        if (type is not InstanceExtern { Instance: var instance }) return "of a parameter or result";
        NamedExtern found = instance.Exports.FirstOrDefault(static export => export.Type is TypeExtern { Type: ResourceType })
            ?? instance.Exports.First(static export => export.Type.HasResources);
        return found.Type is TypeExtern ? $"'{found.Name}'" : $"of a parameter or result of '{found.Name}'";
    }
}
