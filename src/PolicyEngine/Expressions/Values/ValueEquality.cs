namespace Chain.PolicyEngine.Expressions.Values;

/// <summary>CEL's <c>==</c> and order (language definition, "Equality" and "Ordering").</summary>
public static class ValueEquality
{
    /// <summary>
    /// <c>==</c>: numeric across int, uint and double; element by element for lists and maps; values of other
    /// different types are unequal.
    /// </summary>
    public static bool AreEqual(Value a, Value b)
    {
        long steps = long.MaxValue;
        return AreEqual(a, b, ref steps);
    }

    /// <summary>As above, and stops (with any answer) once <paramref name="steps"/> elements were looked at: lists can share parts.</summary>
    internal static bool AreEqual(Value a, Value b, ref long steps)
    {
        if (a.Kind != b.Kind) return TryCompareNumbers(a, b, out int order) && order == 0;
        return a.Kind switch
        {
            ValueKind.Null => true,
            ValueKind.Bool or ValueKind.Int or ValueKind.Uint or ValueKind.Duration => a.AsInt == b.AsInt,
            ValueKind.Double => a.AsDouble == b.AsDouble,
            ValueKind.String or ValueKind.Type => a.AsString == b.AsString,
            ValueKind.Bytes => a.AsBytes.AsSpan().SequenceEqual(b.AsBytes),
            ValueKind.Timestamp => a.AsTimestamp == b.AsTimestamp,
            ValueKind.List => AreEqual(a.AsList, b.AsList, ref steps),
            ValueKind.Map => AreEqual(a.AsMap, b.AsMap, ref steps),
            ValueKind.Optional => a.HasValue ? b.HasValue && AreEqual(a.Inner, b.Inner, ref steps) : !b.HasValue,
            ValueKind.Object => ReferenceEquals(a.AsObject, b.AsObject) && a.ObjectBits == b.ObjectBits,
            _ => false,
        };
    }

    /// <summary>Orders two values; false where CEL has no order between their types, or one is NaN.</summary>
    /// <param name="a">The left side.</param>
    /// <param name="b">The right side.</param>
    /// <param name="order">Negative, zero or positive.</param>
    /// <param name="isUnordered">True where the types have an order and the values none: NaN.</param>
    public static bool TryCompare(Value a, Value b, out int order, out bool isUnordered)
    {
        isUnordered = false;
        order = 0;
        if (a.Kind != b.Kind || a.Kind == ValueKind.Double)
        {
            if (!IsNumber(a) || !IsNumber(b)) return false;
            isUnordered = !TryCompareNumbers(a, b, out order);
            return !isUnordered;
        }

        switch (a.Kind)
        {
            case ValueKind.Bool or ValueKind.Int or ValueKind.Duration:
                order = a.AsInt.CompareTo(b.AsInt);
                return true;
            case ValueKind.Uint:
                order = a.AsUint.CompareTo(b.AsUint);
                return true;
            case ValueKind.String:
                order = CompareCodePoints(a.AsString, b.AsString);
                return true;
            case ValueKind.Bytes:
                order = a.AsBytes.AsSpan().SequenceCompareTo(b.AsBytes);
                return true;
            case ValueKind.Timestamp:
                order = a.AsTimestamp.CompareTo(b.AsTimestamp);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Whether the value is an int, uint or double.</summary>
    public static bool IsNumber(Value value) => value.Kind is ValueKind.Int or ValueKind.Uint or ValueKind.Double;

    /// <summary>Orders strings by code point: UTF-16 order puts U+E000…U+FFFF after the astral planes.</summary>
    public static int CompareCodePoints(string a, string b)
    {
        int common = a.AsSpan().CommonPrefixLength(b);
        if (common == a.Length || common == b.Length) return a.Length.CompareTo(b.Length);
        char x = a[common];
        char y = b[common];
        return char.IsSurrogate(x) == char.IsSurrogate(y) ? x.CompareTo(y) : char.IsSurrogate(x) ? 1 : -1;
    }

    private static bool AreEqual(ListValue a, ListValue b, ref long steps)
    {
        if (a.Count != b.Count) return false;
        for (int i = 0; i < a.Count; i++)
        {
            if (--steps < 0 || !AreEqual(a[i], b[i], ref steps)) return false;
        }

        return true;
    }

    private static bool AreEqual(MapValue a, MapValue b, ref long steps)
    {
        if (a.Count != b.Count) return false;
        foreach ((Value key, Value value) in a.Entries)
        {
            if (--steps < 0 || !b.TryGet(key, out Value other) || !AreEqual(value, other, ref steps)) return false;
        }

        return true;
    }

    /// <summary>False where one is no number, or NaN.</summary>
    private static bool TryCompareNumbers(Value a, Value b, out int order)
    {
        order = 0;
        switch (a.Kind, b.Kind)
        {
            case (ValueKind.Int, ValueKind.Uint):
                order = a.AsInt < 0 ? -1 : ((ulong)a.AsInt).CompareTo(b.AsUint);
                return true;
            case (ValueKind.Uint, ValueKind.Int):
                order = b.AsInt < 0 ? 1 : a.AsUint.CompareTo((ulong)b.AsInt);
                return true;
            case (ValueKind.Double, ValueKind.Double):
                return Compare(a.AsDouble, b.AsDouble, out order);
            case (ValueKind.Int, ValueKind.Double):
                return Compare(a.AsInt, b.AsDouble, out order);
            case (ValueKind.Double, ValueKind.Int):
                return Compare(a.AsDouble, b.AsInt, out order);
            case (ValueKind.Uint, ValueKind.Double):
                return Compare(a.AsUint, b.AsDouble, out order);
            case (ValueKind.Double, ValueKind.Uint):
                return Compare(a.AsDouble, b.AsUint, out order);
            default:
                return false;
        }
    }

    private static bool Compare(double a, double b, out int order)
    {
        order = a < b ? -1 : a > b ? 1 : 0;
        return !double.IsNaN(a) && !double.IsNaN(b);
    }
}
