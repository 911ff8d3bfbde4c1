using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary>The sets extension: lists compared as sets.</summary>
internal static class SetFunctions
{
    public static void AddTo(FunctionTable table)
    {
        CelType list = CelType.List(CelType.Param("A"));
        Add("sets.contains", ContainsAll);
        Add("sets.equivalent", static (a, b, frame) => ContainsAll(a, b, frame) && ContainsAll(b, a, frame));
        Add("sets.intersects", Intersects);

        void Add(string name, Func<Value, Value, Frame, bool> test) =>
            table.Add(name, Overload.Of(name, false, CelType.Bool, list, list, (a, b, frame) => Value.Bool(test(a, b, frame))));
    }

    private static bool ContainsAll(Value container, Value parts, Frame frame)
    {
        foreach (Value part in parts.AsList.Items)
        {
            if (!Access.In(part, container, frame).IsTrue) return false;
        }

        return true;
    }

    private static bool Intersects(Value a, Value b, Frame frame)
    {
        foreach (Value part in b.AsList.Items)
        {
            if (Access.In(part, a, frame).IsTrue) return true;
        }

        return false;
    }
}
