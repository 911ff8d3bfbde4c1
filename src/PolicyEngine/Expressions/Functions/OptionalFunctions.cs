using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary>The optionals extension; the compiler itself does <c>or</c> and <c>orValue</c>, which are lazy.</summary>
internal static class OptionalFunctions
{
    public static void AddTo(FunctionTable table)
    {
        CelType a = CelType.Param("A");
        CelType optional = CelType.Optional(a);
        CelType list = CelType.List(a);
        CelType optionals = CelType.List(optional);
        table.Add("optional.none", Overload.Of("optional_none", false, optional, static _ => Value.None));
        table.Add("optional.of", Overload.Of("optional_of", false, optional, a, static (v, _) => Value.Some(v)));
        table.Add("optional.ofNonZeroValue", Overload.Of("optional_ofNonZeroValue", false, optional, a, static (v, _) => IsZero(v) ? Value.None : Value.Some(v)));
        table.Add("hasValue", Overload.Of("optional_hasValue", true, CelType.Bool, optional, static (v, _) => Value.Bool(v.HasValue)));
        table.Add("value", Overload.Of("optional_value", true, a, optional, static (v, _) => v.HasValue ? v.Inner : Value.Error("the optional has no value")));
        table.Add("or", Overload.Of("optional_or", true, optional, optional, optional, static (v, other, _) => v.HasValue ? v : other));
        table.Add("orValue", Overload.Of("optional_orValue", true, a, optional, a, static (v, other, _) => v.HasValue ? v.Inner : other));
        table.Add("first", Overload.Of("list_first", true, optional, list, static (v, _) => v.AsList.Count == 0 ? Value.None : Value.Some(v.AsList[0])));
        table.Add("last", Overload.Of("list_last", true, optional, list, static (v, _) => v.AsList.Count == 0 ? Value.None : Value.Some(v.AsList[^1])));
        table.Add("optional.unwrap", Overload.Of("optional_unwrap", false, list, optionals, static (v, _) => Unwrap(v.AsList)));
        table.Add("unwrapOpt", Overload.Of("optional_unwrapOpt", true, list, optionals, static (v, _) => Unwrap(v.AsList)));
    }

    private static Value Unwrap(ListValue list)
    {
        var items = new List<Value>(list.Count);
        foreach (Value item in list.Items)
        {
            if (item.Kind != ValueKind.Optional) return Arithmetic.NoOverload;
            if (item.HasValue) items.Add(item.Inner);
        }

        return Value.List(new ListValue([.. items]));
    }

    private static bool IsZero(Value value) => value.Kind switch
    {
        ValueKind.Null => true,
        ValueKind.Bool or ValueKind.Int or ValueKind.Uint or ValueKind.Duration => value.AsInt == 0,
        ValueKind.Double => value.AsDouble == 0,
        ValueKind.String => value.AsString.Length == 0,
        ValueKind.Bytes => value.AsBytes.Length == 0,
        ValueKind.Timestamp => value.AsTimestamp == default,
        ValueKind.List => value.AsList.Count == 0,
        ValueKind.Map => value.AsMap.Count == 0,
        ValueKind.Optional => !value.HasValue,
        _ => false,
    };
}
