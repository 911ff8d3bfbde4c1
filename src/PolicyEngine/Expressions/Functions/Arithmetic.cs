using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary>The operators <c>+ - * / %</c> and negation; overflow is an error (language definition, "Overflow").</summary>
internal static class Arithmetic
{
    public static Value NoOverload { get; } = Value.Error("no such overload");

    private static Value Overflow { get; } = Value.Error("integer overflow");

    private static Value OutOfRange { get; } = Value.Error("timestamp or duration out of range");

    public static Value Add(Value a, Value b, Frame frame)
    {
        switch (a.Kind, b.Kind)
        {
            case (ValueKind.Int, ValueKind.Int):
                return AddInts(a.AsInt, b.AsInt, Overflow);
            case (ValueKind.Uint, ValueKind.Uint):
                ulong sum = unchecked(a.AsUint + b.AsUint);
                return sum < a.AsUint ? Overflow : Value.Uint(sum);
            case (ValueKind.Double, ValueKind.Double):
                return Value.Double(a.AsDouble + b.AsDouble);
            case (ValueKind.String, ValueKind.String):
                return frame.Spend((a.AsString.Length + b.AsString.Length) / 10) ? Value.String(a.AsString + b.AsString) : frame.Exhausted();
            case (ValueKind.Bytes, ValueKind.Bytes):
                return frame.Spend((a.AsBytes.Length + b.AsBytes.Length) / 10) ? Value.Bytes([.. a.AsBytes, .. b.AsBytes]) : frame.Exhausted();
            case (ValueKind.List, ValueKind.List):
                return frame.Spend((a.AsList.Count + b.AsList.Count) / 10)
                    ? Value.List(new ListValue([.. a.AsList.Items, .. b.AsList.Items]))
                    : frame.Exhausted();
            case (ValueKind.Duration, ValueKind.Duration):
                Value total = AddInts(a.AsDuration, b.AsDuration, OutOfRange);
                return total.IsError ? total : Value.Duration(total.AsInt);
            case (ValueKind.Timestamp, ValueKind.Duration):
                return Later(a.AsTimestamp, b.AsDuration);
            case (ValueKind.Duration, ValueKind.Timestamp):
                return Later(b.AsTimestamp, a.AsDuration);
            default:
                return NoOverload;
        }
    }

    public static Value Subtract(Value a, Value b)
    {
        switch (a.Kind, b.Kind)
        {
            case (ValueKind.Int, ValueKind.Int):
                return SubtractInts(a.AsInt, b.AsInt, Overflow);
            case (ValueKind.Uint, ValueKind.Uint):
                return a.AsUint < b.AsUint ? Overflow : Value.Uint(a.AsUint - b.AsUint);
            case (ValueKind.Double, ValueKind.Double):
                return Value.Double(a.AsDouble - b.AsDouble);
            case (ValueKind.Duration, ValueKind.Duration):
                Value difference = SubtractInts(a.AsDuration, b.AsDuration, OutOfRange);
                return difference.IsError ? difference : Value.Duration(difference.AsInt);
            case (ValueKind.Timestamp, ValueKind.Timestamp):
                return a.AsTimestamp.TrySubtract(b.AsTimestamp, out long nanoseconds) ? Value.Duration(nanoseconds) : OutOfRange;
            case (ValueKind.Timestamp, ValueKind.Duration):
                // Negating long.MinValue would overflow; two steps do not.
                Timestamp half = a.AsTimestamp.Add(-(b.AsDuration / 2));
                return Later(half, -(b.AsDuration - (b.AsDuration / 2)));
            default:
                return NoOverload;
        }
    }

    public static Value Multiply(Value a, Value b)
    {
        switch (a.Kind, b.Kind)
        {
            case (ValueKind.Int, ValueKind.Int):
                long high = Math.BigMul(a.AsInt, b.AsInt, out long low);
                return high == low >> 63 ? Value.Int(low) : Overflow;
            case (ValueKind.Uint, ValueKind.Uint):
                return Math.BigMul(a.AsUint, b.AsUint, out ulong product) == 0 ? Value.Uint(product) : Overflow;
            case (ValueKind.Double, ValueKind.Double):
                return Value.Double(a.AsDouble * b.AsDouble);
            default:
                return NoOverload;
        }
    }

    public static Value Divide(Value a, Value b)
    {
        switch (a.Kind, b.Kind)
        {
            case (ValueKind.Int, ValueKind.Int):
                if (b.AsInt == 0) return Value.Error("divide by zero");
                return b.AsInt == -1 && a.AsInt == long.MinValue ? Overflow : Value.Int(a.AsInt / b.AsInt);
            case (ValueKind.Uint, ValueKind.Uint):
                return b.AsUint == 0 ? Value.Error("divide by zero") : Value.Uint(a.AsUint / b.AsUint);
            case (ValueKind.Double, ValueKind.Double):
                return Value.Double(a.AsDouble / b.AsDouble);
            default:
                return NoOverload;
        }
    }

    public static Value Modulo(Value a, Value b)
    {
        switch (a.Kind, b.Kind)
        {
            case (ValueKind.Int, ValueKind.Int):
                if (b.AsInt == 0) return Value.Error("modulus by zero");
                return b.AsInt == -1 && a.AsInt == long.MinValue ? Overflow : Value.Int(a.AsInt % b.AsInt);
            case (ValueKind.Uint, ValueKind.Uint):
                return b.AsUint == 0 ? Value.Error("modulus by zero") : Value.Uint(a.AsUint % b.AsUint);
            default:
                return NoOverload;
        }
    }

    public static Value Negate(Value a) => a.Kind switch
    {
        ValueKind.Int => a.AsInt == long.MinValue ? Overflow : Value.Int(-a.AsInt),
        ValueKind.Double => Value.Double(-a.AsDouble),
        _ => NoOverload,
    };

    private static Value AddInts(long a, long b, Value overflow)
    {
        long sum = unchecked(a + b);
        return ((a ^ sum) & (b ^ sum)) < 0 ? overflow : Value.Int(sum);
    }

    private static Value SubtractInts(long a, long b, Value overflow)
    {
        long difference = unchecked(a - b);
        return ((a ^ b) & (a ^ difference)) < 0 ? overflow : Value.Int(difference);
    }

    private static Value Later(Timestamp from, long nanoseconds)
    {
        Timestamp result = from.Add(nanoseconds);
        return result.IsInRange ? Value.Timestamp(result) : OutOfRange;
    }
}
