using System.Globalization;
using System.Text;
using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary><c>int() uint() double() string() bytes() bool() timestamp() duration()</c>.</summary>
internal static class Conversions
{
    private const double TwoTo63 = 9223372036854775808.0;
    private const double TwoTo64 = 18446744073709551616.0;

    public static void AddTo(FunctionTable table)
    {
        Add("int", CelType.Int, CelType.Int, static v => v);
        Add("int", CelType.Int, CelType.Uint, static v => v.AsUint <= long.MaxValue ? Value.Int((long)v.AsUint) : OutOfRange("int"));
        Add("int", CelType.Int, CelType.Double, static v => v.AsDouble is > -TwoTo63 and < TwoTo63 ? Value.Int((long)v.AsDouble) : OutOfRange("int"));
        Add("int", CelType.Int, CelType.String, static v =>
            long.TryParse(v.AsString, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long i) ? Value.Int(i) : Unreadable(v, "int"));
        Add("int", CelType.Int, CelType.Timestamp, static v => Value.Int(v.AsTimestamp.Seconds));
        Add("uint", CelType.Uint, CelType.Uint, static v => v);
        Add("uint", CelType.Uint, CelType.Int, static v => v.AsInt >= 0 ? Value.Uint((ulong)v.AsInt) : OutOfRange("uint"));
        Add("uint", CelType.Uint, CelType.Double, static v => v.AsDouble is >= 0 and < TwoTo64 ? Value.Uint((ulong)v.AsDouble) : OutOfRange("uint"));
        Add("uint", CelType.Uint, CelType.String, static v =>
            ulong.TryParse(v.AsString, NumberStyles.None, CultureInfo.InvariantCulture, out ulong u) ? Value.Uint(u) : Unreadable(v, "uint"));
        Add("double", CelType.Double, CelType.Double, static v => v);
        Add("double", CelType.Double, CelType.Int, static v => Value.Double(v.AsInt));
        Add("double", CelType.Double, CelType.Uint, static v => Value.Double(v.AsUint));
        Add("double", CelType.Double, CelType.String, ToDouble);
        Add("string", CelType.String, CelType.String, static v => v);
        Add("string", CelType.String, CelType.Bytes, static v => ValueText.TryUtf8(v.AsBytes, out string text) ? Value.String(text) : Value.Error("the bytes are not valid UTF-8"));
        foreach (CelType type in (CelType[])[CelType.Bool, CelType.Int, CelType.Uint, CelType.Double, CelType.Timestamp, CelType.Duration])
        {
            Add("string", CelType.String, type, ToText);
        }

        Add("bytes", CelType.Bytes, CelType.Bytes, static v => v);
        Add("bytes", CelType.Bytes, CelType.String, static v => Value.Bytes(Encoding.UTF8.GetBytes(v.AsString)));
        Add("bool", CelType.Bool, CelType.Bool, static v => v);
        Add("bool", CelType.Bool, CelType.String, static v => v.AsString switch
        {
            "1" or "t" or "T" or "true" or "TRUE" or "True" => Value.True,
            "0" or "f" or "F" or "false" or "FALSE" or "False" => Value.False,
            _ => Unreadable(v, "bool"),
        });
        Add("timestamp", CelType.Timestamp, CelType.Timestamp, static v => v);
        Add("timestamp", CelType.Timestamp, CelType.Int, static v =>
        {
            var time = new Timestamp(v.AsInt, 0);
            return time.IsInRange ? Value.Timestamp(time) : OutOfRange("timestamp");
        });
        Add("timestamp", CelType.Timestamp, CelType.String, static v => Timestamp.TryParse(v.AsString, out Timestamp t) ? Value.Timestamp(t) : Unreadable(v, "timestamp"));
        Add("duration", CelType.Duration, CelType.Duration, static v => v);
        Add("duration", CelType.Duration, CelType.String, static v => DurationText.TryParse(v.AsString, out long ns) ? Value.Duration(ns) : Unreadable(v, "duration"));

        void Add(string name, CelType result, CelType from, Func<Value, Value> convert) =>
            table.Add(name, Overload.Of($"{from.Name}_to_{name}", false, result, from, (v, _) => convert(v)));
    }

    private static Value ToDouble(Value v)
    {
        string text = v.AsString;
        switch (text.TrimStart('+', '-').ToLowerInvariant())
        {
            case "inf" or "infinity" when text.Count(c => c is '+' or '-') <= 1:
                return Value.Double(text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity);
            case "nan":
                return Value.Double(double.NaN);
        }

        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(text, Style, CultureInfo.InvariantCulture, out double d) && double.IsFinite(d) ? Value.Double(d) : Unreadable(v, "double");
    }

    private static Value ToText(Value v)
    {
        long room = long.MaxValue;
        return Value.String(ValueText.Plain(v, ref room)!);
    }

    private static Value OutOfRange(string type) => Value.Error($"the value is out of the range of {type}");

    private static Value Unreadable(Value v, string type) => Value.Error($"{v} is not {(type[0] is 'i' ? "an" : "a")} {type}");
}
