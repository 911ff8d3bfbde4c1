using Chain.PolicyEngine.Policies;
using Chain.Silo.Applications.Resolution;
using Chain.Wasm.Binary;
using Microsoft.Extensions.FileSystemGlobbing;

namespace Chain.Silo.Applications.Manifest;

/// <summary>Reads the files that a manifest names.</summary>
internal sealed class ManifestFiles(ApplicationManifest manifest, string folder, IssueList issues)
{
    /// <summary>The largest file of policies or alerts, in bytes.</summary>
    public const long MaxFileBytes = 16_000_000;

    /// <summary>Files of policies.</summary>
    public const int MaxPolicyFiles = 1000;

    /// <summary>Reads them.</summary>
    /// <param name="stored">Finds the bytes of a component by its digest; <see langword="null"/> where there is no store.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>What could be read; the rest is errors.</returns>
    public async Task<ApplicationBundle> ReadAsync(ComponentLookup? stored, CancellationToken cancellation)
    {
        var components = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        foreach (ManifestComponent component in manifest.Components)
        {
            ReadOnlyMemory<byte>? bytes =
                component.Path is { Value.Length: > 0 } path ? FromFile(component, path)
                : component.Digest is { } digest ? await FromStoreAsync(component, digest, stored, cancellation)
                : null;
            if (bytes is { } found) components[component.Name.Value] = found;
        }

        return new ApplicationBundle
        {
            Manifest = manifest.File,
            Folder = folder,
            Components = components,
            Policies = [.. Policies()],
            Alerts = manifest.Alerts is { } alerts ? Text(alerts, alerts.Value) : null,
        };
    }

    private ReadOnlyMemory<byte>? FromFile(ManifestComponent component, Placed<string> path)
    {
        try
        {
            return PackedFile.ReadBytes(Path.Combine(folder, path.Value));
        }
        catch (Exception e) when (e is IOException or ArgumentException)
        {
            issues.Error(path.Place, $"component '{component.Name.Value}': {e.Message}");
            return null;
        }
    }

    private async Task<ReadOnlyMemory<byte>?> FromStoreAsync(
        ManifestComponent component, Placed<string> digest, ComponentLookup? stored, CancellationToken cancellation)
    {
        if (stored is null)
        {
            issues.Error(digest.Place, $"component '{component.Name.Value}' is named by its digest, which takes a store to find; there is none here");
            return null;
        }

        ReadOnlyMemory<byte>? bytes = await stored(digest.Value, cancellation);
        if (bytes is null) issues.Error(digest.Place, $"component '{component.Name.Value}': the store has no component {digest.Value}");
        return bytes;
    }

    private IEnumerable<PolicyFile> Policies()
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (Placed<string> pattern in manifest.Policies)
        {
            string[] found = [.. Find(pattern.Value).Order(StringComparer.Ordinal)];
            if (found.Length == 0) issues.Error(pattern.Place, $"no file fits '{pattern.Value}' in {folder}");
            foreach (string name in found)
            {
                if (names.Count == MaxPolicyFiles)
                {
                    issues.Error(pattern.Place, $"an application has at most {MaxPolicyFiles} files of policies");
                    yield break;
                }

                if (names.Add(name) && Text(pattern, name) is { } file) yield return file;
            }
        }
    }

    private IEnumerable<string> Find(string pattern)
    {
        if (!pattern.Contains('*')) return File.Exists(Path.Combine(folder, pattern)) ? [pattern] : [];
        var matcher = new Matcher();
        matcher.AddInclude(pattern);
        return matcher.Execute(new Microsoft.Extensions.FileSystemGlobbing.Abstractions.DirectoryInfoWrapper(new DirectoryInfo(folder))).Files.Select(static file => file.Path);
    }

    private PolicyFile? Text(Placed<string> named, string name)
    {
        string path = Path.Combine(folder, name);
        try
        {
            if (!File.Exists(path)) throw new IOException($"no such file: {path}");
            long length = new FileInfo(path).Length;
            if (length > MaxFileBytes) throw new IOException($"{path} has {length} bytes, the limit is {MaxFileBytes}");
            return new PolicyFile(name, File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            issues.Error(named.Place, e.Message);
            return null;
        }
    }
}
