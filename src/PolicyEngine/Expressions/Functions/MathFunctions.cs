using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary>The math extension.</summary>
internal static class MathFunctions
{
    private static readonly CelType[] Numbers = [CelType.Int, CelType.Uint, CelType.Double];

    public static void AddTo(FunctionTable table)
    {
        AddExtremes(table, "math.greatest", sign: 1);
        AddExtremes(table, "math.least", sign: -1);
        Doubles("math.ceil", Math.Ceiling);
        Doubles("math.floor", Math.Floor);
        Doubles("math.round", static d => Math.Round(d, MidpointRounding.AwayFromZero));
        Doubles("math.trunc", Math.Truncate);
        Test("math.isNaN", double.IsNaN);
        Test("math.isInf", double.IsInfinity);
        Test("math.isFinite", double.IsFinite);
        One("math.abs", CelType.Int, static v => v.AsInt == long.MinValue ? Value.Error("integer overflow") : Value.Int(Math.Abs(v.AsInt)));
        One("math.abs", CelType.Uint, static v => v);
        One("math.abs", CelType.Double, static v => Value.Double(Math.Abs(v.AsDouble)));
        One("math.sign", CelType.Int, static v => Value.Int(Math.Sign(v.AsInt)));
        One("math.sign", CelType.Uint, static v => Value.Uint(v.AsUint == 0 ? 0u : 1u));
        One("math.sign", CelType.Double, static v => double.IsNaN(v.AsDouble) ? v : Value.Double(Math.Sign(v.AsDouble)));
        Root(CelType.Double, static v => v.AsDouble);
        Root(CelType.Int, static v => v.AsInt);
        Root(CelType.Uint, static v => v.AsUint);
        AddBits(table);

        void One(string name, CelType type, Func<Value, Value> body) =>
            table.Add(name, Overload.Of($"{name}_{type}", false, type, type, (v, _) => body(v)));

        void Doubles(string name, Func<double, double> body) => One(name, CelType.Double, v => Value.Double(body(v.AsDouble)));

        void Test(string name, Func<double, bool> test) =>
            table.Add(name, Overload.Of($"{name}_double", false, CelType.Bool, CelType.Double, (v, _) => Value.Bool(test(v.AsDouble))));

        void Root(CelType type, Func<Value, double> number) =>
            table.Add("math.sqrt", Overload.Of($"math_sqrt_{type}", false, CelType.Double, type, (v, _) => Value.Double(Math.Sqrt(number(v)))));
    }

    private static void AddExtremes(FunctionTable table, string name, int sign)
    {
        foreach (CelType a in Numbers)
        {
            table.Add(name, Overload.Of($"{name}_{a}", false, a, a, static (v, _) => v));
            table.Add(name, Overload.Of($"{name}_list_{a}", false, a, CelType.List(a), (list, frame) =>
                frame.Spend(list.AsList.Count) ? OfList(list.AsList, sign) : frame.Exhausted()));
            foreach (CelType b in Numbers)
            {
                table.Add(name, Overload.Of($"{name}_{a}_{b}", false, a.Equals(b) ? a : CelType.Dyn, a, b, (x, y, _) => Better(x, y, sign)));
            }
        }
    }

    private static Value OfList(ListValue list, int sign)
    {
        if (list.Count == 0) return Value.Error("the list has no elements to compare");
        Value best = list[0];
        foreach (Value item in list.Items)
        {
            if (!ValueEquality.IsNumber(item)) return Arithmetic.NoOverload;
            best = Better(best, item, sign);
        }

        return best;
    }

    private static Value Better(Value a, Value b, int sign) =>
        ValueEquality.TryCompare(a, b, out int order, out _) && order * sign < 0 ? b : a;

    private static void AddBits(FunctionTable table)
    {
        Two("math.bitAnd", static (a, b) => a & b);
        Two("math.bitOr", static (a, b) => a | b);
        Two("math.bitXor", static (a, b) => a ^ b);
        table.Add("math.bitNot", Overload.Of("math_bitNot_int", false, CelType.Int, CelType.Int, static (v, _) => Value.Int(~v.AsInt)));
        table.Add("math.bitNot", Overload.Of("math_bitNot_uint", false, CelType.Uint, CelType.Uint, static (v, _) => Value.Uint(~v.AsUint)));
        Shift("math.bitShiftLeft", static (v, by) => v << by);
        Shift("math.bitShiftRight", static (v, by) => v >> by);

        void Two(string name, Func<ulong, ulong, ulong> body)
        {
            table.Add(name, Overload.Of($"{name}_int", false, CelType.Int, CelType.Int, CelType.Int, (a, b, _) =>
                Value.Int(unchecked((long)body(a.AsUint, b.AsUint)))));
            table.Add(name, Overload.Of($"{name}_uint", false, CelType.Uint, CelType.Uint, CelType.Uint, (a, b, _) =>
                Value.Uint(body(a.AsUint, b.AsUint))));
        }

        void Shift(string name, Func<ulong, int, ulong> body)
        {
            table.Add(name, Overload.Of($"{name}_int", false, CelType.Int, CelType.Int, CelType.Int, (v, by, _) =>
                by.AsInt < 0 ? NegativeShift(by) : Value.Int(by.AsInt > 63 ? 0 : unchecked((long)body(v.AsUint, (int)by.AsInt)))));
            table.Add(name, Overload.Of($"{name}_uint", false, CelType.Uint, CelType.Uint, CelType.Int, (v, by, _) =>
                by.AsInt < 0 ? NegativeShift(by) : Value.Uint(by.AsInt > 63 ? 0 : body(v.AsUint, (int)by.AsInt))));
        }
    }

    private static Value NegativeShift(Value by) => Value.Error($"a shift is not negative, found {by}");
}
