using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Chain.Tracer.Calls;
using Chain.Tracer.Lineage;
using Chain.Tracer.Tags;

namespace Chain.Cli.Lineage;

/// <summary>Calls, edges and ways as JSON, written as they come. docs/lineage.md has the shapes.</summary>
internal static class CallJson
{
    /// <summary>A writer on standard output; the caller disposes of it.</summary>
    public static Utf8JsonWriter Open(Stream output) => new(output, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.Default });

    public static void Write(Utf8JsonWriter json, CallInfo call, Action<Utf8JsonWriter>? more = null)
    {
        json.WriteStartObject();
        json.WriteString("id", call.Id.ToString());
        if (!call.Parent.IsNone) json.WriteString("parent", call.Parent.ToString());
        json.WriteString("start", call.Id.Start.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
        json.WriteNumber("durationMicroseconds", call.Duration);
        json.WriteString("caller", call.Shape.Caller.ToString());
        json.WriteString("callee", call.Shape.Callee.ToString());
        json.WriteString("function", call.Shape.Function.Name);
        json.WriteString("node", call.Shape.Node);
        if (call.Shape.Host.Length > 0) json.WriteString("host", call.Shape.Host);
        if (call.Shape.Attempt > 1) json.WriteNumber("attempt", call.Shape.Attempt);
        json.WriteString("outcome", CallWords.Text(call.Shape.Outcome));
        Write(json, "labelIn", call.LabelIn);
        Write(json, "labelOut", call.LabelOut);
        if (call.SizeIn is { } sizeIn) json.WriteNumber("sizeIn", sizeIn);
        if (call.SizeOut is { } sizeOut) json.WriteNumber("sizeOut", sizeOut);
        if (call.Shape.Copies > 0) json.WriteNumber("copies", call.Shape.Copies);
        json.WriteBoolean("exact", call.Shape.Exact);
        more?.Invoke(json);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, LineageEdge edge)
    {
        json.WriteStartObject();
        json.WriteString("from", edge.From.ToString());
        json.WriteString("to", edge.To.ToString());
        json.WriteString("kind", edge.Kind.ToString().ToLowerInvariant());
        Write(json, "label", edge.Label);
        if (edge.State is { } state)
        {
            json.WriteStartObject("state");
            json.WriteString("component", state.Component);
            json.WriteString("store", state.Store);
            json.WriteString("key", state.Key);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, string name, Label label)
    {
        json.WriteStartArray(name);
        foreach (Tag tag in label.Tags) json.WriteStringValue(tag.ToString());
        json.WriteEndArray();
    }
}
