using System.Text.Json;
using Chain.Wasm.Components.Values;

namespace Chain.Wasm.Components.Text;

/// <summary>Values of components as JSON; <c>docs/components.md</c> says its shape.</summary>
public static class ValueJson
{
    /// <summary>Writes a value; <see langword="null"/> where there is none.</summary>
    public static void Write(ComponentValue? value, Utf8JsonWriter json)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case BoolValue boolean: json.WriteBooleanValue(boolean.Value); break;
            case IntegerValue integer: json.WriteRawValue(integer.ToString()); break;
            case FloatValue number when double.IsFinite(number.Value): json.WriteRawValue(Wave.Format(number)); break;
            case FloatValue number: json.WriteStringValue(Wave.Format(number)); break;
            case CharValue character: json.WriteStringValue(character.Value.ToString()); break;
            case StringValue text: json.WriteStringValue(text.Value); break;
            case EnumValue enumeration: json.WriteStringValue(enumeration.Label); break;
            case ListValue list: WriteArray(list.Items, json); break;
            case TupleValue tuple: WriteArray(tuple.Items, json); break;
            case FlagsValue flags: WriteArray([.. flags.Labels.Select(label => new StringValue(label))], json); break;
            case RecordValue record:
                json.WriteStartObject();
                foreach ((string label, ComponentValue field) in record.Fields)
                {
                    json.WritePropertyName(label);
                    Write(field, json);
                }

                json.WriteEndObject();
                break;
            case VariantValue variant: WriteCase(variant.Label, variant.Payload, json); break;
            case ResultValue result: WriteCase(result.IsOk ? "ok" : "err", result.Payload, json); break;
            // Where null could be the payload as well, some(none) must differ from none.
            case OptionValue { Value: OptionValue inner }: WriteCase("some", inner, json); break;
            case OptionValue option: Write(option.Value, json); break;
            default: json.WriteStringValue(Wave.Format(value)); break;
        }
    }

    private static void WriteArray(IReadOnlyList<ComponentValue> items, Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (ComponentValue item in items) Write(item, json);
        json.WriteEndArray();
    }

    private static void WriteCase(string label, ComponentValue? payload, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WritePropertyName(label);
        Write(payload, json);
        json.WriteEndObject();
    }
}
