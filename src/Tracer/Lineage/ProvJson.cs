using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.Tracer.Lineage;

/// <summary>
/// Lineage as PROV-JSON (W3C submission of 24 April 2013): values are entities, calls are activities, components are agents. Identifiers are made of
/// digests and ids alone; names, which come from strangers, are only ever literals.
/// </summary>
public static class ProvJson
{
    private const string Namespace = "urn:chain:";

    /// <summary>Writes a document with these calls and the edges between their values.</summary>
    public static void Write(Stream output, IReadOnlyCollection<CallInfo> calls, IEnumerable<LineageEdge> edges)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.Default });
        List<LineageEdge> all = [.. edges];
        json.WriteStartObject();
        // A section without content is left out, as other tools do.
        json.WriteStartObject("prefix");
        json.WriteString("chain", Namespace);
        json.WriteEndObject();
        if (calls.Count > 0 || all.Count > 0) WriteEntities(json, calls, all);
        if (calls.Count > 0)
        {
            WriteCalls(json, calls);
            WriteAgents(json, calls);
            WriteUse(json, calls);
        }

        if (all.Count > 0) WriteDerivations(json, all);
        json.WriteEndObject();
    }

    private static void WriteEntities(Utf8JsonWriter json, IReadOnlyCollection<CallInfo> calls, List<LineageEdge> edges)
    {
        json.WriteStartObject("entity");
        var written = new HashSet<CallValue>();
        foreach (CallInfo call in calls)
        {
            WriteEntity(json, new CallValue(call.Id, ValueSide.In), call.LabelIn, written);
            WriteEntity(json, new CallValue(call.Id, ValueSide.Out), call.LabelOut, written);
        }

        // Values of calls that are not in the store, of which only the flows tell.
        foreach (LineageEdge edge in edges)
        {
            WriteEntity(json, edge.From, null, written);
            WriteEntity(json, edge.To, null, written);
        }

        json.WriteEndObject();
    }

    private static void WriteEntity(Utf8JsonWriter json, CallValue value, Label? label, HashSet<CallValue> written)
    {
        if (!written.Add(value)) return;
        json.WriteStartObject(Entity(value));
        json.WriteString("prov:type", value.Side == ValueSide.In ? "received" : "given");
        if (label is { Tags.IsEmpty: false }) json.WriteString("chain:label", label.ToString());
        json.WriteEndObject();
    }

    private static void WriteCalls(Utf8JsonWriter json, IReadOnlyCollection<CallInfo> calls)
    {
        json.WriteStartObject("activity");
        foreach (CallInfo call in calls)
        {
            json.WriteStartObject(Activity(call.Id));
            json.WriteString("prov:startTime", Time(call.Id.Start));
            json.WriteString("prov:endTime", Time(call.Id.Start.AddMicroseconds(call.Duration)));
            json.WriteString("prov:label", call.Shape.Function.Name);
            json.WriteString("chain:outcome", call.Shape.Outcome.ToString());
            json.WriteString("chain:node", call.Shape.Node);
            if (call.Shape.Host.Length > 0) json.WriteString("chain:silo", call.Shape.Host);
            if (call.Shape.Attempt > 1) json.WriteNumber("chain:attempt", call.Shape.Attempt);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteAgents(Utf8JsonWriter json, IReadOnlyCollection<CallInfo> calls)
    {
        json.WriteStartObject("agent");
        foreach (ComponentRef component in calls.Select(call => call.Shape.Callee).Distinct())
        {
            json.WriteStartObject(Agent(component));
            json.WriteString("prov:label", component.Name);
            if (component.Version.Length > 0) json.WriteString("chain:version", component.Version);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteStartObject("wasAssociatedWith");
        foreach (CallInfo call in calls) WriteRelation(json, "associated", call.Id.ToString(), ("prov:activity", Activity(call.Id)), ("prov:agent", Agent(call.Shape.Callee)));
        json.WriteEndObject();
    }

    private static void WriteUse(Utf8JsonWriter json, IReadOnlyCollection<CallInfo> calls)
    {
        json.WriteStartObject("used");
        foreach (CallInfo call in calls) WriteRelation(json, "used", call.Id.ToString(), ("prov:activity", Activity(call.Id)), ("prov:entity", Entity(new CallValue(call.Id, ValueSide.In))));
        json.WriteEndObject();
        json.WriteStartObject("wasGeneratedBy");
        foreach (CallInfo call in calls) WriteRelation(json, "generated", call.Id.ToString(), ("prov:entity", Entity(new CallValue(call.Id, ValueSide.Out))), ("prov:activity", Activity(call.Id)));
        json.WriteEndObject();
    }

    private static void WriteDerivations(Utf8JsonWriter json, List<LineageEdge> edges)
    {
        json.WriteStartObject("wasDerivedFrom");
        for (int i = 0; i < edges.Count; i++)
        {
            LineageEdge edge = edges[i];
            json.WriteStartObject($"chain:derived-{i.ToString(CultureInfo.InvariantCulture)}");
            json.WriteString("prov:generatedEntity", Entity(edge.To));
            json.WriteString("prov:usedEntity", Entity(edge.From));
            json.WriteString("chain:kind", edge.Kind.ToString());
            if (!edge.Label.Tags.IsEmpty) json.WriteString("chain:label", edge.Label.ToString());
            if (edge.State is { } state) json.WriteString("chain:state", $"{state.Component} {state.Store} {state.Key}");
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteRelation(Utf8JsonWriter json, string kind, string id, (string Name, string Value) first, (string Name, string Value) second)
    {
        json.WriteStartObject($"chain:{kind}-{id}");
        json.WriteString(first.Name, first.Value);
        json.WriteString(second.Name, second.Value);
        json.WriteEndObject();
    }

    private static string Entity(CallValue value) => $"chain:{(value.Side == ValueSide.In ? "in" : "out")}-{value.Call}";

    private static string Activity(CallId call) => $"chain:call-{call}";

    // A name may hold what no identifier may.
    private static string Agent(ComponentRef component) =>
        "chain:component-" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{component.Name}\n{component.Version}")).AsSpan(0, 8));

    // With a fraction of six digits or none: the one form that other tools write too, so that documents can be compared.
    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString(time.Ticks % TimeSpan.TicksPerSecond < TimeSpan.TicksPerMicrosecond ? "yyyy-MM-dd'T'HH:mm:ss'+00:00'" : "yyyy-MM-dd'T'HH:mm:ss.ffffff'+00:00'", CultureInfo.InvariantCulture);
}
