using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Components.Validation;

/// <summary>Instances, aliases and the start function.</summary>
internal sealed partial class ValidationPass
{
    /// <summary>The type of the item that an index leads to.</summary>
    /// <param name="item">Where.</param>
    /// <param name="at">Where it is used.</param>
    /// <param name="consume">Whether a value is used up.</param>
    private ExternType Item(SortIndex item, long at, bool consume)
    {
        switch (item.Sort.Sort)
        {
            case Sort.Core:
                if (item.Sort.Core != CoreSort.Module) Fail(at, $"expected a core module or a sort of the component level, found {item.Sort}");
                return new CoreModuleExtern(At(scope.CoreModules, item.Index, "module", at));
            case Sort.Func: return new FuncExtern(At(scope.Funcs, item.Index, "function", at));
            case Sort.Value:
                (ValType type, bool isUsed) = At(scope.Values, item.Index, "value", at);
                if (consume && isUsed) Fail(at, $"value {item.Index} cannot be used more than once");
                if (consume) scope.Values[(int)item.Index] = (type, true);
                return new ValueExtern(type);
            case Sort.Type: return new TypeExtern(At(scope.Types, item.Index, "type", at));
            case Sort.Component: return new ComponentExtern(At(scope.Components, item.Index, "component", at));
            default: return new InstanceExtern(At(scope.Instances, item.Index, "instance", at));
        }
    }

    private void Define(Instantiation definition)
    {
        long at = definition.Offset;
        ComponentType component = At(scope.Components, definition.Component, "component", at);
        var arguments = new Dictionary<string, ExternType>();
        foreach ((string name, SortIndex item) in definition.Arguments)
        {
            if (!arguments.TryAdd(name, Item(item, at, consume: true)))
                Fail(at, $"instantiation argument '{ModuleContext.Printable(name)}' conflicts with a previous argument");
        }

        var substitution = new TypeSubstitution(budget);
        foreach (NamedExtern import in component.Imports)
        {
            string shown = ModuleContext.Printable(import.Name);
            if (!arguments.TryGetValue(import.Name, out ExternType? given)) Fail(at, $"missing import named '{shown}'");
            matching.Open(given!, import.Type, component.ImportedResources, substitution);
            if (matching.Check(given!, substitution.Apply(import.Type)) is { } reason)
                Fail(at, $"type mismatch for import '{shown}': {reason}");
            matching.Bind(given!, import.Type, substitution);
        }

        foreach (ResourceIdentity defined in component.DefinedResources)
        {
            budget.Spend(WorkBudget.Object);
            var fresh = new ResourceType(new ResourceIdentity());
            scope.DefinedResources.Add(fresh.Identity);
            substitution.Map(defined, fresh);
        }

        var instance = new InstanceType(substitution.Apply(component.Exports, out _), []);
        CheckSize(instance, at);
        scope.Instances.Add(instance);
    }

    private void Define(InlineExports definition)
    {
        var names = new NameScope("export");
        var exports = new NamedExtern[definition.Exports.Length];
        for (int i = 0; i < exports.Length; i++)
        {
            (ExternName name, SortIndex item) = definition.Exports[i];
            ExternType type = Item(item, definition.Offset, consume: true);
            // A resource has no name here that a function could use, as these exports make no type index of their own.
            if (names.Add(name, type) is { } reason) Fail(definition.Offset, reason);
            exports[i] = new NamedExtern(name.Name, type, name.Implements);
        }

        var instance = new InstanceType(exports, []);
        CheckSize(instance, definition.Offset);
        scope.Instances.Add(instance);
    }

    private void DefineAlias(Definition definition)
    {
        switch (definition)
        {
            case ExportAlias alias: Define(alias); break;
            case CoreExportAlias alias: Define(alias); break;
            case OuterAlias alias: Define(alias); break;
        }
    }

    private void Define(ExportAlias alias)
    {
        InstanceType instance = At(scope.Instances, alias.Instance, "instance", alias.Offset);
        string shown = ModuleContext.Printable(alias.Name);
        if (instance.Find(alias.Name) is not { } item)
        {
            Fail(alias.Offset, $"instance {alias.Instance} has no export named '{shown}'");
            return;
        }

        bool fits = item.Sort == alias.Sort.Sort && (item.Sort != Sort.Core || alias.Sort.Core == CoreSort.Module);
        if (!fits) Fail(alias.Offset, $"export '{shown}' of instance {alias.Instance} is not a {alias.Sort}");
        Append(item);
    }

    private void Define(OuterAlias alias)
    {
        if (alias.Count >= (uint)scopes.Count)
            Fail(alias.Offset, $"invalid outer alias count of {alias.Count}, expected at most {scopes.Count - 1}");
        Scope from = scopes[scopes.Count - 1 - (int)alias.Count];
        bool leavesComponent = false;
        for (int i = scopes.Count - (int)alias.Count; i < scopes.Count; i++) leavesComponent |= scopes[i].Kind == ScopeKind.Component;
        switch (alias.Sort.Sort)
        {
            case Sort.Type:
                AnyType type = At(from.Types, alias.Index, "type", alias.Offset);
                if (leavesComponent && visibility.HasFreeResources(type))
                    Fail(alias.Offset, "cannot alias an outer type which transitively refers to resources not defined in this component");
                scope.Types.Add(type);
                break;
            case Sort.Component:
                scope.Components.Add(At(from.Components, alias.Index, "component", alias.Offset));
                break;
            case Sort.Core when alias.Sort.Core == CoreSort.Module:
                scope.CoreModules.Add(At(from.CoreModules, alias.Index, "module", alias.Offset));
                break;
            default:
                scope.AddCoreType(At(from.CoreTypes, alias.Index, "core type", alias.Offset));
                break;
        }
    }

    private void Define(StartDefinition start)
    {
        long at = start.Offset;
        FuncType func = At(scope.Funcs, start.Function, "function", at);
        if (func.Parameters.Count != start.Arguments.Length)
            Fail(at, $"component start function requires {func.Parameters.Count} arguments, found {start.Arguments.Length}");
        int results = func.Result is null ? 0 : 1;
        if (results != start.Results) Fail(at, $"component start function has {results} results, found {start.Results}");
        for (int i = 0; i < start.Arguments.Length; i++)
        {
            ExternType given = Item(new SortIndex(new AnySort(Sort.Value), start.Arguments[i]), at, consume: true);
            if (matching.Check(given, new ValueExtern(func.Parameters[i].Type)) is { } reason) Fail(at, $"value type mismatch for start argument {i}: {reason}");
        }

        if (func.Result is { } result) scope.Values.Add((result, false));
    }
}
