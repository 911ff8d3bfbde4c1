using System.Text.RegularExpressions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;
using Chain.Wasm.Wasi.Http;
using YamlDotNet.RepresentationModel;

namespace Chain.Silo.Applications.Manifest;

/// <summary>Reads sources, sinks, declassifiers and endorsers.</summary>
internal sealed partial class RuleReader(YamlSource yaml)
{
    public static readonly string[] SourceKeys = ["component", "function", "result", "argument", "request", "response", "tags", "field"];
    public static readonly string[] SinkKeys = ["name", "http", "log", "keyvalue", "component", "labels"];
    public static readonly string[] DeclassifierKeys = ["component", "function", "drops"];
    public static readonly string[] EndorserKeys = ["component", "function", "adds"];

    // The pattern of a sink that is the log.
    private const string Anything = "**";

    private static readonly (string Key, SourcePlace On)[] Places =
        [("result", SourcePlace.Result), ("argument", SourcePlace.Argument), ("request", SourcePlace.Request), ("response", SourcePlace.Response)];

    private static readonly (string Key, SinkKind Kind)[] SinkKinds = [("http", SinkKind.Http), ("log", SinkKind.Log), ("keyvalue", SinkKind.KeyValue)];

    public ManifestSource? Source(YamlNode node)
    {
        var fields = new ManifestFields(yaml, node, "a source", SourceKeys);
        if (!fields.IsMapping) return null;
        Placed<string>? component = fields.Required("component");
        (string Key, SourcePlace On)[] on = [.. Places.Where(place => fields.Has(place.Key))];
        if (on.Length != 1)
        {
            fields.Error(node, $"a source has one of result, argument, request, response, found {(on.Length == 0 ? "none" : string.Join(" and ", on.Select(o => o.Key)))}");
            return null;
        }

        (string key, SourcePlace place) = on[0];
        bool isOfFunction = place is SourcePlace.Result or SourcePlace.Argument;
        Placed<string>? function = isOfFunction ? fields.Required("function") : fields.Text("function");
        foreach (string other in (string[])["function", "field"])
        {
            if (!isOfFunction && fields.Has(other)) fields.Error(other, $"a source on '{key}' has no '{other}'");
        }

        List<Placed<ManifestTag>> tags = SourceTags(fields, key, place);
        if (component is null || (isOfFunction && function is null) || tags.Count == 0) return null;
        Placed<string>? argument = place == SourcePlace.Argument ? fields.Text("argument") : null;
        return place == SourcePlace.Argument && argument is null
            ? null
            : new ManifestSource(component, function, place, fields.KeyPlace(key), argument, fields.Text("field"), tags);
    }

    public ManifestSink? Sink(YamlNode node)
    {
        var fields = new ManifestFields(yaml, node, "a sink", SinkKeys);
        if (!fields.IsMapping) return null;
        Placed<string>? name = ManifestReader.Name(fields, "name", "a sink's name");
        (string Key, SinkKind Kind)[] kinds = [.. SinkKinds.Where(kind => fields.Has(kind.Key))];
        if (kinds.Length != 1)
        {
            fields.Error(node, $"a sink has one of http, log, keyvalue, found {(kinds.Length == 0 ? "none" : string.Join(" and ", kinds.Select(k => k.Key)))}");
            return null;
        }

        (string key, SinkKind kind) = kinds[0];
        string pattern = kind == SinkKind.Log ? Anything : fields.Text(key)?.Value ?? "";
        if (kind == SinkKind.Log && !fields.IsTrue("log")) fields.Error("log", "'log' is true, for a sink that is the log");
        if (kind == SinkKind.Http && pattern.Length > 0) CheckHost(fields, pattern);
        if (kind == SinkKind.KeyValue && fields.Has(key) && pattern.Length is 0 or > 200) fields.Error(key, "'keyvalue' is a pattern for buckets of 1 to 200 characters");
        IReadOnlyDictionary<string, string> labels = ManifestReader.Labels(fields);
        return name is null || pattern.Length == 0 ? null : new ManifestSink(name, kind, pattern, fields.Text("component"), labels);
    }

    /// <summary>A declassifier.</summary>
    public ManifestFunctionRule? Declassifier(YamlNode node) => FunctionRule(node, "a declassifier", DeclassifierKeys, "drops", TagKind.Secrecy);

    /// <summary>An endorser.</summary>
    public ManifestFunctionRule? Endorser(YamlNode node) => FunctionRule(node, "an endorser", EndorserKeys, "adds", TagKind.Integrity);

    private ManifestFunctionRule? FunctionRule(YamlNode node, string what, string[] keys, string tagsKey, TagKind kind)
    {
        var fields = new ManifestFields(yaml, node, what, keys);
        if (!fields.IsMapping) return null;
        Placed<string>? component = fields.Required("component");
        Placed<string>? function = fields.Required("function");
        if (!fields.Has(tagsKey)) fields.Required(tagsKey);
        var tags = new List<Tag>();
        foreach (Placed<ManifestTag> tag in Tags(fields, tagsKey))
        {
            string? wrong = tag.Value.Path is not null ? $"'{tagsKey}' lists fixed tags"
                : tag.Value.Tag.Kind != kind ? kind == TagKind.Secrecy ? "a declassifier drops secrecy tags" : "an endorser adds integrity tags, which begin with '+'"
                : null;
            if (wrong is null) tags.Add(tag.Value.Tag);
            else fields.Error(tag.Place, $"{wrong}, found '{tag.Value.Tag}'");
        }

        return component is null || function is null || tags.Count == 0 ? null : new ManifestFunctionRule(component, function, tags);
    }

    /// <summary>Tags stand at the place itself (<c>result: [pii]</c>), or under <c>tags</c>.</summary>
    private static List<Placed<ManifestTag>> SourceTags(ManifestFields fields, string key, SourcePlace place)
    {
        bool isTrue = place != SourcePlace.Argument && fields.Node(key) is YamlScalarNode { Value: "true" };
        if (place == SourcePlace.Argument || isTrue)
        {
            if (fields.Has("tags")) return Tags(fields, "tags");
            fields.Required("tags");
            return [];
        }

        if (fields.Has("tags")) fields.Error("tags", $"the tags stand under '{key}' already; write '{key}: true' to have them here");
        return Tags(fields, key);
    }

    private static List<Placed<ManifestTag>> Tags(ManifestFields fields, string key)
    {
        var tags = new List<Placed<ManifestTag>>();
        if (fields.Texts(key) is { Count: 0 }) fields.Error(key, $"'{key}' lists at least one tag, found an empty list");
        foreach (Placed<string> text in fields.Texts(key) ?? [])
        {
            try
            {
                tags.Add(new Placed<ManifestTag>(Tag(text.Value), text.Place));
            }
            catch (FormatException e)
            {
                fields.Error(text.Place, e.Message);
            }
        }

        return tags;
    }

    private static ManifestTag Tag(string text)
    {
        if (!text.Contains("{{")) return new ManifestTag(Tracer.Tags.Tag.Parse(text), null);
        Match match = ValueFromCall().Match(text);
        if (!match.Success) throw new FormatException($"tag '{text}': a value from the call is name={{{{ path }}}} and nothing beside it");
        return new ManifestTag(Tracer.Tags.Tag.Parse(match.Groups["name"].Value + "=*"), match.Groups["path"].Value);
    }

    private static void CheckHost(ManifestFields fields, string pattern)
    {
        try
        {
            HttpGrants.Parse([pattern]);
        }
        catch (FormatException e)
        {
            fields.Error("http", e.Message);
        }
    }

    [GeneratedRegex(@"^(?<name>\+?[^={}]+)=\{\{ *(?<path>[^{} ]+) *\}\}$", RegexOptions.CultureInvariant)]
    private static partial Regex ValueFromCall();
}
