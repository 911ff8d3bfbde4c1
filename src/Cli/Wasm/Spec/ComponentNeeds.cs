using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Validation;

namespace Chain.Cli.Wasm.Spec;

/// <summary>What a component uses that cannot be run yet, judged by its canonical definitions and by the types of its functions.</summary>
internal sealed class ComponentNeeds
{
    private readonly SortedSet<string> found = new(StringComparer.Ordinal);
    private readonly HashSet<ValType> seen = new(ReferenceEqualityComparer.Instance);

    private ComponentNeeds()
    {
    }

    /// <summary>Such as <c>needs async and threads</c>, or <see langword="null"/> where it needs nothing of the kind.</summary>
    public static string? Of(ComponentContext context)
    {
        var needs = new ComponentNeeds();
        needs.Look(context);
        return needs.found.Count == 0 ? null : $"needs {string.Join(" and ", needs.found)}";
    }

    private void Look(ComponentContext context)
    {
        foreach (Definition definition in context.Component.Definitions)
        {
            if (definition is CanonDefinition canon && NeedOf(canon) is { } need) found.Add(need);
        }

        foreach (FuncType func in context.Funcs)
        {
            if (func.IsAsync) found.Add("async");
            foreach (Parameter parameter in func.Parameters) Look(parameter.Type);
            Look(func.Result);
        }

        foreach (ComponentContext nested in context.Nested.Values) Look(nested);
    }

    private static string? NeedOf(CanonDefinition canon) => canon.Kind switch
    {
        CanonKind.Lift or CanonKind.Lower => canon.Options.Any(option => option.Kind is CanonOptionKind.Async or CanonOptionKind.Callback) ? "async" : null,
        CanonKind.ResourceNew or CanonKind.ResourceRep => null,
        CanonKind.ResourceDrop => canon.Flag ? "async" : null,
        CanonKind.ErrorContextNew or CanonKind.ErrorContextDebugMessage or CanonKind.ErrorContextDrop => "error-context",
        // A yield stands where a task would otherwise not be interrupted; it belongs to async.
        CanonKind.ThreadYield => "async",
        >= CanonKind.ThreadIndex => "threads",
        _ => "async",
    };

    private void Look(ValType? type)
    {
        if (type is null || !seen.Add(type)) return;
        switch (type)
        {
            case PrimitiveType { Kind: PrimitiveKind.ErrorContext }: found.Add("error-context"); break;
            case StreamType or FutureType: found.Add("async"); break;
            case ListType list: Look(list.Element); break;
            case MapType map: Look(map.Key); Look(map.Value); break;
            case OptionType option: Look(option.Type); break;
            case ResultType result: Look(result.Ok); Look(result.Error); break;
            case TupleType tuple: foreach (ValType item in tuple.Types) Look(item); break;
            case RecordType record: foreach (Field field in record.Fields) Look(field.Type); break;
            case VariantType variant: foreach (Case one in variant.Cases) Look(one.Type); break;
        }
    }
}
