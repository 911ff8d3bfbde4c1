using System.Globalization;
using System.Text.Json;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Conformance;

/// <summary>Values and types as the conformance file writes them, and its notion of "the same value".</summary>
internal static class ConformanceJson
{
    public static Value ReadValue(JsonElement json)
    {
        JsonElement value = json.GetProperty("value");
        string type = json.GetProperty("type").GetString()!;
        switch (type)
        {
            case "null":
                return Value.Null;
            case "bool":
                return Value.Bool(value.GetBoolean());
            case "string":
                return Value.String(value.GetString()!);
            case "int64":
                return Value.Int(long.Parse(value.GetString()!, CultureInfo.InvariantCulture));
            case "uint64":
                return Value.Uint(ulong.Parse(value.GetString()!, CultureInfo.InvariantCulture));
            case "double":
                return Value.Double(double.Parse(value.GetString()!, CultureInfo.InvariantCulture));
            case "bytes":
                return Value.Bytes(value.GetBytesFromBase64());
            case "type":
                return Value.Type(value.GetString()!);
            case "list":
                return Value.List(new ListValue([.. value.EnumerateArray().Select(ReadValue)]));
            case "map":
                var map = new MapValue();
                foreach (JsonElement entry in value.EnumerateArray()) map.TryAdd(ReadValue(entry.GetProperty("key")), ReadValue(entry.GetProperty("value")));
                return Value.Map(map);
            case "object" when json.GetProperty("message").GetString() is "google.protobuf.Duration":
                return Value.Duration((Seconds(value) * 1_000_000_000) + Nanos(value));
            case "object" when json.GetProperty("message").GetString() is "google.protobuf.Timestamp":
                return Value.Timestamp(new Timestamp(Seconds(value), Nanos(value)));
            default:
                throw new FormatException($"a value of type {type} is not read");
        }
    }

    public static CelType ReadType(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.String)
        {
            return json.GetString() switch
            {
                "bool" => CelType.Bool,
                "int" => CelType.Int,
                "uint" => CelType.Uint,
                "double" => CelType.Double,
                "string" => CelType.String,
                "bytes" => CelType.Bytes,
                "null_type" => CelType.Null,
                "timestamp" => CelType.Timestamp,
                "duration" => CelType.Duration,
                _ => CelType.Dyn,
            };
        }

        JsonProperty only = json.EnumerateObject().First();
        return only.Name switch
        {
            "list" => CelType.List(ReadType(only.Value)),
            "map" => CelType.Map(ReadType(only.Value[0]), ReadType(only.Value[1])),
            "param" => CelType.Param(only.Value.GetString()!),
            "abstract" => CelType.Opaque(only.Value.GetString()!, [.. json.GetProperty("params").EnumerateArray().Select(ReadType)]),
            "message" when only.Value.GetString() is "google.protobuf.Duration" => CelType.Duration,
            "message" when only.Value.GetString() is "google.protobuf.Timestamp" => CelType.Timestamp,
            _ => throw new FormatException($"a type '{only.Name}' is not read"),
        };
    }

    public static Overload ReadOverload(JsonElement json) => Overload.Declare(
        json.GetProperty("id").GetString()!, isMember: false, ReadType(json.GetProperty("result")),
        [.. json.GetProperty("params").EnumerateArray().Select(ReadType)]);

    /// <summary>The same type and value at every depth; stricter than <c>==</c>, except that NaN is the same as NaN.</summary>
    public static bool AreSame(Value a, Value b)
    {
        if (a.Kind != b.Kind) return false;
        switch (a.Kind)
        {
            case ValueKind.Double:
                return a.AsDouble.Equals(b.AsDouble) && double.IsNegative(a.AsDouble) == double.IsNegative(b.AsDouble);
            case ValueKind.List:
                return a.AsList.Count == b.AsList.Count && Enumerable.Range(0, a.AsList.Count).All(i => AreSame(a.AsList[i], b.AsList[i]));
            case ValueKind.Map:
                return a.AsMap.Count == b.AsMap.Count &&
                    a.AsMap.Entries.All(e => b.AsMap.Entries.Any(o => AreSame(e.Key, o.Key) && AreSame(e.Value, o.Value)));
            default:
                return ValueEquality.AreEqual(a, b);
        }
    }

    private static long Seconds(JsonElement message) =>
        message.TryGetProperty("seconds", out JsonElement s) ? long.Parse(s.GetString()!, CultureInfo.InvariantCulture) : 0;

    private static int Nanos(JsonElement message) => message.TryGetProperty("nanos", out JsonElement n) ? n.GetInt32() : 0;
}
