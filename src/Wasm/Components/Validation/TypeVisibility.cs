using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Components.Validation;

/// <summary>
/// The rule that whoever sees an import or export can name its types (Component Model, "External Visibility of Types").
/// </summary>
internal sealed class TypeVisibility(WorkBudget budget)
{
    /// <summary>Notes the types that an import or export gives a name to; false where it uses one that has none.</summary>
    public bool Register(Scope scope, ExternType type, bool isImport)
    {
        // An instance type is judged where something of that type is imported or exported.
        if (scope.Kind == ScopeKind.InstanceType) return true;
        budget.Spend(1);
        HashSet<AnyType> named = isImport ? scope.ImportedTypes : scope.ExportedTypes;
        switch (type)
        {
            case TypeExtern bound:
                if (!IsNamed(bound.Type, named, isUse: false)) return false;
                if (isImport) scope.ImportedTypes.Add(bound.Type);
                scope.ExportedTypes.Add(bound.Type);
                return true;
            case InstanceExtern instance:
                foreach (NamedExtern export in instance.Instance.Exports)
                {
                    if (!Register(scope, export.Type, isImport)) return false;
                }

                return true;
            case FuncExtern func:
                return IsNamed(func.Func, named, isUse: false);
            case ValueExtern value:
                return IsNamed(value.Value, named, isUse: true);
            default:
                return true; // Components and modules are closed.
        }
    }

    /// <summary>Whether a resource type from outside of the type is in it.</summary>
    public bool HasFreeResources(AnyType type)
    {
        if (!type.HasResources) return false;
        var found = new HashSet<ResourceIdentity>();
        Collect(type, found, [], new HashSet<AnyType>(ReferenceEqualityComparer.Instance));
        return found.Count > 0;
    }

    private bool IsNamed(ValType? type, HashSet<AnyType> named) => type is null || IsNamed(type, named, isUse: true);

    // A type that is used in another needs a name where it is of the kinds that have names; what is being named needs none.
    private bool IsNamed(AnyType type, HashSet<AnyType> named, bool isUse)
    {
        budget.Spend(1 + type.MemberCount);
        if (isUse && type is (RecordType or VariantType or EnumType or FlagsType)) return named.Contains(type);
        switch (type)
        {
            case HandleType handle:
                return named.Contains(handle.Resource);
            case RecordType record:
                foreach (Field field in record.Fields)
                {
                    if (!IsNamed(field.Type, named)) return false;
                }

                return true;
            case VariantType variant:
                foreach (Case one in variant.Cases)
                {
                    if (!IsNamed(one.Type, named)) return false;
                }

                return true;
            case TupleType tuple:
                foreach (ValType member in tuple.Types)
                {
                    if (!IsNamed(member, named)) return false;
                }

                return true;
            case ListType list: return IsNamed(list.Element, named);
            case MapType map: return IsNamed(map.Key, named) && IsNamed(map.Value, named);
            case OptionType option: return IsNamed(option.Type, named);
            case ResultType result: return IsNamed(result.Ok, named) && IsNamed(result.Error, named);
            case StreamType stream: return IsNamed(stream.Element, named);
            case FutureType future: return IsNamed(future.Element, named);
            case FuncType func:
                foreach (Parameter parameter in func.Parameters)
                {
                    if (!IsNamed(parameter.Type, named)) return false;
                }

                return IsNamed(func.Result, named);
            case InstanceType instance: return AreNamed(instance.Exports, named);
            case ComponentType component: return AreNamed([.. component.Imports, .. component.Exports], named);
            default: return true; // Primitive types, labels, and a resource type by itself.
        }
    }

    // In a type that is named as a whole, what it exports is named with it.
    private bool AreNamed(IReadOnlyList<NamedExtern> items, HashSet<AnyType> named)
    {
        var inside = new HashSet<AnyType>(named, ReferenceEqualityComparer.Instance);
        budget.Spend(named.Count);
        foreach (NamedExtern item in items)
        {
            bool isNamed = item.Type switch
            {
                TypeExtern bound => IsNamed(bound.Type, inside, isUse: false),
                FuncExtern func => IsNamed(func.Func, inside, isUse: false),
                ValueExtern value => IsNamed(value.Value, inside),
                InstanceExtern instance => AreNamed(instance.Instance.Exports, inside),
                _ => true,
            };
            if (!isNamed) return false;
            AddNames(item.Type, inside);
        }

        return true;
    }

    private void AddNames(ExternType type, HashSet<AnyType> named)
    {
        budget.Spend(1);
        if (type is TypeExtern bound) named.Add(bound.Type);
        if (type is not InstanceExtern instance) return;
        foreach (NamedExtern export in instance.Instance.Exports) AddNames(export.Type, named);
    }

    private void Collect(ExternType type, HashSet<ResourceIdentity> found, HashSet<ResourceIdentity> bound, HashSet<AnyType> seen)
    {
        if (!type.HasResources) return;
        switch (type)
        {
            case FuncExtern func: Collect(func.Func, found, bound, seen); break;
            case ValueExtern value: Collect(value.Value, found, bound, seen); break;
            case TypeExtern type1: Collect(type1.Type, found, bound, seen); break;
            case ComponentExtern component: Collect(component.Component, found, bound, seen); break;
            case InstanceExtern instance: Collect(instance.Instance, found, bound, seen); break;
        }
    }

    private void Collect(AnyType? type, HashSet<ResourceIdentity> found, HashSet<ResourceIdentity> bound, HashSet<AnyType> seen)
    {
        if (type is null || !type.HasResources || !seen.Add(type)) return;
        budget.Spend(1);
        switch (type)
        {
            case ResourceType resource:
                if (!bound.Contains(resource.Identity)) found.Add(resource.Identity);
                break;
            case HandleType handle: Collect(handle.Resource, found, bound, seen); break;
            case RecordType record:
                foreach (Field field in record.Fields) Collect(field.Type, found, bound, seen);
                break;
            case VariantType variant:
                foreach (Case one in variant.Cases) Collect(one.Type, found, bound, seen);
                break;
            case TupleType tuple:
                foreach (ValType member in tuple.Types) Collect(member, found, bound, seen);
                break;
            case ListType list: Collect(list.Element, found, bound, seen); break;
            case MapType map:
                Collect(map.Key, found, bound, seen);
                Collect(map.Value, found, bound, seen);
                break;
            case OptionType option: Collect(option.Type, found, bound, seen); break;
            case ResultType result:
                Collect(result.Ok, found, bound, seen);
                Collect(result.Error, found, bound, seen);
                break;
            case StreamType stream: Collect(stream.Element, found, bound, seen); break;
            case FutureType future: Collect(future.Element, found, bound, seen); break;
            case FuncType func:
                foreach (Parameter parameter in func.Parameters) Collect(parameter.Type, found, bound, seen);
                Collect(func.Result, found, bound, seen);
                break;
            case InstanceType instance:
                // Identities are never used twice, so what is bound here can stay bound.
                bound.UnionWith(instance.DefinedResources);
                foreach (NamedExtern export in instance.Exports) Collect(export.Type, found, bound, seen);
                break;
            case ComponentType component:
                bound.UnionWith(component.ImportedResources);
                bound.UnionWith(component.DefinedResources);
                foreach (NamedExtern import in component.Imports) Collect(import.Type, found, bound, seen);
                foreach (NamedExtern export in component.Exports) Collect(export.Type, found, bound, seen);
                break;
        }
    }
}
