using Chain.PolicyEngine.Expressions.Syntax;

namespace Chain.PolicyEngine.Expressions.Types;

/// <summary>Calls and macros.</summary>
public sealed partial class Checker
{
    private CelType Call(CallExpr call)
    {
        if (call.Target is null)
        {
            (string Name, IReadOnlyList<Overload> Overloads)? function = FindFunction(call.Function);
            CelType[] args = VisitAll(call.Args);
            if (function is null) return UnknownFunction(call, call.Function);
            return Resolve(call, function.Value.Name, function.Value.Overloads, isMember: false, args);
        }

        if (QualifiedName(call.Target) is string scope && FindFunction($"{scope}.{call.Function}") is var (name, overloads))
        {
            return Resolve(call, name, overloads, isMember: false, VisitAll(call.Args));
        }

        CelType[] all = [Visit(call.Target), .. VisitAll(call.Args)];
        if (_environment.FindFunction(call.Function) is not { } members) return UnknownFunction(call, call.Function);
        return Resolve(call, call.Function, members, isMember: true, all);
    }

    private (string Name, IReadOnlyList<Overload> Overloads)? FindFunction(string written)
    {
        foreach (string name in _environment.Candidates(written))
        {
            if (_environment.FindFunction(name) is { } overloads && overloads.Any(o => !o.IsMember)) return (name, overloads);
        }

        // A function that is only called on a target is known too; the error then says how it is called.
        return !written.Contains('.') && _environment.FindFunction(written) is { } members ? (written, members) : null;
    }

    private CelType UnknownFunction(CallExpr call, string name)
    {
        string? near = _environment.Suggest(name);
        return Unresolved(call, $"undeclared function '{name}'{(near is null ? "" : $"; did you mean '{near}'?")}", call.FunctionSpan);
    }

    private CelType[] VisitAll(IReadOnlyList<Expr> nodes)
    {
        var types = new CelType[nodes.Count];
        for (int i = 0; i < types.Length; i++) types[i] = Visit(nodes[i]);
        return types;
    }

    /// <summary>Every overload that fits; they give one type, or dyn where they differ.</summary>
    private CelType Resolve(CallExpr call, string name, IReadOnlyList<Overload> overloads, bool isMember, CelType[] args)
    {
        CelType? result = null;
        var fitting = new List<Overload>();
        foreach (Overload overload in overloads)
        {
            if (overload.IsMember != isMember || overload.Args.Count != args.Length) continue;
            (IReadOnlyList<CelType> expected, CelType overloadResult) = _types.Instantiate(overload);
            if (!_types.TryAssign(args, expected)) continue;
            fitting.Add(overload);
            CelType found = _types.Substitute(overloadResult, freeToDyn: false);
            result = result is null || result.Equals(found) ? found : CelType.Dyn;
        }

        if (result is null || !_strict)
        {
            // What is left to the evaluation chooses among all of the function's overloads.
            _references[call.Id] = new CallReference([.. overloads.Where(o => o.IsMember == isMember && o.Args.Count == args.Length)], isMember);
            return result is null ? Issue(call.FunctionSpan, NoOverload(name, overloads, isMember, args)) : CelType.Dyn;
        }

        _references[call.Id] = new CallReference(fitting, isMember);
        return result;
    }

    private string NoOverload(string name, IReadOnlyList<Overload> overloads, bool isMember, CelType[] args)
    {
        string[] shown = [.. args.Select(a => Shown(a).ToString())];
        string written = Operators.Written(name);
        if (written != name)
        {
            string operands = shown.Length == 1 ? shown[0] : string.Join(", ", shown[..^1]) + " and " + shown[^1];
            return $"operator '{written}' is not defined for {operands}";
        }

        string found = isMember ? $"{shown[0]}.{name}({string.Join(", ", shown[1..])})" : $"{name}({string.Join(", ", shown)})";
        string[] known = [.. overloads.Select(o => Signature(name, o)).Distinct().Take(4)];
        return $"no overload of '{name}' fits {found}; there is {string.Join(", ", known)}";
    }

    private static string Signature(string name, Overload overload) => overload.IsMember
        ? $"{overload.Args[0]}.{name}({string.Join(", ", overload.Args.Skip(1))})"
        : $"{name}({string.Join(", ", overload.Args)})";

    private CelType Macro(MacroExpr macro)
    {
        CelType range = _types.Substitute(Visit(macro.Range), freeToDyn: false);
        (CelType first, CelType second) = VariableTypes(macro, range);
        int slot = Push(macro.Variable, first);
        int slot2 = macro.Variable2 is null ? -1 : Push(macro.Variable2, second);
        _references[macro.Id] = new MacroReference(slot, slot2);
        if (macro.Filter is not null) RequireBool(macro, macro.Filter);
        CelType result = MacroResult(macro, first);
        _locals.RemoveRange(_locals.Count - (slot2 < 0 ? 1 : 2), slot2 < 0 ? 1 : 2);
        return result;
    }

    private CelType MacroResult(MacroExpr macro, CelType key)
    {
        switch (macro.Kind)
        {
            case MacroKind.All or MacroKind.Exists or MacroKind.ExistsOne:
                RequireBool(macro, macro.Body);
                return CelType.Bool;
            case MacroKind.List:
                return CelType.List(Visit(macro.Body));
            case MacroKind.Map:
                return CelType.Map(key, Visit(macro.Body));
            case MacroKind.OptMap:
                return CelType.Optional(Visit(macro.Body));
            case MacroKind.MapEntry:
                return RequireKind(macro, CelTypeKind.Map, "a map");
            case MacroKind.OptFlatMap:
                return RequireKind(macro, CelTypeKind.Opaque, "an optional value");
            default:
                return Visit(macro.Body);
        }
    }

    private CelType RequireKind(MacroExpr macro, CelTypeKind kind, string what)
    {
        CelType body = _types.Substitute(Visit(macro.Body), freeToDyn: false);
        if (body.Kind is CelTypeKind.Dyn or CelTypeKind.Param || body.Kind == kind) return body;
        return Issue(macro.Body.Span, $"{macro.Name}() needs {what} here, found {Shown(body)}");
    }

    private int Push(string name, CelType type)
    {
        int slot = _locals.Count;
        _locals.Add((name, type, slot));
        _localCount = Math.Max(_localCount, slot + 1);
        return slot;
    }

    private void RequireBool(MacroExpr macro, Expr condition)
    {
        CelType type = Visit(condition);
        if (!_types.TryAssign(type, CelType.Bool)) Issue(condition.Span, $"{macro.Name}() needs a bool condition, found {Shown(type)}");
    }

    /// <summary>The types of the first and the second variable.</summary>
    private (CelType First, CelType Second) VariableTypes(MacroExpr macro, CelType range)
    {
        if (macro.Kind == MacroKind.Bind) return (range, CelType.Dyn);
        if (range.Kind == CelTypeKind.Param) _types.TryAssign(CelType.Dyn, range);
        if (range.Kind is CelTypeKind.Dyn or CelTypeKind.Param) return (CelType.Dyn, CelType.Dyn);
        if (macro.Kind is MacroKind.OptMap or MacroKind.OptFlatMap)
        {
            if (range.IsOptional) return (range.Parameters[0], CelType.Dyn);
            return (Issue(macro.Range.Span, $"{macro.Name}() needs an optional value, found {Shown(range)}"), CelType.Dyn);
        }

        bool two = macro.Variable2 is not null;
        switch (range.Kind)
        {
            case CelTypeKind.List:
                return two ? (CelType.Int, range.Parameters[0]) : (range.Parameters[0], CelType.Dyn);
            case CelTypeKind.Map:
                return (range.Parameters[0], two ? range.Parameters[1] : CelType.Dyn);
            default:
                return (Issue(macro.Range.Span, $"{macro.Name}() needs a list or a map, found {Shown(range)}"), CelType.Dyn);
        }
    }
}
