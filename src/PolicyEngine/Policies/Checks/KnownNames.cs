using YamlDotNet.RepresentationModel;

namespace Chain.PolicyEngine.Policies.Checks;

/// <summary>The components and tags that an application has, to check policies against.</summary>
/// <param name="Components"><c>application/component</c>.</param>
/// <param name="Tags">Names of tags, without <c>+</c> and values.</param>
public sealed record KnownNames(IReadOnlySet<string> Components, IReadOnlySet<string> Tags)
{
    /// <summary>
    /// Reads what an application manifest names: <c>application</c>; <c>components</c>, a mapping by name or a list of
    /// entries with <c>name</c>; the names of <c>sinks</c>; and every <c>tag</c>, <c>tags</c>, <c>drops</c>, <c>adds</c>, <c>result</c>,
    /// <c>request</c> or <c>response</c> anywhere in it (sources, declassifiers, endorsers).
    /// </summary>
    /// <exception cref="PolicySetException">It is not YAML, or has no application.</exception>
    public static KnownNames FromManifest(PolicyFile manifest)
    {
        var issues = new List<PolicyIssue>();
        YamlSource yaml = YamlSource.Read(manifest.Name, manifest.Text, issues);
        var components = new HashSet<string>(StringComparer.Ordinal);
        var tags = new HashSet<string>(StringComparer.Ordinal);
        foreach (YamlNode document in yaml.Documents)
        {
            var fields = new YamlFields(yaml, document, "a manifest");
            if (!fields.IsMapping) continue;
            string application = fields.RequiredText("application");
            foreach (string component in ComponentsOf(fields.Node("components")).Concat(ComponentsOf(fields.Node("sinks"))))
                components.Add($"{application}/{component}");
            CollectTags(document, tags);
        }

        return issues.Count == 0 ? new KnownNames(components, tags) : throw new PolicySetException(issues);
    }

    private static IEnumerable<string> ComponentsOf(YamlNode? node) => node switch
    {
        YamlMappingNode map => map.Children.Keys.OfType<YamlScalarNode>().Select(k => k.Value ?? ""),
        YamlSequenceNode list => list.Children.Select(c => c switch
        {
            YamlScalarNode scalar => scalar.Value ?? "",
            YamlMappingNode map when map.Children.TryGetValue(new YamlScalarNode("name"), out YamlNode? name) => (name as YamlScalarNode)?.Value ?? "",
            _ => "",
        }).Where(n => n.Length > 0),
        _ => [],
    };

    private static void CollectTags(YamlNode node, HashSet<string> tags)
    {
        switch (node)
        {
            case YamlSequenceNode list:
                foreach (YamlNode child in list.Children) CollectTags(child, tags);
                break;
            case YamlMappingNode map:
                foreach ((YamlNode key, YamlNode value) in map.Children)
                {
                    if (key is YamlScalarNode { Value: "tag" or "tags" or "drops" or "adds" or "result" or "request" or "response" }) AddTags(value, tags);
                    CollectTags(value, tags);
                }

                break;
        }
    }

    private static void AddTags(YamlNode node, HashSet<string> tags)
    {
        switch (node)
        {
            // `result: true` says where the tags of `tags` go.
            case YamlScalarNode { Value: { Length: > 0 } text } when text != "true":
                tags.Add(text.TrimStart('+').Split('=')[0]);
                break;
            case YamlSequenceNode list:
                foreach (YamlNode child in list.Children) AddTags(child, tags);
                break;
            case YamlMappingNode map:
                foreach (YamlNode key in map.Children.Keys) AddTags(key, tags);
                break;
        }
    }
}
