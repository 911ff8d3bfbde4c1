using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Components.Runtime;

/// <summary>Which versions of an interface can stand for one another (Component Model, "Canonical Interface Name").</summary>
public static class InterfaceVersions
{
    /// <summary>
    /// The name with as much of its version as decides: <c>wasi:io/streams@0.2.3</c> gives <c>wasi:io/streams@0.2</c>. A prerelease stands only
    /// for itself. Names that are of no interface, or have no version, stay as they are.
    /// </summary>
    public static string CanonicalName(string name)
    {
        int at = name.IndexOf('@');
        if (at < 0) return name;
        string version = name[(at + 1)..];
        int build = version.IndexOf('+');
        if (build >= 0) version = version[..build];
        if (version.Contains('-')) return $"{name[..at]}@{version}";
        string[] parts = version.Split('.');
        int significant = parts[0] != "0" ? 1 : parts.Length > 1 && parts[1] != "0" ? 2 : 3;
        return $"{name[..at]}@{string.Join('.', parts.Take(significant))}";
    }

    /// <summary>Finds what a name means among others: itself, or else a compatible version, the latest where there are several.</summary>
    public static T? Find<T>(IReadOnlyDictionary<string, T> items, string name)
        where T : class
    {
        if (items.TryGetValue(name, out T? exact)) return exact;
        if (!name.Contains('@')) return null;
        string canonical = CanonicalName(name);
        string? best = null;
        foreach (string other in items.Keys)
        {
            if (CanonicalName(other) == canonical && (best is null || IsLater(other, best))) best = other;
        }

        return best is null ? null : items[best];
    }

    /// <summary>The name without its version.</summary>
    public static string WithoutVersion(string name)
    {
        int at = name.IndexOf('@');
        return at < 0 ? name : name[..at];
    }

    /// <summary>Whether a name's version comes after that of another; neither is a prerelease.</summary>
    public static bool IsLater(string name, string than) => NumberOf(name) > NumberOf(than);

    private static Version? NumberOf(string name)
    {
        string version = name[(name.IndexOf('@') + 1)..];
        int build = version.IndexOf('+');
        return Version.TryParse(build < 0 ? version : version[..build], out Version? number) ? number : null;
    }
}

/// <summary>Items by name, found by any compatible version. For one thread.</summary>
internal sealed class VersionedItems<T>
    where T : class
{
    private readonly Dictionary<string, T> items = [];
    private readonly Dictionary<string, string> latest = [];

    public int Count => items.Count;

    public IEnumerable<string> Names => items.Keys;

    public void Add(string name, T item)
    {
        items.Add(name, item);
        Note(name);
    }

    public void Set(string name, T item)
    {
        items[name] = item;
        Note(name);
    }

    /// <summary>What a name means: itself, or else a compatible version, the latest where there are several.</summary>
    public T? Find(string name)
    {
        if (items.TryGetValue(name, out T? exact)) return exact;
        return name.Contains('@') && latest.TryGetValue(InterfaceVersions.CanonicalName(name), out string? best) ? items[best] : null;
    }

    private void Note(string name)
    {
        if (!name.Contains('@')) return;
        string canonical = InterfaceVersions.CanonicalName(name);
        if (!latest.TryGetValue(canonical, out string? best) || InterfaceVersions.IsLater(name, best)) latest[canonical] = name;
    }
}
