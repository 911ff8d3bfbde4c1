using System.Globalization;
using System.Text;

namespace Chain.PolicyEngine.Expressions.Values;

/// <summary>Values as text: literals for people, and what <c>%s</c> of <c>format</c> writes.</summary>
public static class ValueText
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>As CEL would write it: <c>'a'</c>, <c>3u</c>, <c>[1, 2]</c>, <c>{'k': true}</c>.</summary>
    public static string Literal(Value value) => value.Kind switch
    {
        ValueKind.Null => "null",
        ValueKind.Bool => value.AsBool ? "true" : "false",
        ValueKind.Int => value.AsInt.ToString(CultureInfo.InvariantCulture),
        ValueKind.Uint => value.AsUint.ToString(CultureInfo.InvariantCulture) + "u",
        ValueKind.Double => DoubleLiteral(value.AsDouble),
        ValueKind.String => Quote(value.AsString),
        ValueKind.Bytes => $"b'{string.Concat(value.AsBytes.Select(b => $"\\x{b:x2}"))}'",
        ValueKind.Timestamp => $"timestamp('{value.AsTimestamp}')",
        ValueKind.Duration => $"duration('{DurationText.Format(value.AsDuration)}')",
        ValueKind.List => $"[{string.Join(", ", value.AsList.Items.ToArray().Select(Literal))}]",
        ValueKind.Map => $"{{{string.Join(", ", value.AsMap.Entries.Select(e => $"{Literal(e.Key)}: {Literal(e.Value)}"))}}}",
        ValueKind.Type => value.AsTypeName,
        ValueKind.Optional => value.HasValue ? $"optional.of({Literal(value.Inner)})" : "optional.none()",
        ValueKind.Object => value.AsObject.Name,
        _ => $"error: {value.AsError.Message}",
    };

    /// <summary>What <c>%s</c> writes; null where CEL cannot write the value, or it is longer than <paramref name="room"/>.</summary>
    public static string? Plain(Value value, ref long room)
    {
        string? text = PlainUnbounded(value, ref room);
        room -= text?.Length ?? 0;
        return room < 0 ? null : text;
    }

    private static string? PlainUnbounded(Value value, ref long room)
    {
        switch (value.Kind)
        {
            case ValueKind.String:
                return value.AsString;
            case ValueKind.Bytes:
                return TryUtf8(value.AsBytes, out string text) ? text : Encoding.UTF8.GetString(value.AsBytes);
            case ValueKind.Uint:
                return value.AsUint.ToString(CultureInfo.InvariantCulture);
            case ValueKind.Double:
                return DoubleText.Shortest(value.AsDouble);
            case ValueKind.Timestamp:
                return value.AsTimestamp.ToString();
            case ValueKind.Duration:
                return DurationText.Format(value.AsDuration);
            case ValueKind.List:
                return Joined(value.AsList, ref room);
            case ValueKind.Map:
                return Joined(value.AsMap, ref room);
            case ValueKind.Null or ValueKind.Bool or ValueKind.Int or ValueKind.Type:
                return Literal(value);
            default:
                return null;
        }
    }

    /// <summary>Decodes strictly; false where the bytes are not UTF-8.</summary>
    public static bool TryUtf8(byte[] bytes, out string text)
    {
        try
        {
            text = StrictUtf8.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = "";
            return false;
        }
    }

    private static string? Joined(ListValue list, ref long room)
    {
        var parts = new List<string>(list.Count);
        foreach (Value item in list.Items)
        {
            if (Plain(item, ref room) is not string part) return null;
            parts.Add(part);
        }

        return $"[{string.Join(", ", parts)}]";
    }

    /// <summary>Entries in the order of their keys' text, so that the result does not depend on how the map was made.</summary>
    private static string? Joined(MapValue map, ref long room)
    {
        var parts = new List<(string Key, string Value)>(map.Count);
        foreach ((Value key, Value value) in map.Entries)
        {
            if (Plain(key, ref room) is not string k || Plain(value, ref room) is not string v) return null;
            parts.Add((k, v));
        }

        parts.Sort((a, b) => ValueEquality.CompareCodePoints(a.Key, b.Key));
        return $"{{{string.Join(", ", parts.Select(p => $"{p.Key}: {p.Value}"))}}}";
    }

    private static string DoubleLiteral(double value)
    {
        string text = DoubleText.Shortest(value);
        return text.AsSpan().IndexOfAny(".eNI") < 0 ? text + ".0" : text;
    }

    private static string Quote(string text)
    {
        var result = new StringBuilder("'", text.Length + 2);
        foreach (char c in text)
        {
            result.Append(c switch
            {
                '\'' => "\\'",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when char.IsControl(c) => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }

        return result.Append('\'').ToString();
    }
}
