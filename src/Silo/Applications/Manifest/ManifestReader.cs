using System.Text.RegularExpressions;
using Chain.PolicyEngine.Policies;
using YamlDotNet.RepresentationModel;

namespace Chain.Silo.Applications.Manifest;

/// <summary>Reads <c>chain.yaml</c>: what can be said of it without looking at anything that it names.</summary>
internal sealed partial class ManifestReader
{
    public static readonly string[] Keys =
        ["application", "components", "links", "expose", "sources", "sinks", "declassifiers", "endorsers", "policies", "alerts"];

    public static readonly string[] ComponentKeys = ["path", "digest", "labels", "instances", "key", "replicas", "idempotent", "grants", "limits"];
    public static readonly string[] LinkKeys = ["from", "import", "to", "export"];
    public static readonly string[] ExposureKeys = ["component", "http", "host"];

    public static readonly (string Word, InstanceMode Mode)[] InstanceWords =
        [("reset", InstanceMode.Reset), ("warm", InstanceMode.Warm), ("stateful", InstanceMode.Stateful)];

    /// <summary>The largest manifest, in characters.</summary>
    public const int MaxLength = 1_000_000;

    /// <summary>Components of an application, and rules of each kind.</summary>
    public const int MaxItems = 1000;

    private const int MostReplicas = 1000;
    private const int DefaultReplicas = 8;

    private readonly YamlSource yaml;
    private readonly GrantReader grants;

    private ManifestReader(YamlSource yaml, string folder)
    {
        this.yaml = yaml;
        grants = new GrantReader(yaml, folder);
    }

    /// <summary>Reads a manifest.</summary>
    /// <param name="file">Its text.</param>
    /// <param name="folder">The absolute folder of what is relative in it; empty for none.</param>
    /// <param name="issues">Where errors go; what could be read is given in spite of them.</param>
    /// <returns><see langword="null"/> where it is no mapping at all.</returns>
    public static ApplicationManifest? Read(PolicyFile file, string folder, List<PolicyIssue> issues)
    {
        if (file.Text.Length > MaxLength)
        {
            issues.Add(new PolicyIssue(IssueLevel.Error, new PolicyPlace(file.Name, 1, 1, ""), $"a manifest has at most {MaxLength} characters, found {file.Text.Length}"));
            return null;
        }

        int before = issues.Count;
        YamlSource yaml = YamlSource.Read(file.Name, file.Text, issues);
        if (issues.Count > before) return null;
        if (yaml.Documents.Count != 1)
        {
            issues.Add(new PolicyIssue(IssueLevel.Error, new PolicyPlace(file.Name, 1, 1, ""), $"a manifest is one YAML document, found {yaml.Documents.Count}"));
            return null;
        }

        return new ManifestReader(yaml, folder).Manifest(file, yaml.Documents[0]);
    }

    /// <summary>A name of an application, component or sink; <see langword="null"/> after an error.</summary>
    public static Placed<string>? Name(ManifestFields fields, string key, string what)
    {
        if (fields.Required(key) is not { } name) return null;
        if (NamePattern().IsMatch(name.Value)) return name;
        fields.Error(name.Place, Wrong(what, name.Value));
        return null;
    }

    /// <summary>The labels of a component or sink.</summary>
    public static Dictionary<string, string> Labels(ManifestFields fields) => fields.Pairs(
        "labels", static name => LabelPattern().IsMatch(name) ? null : "a label's name is made of a-z 0-9 _ . -, and begins with a letter").ToDictionary();

    private ApplicationManifest? Manifest(PolicyFile file, YamlNode root)
    {
        var fields = new ManifestFields(yaml, root, "a manifest", Keys);
        if (!fields.IsMapping) return null;
        Placed<string>? name = Name(fields, "application", "an application's name");
        var rules = new RuleReader(yaml);
        return new ApplicationManifest
        {
            File = file,
            // Reading goes on without a name, for the sake of the other errors.
            Name = name ?? new Placed<string>("application", fields.Place),
            Components = Components(fields),
            Links = List(fields, "links", "links", Link),
            Exposures = List(fields, "expose", "exposures", Exposure),
            Sources = List(fields, "sources", "sources", rules.Source),
            Sinks = List(fields, "sinks", "sinks", rules.Sink),
            Declassifiers = List(fields, "declassifiers", "declassifiers", rules.Declassifier),
            Endorsers = List(fields, "endorsers", "endorsers", rules.Endorser),
            Policies = fields.Texts("policies") ?? [],
            Alerts = fields.Text("alerts"),
        };
    }

    private List<ManifestComponent> Components(ManifestFields fields)
    {
        if (!fields.Has("components"))
        {
            fields.Required("components");
            return [];
        }

        if (fields.Node("components") is not YamlMappingNode { Children.Count: > 0 } mapping)
        {
            fields.Error("components", $"'components' is a mapping of names to components, found {Found(fields.Node("components")!)}");
            return [];
        }

        if (mapping.Children.Count > MaxItems) fields.Error("components", $"an application has at most {MaxItems} components, found {mapping.Children.Count}");
        var components = new List<ManifestComponent>();
        foreach ((YamlNode key, YamlNode value) in mapping.Children.Take(MaxItems))
        {
            if (key is not YamlScalarNode { Value: { } name } || !NamePattern().IsMatch(name))
                yaml.Error(key, Wrong("a component's name", (key as YamlScalarNode)?.Value ?? YamlFields.Kind(key)));
            else if (Component(new Placed<string>(name, yaml.PlaceOf(key)), value) is { } component)
                components.Add(component);
        }

        return components;
    }

    private ManifestComponent? Component(Placed<string> name, YamlNode node)
    {
        var fields = new ManifestFields(yaml, node, $"component '{name.Value}'", ComponentKeys);
        if (!fields.IsMapping) return null;
        Placed<string>? path = fields.Text("path");
        Placed<string>? digest = fields.Text("digest");
        if (fields.Has("path") == fields.Has("digest"))
        {
            string found = fields.Has("path") ? "both" : "neither";
            fields.Error(name.Place, $"component '{name.Value}' has either a path or a digest, found {found}");
        }

        if (path is { Value.Length: 0 } || path?.Value.Contains('\0') == true) fields.Error("path", "'path' is a file such as components/store.wasm, found nothing");
        if (digest is not null && !DigestPattern().IsMatch(digest.Value))
        {
            fields.Error("digest", $"'digest' is sha256: and 64 hexadecimal digits, found '{digest.Value}'");
            digest = null;
        }

        InstanceMode mode = fields.OneOf("instances", InstanceWords, InstanceMode.Reset);
        bool isStateful = mode == InstanceMode.Stateful;
        int replicas = fields.Number("replicas", 1, MostReplicas, isStateful ? 1 : DefaultReplicas);
        if (isStateful && replicas != 1) fields.Error("replicas", $"a stateful component has one instance, found replicas: {replicas}");
        Placed<string>? key = fields.Text("key");
        if (key is not null && !isStateful)
            fields.Error(key.Place, $"'key' is for a component with instances: stateful, found instances: {InstanceWords.First(one => one.Mode == mode).Word}");
        (bool isIdempotent, IReadOnlyList<Placed<string>> idempotent) = Idempotent(fields);
        Func<string, PolicyPlace> grantPlace = _ => name.Place;
        ComponentGrants granted = fields.Node("grants") is { } grantNode ? grants.Grants(grantNode, out grantPlace) : new ComponentGrants();
        return new ManifestComponent
        {
            Name = name,
            Path = path,
            Digest = digest,
            Labels = Labels(fields),
            Instances = mode,
            Replicas = replicas,
            Key = key,
            IsIdempotent = isIdempotent,
            Idempotent = idempotent,
            Grants = granted,
            GrantPlace = grantPlace,
            Limits = fields.Node("limits") is { } limitNode ? grants.Limits(limitNode) : new InstanceLimits(),
        };
    }

    private static (bool All, IReadOnlyList<Placed<string>> Functions) Idempotent(ManifestFields fields)
    {
        switch (fields.Node("idempotent"))
        {
            case null or YamlScalarNode { Value: "false" }: return (false, []);
            case YamlScalarNode { Value: "true" }: return (true, []);
            case YamlSequenceNode: return (false, fields.Texts("idempotent") ?? []);
            case var other:
                string found = other is YamlScalarNode { Value: { Length: > 0 } text } ? $"'{text}'" : YamlFields.Kind(other);
                fields.Error("idempotent", $"'idempotent' is true, or a list of functions such as [\"clinic:records/store#get\"], found {found}");
                return (false, []);
        }
    }

    private ManifestLink? Link(YamlNode node)
    {
        var fields = new ManifestFields(yaml, node, "a link", LinkKeys);
        if (!fields.IsMapping) return null;
        Placed<string>? from = fields.Required("from");
        Placed<string>? import = fields.Required("import");
        Placed<string>? to = fields.Required("to");
        return from is null || import is null || to is null ? null : new ManifestLink(from, import, to, fields.Text("export"));
    }

    private ManifestExposure? Exposure(YamlNode node)
    {
        var fields = new ManifestFields(yaml, node, "an exposure", ExposureKeys);
        if (!fields.IsMapping) return null;
        Placed<string>? component = fields.Required("component");
        Placed<string>? path = fields.Required("http");
        Placed<string>? host = fields.Text("host");
        if (path is not null && !PathPattern().IsMatch(path.Value))
        {
            fields.Error("http", $"'http' is a path such as / or /api, without a query, found '{path.Value}'");
            path = null;
        }

        if (host is not null && Uri.CheckHostName(host.Value) == UriHostNameType.Unknown)
            fields.Error("host", $"'host' is a host's name without a port, found '{host.Value}'");
        if (component is null || path is null) return null;
        string trimmed = path.Value.TrimEnd('/');
        return new ManifestExposure(component, path with { Value = trimmed.Length == 0 ? "/" : trimmed }, host?.Value.ToLowerInvariant());
    }

    private List<T> List<T>(ManifestFields fields, string key, string items, Func<YamlNode, T?> read)
        where T : class
    {
        YamlNode[] nodes = [.. fields.Items(key, items)];
        if (nodes.Length > MaxItems) fields.Error(key, $"'{key}' has at most {MaxItems} {items}, found {nodes.Length}");
        return [.. nodes.Take(MaxItems).Select(read).OfType<T>()];
    }

    private static string Wrong(string what, string name) =>
        $"{what} is made of a-z 0-9 and -, begins with a letter and has at most 60 characters, found '{name}'";

    private static string Found(YamlNode node) => node is YamlMappingNode ? "an empty one" : YamlFields.Kind(node);

    [GeneratedRegex(@"^[a-z][a-z0-9-]{0,59}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^[a-z][a-z0-9_.-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex LabelPattern();

    [GeneratedRegex(@"^sha256:[0-9a-f]{64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex DigestPattern();

    [GeneratedRegex(@"^/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,199}\z", RegexOptions.CultureInvariant)]
    private static partial Regex PathPattern();
}
