using Chain.PolicyEngine.Expressions.Types;
using Chain.Silo.Applications.Manifest;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;

namespace Chain.Silo.Applications.Resolution;

/// <summary>Finds what meets the imports of each component: the host, or the one component that exports it, or the one that a link names.</summary>
/// <param name="manifest">The manifest.</param>
/// <param name="components">The components whose types are known.</param>
/// <param name="issues">Where errors go.</param>
internal sealed class ImportResolver(ApplicationManifest manifest, IReadOnlyDictionary<string, ResolvedComponent> components, IssueList issues)
{
    private readonly Dictionary<(string From, string Import), (ManifestLink Link, ResolvedComponent To, NamedExtern Export)?> written = [];
    private readonly List<ApplicationLink> links = [];
    private readonly Dictionary<string, List<string>> typeImports = [];

    /// <summary>The links that were found.</summary>
    public IReadOnlyList<ApplicationLink> Links => links;

    /// <summary>Imports with types only, by component.</summary>
    public IReadOnlyList<string> TypeImports(string component) => typeImports.GetValueOrDefault(component) ?? [];

    public void Resolve()
    {
        foreach (ManifestLink link in manifest.Links) Take(link);
        foreach (ManifestComponent component in manifest.Components)
        {
            if (!components.TryGetValue(component.Name.Value, out ResolvedComponent? found)) continue;
            var met = new HashSet<ResourceIdentity>();
            foreach (NamedExtern import in found.Imports) Resolve(found, import, met);
            CheckUnused(found);
        }
    }

    private bool IsComplete => components.Count == manifest.Components.Count;

    private void Take(ManifestLink link)
    {
        ResolvedComponent? from = Component(link.From);
        ResolvedComponent? to = Component(link.To);
        if (from is null) return;
        IReadOnlyList<NamedExtern> imports = ExternNames.Find(from.Imports, link.Import.Value);
        if (imports.Count != 1)
        {
            issues.Error(link.Import.Place, imports.Count == 0
                ? $"component '{from.Name}' does not import '{link.Import.Value}'{Known.Hint(link.Import.Value, ExternNames.Written(from.Imports, link.Import.Value), "it imports nothing")}"
                : $"component '{from.Name}' imports '{link.Import.Value}' in several versions: {Known.List([.. imports.Select(i => i.Name)])}; say which");
            return;
        }

        NamedExtern import = imports[0];
        if (written.TryGetValue((from.Name, import.Name), out var known))
        {
            string at = known is null ? "" : $"; the first link is in line {known.Value.Link.From.Place.Line}";
            issues.Error(link.Import.Place, $"component '{from.Name}' is linked for '{import.Name}' twice{at}");
            return;
        }

        // The import counts as linked even where the link is wrong: one error is enough.
        written[(from.Name, import.Name)] = null;
        if (to is null) return;
        if (ReferenceEquals(from, to))
        {
            issues.Error(link.To.Place, $"component '{from.Name}' cannot be linked with itself");
            return;
        }

        string wanted = link.Export?.Value ?? import.Name;
        IReadOnlyList<NamedExtern> exports = ExternNames.Find(to.Exports, wanted);
        if (exports.Count != 1)
        {
            string message = exports.Count == 0
                ? $"component '{to.Name}' does not export '{wanted}'{Known.Hint(wanted, ExternNames.Written(to.Exports, wanted), "it exports nothing")}"
                : $"component '{to.Name}' exports '{wanted}' in several versions: {Known.List([.. exports.Select(e => e.Name)])}; say which";
            issues.Error((link.Export ?? link.To).Place, message);
            return;
        }

        if (LinkCheck.Mismatch(from.Context, import, exports[0]) is { } reason)
        {
            issues.Error(link.From.Place, $"'{exports[0].Name}' of '{to.Name}' cannot meet the import '{import.Name}' of '{from.Name}': {reason}");
            return;
        }

        written[(from.Name, import.Name)] = (link, to, exports[0]);
    }

    private void Resolve(ResolvedComponent from, NamedExtern import, HashSet<ResourceIdentity> met)
    {
        if (written.TryGetValue((from.Name, import.Name), out var link))
        {
            if (link is { } found) Add(from, import, found.To, found.Export);
        }
        else if (HostOffer.Find(import.Name) is { } host)
        {
            FromHost(from, import, host, met);
        }
        else if (LinkCheck.HasTypesOnly(import.Type))
        {
            if (!typeImports.TryGetValue(from.Name, out List<string>? names)) typeImports[from.Name] = names = [];
            names.Add(import.Name);
        }
        else if (import.Type is InstanceExtern or FuncExtern)
        {
            FromComponents(from, import);
        }
        else
        {
            issues.Error(from.Written.Name.Place, $"component '{from.Name}' imports '{import.Name}', a {Sort(import)}; only functions and interfaces can be linked");
        }
    }

    private void FromHost(ResolvedComponent from, NamedExtern import, HostInterface host, HashSet<ResourceIdentity> met)
    {
        ManifestComponent component = from.Written;
        if (HostOffer.NeededFor(import.Name) is (string grant, string example) && !IsGranted(component.Grants, grant))
            issues.Error(component.GrantPlace(grant), $"component '{from.Name}' imports '{import.Name}' and has no grant for it; add to its grants {example}");
        if (LinkCheck.Mismatch(import, host, met) is { } reason)
            issues.Error(component.Name.Place, $"component '{from.Name}' imports '{import.Name}', which the host cannot meet: {reason}");
    }

    private void FromComponents(ResolvedComponent from, NamedExtern import)
    {
        (ResolvedComponent Component, NamedExtern Export)[] candidates =
        [
            .. components.Values.Where(to => to != from).SelectMany(to => Compatible(to, import.Name).Select(export => (to, export))),
        ];
        switch (candidates)
        {
            case [var only]:
                if (LinkCheck.Mismatch(from.Context, import, only.Export) is { } reason)
                    issues.Error(from.Written.Name.Place, $"'{only.Export.Name}' of '{only.Component.Name}' cannot meet the import '{import.Name}' of '{from.Name}': {reason}");
                else
                    Add(from, import, only.Component, only.Export);
                break;
            // What is missing may be in a component that could not be read, which has been said.
            case [] when !IsComplete: break;
            case []: issues.Error(from.Written.Name.Place, $"component '{from.Name}' imports '{import.Name}', which nothing offers{Offers(from, import)}"); break;
            default:
                string names = Known.List([.. candidates.Select(candidate => candidate.Component.Name).Order(StringComparer.Ordinal)]);
                issues.Error(
                    from.Written.Name.Place,
                    $"component '{from.Name}' imports '{import.Name}', which several export: {names}; say which under links: {LinkFor(from, import, candidates[0].Component, null)}");
                break;
        }
    }

    /// <summary>Who could meet an import that nobody meets.</summary>
    private string Offers(ResolvedComponent from, NamedExtern import)
    {
        string path = InterfaceVersions.WithoutVersion(import.Name);
        string[] others =
        [
            .. HostOffer.OtherVersions(import.Name).Select(name => $"the host has {name}"),
            .. components.Values.Where(to => to != from).SelectMany(
                to => to.Exports.Where(e => InterfaceVersions.WithoutVersion(e.Name) == path).Select(e => $"'{to.Name}' has {e.Name}")),
        ];
        if (others.Length > 0) return $": {Known.List(others)}{(others.Length == 1 ? ", which is not compatible" : "; none of them is compatible")}";
        foreach (ResolvedComponent to in components.Values.Where(to => to != from))
        {
            NamedExtern? fits = to.Exports.FirstOrDefault(
                e => e.Type.GetType() == import.Type.GetType() && !LinkCheck.HasTypesOnly(e.Type) && LinkCheck.Mismatch(from.Context, import, e) is null);
            if (fits is not null) return $"; '{fits.Name}' of '{to.Name}' would fit, under links: {LinkFor(from, import, to, fits)}";
        }

        IEnumerable<string> exported = components.Values.Where(to => to != from).SelectMany(to => to.Exports).Select(e => InterfaceVersions.WithoutVersion(e.Name));
        return NearestName.Of(path, exported.Concat(HostOffer.Interfaces.Select(i => InterfaceVersions.WithoutVersion(i.Name))).Distinct()) is { } near
            ? $"; the nearest is '{near}'"
            : "; no component exports anything like it";
    }

    private static string LinkFor(ResolvedComponent from, NamedExtern import, ResolvedComponent to, NamedExtern? export) =>
        $"{{ from: {from.Name}, import: \"{import.Name}\", to: {to.Name}{(export is null ? "" : $", export: \"{export.Name}\"")} }}";

    private static IEnumerable<NamedExtern> Compatible(ResolvedComponent to, string import)
    {
        NamedExtern? found = InterfaceVersions.Find(to.Exports.ToDictionary(static export => export.Name), import);
        return found is null ? [] : [found];
    }

    private void Add(ResolvedComponent from, NamedExtern import, ResolvedComponent to, NamedExtern export)
    {
        string[] functions = import.Type is InstanceExtern { Instance: var instance }
            ? [.. instance.Exports.Where(static one => one.Type is FuncExtern).Select(static one => one.Name)]
            : [];
        links.Add(new ApplicationLink(from.Name, import.Name, to.Name, export.Name, functions));
    }

    private void CheckUnused(ResolvedComponent component)
    {
        ComponentGrants grants = component.Written.Grants;
        (string Grant, bool IsGiven)[] given =
        [
            ("http", grants.Http is { Count: > 0 }), ("keyvalue", grants.KeyValue is { Count: > 0 }), ("logging", grants.Logging), ("config", grants.Config.Count > 0),
            ("directories", grants.Directories.Count > 0), ("environment", grants.Environment.Count > 0), ("arguments", grants.Arguments.Count > 0),
        ];
        foreach ((string grant, bool isGiven) in given)
        {
            if (isGiven && !HostOffer.IsUsed(grant, component.Imports.Select(static import => import.Name)))
                issues.Warning(component.Written.GrantPlace(grant), $"component '{component.Name}' is granted {grant}, and imports nothing that uses it");
        }
    }

    private ResolvedComponent? Component(Placed<string> name)
    {
        if (components.TryGetValue(name.Value, out ResolvedComponent? found)) return found;
        if (!manifest.Components.Any(component => component.Name.Value == name.Value))
            issues.Error(name.Place, $"unknown component '{name.Value}'{Known.Hint(name.Value, manifest.Components.Select(c => c.Name.Value), "there is none")}");
        return null;
    }

    private static bool IsGranted(ComponentGrants grants, string grant) => grant switch
    {
        "http" => grants.Http is not null,
        "keyvalue" => grants.KeyValue is not null,
        _ => grants.Logging,
    };

    private static string Sort(NamedExtern import) => import.Type is CoreModuleExtern ? "core module" : import.Type.Sort.ToString().ToLowerInvariant();
}
