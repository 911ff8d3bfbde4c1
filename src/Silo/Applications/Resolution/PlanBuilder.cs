using System.Security.Cryptography;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Silo.Applications.Manifest;
using Chain.Tracer.Calls;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Validation;
using Chain.Wasm.Wasi.Http;

namespace Chain.Silo.Applications.Resolution;

/// <summary>Makes a plan of a manifest and what it names. The same bundle gives the same plan.</summary>
internal sealed class PlanBuilder
{
    private readonly ApplicationManifest manifest;
    private readonly ApplicationBundle bundle;
    private readonly IssueList issues;
    private readonly InstanceResolver instances;
    private readonly Dictionary<string, ResolvedComponent> components = new(StringComparer.Ordinal);

    private PlanBuilder(ApplicationManifest manifest, ApplicationBundle bundle, List<PolicyIssue> found)
    {
        this.manifest = manifest;
        this.bundle = bundle;
        issues = new IssueList(found);
        instances = new InstanceResolver(issues);
    }

    /// <summary>Makes a plan.</summary>
    /// <param name="manifest">The manifest, read.</param>
    /// <param name="bundle">What it names; a component that is absent in it has been reported already.</param>
    /// <param name="issues">Where errors and warnings go.</param>
    /// <returns><see langword="null"/> where there is any error.</returns>
    public static ApplicationPlan? Build(ApplicationManifest manifest, ApplicationBundle bundle, List<PolicyIssue> issues)
    {
        ApplicationPlan plan = new PlanBuilder(manifest, bundle, issues).Build();
        return issues.Any(issue => issue.Level == IssueLevel.Error) ? null : plan with { Digest = PlanJson.DigestOf(plan) };
    }

    /// <summary>The digest of a component's bytes.</summary>
    public static string DigestOf(ReadOnlySpan<byte> bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    private ApplicationPlan Build()
    {
        var registry = new TypeRegistry();
        foreach (ManifestComponent written in manifest.Components)
        {
            if (!bundle.Components.TryGetValue(written.Name.Value, out ReadOnlyMemory<byte> bytes)) continue;
            if (ResolvedComponent.Of(written, bytes, registry, issues) is { } component) components.Add(component.Name, component);
        }

        var imports = new ImportResolver(manifest, components, issues);
        imports.Resolve();
        var rules = new RuleResolver(manifest, components, issues);
        var plan = new ApplicationPlan
        {
            Name = manifest.Name.Value,
            Digest = "",
            Bundle = bundle,
            Components = components.Values.ToDictionary(component => component.Name, component => Plan(component, imports.TypeImports(component.Name)), StringComparer.Ordinal),
            Links = imports.Links,
            Exposures = Exposures(),
            Sources = rules.Sources(),
            Sinks = rules.Sinks(),
            Declassifiers = rules.Declassifiers(),
            Endorsers = rules.Endorsers(),
            Policies = bundle.Policies,
            Alerts = bundle.Alerts,
        };
        foreach (IReadOnlyList<string> circle in LinkCircles.Find(plan.Links))
        {
            PolicyPlace place = components[circle[0]].Written.Name.Place;
            issues.Warning(place, $"components call one another in a circle: {string.Join(" → ", circle)}; a chain through it must come to an end by itself");
        }

        SiloCrossings.Check(plan, components, issues);
        return plan;
    }

    private ComponentPlan Plan(ResolvedComponent component, IReadOnlyList<string> typeImports)
    {
        ManifestComponent written = component.Written;
        string digest = DigestOf(component.Bytes.Span);
        return new ComponentPlan
        {
            Name = component.Name,
            Digest = digest,
            Bytes = component.Bytes,
            Party = new CallParty(new ComponentRef($"{manifest.Name.Value}/{component.Name}", digest), written.Labels),
            Instances = written.Instances,
            Replicas = written.Replicas,
            Key = instances.Key(component),
            Idempotent = instances.Idempotent(component),
            Grants = written.Grants,
            Limits = written.Limits,
            TypeImports = typeImports,
        };
    }

    private List<Exposure> Exposures()
    {
        var exposures = new List<Exposure>();
        var taken = new Dictionary<(string?, string), ManifestExposure>();
        foreach (ManifestExposure exposure in manifest.Exposures)
        {
            (string? Host, string Path) at = (exposure.Host, exposure.Path.Value);
            if (!taken.TryAdd(at, exposure))
                issues.Error(exposure.Path.Place, $"'{at.Path}' is exposed twice{(at.Host is null ? "" : $" for {at.Host}")}; the first is in line {taken[at].Path.Place.Line}");
            string name = exposure.Component.Value;
            if (!components.TryGetValue(name, out ResolvedComponent? component))
            {
                if (!manifest.Components.Any(one => one.Name.Value == name))
                    issues.Error(exposure.Component.Place, $"unknown component '{name}'{Known.Hint(name, manifest.Components.Select(c => c.Name.Value), "there is none")}");
                continue;
            }

            if (InterfaceVersions.Find(component.Exports.ToDictionary(static export => export.Name), HttpInterfaces.IncomingHandler) is { } export)
            {
                exposures.Add(new Exposure(name, export.Name, at.Path, at.Host));
                continue;
            }

            string wanted = InterfaceVersions.WithoutVersion(HttpInterfaces.IncomingHandler);
            string exported = component.Exports.Count == 0 ? "nothing" : Known.List([.. component.Exports.Select(static one => one.Name)]);
            issues.Error(exposure.Component.Place, $"component '{name}' cannot answer HTTP requests: expected an export {wanted} of version 0.2, found {exported}");
        }

        return exposures;
    }
}
