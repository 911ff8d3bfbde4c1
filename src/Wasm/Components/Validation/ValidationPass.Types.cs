using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Components.Validation;

/// <summary>Type definitions (Component Model, "Type Definitions").</summary>
internal sealed partial class ValidationPass
{
    private AnyType Define(TypeDefinition definition)
    {
        long at = definition.Offset;
        AnyType type = definition.Type switch
        {
            FuncExpression func => MakeFunc(func, at),
            ComponentExpression component => DeclareScope(ScopeKind.ComponentType, component.Declarations),
            InstanceExpression instance => DeclareScope(ScopeKind.InstanceType, instance.Declarations),
            ResourceExpression resource => MakeResource(resource, at),
            var value => MakeValue(value, at),
        };
        CheckSize(type, at);
        if (type is not ValType defined) return type;
        if (defined.Depth > ComponentLimits.TypeDepth) Fail(at, $"too many types inside one another, expected at most {ComponentLimits.TypeDepth}");
        if (defined.Layout64.Size > ComponentLimits.ElementSize)
            Fail(at, $"type exceeds maximum byte size, expected at most {ComponentLimits.ElementSize} bytes");
        return type;
    }

    private ValType MakeValue(TypeExpression expression, long at)
    {
        switch (expression)
        {
            case PrimitiveExpression primitive:
                return PrimitiveType.Of(primitive.Kind);
            case RecordExpression record:
                if (record.Fields.Length == 0) Fail(at, "a record must have at least one field");
                CheckLabels(record.Fields.Length, i => record.Fields[i].Label, "record field", at);
                return new RecordType(Array.ConvertAll(record.Fields, field => new Field(field.Label, Value(field.Type, at))));
            case VariantExpression variant:
                if (variant.Cases.Length == 0) Fail(at, "a variant must have at least one case");
                CheckLabels(variant.Cases.Length, i => variant.Cases[i].Label, "variant case", at);
                return new VariantType(Array.ConvertAll(variant.Cases, one => new Case(one.Label, Value(one.Type, at))));
            case ListExpression list:
                if (list.Length == 0) Fail(at, "a list of fixed length must have at least one element");
                return new ListType(Value(list.Element, at), list.Length);
            case TupleExpression tuple:
                if (tuple.Types.Length == 0) Fail(at, "a tuple must have at least one type");
                return new TupleType(Array.ConvertAll(tuple.Types, type => Value(type, at)));
            case FlagsExpression flags:
                if (flags.Labels.Length is 0 or > 32) Fail(at, $"expected 1 to 32 flags, found {flags.Labels.Length}");
                CheckLabels(flags.Labels.Length, i => flags.Labels[i], "flag", at);
                return new FlagsType(flags.Labels);
            case EnumExpression labels:
                if (labels.Labels.Length == 0) Fail(at, "an enum must have at least one case");
                CheckLabels(labels.Labels.Length, i => labels.Labels[i], "enum case", at);
                return new EnumType(labels.Labels);
            case OptionExpression option:
                return new OptionType(Value(option.Type, at));
            case ResultExpression result:
                return new ResultType(Value(result.Ok, at), Value(result.Error, at));
            case HandleExpression handle:
                return new HandleType(handle.IsOwn, Resource(handle.Resource, at));
            case StreamExpression stream:
                ValType? streamed = Value(stream.Element, at);
                if (streamed is PrimitiveType { Kind: PrimitiveKind.Char }) Fail(at, "stream<char> is not valid at this time");
                CheckElement(streamed, "stream", at);
                return new StreamType(streamed);
            case FutureExpression future:
                ValType? promised = Value(future.Element, at);
                CheckElement(promised, "future", at);
                return new FutureType(promised);
            case MapExpression map:
                ValType key = Value(map.Key, at);
                if (key is not PrimitiveType { Kind: not (PrimitiveKind.F32 or PrimitiveKind.F64 or PrimitiveKind.ErrorContext) })
                    Fail(at, $"expected a bool, an integer, a char or a string as the key of a map, found {TypeMatching.Describe(key)}");
                return new MapType(key, Value(map.Value, at));
            default:
                throw new InvalidOperationException($"no value type {expression.GetType().Name}");
        }
    }

    private FuncType MakeFunc(FuncExpression func, long at)
    {
        CheckLabels(func.Parameters.Length, i => func.Parameters[i].Label, "function parameter", at);
        Parameter[] parameters = Array.ConvertAll(func.Parameters, one => new Parameter(one.Label, Value(one.Type, at)));
        ValType? result = Value(func.Result, at);
        if (result is { HasBorrow: true }) Fail(at, "function result cannot contain a borrow type");
        return new FuncType(func.IsAsync, parameters, result);
    }

    private ResourceType MakeResource(ResourceExpression resource, long at)
    {
        if (scope.Kind != ScopeKind.Component) Fail(at, "resources can only be defined within a concrete component");
        if (resource.Representation != Wasm.Binary.ValueType.I32) Fail(at, $"expected a resource represented by i32, found {resource.Representation}");
        if (resource.Destructor is { } destructor)
        {
            int id = At(scope.CoreFuncs, destructor, "core function", at);
            if (!IsFunction(id, [Wasm.Binary.ValueType.I32], [])) Fail(at, "wrong signature for a destructor, expected (func (param i32))");
        }

        var type = new ResourceType(new ResourceIdentity());
        scope.DefinedResources.Add(type.Identity);
        scope.LocalResources.Add(type.Identity);
        return type;
    }

    private AnyType DeclareScope(ScopeKind kind, IReadOnlyList<Definition> declarations)
    {
        Push(kind);
        foreach (Definition declaration in declarations)
        {
            budget.Offset = declaration.Offset;
            switch (declaration)
            {
                case CoreTypeDefinition or CoreModuleTypeDefinition: DefineCoreType(declaration); break;
                case TypeDefinition type: scope.Types.Add(Define(type)); break;
                case ExportAlias { Sort.Sort: not (Sort.Type or Sort.Instance) } or CoreExportAlias:
                case OuterAlias { Sort: not ({ Sort: Sort.Type } or { Sort: Sort.Core, Core: CoreSort.Type }) }:
                    Fail(declaration.Offset, "aliases in component and instance types may only refer to types or instances");
                    break;
                case ExportAlias or OuterAlias: DefineAlias(declaration); break;
                case ImportDefinition import: Import(import); break;
                case ExportDeclaration export: Declare(export); break;
            }
        }

        Scope done = Pop();
        return kind == ScopeKind.ComponentType ? done.ToComponentType() : new InstanceType(done.Exports, done.DefinedResources);
    }

    private void CheckElement(ValType? element, string what, long at)
    {
        if (element is { HasBorrow: true }) Fail(at, $"a {what} cannot contain a borrow type");
    }

    private void CheckLabels(int count, Func<int, string> label, string what, long at)
    {
        var seen = new Dictionary<string, string>(count);
        for (int i = 0; i < count; i++)
        {
            string name = label(i);
            string shown = ModuleContext.Printable(name);
            if (name.Length == 0) Fail(at, $"{what} name cannot be empty");
            if (!ParsedName.IsLabel(name)) Fail(at, $"{what} name '{shown}' is not in kebab case");
            string key = ParsedName.Lower(name);
            if (!seen.TryAdd(key, name)) Fail(at, $"{what} name '{shown}' conflicts with previous name '{ModuleContext.Printable(seen[key])}'");
        }
    }

    private ValType? Value(ValTypeUse? use, long at) => use is { } present ? Value(present, at) : null;

    private ValType Value(ValTypeUse use, long at)
    {
        if (use.IsPrimitive) return PrimitiveType.Of(use.Primitive);
        AnyType type = At(scope.Types, use.Index, "type", at);
        if (type is not ValType value)
        {
            Fail(at, $"type index {use.Index} is not a defined type: found {TypeMatching.Describe(type)}");
            return null;
        }

        return value;
    }

    private ResourceType Resource(uint index, long at)
    {
        AnyType type = At(scope.Types, index, "type", at);
        if (type is not ResourceType resource)
        {
            Fail(at, $"type index {index} is not a resource type: found {TypeMatching.Describe(type)}");
            return null;
        }

        return resource;
    }

    private T TypeAt<T>(uint index, string what, long at)
        where T : AnyType
    {
        AnyType type = At(scope.Types, index, "type", at);
        if (type is not T found)
        {
            Fail(at, $"type index {index} is not {what}: found {TypeMatching.Describe(type)}");
            return null;
        }

        return found;
    }

    /// <summary>The type of an import or export as it stands; what it brings in has no identity of its own yet.</summary>
    private ExternType Resolve(ExternTypeUse use, long at)
    {
        switch (use.Sort.Sort)
        {
            case Sort.Core:
                CoreType core = At(scope.CoreTypes, use.Index, "core type", at);
                if (core.Module is null) Fail(at, $"core type index {use.Index} is not a module type");
                return new CoreModuleExtern(core.Module!);
            case Sort.Func: return new FuncExtern(TypeAt<FuncType>(use.Index, "a function type", at));
            case Sort.Value:
                return new ValueExtern(use.IsBoundedByIndex ? At(scope.Values, use.Index, "value", at).Type : Value(use.Value, at));
            case Sort.Type:
                return new TypeExtern(use.IsBoundedByIndex ? At(scope.Types, use.Index, "type", at) : new ResourceType(new ResourceIdentity()));
            case Sort.Component: return new ComponentExtern(TypeAt<ComponentType>(use.Index, "a component type", at));
            default: return new InstanceExtern(TypeAt<InstanceType>(use.Index, "an instance type", at));
        }
    }
}
