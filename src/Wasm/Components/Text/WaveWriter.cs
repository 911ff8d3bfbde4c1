using System.Globalization;
using System.Text;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Text;

namespace Chain.Wasm.Components.Text;

/// <summary>Writes values as WAVE. Strings come from a guest: nothing that a terminal would act on is left unescaped.</summary>
internal static class WaveWriter
{
    public static void Write(ComponentValue value, TextWriter output)
    {
        switch (value)
        {
            case BoolValue boolean:
                output.Write(boolean.Value ? "true" : "false");
                break;
            case IntegerValue integer:
                output.Write(integer.ToString());
                break;
            case FloatValue number:
                output.Write(Float(number));
                break;
            case CharValue character:
                output.Write('\'');
                WriteCharacter(character.Value, '\'', output);
                output.Write('\'');
                break;
            case StringValue text:
                output.Write('"');
                foreach (Rune rune in text.Value.EnumerateRunes()) WriteCharacter(rune, '"', output);
                output.Write('"');
                break;
            case ListValue { Bytes: { } bytes }:
                Write('[', bytes, static (item, output) => output.Write(item), ']', output);
                break;
            case ListValue list:
                Write('[', list.Items, Write, ']', output);
                break;
            case TupleValue tuple:
                Write('(', tuple.Items, Write, ')', output);
                break;
            case RecordValue record:
                WriteRecord(record, output);
                break;
            case FlagsValue flags:
                Write('{', flags.Labels, static (label, output) => output.Write(label), '}', output);
                break;
            case EnumValue enumeration:
                output.Write(WaveLexicon.Escape(enumeration.Label));
                break;
            case VariantValue variant:
                WriteCase(WaveLexicon.Escape(variant.Label), variant.Payload, output);
                break;
            case OptionValue option:
                WriteCase(option.Value is null ? "none" : "some", option.Value, output);
                break;
            case ResultValue result:
                WriteCase(result.IsOk ? "ok" : "err", result.Payload, output);
                break;
            case ResourceValue resource:
                output.Write(resource.IsOwn ? "<own>" : "<borrow>");
                break;
            default:
                throw new ArgumentException($"a {value.GetType().Name} has no form in WAVE", nameof(value));
        }
    }

    private static string Float(FloatValue number) => number.Value switch
    {
        double.NaN => "nan",
        double.PositiveInfinity => "inf",
        double.NegativeInfinity => "-inf",
        _ when number.Kind == PrimitiveKind.F32 => ((float)number.Value).ToString("R", CultureInfo.InvariantCulture),
        _ => number.Value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static void WriteRecord(RecordValue record, TextWriter output)
    {
        (string, ComponentValue)[] fields = [.. record.Fields.Where(field => field.Value is not OptionValue { Value: null })];
        if (fields.Length == 0)
        {
            output.Write("{:}");
            return;
        }

        Write('{', fields, WriteField, '}', output);
    }

    private static void WriteField((string Label, ComponentValue Value) field, TextWriter output)
    {
        output.Write(field.Label);
        output.Write(": ");
        Write(field.Value, output);
    }

    private static void WriteCase(string label, ComponentValue? payload, TextWriter output)
    {
        output.Write(label);
        if (payload is null) return;
        output.Write('(');
        Write(payload, output);
        output.Write(')');
    }

    private static void Write<T>(char open, IEnumerable<T> items, Action<T, TextWriter> write, char close, TextWriter output)
    {
        output.Write(open);
        bool first = true;
        foreach (T item in items)
        {
            if (!first) output.Write(", ");
            first = false;
            write(item, output);
        }

        output.Write(close);
    }

    private static void WriteCharacter(Rune rune, char quote, TextWriter output)
    {
        switch (rune.Value)
        {
            case var value when value == '\\' || value == quote:
                output.Write('\\');
                output.Write((char)rune.Value);
                break;
            case '\t':
                output.Write("\\t");
                break;
            case '\n':
                output.Write("\\n");
                break;
            case '\r':
                output.Write("\\r");
                break;
            case >= ' ' and <= '~':
                output.Write((char)rune.Value);
                break;
            default:
                output.Write(TextLiteral.OneLine(rune.ToString()));
                break;
        }
    }
}
