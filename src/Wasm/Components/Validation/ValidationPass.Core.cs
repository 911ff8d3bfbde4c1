using Chain.Wasm.Binary;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Validation;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Components.Validation;

/// <summary>Core modules, their types and instances.</summary>
internal sealed partial class ValidationPass
{
    private ModuleContext Define(CoreModuleDefinition definition)
    {
        ModuleContext context = ModuleValidator.Validate(definition.Module, registry);
        Module module = definition.Module;
        var imports = new Dictionary<(string, string), CoreExternType>();
        foreach (Import import in module.Imports)
        {
            if (!imports.TryAdd((import.Module, import.Name), Canonical(import, context.CanonicalIds))) FailDuplicate(definition.Offset, import);
        }

        var exports = new Dictionary<string, CoreExternType>();
        foreach (Export export in module.Exports)
        {
            int index = (int)export.Index;
            exports[export.Name] = export.Kind switch
            {
                ExternalKind.Function => new CoreExternType(export.Kind, context.CanonicalIds[context.FunctionTypes[index]], default, default, default),
                ExternalKind.Tag => new CoreExternType(export.Kind, context.CanonicalIds[context.TagTypes[index]], default, default, default),
                ExternalKind.Table => new CoreExternType(export.Kind, 0, Canonical(context.Tables[index], context.CanonicalIds), default, default),
                ExternalKind.Memory => new CoreExternType(export.Kind, 0, default, context.Memories[index], default),
                _ => new CoreExternType(export.Kind, 0, default, default, Canonical(context.Globals[index], context.CanonicalIds)),
            };
        }

        scope.CoreModules.Add(new ModuleType(imports, exports));
        return context;
    }

    private void DefineCoreType(Definition definition)
    {
        switch (definition)
        {
            case CoreTypeDefinition type:
                DefineGroup(type.Group, type.Offset);
                break;
            case CoreModuleTypeDefinition module:
                scope.AddCoreType(new CoreType(-1, DeclareModule(module)));
                break;
        }
    }

    private ModuleType DeclareModule(CoreModuleTypeDefinition definition)
    {
        var imports = new Dictionary<(string, string), CoreExternType>();
        var exports = new Dictionary<string, CoreExternType>();
        Push(ScopeKind.ModuleType);
        foreach (Definition declaration in definition.Declarations)
        {
            budget.Offset = declaration.Offset;
            switch (declaration)
            {
                case CoreTypeDefinition type: DefineGroup(type.Group, type.Offset); break;
                case OuterAlias alias:
                    DefineAlias(alias);
                    if (scope.CoreTypes[^1].Module is not null) Fail(alias.Offset, "a core module type cannot alias a core module type");
                    break;
                case CoreImportDeclaration { Import: var import }:
                    if (!imports.TryAdd((import.Module, import.Name), Declared(import))) FailDuplicate(import.Offset, import);
                    break;
                case CoreExportDeclaration { Export: var export }:
                    if (!exports.TryAdd(export.Name, Declared(export)))
                        Fail(export.Offset, $"export name '{ModuleContext.Printable(export.Name)}' already defined");
                    break;
            }
        }

        Pop();
        return new ModuleType(imports, exports);
    }

    private void DefineGroup(RecursiveGroup group, long at)
    {
        int first = scope.CoreTypes.Count;
        int end = first + group.Types.Length;
        foreach (SubType type in group.Types) CheckReferences(type, end, at);
        for (int i = 0; i < group.Types.Length; i++)
        {
            SubType type = group.Types[i];
            if (type.Supertypes.Length > 1) Fail(type.Offset, $"expected at most one supertype, found {type.Supertypes.Length}");
            if (type.Supertypes is [var above] && above >= first + i) Fail(type.Offset, $"unknown type {above}: index out of bounds");
            if (type.Supertypes is [var below] && below < first && scope.CoreTypes[(int)below].Module is not null)
                Fail(type.Offset, $"core type index {below} is a module type");
        }

        int id = registry.InternTypes(group.Types, (uint)first, scope.CoreTypeIds);
        if (id < 0 && group.Types.Length > 0) Fail(at, "too many core types");
        for (int i = 0; i < group.Types.Length; i++) scope.AddCoreType(new CoreType(id + i, null));
        for (int i = 0; i < group.Types.Length; i++)
        {
            CanonicalType type = registry.Get(id + i);
            if (type.Supertype < 0) continue;
            CanonicalType supertype = registry.Get(type.Supertype);
            if (type.Depth > ModuleLimits.SubtypingDepth) Fail(at, "too many supertypes above a core type");
            if (supertype.Final || !CoreTypeMatching.Matches(registry, type.Composite, supertype.Composite))
                Fail(at, "core sub type does not match its supertype");
        }
    }

    private void CheckReferences(SubType type, int end, long at)
    {
        foreach (ValueType value in CoreTypeMatching.Parts(type.Composite)) CheckReference(value, end, at);
    }

    private void CheckReference(ValueType value, int end, long at)
    {
        if (!value.IsRef || !value.Heap.IsConcrete) return;
        uint index = value.Heap.Index;
        if (index >= end) Fail(at, $"unknown type {index}: type index out of bounds");
        if (index < scope.CoreTypes.Count && scope.CoreTypes[(int)index].Module is not null) Fail(at, $"core type index {index} is a module type");
    }

    private CoreExternType Declared(Import item)
    {
        int[] ids = scope.CoreTypeIds;
        int count = scope.CoreTypes.Count;
        switch (item.Kind)
        {
            case ExternalKind.Function or ExternalKind.Tag:
                CoreType type = At(scope.CoreTypes, item.TypeIndex, "core type", item.Offset);
                if (type.Module is not null || registry.Get(type.Id).Composite is not FunctionType)
                    Fail(item.Offset, $"core type index {item.TypeIndex} is not a function type");
                break;
            case ExternalKind.Table:
                CheckReference(item.Table.Element, count, item.Offset);
                CheckLimits(item.Table.Limits, item.Table.Limits.Is64 ? ulong.MaxValue : ModuleLimits.Table32Elements, "table", item.Offset);
                break;
            case ExternalKind.Memory:
                CheckLimits(item.Memory.Limits, item.Memory.Limits.Is64 ? ModuleLimits.Memory64Pages : ModuleLimits.Memory32Pages, "memory", item.Offset);
                break;
            default:
                CheckReference(item.Global.Value, count, item.Offset);
                break;
        }

        return Canonical(item, ids);
    }

    private void CheckLimits(Limits limits, ulong largest, string what, long at)
    {
        if (limits.Minimum > largest || limits.Maximum > largest) Fail(at, $"{what} size must be at most {largest}");
        if (limits.Maximum < limits.Minimum) Fail(at, $"{what}: size minimum must not be greater than maximum");
        if (limits.IsShared) Fail(at, $"expected a {what} that is not shared: threads are not supported");
    }

    private CoreExternType Canonical(Import item, int[] ids) => item.Kind switch
    {
        ExternalKind.Function or ExternalKind.Tag => new CoreExternType(item.Kind, ids[item.TypeIndex], default, default, default),
        ExternalKind.Table => new CoreExternType(item.Kind, 0, Canonical(item.Table, ids), default, default),
        ExternalKind.Memory => new CoreExternType(item.Kind, 0, default, item.Memory, default),
        _ => new CoreExternType(item.Kind, 0, default, default, Canonical(item.Global, ids)),
    };

    private TableType Canonical(TableType table, int[] ids) => table with { Element = registry.Canonicalize(table.Element, ids) };

    private GlobalType Canonical(GlobalType global, int[] ids) => global with { Value = registry.Canonicalize(global.Value, ids) };

    private void Define(CoreInstantiation definition)
    {
        ModuleType module = At(scope.CoreModules, definition.Module, "module", definition.Offset);
        var arguments = new Dictionary<string, IReadOnlyDictionary<string, CoreExternType>>();
        foreach ((string name, uint index) in definition.Arguments)
        {
            if (!arguments.TryAdd(name, At(scope.CoreInstances, index, "core instance", definition.Offset)))
                Fail(definition.Offset, $"duplicate module instantiation argument named '{ModuleContext.Printable(name)}'");
        }

        foreach (((string from, string name), CoreExternType wanted) in module.Imports)
        {
            budget.Spend(1);
            string shown = ModuleContext.Printable($"{from}::{name}");
            if (!arguments.TryGetValue(from, out IReadOnlyDictionary<string, CoreExternType>? instance))
                Fail(definition.Offset, $"missing module instantiation argument '{ModuleContext.Printable(from)}'");
            if (!instance!.TryGetValue(name, out CoreExternType? given))
                Fail(definition.Offset, $"module instantiation argument '{ModuleContext.Printable(from)}' does not export an item named '{ModuleContext.Printable(name)}'");
            if (matching.Check(given!, wanted) is { } reason) Fail(definition.Offset, $"type mismatch for module import '{shown}': {reason}");
        }

        scope.CoreInstances.Add(module.Exports);
    }

    private void Define(CoreInlineExports definition)
    {
        var exports = new Dictionary<string, CoreExternType>();
        foreach ((string name, CoreSort sort, uint index) in definition.Exports)
        {
            if (!exports.TryAdd(name, CoreItem(sort, index, definition.Offset)))
                Fail(definition.Offset, $"export name '{ModuleContext.Printable(name)}' already defined");
        }

        scope.CoreInstances.Add(exports);
    }

    private CoreExternType CoreItem(CoreSort sort, uint index, long at)
    {
        switch (sort)
        {
            case CoreSort.Func:
                return new CoreExternType(ExternalKind.Function, At(scope.CoreFuncs, index, "core function", at), default, default, default);
            case CoreSort.Table: return new CoreExternType(ExternalKind.Table, 0, At(scope.CoreTables, index, "core table", at), default, default);
            case CoreSort.Memory: return new CoreExternType(ExternalKind.Memory, 0, default, At(scope.CoreMemories, index, "core memory", at), default);
            case CoreSort.Global: return new CoreExternType(ExternalKind.Global, 0, default, default, At(scope.CoreGlobals, index, "core global", at));
            case CoreSort.Tag: return new CoreExternType(ExternalKind.Tag, At(scope.CoreTags, index, "core tag", at), default, default, default);
            default:
                Fail(at, $"a core instance cannot export a core {sort.ToString().ToLowerInvariant()}");
                return null;
        }
    }

    private void Define(CoreExportAlias alias)
    {
        IReadOnlyDictionary<string, CoreExternType> instance = At(scope.CoreInstances, alias.Instance, "core instance", alias.Offset);
        string shown = ModuleContext.Printable(alias.Name);
        if (!instance.TryGetValue(alias.Name, out CoreExternType? item))
            Fail(alias.Offset, $"core instance {alias.Instance} has no export named '{shown}'");
        bool fits = alias.Sort.Sort == Sort.Core && (int)alias.Sort.Core == (int)item!.Kind;
        if (!fits) Fail(alias.Offset, $"export '{shown}' of core instance {alias.Instance} is not a {alias.Sort}");
        switch (item!.Kind)
        {
            case ExternalKind.Function: scope.CoreFuncs.Add(item.TypeId); break;
            case ExternalKind.Table: scope.CoreTables.Add(item.Table); break;
            case ExternalKind.Memory: scope.CoreMemories.Add(item.Memory); break;
            case ExternalKind.Global: scope.CoreGlobals.Add(item.Global); break;
            case ExternalKind.Tag: scope.CoreTags.Add(item.TypeId); break;
        }
    }

    private bool IsFunction(int id, ReadOnlySpan<ValueType> parameters, ReadOnlySpan<ValueType> results) =>
        registry.Get(id).Composite is FunctionType type
        && type.Parameters.AsSpan().SequenceEqual(parameters) && type.Results.AsSpan().SequenceEqual(results);

    private void FailDuplicate(long at, Import import) =>
        Fail(at, $"duplicate import name '{ModuleContext.Printable($"{import.Module}:{import.Name}")}'");
}
