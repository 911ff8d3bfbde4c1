using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary>Selection, indexing and membership, and how they act on optional values.</summary>
internal static class Access
{
    /// <summary><c>operand.field</c>; on an optional value the result is optional.</summary>
    public static Value Select(Value operand, Value field, ExpressionEnvironment environment, Frame frame)
    {
        switch (operand.Kind)
        {
            case ValueKind.Map:
                return operand.AsMap.TryGet(field, out Value value) ? value : NoSuchKey(field);
            case ValueKind.Optional:
                return operand.HasValue ? SelectOptional(operand.Inner, field, environment, frame) : Value.None;
            case ValueKind.Object:
                return SelectField(operand, field, environment, frame);
            case ValueKind.Error:
                return operand;
            default:
                return NoFields(operand);
        }
    }

    /// <summary><c>operand.?field</c>: none where the field is absent; an operand without fields is an error all the same.</summary>
    public static Value SelectOptional(Value operand, Value field, ExpressionEnvironment environment, Frame frame)
    {
        switch (operand.Kind)
        {
            case ValueKind.Map:
                return operand.AsMap.TryGet(field, out Value value) ? Value.Some(value) : Value.None;
            case ValueKind.Optional:
                return operand.HasValue ? SelectOptional(operand.Inner, field, environment, frame) : Value.None;
            case ValueKind.Object:
                Value read = SelectField(operand, field, environment, frame);
                return read.IsError ? read : read.Kind == ValueKind.Null ? Value.None : Value.Some(read);
            case ValueKind.Error:
                return operand;
            default:
                return NoFields(operand);
        }
    }

    /// <summary><c>has(operand.field)</c>: a key with any value, null included, counts.</summary>
    public static Value Has(Value operand, Value field, ExpressionEnvironment environment, Frame frame)
    {
        switch (operand.Kind)
        {
            case ValueKind.Map:
                return Value.Bool(operand.AsMap.TryGet(field, out _));
            case ValueKind.Optional:
                return operand.HasValue ? Has(operand.Inner, field, environment, frame) : Value.False;
            case ValueKind.Object:
                Value read = SelectField(operand, field, environment, frame);
                return read.IsError ? read : Value.Bool(read.Kind != ValueKind.Null);
            case ValueKind.Error:
                return operand;
            default:
                return NoFields(operand);
        }
    }

    /// <summary><c>operand[index]</c>.</summary>
    public static Value Index(Value operand, Value index)
    {
        if (operand.Kind == ValueKind.Optional) return operand.HasValue ? IndexOptional(operand.Inner, index) : Value.None;
        Value? found = Find(operand, index, out Value error);
        if (found is Value value) return value;
        if (error.IsError) return error;
        return operand.Kind == ValueKind.Map ? NoSuchKey(index) : Value.Error($"index out of bounds: {index}");
    }

    /// <summary><c>operand[?index]</c>: none where there is no such element.</summary>
    public static Value IndexOptional(Value operand, Value index)
    {
        if (operand.Kind == ValueKind.Optional) return operand.HasValue ? IndexOptional(operand.Inner, index) : Value.None;
        Value? found = Find(operand, index, out Value error);
        if (found is Value value) return Value.Some(value);
        return error.IsError ? error : Value.None;
    }

    /// <summary><c>element in container</c>.</summary>
    public static Value In(Value element, Value container, Frame frame)
    {
        if (container.Kind == ValueKind.Map) return Value.Bool(container.AsMap.TryGet(element, out _));
        if (container.Kind != ValueKind.List) return Arithmetic.NoOverload;
        long before = frame.CostLeft;
        long steps = before;
        foreach (Value item in container.AsList.Items)
        {
            steps--;
            if (!ValueEquality.AreEqual(element, item, ref steps)) continue;
            frame.Spend(before - steps);
            return Value.True;
        }

        return frame.Spend(before - steps) ? Value.False : frame.Exhausted();
    }

    /// <summary><c>a == b</c>; looking into lists and maps costs.</summary>
    public static bool AreEqual(Value a, Value b, Frame frame)
    {
        if (a.Kind is not (ValueKind.List or ValueKind.Map or ValueKind.Optional)) return ValueEquality.AreEqual(a, b);
        long before = frame.CostLeft;
        long steps = before;
        bool equal = ValueEquality.AreEqual(a, b, ref steps);
        frame.Spend(before - steps);
        return equal;
    }

    private static Value? Find(Value operand, Value index, out Value error)
    {
        error = default;
        switch (operand.Kind)
        {
            case ValueKind.Map:
                return operand.AsMap.TryGet(index, out Value value) ? value : null;
            case ValueKind.List when TryIndex(index, out long at):
                return at >= 0 && at < operand.AsList.Count ? operand.AsList[(int)at] : null;
            case ValueKind.List:
                error = Value.Error($"a list index is a whole number, found {index}");
                return null;
            default:
                error = Arithmetic.NoOverload;
                return null;
        }
    }

    private static bool TryIndex(Value index, out long at)
    {
        at = index.Kind switch
        {
            ValueKind.Int => index.AsInt,
            ValueKind.Uint => index.AsUint > int.MaxValue ? -1 : (long)index.AsUint,
            ValueKind.Double when index.AsDouble is >= 0 and <= int.MaxValue => (long)index.AsDouble,
            _ => -1,
        };
        return index.Kind is ValueKind.Int or ValueKind.Uint || (index.Kind == ValueKind.Double && Math.Floor(index.AsDouble) == index.AsDouble);
    }

    private static Value SelectField(Value operand, Value field, ExpressionEnvironment environment, Frame frame)
    {
        FieldDeclaration? declared = environment.FindObject(operand.AsObject.Name)?.Find(field.AsString);
        return declared is null ? Value.Error($"{operand.TypeName} has no field '{field.AsString}'") : declared.Read(operand, frame);
    }

    private static Value NoSuchKey(Value key) => Value.Error($"no such key: {key}");

    private static Value NoFields(Value operand) => Value.Error($"a value of type {operand.TypeName} has no fields");
}
