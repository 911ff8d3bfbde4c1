using System.Collections.Immutable;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Calls;

namespace Chain.Silo.Applications;

/// <summary>
/// An application as it is hosted: all that its manifest says, with everything found and checked against the components' types. Immutable; safe
/// for any thread.
/// </summary>
public sealed record ApplicationPlan
{
    public required string Name { get; init; }

    /// <summary>
    /// The version: <c>sha256:</c> and 64 hexadecimal digits of what the application is: its components' bytes, its policies' texts, and what the
    /// manifest says, without layout and comments.
    /// </summary>
    public required string Digest { get; init; }

    /// <summary>Its components by name.</summary>
    public required IReadOnlyDictionary<string, ComponentPlan> Components { get; init; }

    /// <summary>Every import that an export of another component meets; one for each pair of component and import.</summary>
    public IReadOnlyList<ApplicationLink> Links { get; init; } = [];

    /// <summary>What answers HTTP requests; <see cref="ExposureFor"/> says which.</summary>
    public IReadOnlyList<Exposure> Exposures { get; init; } = [];

    public IReadOnlyList<SourceRule> Sources { get; init; } = [];

    /// <summary>In the order of the manifest; of several that fit, the first counts.</summary>
    public IReadOnlyList<SinkRule> Sinks { get; init; } = [];

    public IReadOnlyList<DeclassifierRule> Declassifiers { get; init; } = [];

    public IReadOnlyList<EndorserRule> Endorsers { get; init; } = [];

    /// <summary>The policies' texts; <see cref="PolicyLoader"/> makes a set of them.</summary>
    public IReadOnlyList<PolicyFile> Policies { get; init; } = [];

    /// <summary>How alerts are grouped and who is told (docs/alerts.md), or <see langword="null"/> where the manifest names no such file.</summary>
    public PolicyFile? Alerts { get; init; }

    /// <summary>What the plan was made of.</summary>
    public required ApplicationBundle Bundle { get; init; }

    /// <summary>Who answers a request: of those whose host and path fit, one that names the host before others, then the longest path.</summary>
    /// <param name="host">The request's host without its port, in lower case.</param>
    /// <param name="path">The request's path without its query.</param>
    public Exposure? ExposureFor(string host, string path)
    {
        Exposure? best = null;
        foreach (Exposure exposure in Exposures)
        {
            if (!exposure.Fits(host, path)) continue;
            bool isBetter = best is null || (exposure.Host is null) == (best.Host is null)
                ? best is null || exposure.Path.Length > best.Path.Length
                : exposure.Host is not null;
            if (isBetter) best = exposure;
        }

        return best;
    }
}

/// <summary>How long an instance of a component lives.</summary>
public enum InstanceMode
{
    /// <summary>Each call gets a fresh instance, or one that was reset.</summary>
    Reset,

    /// <summary>Instances are kept between calls, and the label of what they have seen stays with them.</summary>
    Warm,

    /// <summary>Exactly one instance, or one for each key, for as long as the application runs.</summary>
    Stateful,
}

/// <summary>One component of an application.</summary>
public sealed record ComponentPlan
{
    /// <summary>Its name within the application.</summary>
    public required string Name { get; init; }

    /// <summary><c>sha256:</c> and 64 hexadecimal digits of <see cref="Bytes"/>.</summary>
    public required string Digest { get; init; }

    /// <summary>The unpacked component; it is valid.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>It as policies and the record see it: <c>application/name</c>, its digest and labels. One object for all its links.</summary>
    public required CallParty Party
    {
        get;
        init
        {
            field = value;
            Placement = value.Labels.Where(static label => label.Key is "region" or "zone").ToImmutableSortedDictionary(StringComparer.Ordinal);
        }
    }

    public InstanceMode Instances { get; init; }

    /// <summary>The instances that are kept ready, and that answer at a time; 1 where <see cref="Instances"/> is stateful. Default 8.</summary>
    public int Replicas { get; init; } = 8;

    /// <summary>
    /// The parameter whose value says which instance of a stateful component is called; <see langword="null"/> where there is one only. Functions
    /// without that parameter call the instance of the empty key.
    /// </summary>
    public string? Key { get; init; }

    /// <summary>Which functions may be called again when it cannot be known whether they ran.</summary>
    public IdempotentFunctions Idempotent { get; init; } = IdempotentFunctions.None;

    /// <summary>The labels that a silo must have, with the same values, to host it: those of its own that say a place, <c>region</c> and <c>zone</c>.</summary>
    public IReadOnlyDictionary<string, string> Placement { get; private init; } = ImmutableSortedDictionary<string, string>.Empty;

    public ComponentGrants Grants { get; init; } = new();

    public InstanceLimits Limits { get; init; } = new();

    /// <summary>
    /// Names of imported interfaces that have types only: nobody has to meet them, and <see cref="Wasm.Components.Runtime.ComponentLinker.AddRoute"/>
    /// links them.
    /// </summary>
    public IReadOnlyList<string> TypeImports { get; init; } = [];
}

/// <summary>Functions that do no more when they run twice. Immutable.</summary>
/// <param name="IsAll">Whether all functions of the component are.</param>
/// <param name="Functions">Those that are, where not all are.</param>
public sealed record IdempotentFunctions(bool IsAll, IReadOnlyList<RuleFunction> Functions)
{
    public static IdempotentFunctions None { get; } = new(false, []);

    public static IdempotentFunctions All { get; } = new(true, []);

    /// <summary>Whether a function is one.</summary>
    /// <param name="export">The export's name as it stands in the component; empty for a function that is exported by itself.</param>
    /// <param name="function">The function's name.</param>
    public bool Covers(string export, string function) =>
        IsAll || Functions.Any(one => one.Name == function && one.Export == export);
}

/// <summary>An import of one component that an export of another meets.</summary>
/// <param name="From">The component that imports.</param>
/// <param name="Import">The import's name as it stands in the component, version included.</param>
/// <param name="To">The component that exports.</param>
/// <param name="Export">The export's name as it stands in the component: another version, or another name where the manifest says so.</param>
/// <param name="Functions">The names of the functions that <paramref name="From"/> imports; empty for a function that is imported by itself.</param>
public sealed record ApplicationLink(string From, string Import, string To, string Export, IReadOnlyList<string> Functions)
{
    /// <summary>A function of the link as policies and the record name it, such as <c>clinic:records/store#get</c>: without a version.</summary>
    /// <param name="function">One of <see cref="Functions"/>.</param>
    public FunctionRef NameOf(string function) => RuleFunction.NameOf(Export, function);
}

/// <summary>A component that answers HTTP requests.</summary>
/// <param name="Component">The component.</param>
/// <param name="Export">The name of its <c>wasi:http/incoming-handler</c>, version included.</param>
/// <param name="Path">Begins with a slash and ends in none; fits itself and all below it. <c>/</c> fits every path.</param>
/// <param name="Host">The one host that fits, in lower case and without a port; any where it is <see langword="null"/>.</param>
public sealed record Exposure(string Component, string Export, string Path, string? Host)
{
    /// <summary>Whether a request goes here, were there no other.</summary>
    public bool Fits(string host, string path) =>
        (Host is null || Host == host)
        && (Path == "/" || (path.StartsWith(Path, StringComparison.Ordinal) && (path.Length == Path.Length || path[Path.Length] == '/')));
}
