using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Policies.Checks;
using Chain.Silo.Applications.Manifest;
using Chain.Silo.Applications.Resolution;
using Chain.Tracer.Tags;

namespace Chain.Silo.Applications;

/// <summary>Finds the unpacked bytes of a component by its digest (<c>sha256:…</c>); <see langword="null"/> where it is not known.</summary>
public delegate Task<ReadOnlyMemory<byte>?> ComponentLookup(string digest, CancellationToken cancellation);

/// <summary>A manifest, or what it names, is wrong.</summary>
/// <param name="issues">Every error, with file and line.</param>
public sealed class ManifestException(IReadOnlyList<PolicyIssue> issues) : Exception(string.Join('\n', issues.Select(static issue => issue.ToString())))
{
    public IReadOnlyList<PolicyIssue> Issues { get; } = issues;
}

/// <summary>What checking an application gave.</summary>
/// <param name="Plan">The application; <see langword="null"/> where there is any error.</param>
/// <param name="Issues">Errors and warnings, those of the manifest first, then those of policies and alerts, in the order of lines.</param>
/// <param name="TestsPassed">The tests in policies that passed.</param>
public sealed record ApplicationCheck(ApplicationPlan? Plan, IReadOnlyList<PolicyIssue> Issues, int TestsPassed)
{
    /// <summary>The manifest's name, where a folder is given.</summary>
    public const string DefaultFile = "chain.yaml";

    public int Errors => Issues.Count(static issue => issue.Level == IssueLevel.Error);

    public int Warnings => Issues.Count - Errors;

    /// <summary>The plan.</summary>
    /// <exception cref="ManifestException">There are errors.</exception>
    public ApplicationPlan Require() => Plan ?? throw new ManifestException([.. Issues.Where(static issue => issue.Level == IssueLevel.Error)]);

    /// <summary>Checks an application on disk: the manifest, components, links, rules, policies with their tests, alerts.</summary>
    /// <param name="path">The manifest, or a folder with a <c>chain.yaml</c>.</param>
    /// <param name="stored">Finds components that are named by digest; <see langword="null"/> where there is no store.</param>
    /// <param name="cancellation">Ends the wait for the store.</param>
    /// <exception cref="IOException">The manifest itself cannot be read; the message names it.</exception>
    public static async Task<ApplicationCheck> RunAsync(string path, ComponentLookup? stored = null, CancellationToken cancellation = default)
    {
        var issues = new List<PolicyIssue>();
        return await ReadAsync(path, stored, issues, cancellation) is var (manifest, bundle)
            ? Run(manifest, bundle, issues)
            : new ApplicationCheck(null, issues, 0);
    }

    /// <summary>Reads an application on disk with all that it names, for somebody else to check.</summary>
    /// <inheritdoc cref="RunAsync"/>
    /// <exception cref="ManifestException">The manifest does not read, or a file that it names.</exception>
    public static async Task<ApplicationBundle> BundleAsync(string path, ComponentLookup? stored = null, CancellationToken cancellation = default)
    {
        var issues = new List<PolicyIssue>();
        (ApplicationManifest Manifest, ApplicationBundle Bundle)? read = await ReadAsync(path, stored, issues, cancellation);
        PolicyIssue[] errors = [.. issues.Where(static issue => issue.Level == IssueLevel.Error)];
        return read is { } found && errors.Length == 0 ? found.Bundle : throw new ManifestException(errors);
    }

    /// <summary>The manifest that a path means.</summary>
    /// <exception cref="IOException">There is none.</exception>
    public static string FindManifest(string path)
    {
        string file = Directory.Exists(path) ? Path.Combine(path, DefaultFile) : path;
        if (!File.Exists(file)) throw new IOException(Directory.Exists(path) ? $"no {DefaultFile} in {path}" : $"no such file: {file}");
        long length = new FileInfo(file).Length;
        return length <= 4L * ManifestReader.MaxLength
            ? file
            : throw new IOException($"{file} has {length} bytes; a manifest has at most {ManifestReader.MaxLength} characters");
    }

    /// <summary>As <see cref="RunAsync"/>, for what came otherwise, such as by upload.</summary>
    public static ApplicationCheck Run(ApplicationBundle bundle)
    {
        var issues = new List<PolicyIssue>();
        if (Read(bundle, issues) is not { } manifest) return new ApplicationCheck(null, issues, 0);
        return Run(manifest, bundle, issues);
    }

    /// <summary>The plan of a bundle that was checked when it was deployed: policies and alerts are left to those who use them.</summary>
    /// <exception cref="ManifestException">It does not check any more, as when another version of Chain wrote it.</exception>
    public static ApplicationPlan PlanOf(ApplicationBundle bundle)
    {
        var issues = new List<PolicyIssue>();
        ApplicationPlan? plan = Read(bundle, issues) is { } manifest ? PlanBuilder.Build(manifest, bundle, issues) : null;
        return plan ?? throw new ManifestException([.. issues.Where(static issue => issue.Level == IssueLevel.Error)]);
    }

    private static async Task<(ApplicationManifest Manifest, ApplicationBundle Bundle)?> ReadAsync(
        string path, ComponentLookup? stored, List<PolicyIssue> issues, CancellationToken cancellation)
    {
        string file = FindManifest(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var manifestFile = new PolicyFile(file, await File.ReadAllTextAsync(file, cancellation));
        if (ManifestReader.Read(manifestFile, folder, issues) is not { } manifest) return null;
        return (manifest, await new ManifestFiles(manifest, folder, new IssueList(issues)).ReadAsync(stored, cancellation));
    }

    private static ApplicationManifest? Read(ApplicationBundle bundle, List<PolicyIssue> issues)
    {
        ApplicationManifest? manifest = ManifestReader.Read(bundle.Manifest, bundle.Folder, issues);
        foreach (ManifestComponent component in manifest?.Components ?? [])
        {
            if (!bundle.Components.TryGetValue(component.Name.Value, out ReadOnlyMemory<byte> bytes))
                issues.Add(new PolicyIssue(IssueLevel.Error, component.Name.Place, $"component '{component.Name.Value}' did not come with the manifest"));
            else if (component.Digest is { } digest && digest.Value != PlanBuilder.DigestOf(bytes.Span))
                issues.Add(new PolicyIssue(IssueLevel.Error, digest.Place, $"component '{component.Name.Value}' has the digest {PlanBuilder.DigestOf(bytes.Span)}"));
        }

        return manifest;
    }

    private static ApplicationCheck Run(ApplicationManifest manifest, ApplicationBundle bundle, List<PolicyIssue> issues)
    {
        ApplicationPlan? plan = PlanBuilder.Build(manifest, bundle, issues);
        // Those of the manifest came in the order in which things were looked at.
        List<PolicyIssue> sorted = [.. issues.OrderBy(static issue => issue.Place.Line).ThenBy(static issue => issue.Place.Column)];
        int passed = CheckPolicies(manifest, bundle, sorted);
        CheckAlerts(bundle, sorted);
        return new ApplicationCheck(sorted.Any(static issue => issue.Level == IssueLevel.Error) ? null : plan, sorted, passed);
    }

    private static int CheckPolicies(ApplicationManifest manifest, ApplicationBundle bundle, List<PolicyIssue> issues)
    {
        if (bundle.Policies.Count == 0) return 0;
        PolicySet? set = PolicyLoader.TryLoad(bundle.Policies, new LabelStore(), out IReadOnlyList<PolicyIssue> found);
        if (set is null)
        {
            issues.AddRange(found);
            return 0;
        }

        issues.AddRange(StaticChecks.Run(set, NamesOf(manifest)));
        int passed = 0;
        foreach (PolicyTestResult result in PolicyTestRunner.Run(set))
        {
            if (result.Passed) passed++;
            else issues.Add(new PolicyIssue(IssueLevel.Error, result.Test.Place, $"policy '{result.Policy.Name}', {result.Test.Name}: expected {result.Test.Written}, found {result.Found}"));
        }

        return passed;
    }

    private static KnownNames NamesOf(ApplicationManifest manifest)
    {
        string application = manifest.Name.Value;
        IEnumerable<string> components = manifest.Components.Select(component => $"{application}/{component.Name.Value}")
            .Concat(manifest.Sinks.Select(sink => $"{application}/{sink.Name.Value}"))
            // As data that leave are called where no sink has a name for it.
            .Concat(manifest.Components.SelectMany(static component => component.Grants.Http ?? []).Select(static host => $"outside/{host}"))
            .Concat(manifest.Components.SelectMany(static component => component.Grants.KeyValue ?? []).Select(bucket => $"{application}/keyvalue:{bucket}"));
        IEnumerable<Tag> tags = manifest.Sources.SelectMany(static source => source.Tags).Select(static tag => tag.Value.Tag)
            .Concat(manifest.Declassifiers.Concat(manifest.Endorsers).SelectMany(static rule => rule.Tags));
        return new KnownNames(
            components.ToHashSet(StringComparer.Ordinal),
            tags.Select(static tag => tag.Name).ToHashSet(StringComparer.Ordinal));
    }

    private static void CheckAlerts(ApplicationBundle bundle, List<PolicyIssue> issues)
    {
        if (bundle.Alerts is null) return;
        try
        {
            using var http = new HttpClient();
            AlertConfiguration.Read(bundle.Alerts, http, TextWriter.Null);
        }
        catch (PolicySetException e)
        {
            issues.AddRange(e.Issues);
        }
    }
}
