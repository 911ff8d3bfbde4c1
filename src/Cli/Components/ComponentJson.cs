using System.Text.Json;
using Chain.Wasm.Binary;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Validation;

namespace Chain.Cli.Components;

/// <summary>The overview of a component as JSON; <c>docs/components.md</c> says its shape.</summary>
internal static class ComponentJson
{
    public static void Write(ComponentContext context)
    {
        var content = new MemoryStream();
        using (var json = new Utf8JsonWriter(content, new JsonWriterOptions { Indented = true })) Write(context, json);
        Console.Out.WriteLine(System.Text.Encoding.UTF8.GetString(content.GetBuffer(), 0, (int)content.Length));
    }

    private static void Write(ComponentContext context, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("file", context.Component.DisplayName);
        json.WriteNumber("size", context.Component.Bytes.Length);
        json.WriteString("sha256", InspectCommand.Digest(context));
        WriteItems("imports", context.Type.Imports, json);
        WriteItems("exports", context.Type.Exports, json);
        json.WriteStartArray("parts");
        foreach (ComponentPart part in ComponentPart.All(context))
        {
            json.WriteStartObject();
            json.WriteString("path", part.Path);
            json.WriteString("kind", part.Kind);
            json.WriteNumber("offset", part.Offset);
            json.WriteNumber("size", part.Size);
            if (part.Functions is { } functions) json.WriteNumber("functions", functions);
            json.WriteNumber("imports", part.Imports);
            json.WriteNumber("exports", part.Exports);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("producers");
        foreach (ProducersField field in ToolSections.Producers(context.Component.CustomSections, context.Component.DisplayName))
        {
            foreach ((string name, string version) in field.Values)
            {
                json.WriteStartObject();
                json.WriteString("field", field.Name);
                json.WriteString("name", name);
                json.WriteString("version", version);
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteItems(string title, IReadOnlyList<NamedExtern> items, Utf8JsonWriter json)
    {
        json.WriteStartArray(title);
        foreach (NamedExtern item in items)
        {
            json.WriteStartObject();
            json.WriteString("name", item.Name);
            json.WriteString("kind", InspectCommand.Kind(item.Type));
            if (item.Implements is not null) json.WriteString("implements", item.Implements);
            json.WriteNumber("functions", InspectCommand.Functions(item.Type));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
