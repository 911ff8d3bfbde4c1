using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary>The operators and the standard functions (language definition, "List of Standard Definitions"), and the extensions.</summary>
internal static class StandardLibrary
{
    private static readonly CelType A = CelType.Param("A");
    private static readonly CelType B = CelType.Param("B");
    private static readonly CelType ListOfA = CelType.List(A);
    private static readonly CelType MapOfAB = CelType.Map(A, B);
    private static readonly CelType[] Numbers = [CelType.Int, CelType.Uint, CelType.Double];

    private static readonly CelType[] Ordered =
        [.. Numbers, CelType.Bool, CelType.String, CelType.Bytes, CelType.Timestamp, CelType.Duration];

    public static FunctionTable Create()
    {
        var table = new FunctionTable();
        AddOperators(table);
        AddGeneral(table);
        Conversions.AddTo(table);
        TimeFunctions.AddTo(table);
        StringFunctions.AddTo(table);
        FormatFunction.AddTo(table);
        MathFunctions.AddTo(table);
        SetFunctions.AddTo(table);
        OptionalFunctions.AddTo(table);
        EncoderFunctions.AddTo(table);
        return table;
    }

    private static void AddOperators(FunctionTable table)
    {
        Declare(Operators.Not, CelType.Bool, CelType.Bool);
        Declare(Operators.And, CelType.Bool, CelType.Bool, CelType.Bool);
        Declare(Operators.Or, CelType.Bool, CelType.Bool, CelType.Bool);
        Declare(Operators.Conditional, A, CelType.Bool, A, A);
        Declare(Operators.Equal, CelType.Bool, A, A);
        Declare(Operators.NotEqual, CelType.Bool, A, A);
        foreach (string op in (string[])[Operators.Less, Operators.LessOrEqual, Operators.Greater, Operators.GreaterOrEqual])
        {
            foreach (CelType type in Ordered) Declare(op, CelType.Bool, type, type);
        }

        Declare(Operators.In, CelType.Bool, A, ListOfA);
        Declare(Operators.In, CelType.Bool, A, MapOfAB);
        Declare(Operators.Index, A, ListOfA, CelType.Int);
        Declare(Operators.Index, B, MapOfAB, A);
        Declare(Operators.Index, CelType.Optional(A), CelType.Optional(ListOfA), CelType.Int);
        Declare(Operators.Index, CelType.Optional(B), CelType.Optional(MapOfAB), A);
        Declare(Operators.OptionalIndex, CelType.Optional(A), ListOfA, CelType.Int);
        Declare(Operators.OptionalIndex, CelType.Optional(B), MapOfAB, A);
        Declare(Operators.OptionalIndex, CelType.Optional(A), CelType.Optional(ListOfA), CelType.Int);
        Declare(Operators.OptionalIndex, CelType.Optional(B), CelType.Optional(MapOfAB), A);
        foreach (string op in (string[])[Operators.Add, Operators.Subtract, Operators.Multiply, Operators.Divide])
        {
            foreach (CelType type in Numbers) Declare(op, type, type, type);
        }

        Declare(Operators.Modulo, CelType.Int, CelType.Int, CelType.Int);
        Declare(Operators.Modulo, CelType.Uint, CelType.Uint, CelType.Uint);
        Declare(Operators.Negate, CelType.Int, CelType.Int);
        Declare(Operators.Negate, CelType.Double, CelType.Double);
        Declare(Operators.Add, CelType.String, CelType.String, CelType.String);
        Declare(Operators.Add, CelType.Bytes, CelType.Bytes, CelType.Bytes);
        Declare(Operators.Add, ListOfA, ListOfA, ListOfA);
        Declare(Operators.Add, CelType.Duration, CelType.Duration, CelType.Duration);
        Declare(Operators.Add, CelType.Timestamp, CelType.Timestamp, CelType.Duration);
        Declare(Operators.Add, CelType.Timestamp, CelType.Duration, CelType.Timestamp);
        Declare(Operators.Subtract, CelType.Duration, CelType.Duration, CelType.Duration);
        Declare(Operators.Subtract, CelType.Timestamp, CelType.Timestamp, CelType.Duration);
        Declare(Operators.Subtract, CelType.Duration, CelType.Timestamp, CelType.Timestamp);

        void Declare(string name, CelType result, params CelType[] args) =>
            table.Add(name, Overload.Declare($"{name}({string.Join(',', (object[])args)})", isMember: false, result, args));
    }

    private static void AddGeneral(FunctionTable table)
    {
        Size("size_string", CelType.String, static (v, _) => Value.Int(CodePoints.Count(v.AsString)));
        Size("size_bytes", CelType.Bytes, static (v, _) => Value.Int(v.AsBytes.Length));
        Size("size_list", ListOfA, static (v, _) => Value.Int(v.AsList.Count));
        Size("size_map", MapOfAB, static (v, _) => Value.Int(v.AsMap.Count));
        table.Add("dyn", Overload.Of("to_dyn", false, CelType.Dyn, A, static (v, _) => v));
        table.Add("type", Overload.Of("type", false, CelType.Type(A), A, static (v, _) => Value.Type(v.TypeName)));

        void Size(string id, CelType of, Func<Value, Frame, Value> body)
        {
            table.Add("size", Overload.Of(id, false, CelType.Int, of, body));
            table.Add("size", Overload.Of(id + "_member", true, CelType.Int, of, body));
        }
    }
}
