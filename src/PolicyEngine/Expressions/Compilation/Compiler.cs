using Chain.PolicyEngine.Expressions.Functions;
using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Compilation;

/// <summary>
/// Turns a checked expression into nested delegates. Values are structs and errors are values, so evaluating allocates
/// only where an operator makes a new string, list or map, or fails.
/// </summary>
internal sealed partial class Compiler(CheckedExpression expression, bool traced)
{
    private readonly ExpressionEnvironment _environment = expression.Environment;

    public Evaluator Compile(Expr node) => Visit(node).Evaluate;

    /// <summary>A compiled node, and its value where it is constant.</summary>
    private readonly record struct Code(Evaluator Evaluate, Value? Constant)
    {
        public static Code Of(Value constant) => new(_ => constant, constant);

        public static implicit operator Code(Evaluator evaluate) => new(evaluate, null);
    }

    private Code Visit(Expr node)
    {
        Code code = node switch
        {
            LiteralExpr literal => Code.Of(literal.Value),
            IdentExpr => Named(node),
            SelectExpr select => Select(select),
            CallExpr call => Call(call),
            ListExpr list => List(list),
            MapExpr map => Map(map),
            MacroExpr macro => Macro(macro),
            StructExpr => Named(node),
            _ => throw new InvalidOperationException($"unknown node {node.GetType().Name}"),
        };
        if (!traced || code.Constant is not null) return code;
        Evaluator inner = code.Evaluate;
        return (Evaluator)(frame =>
        {
            Value value = inner(frame);
            frame.Trace?.Record(node, value);
            return value;
        });
    }

    private Code Named(Expr node)
    {
        switch (expression.ReferenceOf(node))
        {
            case LocalReference { Slot: int local }:
                return (Evaluator)(frame => frame.Locals[local]);
            case TypeReference type:
                return Code.Of(Value.Type(type.Type.Name));
            case VariableReference { Variable: { Read: Evaluator read } }:
                return read;
            case VariableReference { Variable: { Slot: int slot, Name: string name } }:
                Value unbound = Value.Error(new EvaluationError($"variable '{name}' has no value") { Span = node.Span });
                return (Evaluator)(frame => slot < frame.Variables.Length ? frame.Variables[slot] : unbound);
            case UnresolvedReference unresolved:
                Value error = Value.Error(new EvaluationError(unresolved.Message) { Span = node.Span });
                return (Evaluator)(_ => error);
            default:
                throw new InvalidOperationException("a name was not resolved");
        }
    }

    private Code Select(SelectExpr select)
    {
        if (expression.ReferenceOf(select) is not null)
        {
            Code variable = Named(select);
            return select.TestOnly && variable.Constant is null ? Present(variable.Evaluate) : variable;
        }

        Evaluator operand = Visit(select.Operand).Evaluate;
        CelType type = expression.TypeOf(select.Operand);
        if (!select.Optional && !select.TestOnly && type.Kind == CelTypeKind.Object &&
            _environment.FindObject(type.Name)?.Find(select.Field) is FieldDeclaration field)
        {
            Func<Value, Frame, Value> read = field.Read;
            return (Evaluator)(frame =>
            {
                Value target = operand(frame);
                return target.IsError ? target : read(target, frame);
            });
        }

        Value name = Value.String(select.Field);
        Func<Value, Value, ExpressionEnvironment, Frame, Value> access =
            select.TestOnly ? Access.Has : select.Optional ? Access.SelectOptional : Access.Select;
        ExpressionEnvironment environment = _environment;
        return At(select.FieldSpan, frame => access(operand(frame), name, environment, frame));
    }

    /// <summary><c>has()</c> of a name that is a variable of its own: it is there when it has a value.</summary>
    private static Code Present(Evaluator variable) => (Evaluator)(frame => Value.Bool(!variable(frame).IsError));

    private Code List(ListExpr list)
    {
        Code[] elements = [.. list.Elements.Select(e => Visit(e.Value))];
        if (list.Elements.Any(e => e.Optional)) return ListWithOptional(list, elements);
        if (elements.All(e => e.Constant is not null)) return Code.Of(Value.List([.. elements.Select(e => e.Constant!.Value)]));
        Evaluator[] evaluators = [.. elements.Select(e => e.Evaluate)];
        return (Evaluator)(frame =>
        {
            var items = new Value[evaluators.Length];
            for (int i = 0; i < items.Length; i++)
            {
                items[i] = evaluators[i](frame);
                if (items[i].IsError) return items[i];
            }

            return frame.Spend(items.Length / 10) ? Value.List(items) : frame.Exhausted();
        });
    }

    private static Code ListWithOptional(ListExpr list, Code[] elements) => (Evaluator)(frame =>
    {
        var items = new List<Value>(elements.Length);
        for (int i = 0; i < elements.Length; i++)
        {
            Value item = elements[i].Evaluate(frame);
            if (item.IsError) return item;
            if (!list.Elements[i].Optional) items.Add(item);
            else if (item.Kind != ValueKind.Optional) return Arithmetic.NoOverload;
            else if (item.HasValue) items.Add(item.Inner);
        }

        return Value.List(new ListValue([.. items]));
    });

    private Code Map(MapExpr map)
    {
        var entries = new (Evaluator Key, Evaluator Value, bool Optional)[map.Entries.Count];
        for (int i = 0; i < entries.Length; i++)
        {
            MapEntry entry = map.Entries[i];
            entries[i] = (Visit(entry.Key).Evaluate, Visit(entry.Value).Evaluate, entry.Optional);
        }

        return At(map.Span, frame =>
        {
            var result = new MapValue(entries.Length);
            foreach ((Evaluator keyOf, Evaluator valueOf, bool optional) in entries)
            {
                Value key = keyOf(frame);
                if (key.IsError) return key;
                Value value = valueOf(frame);
                if (value.IsError) return value;
                if (!MapValue.IsKey(key)) return Value.Error($"a map key is a bool, int, uint or string, found {key.TypeName}");
                if (optional)
                {
                    if (value.Kind != ValueKind.Optional) return Arithmetic.NoOverload;
                    if (!value.HasValue) continue;
                    value = value.Inner;
                }

                if (!result.TryAdd(key, value)) return Value.Error($"the map has the key {key} twice");
            }

            return frame.Spend(entries.Length / 10) ? Value.Map(result) : frame.Exhausted();
        });
    }

    /// <summary>Gives an error its place, unless it comes from deeper and has one.</summary>
    private static Evaluator At(SourceSpan span, Evaluator inner) => frame =>
    {
        Value value = inner(frame);
        return value.IsError && value.AsError.Span is null ? Value.Error(value.AsError with { Span = span }) : value;
    };
}
