using Chain.PolicyEngine.Expressions.Functions;
using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Compilation;

/// <summary>Macros: each is its own loop.</summary>
internal sealed partial class Compiler
{
    /// <summary>One step of a loop: whether to go on; a result ends the loop.</summary>
    private delegate bool Step(Frame frame, Value key, Value value, ref Value result);

    private Evaluator Macro(MacroExpr macro)
    {
        var reference = (MacroReference)expression.ReferenceOf(macro)!;
        Evaluator range = Visit(macro.Range).Evaluate;
        Evaluator? filter = macro.Filter is null ? null : Visit(macro.Filter).Evaluate;
        Evaluator body = Visit(macro.Body).Evaluate;
        var loop = new Loop(range, reference.Slot, reference.Slot2);
        switch (macro.Kind)
        {
            case MacroKind.All:
                return At(macro.Span, Quantifier(loop, body, decisive: false));
            case MacroKind.Exists:
                return At(macro.Span, Quantifier(loop, body, decisive: true));
            case MacroKind.ExistsOne:
                return At(macro.Span, ExistsOne(loop, body));
            case MacroKind.List:
                return At(macro.Span, ToList(loop, filter, body));
            case MacroKind.Map:
                return At(macro.Span, ToMap(loop, filter, body));
            case MacroKind.MapEntry:
                return At(macro.Span, ToMergedMap(loop, filter, body));
            case MacroKind.Bind:
                // An error is bound too: it is one only where the variable is read.
                return frame =>
                {
                    frame.Locals[reference.Slot] = range(frame);
                    return frame.Spend(1) ? body(frame) : frame.Exhausted();
                };
            default:
                return At(macro.Span, OptMap(reference.Slot, range, body, wrap: macro.Kind == MacroKind.OptMap));
        }
    }

    /// <summary>What a macro walks, and where it puts its variables.</summary>
    private sealed record Loop(Evaluator Range, int Slot, int Slot2)
    {
        /// <summary>Runs the step for each element; an error where the range is none.</summary>
        public Value Run(Frame frame, Value result, Step step)
        {
            Value range = Range(frame);
            if (range.Kind == ValueKind.List)
            {
                ListValue list = range.AsList;
                for (int i = 0; i < list.Count; i++)
                {
                    if (!Enter(frame, Slot2 < 0 ? list[i] : Value.Int(i), list[i])) return frame.Exhausted();
                    if (!step(frame, Value.Int(i), list[i], ref result)) return result;
                }

                return result;
            }

            if (range.Kind != ValueKind.Map) return range.IsError ? range : Arithmetic.NoOverload;
            MapValue map = range.AsMap;
            for (int i = 0; i < map.Count; i++)
            {
                (Value key, Value value) = map.Entries[i];
                if (!Enter(frame, key, value)) return frame.Exhausted();
                if (!step(frame, key, value, ref result)) return result;
            }

            return result;
        }

        private bool Enter(Frame frame, Value first, Value second)
        {
            frame.Locals[Slot] = first;
            if (Slot2 >= 0) frame.Locals[Slot2] = second;
            return frame.Spend(1);
        }
    }

    /// <summary><c>all</c> and <c>exists</c>: one decisive element settles it, whatever errors the others give.</summary>
    private static Evaluator Quantifier(Loop loop, Evaluator body, bool decisive)
    {
        bool Test(Frame frame, Value key, Value value, ref Value result)
        {
            Value answer = body(frame);
            if (answer.Kind == ValueKind.Bool && answer.AsBool != decisive) return true;
            if (answer.Kind == ValueKind.Bool) result = answer;
            else if (!result.IsError) result = answer.IsError ? answer : Arithmetic.NoOverload;
            return answer.Kind != ValueKind.Bool;
        }

        Step step = Test;
        return frame => loop.Run(frame, Value.Bool(!decisive), step);
    }

    private static Evaluator ExistsOne(Loop loop, Evaluator body)
    {
        bool Count(Frame frame, Value key, Value value, ref Value result)
        {
            if (!Holds(body, frame, out Value error))
            {
                if (error.IsError) result = error;
                return !error.IsError;
            }

            result = Value.Int(result.AsInt + 1);
            return true;
        }

        Step step = Count;
        return frame =>
        {
            Value count = loop.Run(frame, Value.Int(0), step);
            return count.IsError ? count : Value.Bool(count.AsInt == 1);
        };
    }

    private static Evaluator ToList(Loop loop, Evaluator? filter, Evaluator body) => frame =>
    {
        var items = new List<Value>();
        bool Collect(Frame f, Value key, Value value, ref Value result)
        {
            if (!Passes(filter, f, ref result)) return !result.IsError;
            Value item = body(f);
            if (item.IsError) result = item;
            else items.Add(item);
            return !item.IsError;
        }

        Value ended = loop.Run(frame, Value.Null, Collect);
        return ended.IsError ? ended : Value.List(new ListValue([.. items]));
    };

    private static Evaluator ToMap(Loop loop, Evaluator? filter, Evaluator body) => frame =>
    {
        var map = new MapValue();
        bool Collect(Frame f, Value key, Value value, ref Value result)
        {
            if (!Passes(filter, f, ref result)) return !result.IsError;
            Value item = body(f);
            if (item.IsError) result = item;
            else map.TryAdd(key, item);
            return !item.IsError;
        }

        Value ended = loop.Run(frame, Value.Null, Collect);
        return ended.IsError ? ended : Value.Map(map);
    };

    private static Evaluator ToMergedMap(Loop loop, Evaluator? filter, Evaluator body) => frame =>
    {
        var map = new MapValue();
        bool Merge(Frame f, Value key, Value value, ref Value result)
        {
            if (!Passes(filter, f, ref result)) return !result.IsError;
            Value made = body(f);
            if (made.Kind != ValueKind.Map)
            {
                result = made.IsError ? made : Arithmetic.NoOverload;
                return false;
            }

            foreach ((Value k, Value v) in made.AsMap.Entries)
            {
                if (f.Spend(1) && map.TryAdd(k, v)) continue;
                result = f.IsExhausted ? f.Exhausted() : Value.Error($"the map has the key {k} twice");
                return false;
            }

            return true;
        }

        Value ended = loop.Run(frame, Value.Null, Merge);
        return ended.IsError ? ended : Value.Map(map);
    };

    private static Evaluator OptMap(int slot, Evaluator target, Evaluator body, bool wrap) => frame =>
    {
        Value value = target(frame);
        if (value.IsError) return value;
        if (value.Kind != ValueKind.Optional) return Arithmetic.NoOverload;
        if (!value.HasValue) return value;
        frame.Locals[slot] = value.Inner;
        Value result = body(frame);
        if (result.IsError) return result;
        if (wrap) return Value.Some(result);
        return result.Kind == ValueKind.Optional ? result : Arithmetic.NoOverload;
    };

    private static bool Passes(Evaluator? filter, Frame frame, ref Value result)
    {
        if (filter is null) return true;
        bool holds = Holds(filter, frame, out Value error);
        if (error.IsError) result = error;
        return holds;
    }

    private static bool Holds(Evaluator condition, Frame frame, out Value error)
    {
        Value answer = condition(frame);
        error = answer.Kind == ValueKind.Bool ? default : answer.IsError ? answer : Arithmetic.NoOverload;
        return answer.IsTrue;
    }
}
