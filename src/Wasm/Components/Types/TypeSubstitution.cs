namespace Chain.Wasm.Components.Types;

/// <summary>
/// Puts types in the place of others: those of an instantiation's arguments in the place of imported ones, fresh resource types in the place
/// of defined ones. A type in which nothing changes stays the same object, so that it keeps its name.
/// </summary>
/// <param name="budget">Pays for the work.</param>
internal sealed class TypeSubstitution(WorkBudget budget)
{
    private readonly Dictionary<ResourceIdentity, ResourceType> resources = [];
    private readonly Dictionary<AnyType, AnyType> types = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<AnyType, AnyType> bound = new(ReferenceEqualityComparer.Instance);
    private bool mapsValueTypes;

    public bool IsEmpty => resources.Count == 0 && bound.Count == 0;

    public bool Has(ResourceIdentity identity) => resources.ContainsKey(identity);

    public void Map(ResourceIdentity from, ResourceType to) => resources[from] = to;

    /// <summary>Notes that a type that was imported is the given one; that they are equal has been checked.</summary>
    public void Bind(AnyType from, AnyType to)
    {
        if (ReferenceEquals(from, to) || !bound.TryAdd(from, to)) return;
        mapsValueTypes |= from is ValType;
        // What has been substituted so far did not know of it.
        types.Clear();
    }

    public ExternType Apply(ExternType type)
    {
        if (IsEmpty || (!mapsValueTypes && !type.HasResources)) return type;
        switch (type)
        {
            case FuncExtern func:
                FuncType newFunc = Apply(func.Func);
                return ReferenceEquals(newFunc, func.Func) ? type : new FuncExtern(newFunc);
            case ValueExtern value:
                ValType newValue = Apply(value.Value);
                return ReferenceEquals(newValue, value.Value) ? type : new ValueExtern(newValue);
            case TypeExtern bound:
                AnyType newType = Apply(bound.Type);
                return ReferenceEquals(newType, bound.Type) ? type : new TypeExtern(newType);
            case ComponentExtern component:
                ComponentType newComponent = Apply(component.Component);
                return ReferenceEquals(newComponent, component.Component) ? type : new ComponentExtern(newComponent);
            case InstanceExtern instance:
                InstanceType newInstance = Apply(instance.Instance);
                return ReferenceEquals(newInstance, instance.Instance) ? type : new InstanceExtern(newInstance);
            default:
                return type;
        }
    }

    public T Apply<T>(T type)
        where T : AnyType
    {
        if (IsEmpty || (!mapsValueTypes && !type.HasResources)) return type;
        if (bound.TryGetValue(type, out AnyType? given)) return (T)given;
        if (types.TryGetValue(type, out AnyType? known)) return (T)known;
        budget.Spend(1 + type.MemberCount);
        AnyType result = Rebuild(type);
        if (type.AliasOf is { } original && type is not ResourceType)
        {
            AnyType newOriginal = Apply(original);
            if (!ReferenceEquals(result, type) || !ReferenceEquals(newOriginal, original)) result = result.AliasTo(newOriginal);
        }

        types[type] = result;
        return (T)result;
    }

    public NamedExtern[] Apply(IReadOnlyList<NamedExtern> items, out bool changed)
    {
        changed = false;
        budget.Spend(WorkBudget.Object * (items.Count + 1));
        var result = new NamedExtern[items.Count];
        for (int i = 0; i < result.Length; i++)
        {
            ExternType type = Apply(items[i].Type);
            bool same = ReferenceEquals(type, items[i].Type);
            result[i] = same ? items[i] : items[i] with { Type = type };
            changed |= !same;
        }

        return result;
    }

    private AnyType Rebuild(AnyType type)
    {
        switch (type)
        {
            case ResourceType resource:
                if (!resources.TryGetValue(resource.Identity, out ResourceType? target)) return resource;
                return resource.AliasOf is null ? target : target.Alias();
            case HandleType handle:
                ResourceType held = Apply(handle.Resource);
                return ReferenceEquals(held, handle.Resource) ? type : new HandleType(handle.IsOwn, held);
            case RecordType record:
                bool changed = false;
                var fields = new Field[record.Fields.Count];
                for (int i = 0; i < fields.Length; i++) fields[i] = new Field(record.Fields[i].Label, Part(record.Fields[i].Type, ref changed)!);
                return changed ? new RecordType(fields) : type;
            case VariantType variant:
                changed = false;
                var cases = new Case[variant.Cases.Count];
                for (int i = 0; i < cases.Length; i++) cases[i] = new Case(variant.Cases[i].Label, Part(variant.Cases[i].Type, ref changed));
                return changed ? new VariantType(cases) : type;
            case TupleType tuple:
                changed = false;
                var members = new ValType[tuple.Types.Count];
                for (int i = 0; i < members.Length; i++) members[i] = Part(tuple.Types[i], ref changed)!;
                return changed ? new TupleType(members) : type;
            case ListType list:
                changed = false;
                ValType element = Part(list.Element, ref changed)!;
                return changed ? new ListType(element, list.Length) : type;
            case MapType map:
                changed = false;
                ValType key = Part(map.Key, ref changed)!;
                ValType value = Part(map.Value, ref changed)!;
                return changed ? new MapType(key, value) : type;
            case OptionType option:
                changed = false;
                ValType payload = Part(option.Type, ref changed)!;
                return changed ? new OptionType(payload) : type;
            case ResultType result:
                changed = false;
                ValType? ok = Part(result.Ok, ref changed);
                ValType? error = Part(result.Error, ref changed);
                return changed ? new ResultType(ok, error) : type;
            case StreamType stream:
                changed = false;
                ValType? streamed = Part(stream.Element, ref changed);
                return changed ? new StreamType(streamed) : type;
            case FutureType future:
                changed = false;
                ValType? promised = Part(future.Element, ref changed);
                return changed ? new FutureType(promised) : type;
            case FuncType func:
                changed = false;
                var parameters = new Parameter[func.Parameters.Count];
                for (int i = 0; i < parameters.Length; i++)
                    parameters[i] = new Parameter(func.Parameters[i].Label, Part(func.Parameters[i].Type, ref changed)!);
                ValType? returned = Part(func.Result, ref changed);
                return changed ? new FuncType(func.IsAsync, parameters, returned) : type;
            case InstanceType instance:
                NamedExtern[] exports = Apply(instance.Exports, out changed);
                return changed ? new InstanceType(exports, instance.DefinedResources) : type;
            case ComponentType component:
                NamedExtern[] imports = Apply(component.Imports, out changed);
                NamedExtern[] componentExports = Apply(component.Exports, out bool exportsChanged);
                return changed || exportsChanged
                    ? new ComponentType(imports, componentExports, component.ImportedResources, component.DefinedResources)
                    : type;
            default:
                return type;
        }
    }

    private ValType? Part(ValType? part, ref bool changed)
    {
        if (part is null) return null;
        ValType result = Apply(part);
        changed |= !ReferenceEquals(result, part);
        return result;
    }
}
