using System.Globalization;
using System.Text;
using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary><c>'%s is %.2f'.format([a, b])</c> of the strings extension.</summary>
internal static class FormatFunction
{
    private const int MaxPrecision = 1000;
    private const int DefaultPrecision = 6;

    public static void AddTo(FunctionTable table) =>
        table.Add("format", Overload.Of("string_format_list", true, CelType.String, CelType.String, CelType.List(CelType.Dyn), Format));

    private static Value Format(Value text, Value arguments, Frame frame)
    {
        string format = text.AsString;
        ListValue args = arguments.AsList;
        var result = new StringBuilder();
        int next = 0;
        for (int at = 0; at < format.Length; at++)
        {
            if (format[at] != '%')
            {
                result.Append(format[at]);
                continue;
            }

            at++;
            if (at < format.Length && format[at] == '%')
            {
                result.Append('%');
                continue;
            }

            if (!TryPrecision(format, ref at, out int? precision)) return Value.Error($"the precision of a format clause is a number up to {MaxPrecision}");
            if (at >= format.Length) return Value.Error("the format ends inside a clause");
            char clause = format[at];
            if (!"sdfebxXo".Contains(clause)) return Value.Error($"'%{clause}' is not a format clause");
            if (next >= args.Count) return Value.Error($"the format needs argument {next + 1}, there are {args.Count}");
            long room = frame.CostLeft * 10;
            if (One(clause, precision, args[next++], ref room) is not string part)
            {
                return room < 0 ? Exhaust(frame) : Value.Error($"'%{clause}' cannot format a value of type {args[next - 1].TypeName}");
            }

            result.Append(part);
            if (!frame.Spend(1 + (part.Length / 10))) return frame.Exhausted();
        }

        return Value.String(result.ToString());
    }

    private static Value Exhaust(Frame frame)
    {
        frame.Spend(frame.CostLeft + 1);
        return frame.Exhausted();
    }

    private static bool TryPrecision(string format, ref int at, out int? precision)
    {
        precision = null;
        if (at >= format.Length || format[at] != '.') return true;
        int start = ++at;
        while (at < format.Length && char.IsAsciiDigit(format[at])) at++;
        if (!int.TryParse(format.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int value)) return false;
        precision = value;
        return value <= MaxPrecision;
    }

    /// <summary>The text of one clause; null where the clause does not take the value.</summary>
    private static string? One(char clause, int? precision, Value value, ref long room)
    {
        switch (clause)
        {
            case 's':
                return ValueText.Plain(value, ref room);
            case 'd':
                return value.Kind switch
                {
                    ValueKind.Int or ValueKind.Uint => ValueText.Plain(value, ref room),
                    ValueKind.Double => DoubleText.Special(value.AsDouble),
                    _ => null,
                };
            case 'f' or 'e':
                return ToDouble(value) is double number
                    ? clause == 'f' ? DoubleText.Fixed(number, precision ?? DefaultPrecision) : DoubleText.Scientific(number, precision ?? DefaultPrecision)
                    : null;
            case 'b':
                return value.Kind == ValueKind.Bool ? (value.AsBool ? "1" : "0") : Whole(value, "b");
            case 'o':
                return Whole(value, "o");
            default:
                string? hex = value.Kind switch
                {
                    ValueKind.String => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(value.AsString)),
                    ValueKind.Bytes => Convert.ToHexStringLower(value.AsBytes),
                    _ => Whole(value, "x"),
                };
                return clause == 'X' ? hex?.ToUpperInvariant() : hex;
        }
    }

    private static double? ToDouble(Value value) => value.Kind switch
    {
        ValueKind.Double => value.AsDouble,
        ValueKind.Int => value.AsInt,
        ValueKind.Uint => value.AsUint,
        _ => null,
    };

    /// <summary>An integer in base 2, 8 or 16, a negative one with a minus before its magnitude.</summary>
    private static string? Whole(Value value, string form)
    {
        if (value.Kind is not (ValueKind.Int or ValueKind.Uint)) return null;
        bool negative = value.Kind == ValueKind.Int && value.AsInt < 0;
        ulong magnitude = negative ? unchecked((ulong)-value.AsInt) : value.AsUint;
        string digits = form switch
        {
            "b" => magnitude.ToString("b", CultureInfo.InvariantCulture),
            "x" => magnitude.ToString("x", CultureInfo.InvariantCulture),
            _ => Octal(magnitude),
        };
        return negative ? "-" + digits : digits;
    }

    private static string Octal(ulong value)
    {
        var digits = new StringBuilder();
        do
        {
            digits.Insert(0, (char)('0' + (value & 7)));
            value >>= 3;
        }
        while (value > 0);
        return digits.ToString();
    }
}
