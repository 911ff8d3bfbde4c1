using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Chain.Wasm.Components.Text;

namespace Chain.Cli.Components;

/// <summary>The result of <c>chain component run --invoke</c> as JSON.</summary>
internal static class ResultJson
{
    private static readonly JsonWriterOptions Shape = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void WriteResult(InvokeResult result)
    {
        var content = new MemoryStream();
        using (var json = new Utf8JsonWriter(content, Shape))
        {
            json.WriteStartObject();
            json.WritePropertyName("result");
            if (result.Value is null) json.WriteNullValue();
            else
            {
                json.WriteStartObject();
                json.WriteString("wave", result.Wave);
                json.WritePropertyName("value");
                ValueJson.Write(result.Value, json);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        Console.Out.WriteLine(Encoding.UTF8.GetString(content.GetBuffer(), 0, (int)content.Length));
    }
}
