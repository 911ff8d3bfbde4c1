using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;

namespace Chain.Silo.Applications.Manifest;

/// <summary>A value with the place where it is written.</summary>
internal sealed record Placed<T>(T Value, PolicyPlace Place);

/// <summary>A manifest as it is written: well formed, but nothing that it names has been looked for.</summary>
internal sealed record ApplicationManifest
{
    public required PolicyFile File { get; init; }

    public required Placed<string> Name { get; init; }

    public IReadOnlyList<ManifestComponent> Components { get; init; } = [];

    public IReadOnlyList<ManifestLink> Links { get; init; } = [];

    public IReadOnlyList<ManifestExposure> Exposures { get; init; } = [];

    public IReadOnlyList<ManifestSource> Sources { get; init; } = [];

    public IReadOnlyList<ManifestSink> Sinks { get; init; } = [];

    public IReadOnlyList<ManifestFunctionRule> Declassifiers { get; init; } = [];

    public IReadOnlyList<ManifestFunctionRule> Endorsers { get; init; } = [];

    /// <summary>Patterns of files, relative to the manifest.</summary>
    public IReadOnlyList<Placed<string>> Policies { get; init; } = [];

    public Placed<string>? Alerts { get; init; }
}

/// <summary>A component; it has a path or a digest, unless neither could be read.</summary>
internal sealed record ManifestComponent
{
    public required Placed<string> Name { get; init; }

    public Placed<string>? Path { get; init; }

    /// <summary><c>sha256:</c> and 64 lower-case hexadecimal digits.</summary>
    public Placed<string>? Digest { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public InstanceMode Instances { get; init; }

    public int Replicas { get; init; }

    public Placed<string>? Key { get; init; }

    /// <summary>Whether all functions are idempotent.</summary>
    public bool IsIdempotent { get; init; }

    /// <summary>The functions that are, where not all are.</summary>
    public IReadOnlyList<Placed<string>> Idempotent { get; init; } = [];

    public ComponentGrants Grants { get; init; } = new();

    /// <summary>The places of the grants' keys; of the component where it has none.</summary>
    public required Func<string, PolicyPlace> GrantPlace { get; init; }

    public InstanceLimits Limits { get; init; } = new();
}

internal sealed record ManifestLink(Placed<string> From, Placed<string> Import, Placed<string> To, Placed<string>? Export);

internal sealed record ManifestExposure(Placed<string> Component, Placed<string> Path, string? Host);

/// <summary>A tag as it is written.</summary>
/// <param name="Tag">The tag; that of any value where a path leads to the value.</param>
/// <param name="Path">What stands in <c>{{ }}</c>.</param>
internal sealed record ManifestTag(Tag Tag, string? Path);

internal sealed record ManifestSource(
    Placed<string> Component, Placed<string>? Function, SourcePlace On, PolicyPlace OnPlace, Placed<string>? Argument, Placed<string>? Field,
    IReadOnlyList<Placed<ManifestTag>> Tags);

internal sealed record ManifestSink(
    Placed<string> Name, SinkKind Kind, string Pattern, Placed<string>? Component, IReadOnlyDictionary<string, string> Labels);

/// <summary>A declassifier or an endorser.</summary>
internal sealed record ManifestFunctionRule(Placed<string> Component, Placed<string> Function, IReadOnlyList<Tag> Tags);
