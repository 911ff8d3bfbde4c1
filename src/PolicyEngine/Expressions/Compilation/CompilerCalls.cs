using Chain.PolicyEngine.Expressions.Functions;
using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Compilation;

/// <summary>Operators and function calls.</summary>
internal sealed partial class Compiler
{
    private Code Call(CallExpr call)
    {
        switch (call.Function)
        {
            case Operators.And:
                return And(Visit(call.Args[0]).Evaluate, Visit(call.Args[1]).Evaluate);
            case Operators.Or:
                return Or(Visit(call.Args[0]).Evaluate, Visit(call.Args[1]).Evaluate);
            case Operators.Conditional:
                return Conditional(call);
        }

        if (expression.ReferenceOf(call) is not CallReference reference) return Unresolved(call);
        Code[] args = reference.TargetIsArgument
            ? [Visit(call.Target!), .. call.Args.Select(Visit)]
            : [.. call.Args.Select(Visit)];
        if (reference.Overloads.Count > 0 && !reference.Overloads[0].HasBody)
        {
            Evaluator operation = Operator(call, args);
            return args.All(a => a.Constant is not null) ? Fold(operation) : operation;
        }

        if (call.Function is "or" or "orValue" && reference.TargetIsArgument && args.Length == 2) return OrElse(call, args);
        Evaluator dispatch = Dispatch(call, reference.Overloads, args);
        return args.Length > 0 && args.All(a => a.Constant is not null) ? Fold(dispatch) : dispatch;
    }

    /// <summary>An operation on constants is done once; where it fails it is left to fail when it is reached.</summary>
    private static Code Fold(Evaluator evaluate)
    {
        var frame = new Frame();
        frame.Begin(0);
        Value value = evaluate(frame);
        return value.IsError || frame.IsExhausted ? evaluate : Code.Of(value);
    }

    private Evaluator Unresolved(CallExpr call)
    {
        string message = expression.ReferenceOf(call) is UnresolvedReference unresolved ? unresolved.Message : $"unbound function '{call.Function}'";
        Value error = Value.Error(new EvaluationError(message) { Span = call.FunctionSpan });
        return _ => error;
    }

    private static Evaluator And(Evaluator left, Evaluator right) => frame =>
    {
        Value a = left(frame);
        if (a.IsFalse) return a;
        Value b = right(frame);
        if (b.IsFalse || (a.IsTrue && b.IsTrue)) return b;
        return a.IsError ? a : b.IsError ? b : Arithmetic.NoOverload;
    };

    private static Evaluator Or(Evaluator left, Evaluator right) => frame =>
    {
        Value a = left(frame);
        if (a.IsTrue) return a;
        Value b = right(frame);
        if (b.IsTrue || (a.IsFalse && b.IsFalse)) return b;
        return a.IsError ? a : b.IsError ? b : Arithmetic.NoOverload;
    };

    private Evaluator Conditional(CallExpr call)
    {
        Evaluator condition = Visit(call.Args[0]).Evaluate;
        Evaluator then = Visit(call.Args[1]).Evaluate;
        Evaluator otherwise = Visit(call.Args[2]).Evaluate;
        return frame =>
        {
            Value value = condition(frame);
            if (value.Kind == ValueKind.Bool) return value.AsBool ? then(frame) : otherwise(frame);
            return value.IsError ? value : Arithmetic.NoOverload;
        };
    }

    private static Evaluator Operator(CallExpr call, Code[] args)
    {
        Evaluator a = args[0].Evaluate;
        if (args.Length == 1)
        {
            return call.Function == Operators.Not
                ? Unary(call, a, static x => x.Kind == ValueKind.Bool ? Value.Bool(!x.AsBool) : Arithmetic.NoOverload)
                : Unary(call, a, Arithmetic.Negate);
        }

        Evaluator b = args[1].Evaluate;
        switch (call.Function)
        {
            case Operators.Equal:
                return Equality(args, equal: true);
            case Operators.NotEqual:
                return Equality(args, equal: false);
            case Operators.Less:
                return Comparison(call, a, b, static order => order < 0);
            case Operators.LessOrEqual:
                return Comparison(call, a, b, static order => order <= 0);
            case Operators.Greater:
                return Comparison(call, a, b, static order => order > 0);
            case Operators.GreaterOrEqual:
                return Comparison(call, a, b, static order => order >= 0);
            case Operators.In:
                return args[1].Constant is { Kind: ValueKind.List } list && StringSet(list.AsList) is HashSet<string> set
                    ? InStrings(a, set)
                    : Binary(call, a, b, Access.In);
            case Operators.Index:
                return Binary(call, a, b, static (x, y, _) => Access.Index(x, y));
            case Operators.OptionalIndex:
                return Binary(call, a, b, static (x, y, _) => Access.IndexOptional(x, y));
            case Operators.Add:
                return Binary(call, a, b, Arithmetic.Add);
            case Operators.Subtract:
                return Binary(call, a, b, static (x, y, _) => Arithmetic.Subtract(x, y));
            case Operators.Multiply:
                return Binary(call, a, b, static (x, y, _) => Arithmetic.Multiply(x, y));
            case Operators.Divide:
                return Binary(call, a, b, static (x, y, _) => Arithmetic.Divide(x, y));
            case Operators.Modulo:
                return Binary(call, a, b, static (x, y, _) => Arithmetic.Modulo(x, y));
            default:
                throw new InvalidOperationException($"function '{call.Function}' is declared without a body");
        }
    }

    private static Evaluator Unary(CallExpr call, Evaluator operand, Func<Value, Value> operation) => At(call.FunctionSpan, frame =>
    {
        Value value = operand(frame);
        return value.IsError ? value : operation(value);
    });

    private static Evaluator Binary(CallExpr call, Evaluator left, Evaluator right, Func<Value, Value, Frame, Value> operation) =>
        At(call.FunctionSpan, frame =>
        {
            Value a = left(frame);
            if (a.IsError) return a;
            Value b = right(frame);
            return b.IsError ? b : operation(a, b, frame);
        });

    private static Evaluator Equality(Code[] args, bool equal)
    {
        Evaluator left = args[0].Evaluate;
        Evaluator right = args[1].Evaluate;
        if (args[1].Constant is { Kind: ValueKind.String } text)
        {
            // The common test of a policy: a field against a name.
            string expected = text.AsString;
            return frame =>
            {
                Value a = left(frame);
                return a.IsError ? a : Value.Bool((a.Kind == ValueKind.String && a.AsString == expected) == equal);
            };
        }

        return frame =>
        {
            Value a = left(frame);
            if (a.IsError) return a;
            Value b = right(frame);
            return b.IsError ? b : Value.Bool(Access.AreEqual(a, b, frame) == equal);
        };
    }

    private static Evaluator Comparison(CallExpr call, Evaluator left, Evaluator right, Func<int, bool> test) =>
        Binary(call, left, right, (a, b, _) =>
        {
            if (ValueEquality.TryCompare(a, b, out int order, out bool isUnordered)) return Value.Bool(test(order));
            return isUnordered ? Value.False : Arithmetic.NoOverload;
        });

    private static HashSet<string>? StringSet(ListValue list)
    {
        var set = new HashSet<string>(StringComparer.Ordinal);
        foreach (Value item in list.Items)
        {
            if (item.Kind != ValueKind.String) return null;
            set.Add(item.AsString);
        }

        return set;
    }

    private static Evaluator InStrings(Evaluator element, HashSet<string> set) => frame =>
    {
        Value value = element(frame);
        return value.IsError ? value : Value.Bool(value.Kind == ValueKind.String && set.Contains(value.AsString));
    };

    /// <summary><c>a.or(b)</c> and <c>a.orValue(b)</c> look at <c>b</c> only where <c>a</c> is none.</summary>
    private static Evaluator OrElse(CallExpr call, Code[] args)
    {
        Evaluator target = args[0].Evaluate;
        Evaluator other = args[1].Evaluate;
        bool unwrap = call.Function == "orValue";
        return At(call.FunctionSpan, frame =>
        {
            Value value = target(frame);
            if (value.IsError) return value;
            if (value.Kind != ValueKind.Optional) return Arithmetic.NoOverload;
            if (value.HasValue) return unwrap ? value.Inner : value;
            Value fallback = other(frame);
            return unwrap || fallback.IsError || fallback.Kind == ValueKind.Optional ? fallback : Arithmetic.NoOverload;
        });
    }

    private static Evaluator Dispatch(CallExpr call, IReadOnlyList<Overload> overloads, Code[] args)
    {
        if (overloads.Count == 0)
        {
            Value error = Value.Error(new EvaluationError("no such overload") { Span = call.FunctionSpan });
            return _ => error;
        }

        Evaluator[] evaluators = [.. args.Select(a => a.Evaluate)];
        if (overloads.Count == 1 && overloads[0].Specialize is { } specialize &&
            specialize(evaluators, [.. args.Select(a => a.Constant)]) is Evaluator special)
        {
            return At(call.FunctionSpan, special);
        }

        Overload[] candidates = [.. overloads];
        return At(call.FunctionSpan, evaluators.Length switch
        {
            0 => frame => candidates[0].Invoke0!(frame),
            1 => CallOne(candidates, evaluators[0]),
            2 => CallTwo(candidates, evaluators[0], evaluators[1]),
            _ => CallMany(candidates, evaluators),
        });
    }

    private static Evaluator CallOne(Overload[] candidates, Evaluator argument) => frame =>
    {
        Value a = argument(frame);
        if (a.IsError) return a;
        foreach (Overload overload in candidates)
        {
            if (overload.Args[0].Admits(a.Kind)) return overload.Invoke1!(a, frame);
        }

        return Arithmetic.NoOverload;
    };

    private static Evaluator CallTwo(Overload[] candidates, Evaluator first, Evaluator second) => frame =>
    {
        Value a = first(frame);
        if (a.IsError) return a;
        Value b = second(frame);
        if (b.IsError) return b;
        foreach (Overload overload in candidates)
        {
            if (overload.Args[0].Admits(a.Kind) && overload.Args[1].Admits(b.Kind)) return overload.Invoke2!(a, b, frame);
        }

        return Arithmetic.NoOverload;
    };

    private static Evaluator CallMany(Overload[] candidates, Evaluator[] arguments) => frame =>
    {
        var values = new Value[arguments.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = arguments[i](frame);
            if (values[i].IsError) return values[i];
        }

        foreach (Overload overload in candidates)
        {
            bool fits = true;
            for (int i = 0; i < values.Length && fits; i++) fits = overload.Args[i].Admits(values[i].Kind);
            if (fits) return overload.InvokeMany!(values, frame);
        }

        return Arithmetic.NoOverload;
    };
}
