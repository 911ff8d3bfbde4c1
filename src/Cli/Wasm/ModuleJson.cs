using System.Security.Cryptography;
using System.Text.Json;
using Chain.Wasm.Binary;
using Chain.Wasm.Text;

namespace Chain.Cli.Wasm;

/// <summary>The overview of a module as JSON; <c>docs/wasm.md</c> says its shape.</summary>
internal static class ModuleJson
{
    public static void Write(Module module)
    {
        var content = new MemoryStream();
        using (var json = new Utf8JsonWriter(content, new JsonWriterOptions { Indented = true })) Write(module, json);
        Console.Out.WriteLine(System.Text.Encoding.UTF8.GetString(content.GetBuffer(), 0, (int)content.Length));
    }

    private static void Write(Module module, Utf8JsonWriter json)
    {
        var text = new ModuleText(module);
        var types = new ExternalTypes(module, text);
        json.WriteStartObject();
        json.WriteString("file", module.DisplayName);
        json.WriteNumber("size", module.Bytes.Length);
        json.WriteString("sha256", Convert.ToHexStringLower(SHA256.HashData(module.Bytes.Span)));
        json.WriteString("name", module.Names.Module);
        WriteSections(module, json);
        json.WriteStartArray("types");
        for (uint i = 0; i < module.Types.Length; i++) json.WriteStringValue(text.Type(i));
        json.WriteEndArray();
        WriteImports(module, types, json);
        WriteFunctions(module, text, json);
        json.WriteStartArray("exports");
        foreach (Export export in module.Exports)
        {
            json.WriteStartObject();
            json.WriteString("name", export.Name);
            json.WriteString("kind", ModuleSections.Name(export.Kind));
            json.WriteNumber("index", export.Index);
            json.WriteString("type", types.Of(export));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (module.Start is { } start) json.WriteNumber("start", start);
        else json.WriteNull("start");
        WriteProducers(module, json);
        json.WriteEndObject();
    }

    private static void WriteSections(Module module, Utf8JsonWriter json)
    {
        json.WriteStartArray("sections");
        foreach (Section section in module.Sections)
        {
            json.WriteStartObject();
            json.WriteString("section", ModuleSections.Name(section.Id));
            if (section.Custom is { } custom) json.WriteString("name", custom.Name);
            json.WriteNumber("offset", section.Offset);
            json.WriteNumber("size", section.Size);
            if (ModuleSections.Items(module, section.Id) is { } items) json.WriteNumber("items", items);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteImports(Module module, ExternalTypes types, Utf8JsonWriter json)
    {
        json.WriteStartArray("imports");
        foreach (Import import in module.Imports)
        {
            json.WriteStartObject();
            json.WriteString("module", import.Module);
            json.WriteString("name", import.Name);
            json.WriteString("kind", ModuleSections.Name(import.Kind));
            json.WriteString("type", types.Of(import));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteFunctions(Module module, ModuleText text, Utf8JsonWriter json)
    {
        json.WriteStartArray("functions");
        uint first = (uint)module.ImportCount(ExternalKind.Function);
        for (int i = 0; i < module.Functions.Length; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("index", first + (uint)i);
            json.WriteString("name", module.Names.Function(first + (uint)i));
            json.WriteString("type", text.Signature(module.Functions[i].TypeIndex));
            json.WriteNumber("offset", module.Bodies[i].Offset);
            json.WriteNumber("size", module.Bodies[i].Bytes.Length);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteProducers(Module module, Utf8JsonWriter json)
    {
        json.WriteStartArray("producers");
        foreach (ProducersField field in ToolSections.Producers(module))
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
    }
}
