using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Components.Text;

/// <summary>Where the named types of a component live, and what they are called there.</summary>
internal sealed class WitNames
{
    private readonly Dictionary<AnyType, (string Owner, string Name)> owners = new(ReferenceEqualityComparer.Instance);

    /// <summary>Notes the first place where a type has a name.</summary>
    public void Add(AnyType type, string owner, string name) => owners.TryAdd(type, (owner, name));

    /// <summary>The place that a type of an interface comes from: another interface where it is used from there, else its own.</summary>
    public (string Owner, string Name)? FindSource(AnyType type, string owner)
    {
        (string Owner, string Name)? home = Find(type);
        return home?.Owner == owner && type.AliasOf is { } original ? Find(original) ?? home : home;
    }

    /// <summary>The place of a type or, where it is another name of one, of that; nothing where it is new.</summary>
    public (string Owner, string Name)? Find(AnyType type)
    {
        for (AnyType? at = type; at is not null; at = at.AliasOf)
        {
            if (owners.TryGetValue(at, out (string, string) found)) return found;
        }

        return null;
    }
}
