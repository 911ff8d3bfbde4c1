using System.Collections.Immutable;
using Chain.PolicyEngine.Expressions.Values;
using Chain.Tracer.Calls;

namespace Chain.PolicyEngine.Decisions;

/// <summary>A caller or callee as policies see it: its name, version and labels (such as <c>region</c>).</summary>
/// <remarks>Immutable. Make one for each deployed component and keep it: decisions remember what they learned of a link by its objects.</remarks>
public sealed class CallParty
{
    /// <param name="component">Its name (<c>application/component</c>) and digest.</param>
    /// <param name="labels">Labels of the component or of the place where it runs; none by default.</param>
    public CallParty(ComponentRef component, IReadOnlyDictionary<string, string>? labels = null)
    {
        Component = component;
        Labels = labels is null ? ImmutableSortedDictionary<string, string>.Empty : labels.ToImmutableSortedDictionary(StringComparer.Ordinal);
        int slash = Name.IndexOf('/', StringComparison.Ordinal);
        Application = slash < 0 ? "" : Name[..slash];
        ComponentName = Name[(slash + 1)..];
        Region = Labels.GetValueOrDefault("region", "");
        var map = new MapValue(Labels.Count);
        foreach ((string key, string value) in Labels) map.TryAdd(Value.String(key), Value.String(value));
        LabelsValue = Value.Map(map);
    }

    /// <summary>A caller that is no component: the world outside the application.</summary>
    public static CallParty Outside { get; } = new(ComponentRef.Outside);

    public ComponentRef Component { get; }

    /// <summary><c>application/component</c>, or <c>outside</c>.</summary>
    public string Name => Component.Name ?? "";

    /// <summary>What stands before the slash; empty where there is none.</summary>
    public string Application { get; }

    /// <summary>What stands after the slash.</summary>
    public string ComponentName { get; }

    /// <summary>The digest of the component's bytes; empty where there is none.</summary>
    public string Digest => Component.Version ?? "";

    /// <summary>The label <c>region</c>; empty where there is none.</summary>
    public string Region { get; }

    public ImmutableSortedDictionary<string, string> Labels { get; }

    internal Value LabelsValue { get; }

    public override string ToString() => Component.ToString();
}
