using Chain.PolicyEngine.Policies;

namespace Chain.Silo.Applications;

/// <summary>
/// An application as it travels and is stored: the manifest and everything that it names, all by value. A plan is made of it, and the same plan
/// of the same bundle. Immutable.
/// </summary>
public sealed record ApplicationBundle
{
    /// <summary>The manifest's text, and the name that errors call it by.</summary>
    public required PolicyFile Manifest { get; init; }

    /// <summary>The absolute folder to which directories of the host are relative; empty where there is none, and they must be absolute.</summary>
    public required string Folder { get; init; }

    /// <summary>The unpacked components by their names in the manifest.</summary>
    public required IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Components { get; init; }

    /// <summary>The policies, named as the manifest sees them.</summary>
    public IReadOnlyList<PolicyFile> Policies { get; init; } = [];

    /// <summary>The file of <c>alerts</c>, if the manifest names one.</summary>
    public PolicyFile? Alerts { get; init; }
}
