using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Chain.PolicyEngine.Policies;

namespace Chain.Silo.Applications;

/// <summary>A plan as JSON: what it is, in one order, whatever the manifest's layout. The digest of an application is that of this text.</summary>
public static class PlanJson
{
    /// <summary>Writes a plan as one object. Components and files stand for themselves by their digests.</summary>
    public static void Write(Utf8JsonWriter json, ApplicationPlan plan)
    {
        json.WriteStartObject();
        json.WriteString("application", plan.Name);
        json.WriteStartArray("components");
        foreach (ComponentPlan component in plan.Components.Values.OrderBy(static one => one.Name, StringComparer.Ordinal)) Write(json, component);
        json.WriteEndArray();
        json.WriteStartArray("links");
        foreach (ApplicationLink link in plan.Links.OrderBy(static one => one.From, StringComparer.Ordinal).ThenBy(static one => one.Import, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("from", link.From);
            json.WriteString("import", link.Import);
            json.WriteString("to", link.To);
            json.WriteString("export", link.Export);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("expose");
        foreach (Exposure exposure in plan.Exposures.OrderBy(static one => one.Path, StringComparer.Ordinal).ThenBy(static one => one.Host, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("component", exposure.Component);
            json.WriteString("http", exposure.Path);
            if (exposure.Host is not null) json.WriteString("host", exposure.Host);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteRules(json, plan);
        Files(json, "policies", plan.Policies.OrderBy(static file => file.Name, StringComparer.Ordinal));
        Files(json, "alerts", plan.Alerts is null ? [] : [plan.Alerts]);
        json.WriteEndObject();
    }

    /// <summary><c>sha256:</c> and the digits of the digest of a plan's JSON.</summary>
    internal static string DigestOf(ApplicationPlan plan)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) Write(json, plan);
        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan));
    }

    private static void Write(Utf8JsonWriter json, ComponentPlan component)
    {
        json.WriteStartObject();
        json.WriteString("name", component.Name);
        json.WriteString("digest", component.Digest);
        Pairs(json, "labels", component.Party.Labels);
        json.WriteString("instances", component.Instances.ToString().ToLowerInvariant());
        json.WriteNumber("replicas", component.Replicas);
        if (component.Key is not null) json.WriteString("key", component.Key);
        if (component.Idempotent.IsAll) json.WriteBoolean("idempotent", true);
        else if (component.Idempotent.Functions.Count > 0)
            Texts(json, "idempotent", component.Idempotent.Functions.Select(static function => function.Reference.Name).Order(StringComparer.Ordinal));
        ComponentGrants grants = component.Grants;
        json.WriteStartObject("grants");
        Pairs(json, "environment", grants.Environment);
        Texts(json, "arguments", grants.Arguments);
        json.WriteStartArray("directories");
        foreach (DirectoryGrant directory in grants.Directories)
        {
            json.WriteStartObject();
            json.WriteString("host", directory.Host);
            json.WriteString("guest", directory.Guest);
            json.WriteString("access", directory.CanWrite ? "read-write" : "read");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (grants.Http is not null) Texts(json, "http", grants.Http);
        if (grants.KeyValue is not null) Texts(json, "keyvalue", grants.KeyValue);
        Pairs(json, "config", grants.Config);
        json.WriteBoolean("logging", grants.Logging);
        json.WriteEndObject();
        InstanceLimits limits = component.Limits;
        json.WriteStartObject("limits");
        json.WriteNumber("memory", limits.MemoryBytes);
        json.WriteNumber("deadline-ms", limits.Deadline.TotalMilliseconds);
        json.WriteNumber("stack", limits.StackBytes);
        if (limits.Fuel is { } fuel) json.WriteNumber("fuel", fuel);
        json.WriteNumber("request-body", limits.RequestBodyBytes);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteRules(Utf8JsonWriter json, ApplicationPlan plan)
    {
        json.WriteStartArray("sources");
        foreach (SourceRule source in plan.Sources)
        {
            json.WriteStartObject();
            json.WriteString("component", source.Component);
            if (source.Function is not null) json.WriteString("function", source.Function.Reference.Name);
            json.WriteString("on", source.Place.ToString().ToLowerInvariant());
            if (source.Place == SourcePlace.Argument) json.WriteNumber("argument", source.Argument);
            if (!source.Field.IsWhole) json.WriteString("field", source.Field.Text);
            Texts(json, "tags", source.Tags.Select(Tag));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("sinks");
        foreach (SinkRule sink in plan.Sinks)
        {
            json.WriteStartObject();
            json.WriteString("name", sink.Name);
            json.WriteString("kind", sink.Kind.ToString().ToLowerInvariant());
            json.WriteString("pattern", sink.Pattern);
            if (sink.Component is not null) json.WriteString("component", sink.Component);
            Pairs(json, "labels", sink.Party.Labels);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Functions(json, "declassifiers", plan.Declassifiers.Select(static rule => (rule.Function, "drops", rule.Drops.Select(static tag => tag.Text))));
        Functions(json, "endorsers", plan.Endorsers.Select(static rule => (rule.Function, "adds", rule.Adds.Select(static tag => tag.ToString()))));
    }

    private static void Functions(
        Utf8JsonWriter json, string name, IEnumerable<(RuleFunction Function, string Key, IEnumerable<string> Tags)> rules)
    {
        json.WriteStartArray(name);
        foreach ((RuleFunction function, string key, IEnumerable<string> tags) in rules)
        {
            json.WriteStartObject();
            json.WriteString("component", function.Component);
            json.WriteString("function", function.Reference.Name);
            Texts(json, key, tags);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Tag(TagTemplate tag)
    {
        if (tag.From is not { } from) return tag.Tag.ToString();
        string origin = from.Origin == ValueOrigin.Argument ? $"argument {from.Argument}" : $"{from.Origin.ToString().ToLowerInvariant()} {from.Name}".TrimEnd();
        return $"{tag.Tag} from {origin}{(from.Path.IsWhole ? "" : $".{from.Path.Text}")}";
    }

    private static void Files(Utf8JsonWriter json, string name, IEnumerable<PolicyFile> files) =>
        Pairs(json, name, files.Select(static file => KeyValuePair.Create(file.Name, "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file.Text))))));

    private static void Texts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void Pairs(Utf8JsonWriter json, string name, IEnumerable<KeyValuePair<string, string>> pairs)
    {
        json.WriteStartObject(name);
        foreach ((string key, string value) in pairs) json.WriteString(key, value);
        json.WriteEndObject();
    }
}
