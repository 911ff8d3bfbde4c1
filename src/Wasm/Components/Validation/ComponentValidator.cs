using System.Diagnostics.CodeAnalysis;
using Chain.Wasm.Binary;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Components.Validation;

/// <summary>Validates components with all that is in them (Component Model, "Binary.md" and "Explainer.md"). Safe for any thread.</summary>
public static class ComponentValidator
{
    /// <summary>Validates a component.</summary>
    /// <param name="component">The component.</param>
    /// <param name="registry">The core types of the modules it may link with; a fresh one where it is left out.</param>
    /// <exception cref="InvalidComponentException">The component breaks a rule.</exception>
    /// <exception cref="InvalidModuleException">A core module inside breaks a rule.</exception>
    /// <exception cref="MalformedModuleException">A function body inside is not a sequence of instructions.</exception>
    public static ComponentContext Validate(Component component, TypeRegistry? registry = null) =>
        new ValidationPass(component.DisplayName, registry ?? new TypeRegistry()).Validate(component);
}

/// <summary>The validation of one file: definitions in order, each against the scopes around it.</summary>
internal sealed partial class ValidationPass
{
    private readonly string displayName;
    private readonly TypeRegistry registry;
    private readonly WorkBudget budget;
    private readonly TypeMatching matching;
    private readonly TypeVisibility visibility;
    private readonly List<Scope> scopes = [];
    private Scope scope = null!;

    public ValidationPass(string displayName, TypeRegistry registry)
    {
        this.displayName = displayName;
        this.registry = registry;
        budget = new WorkBudget(displayName);
        matching = new TypeMatching(registry, budget);
        visibility = new TypeVisibility(budget);
    }

    public ComponentContext Validate(Component component)
    {
        var modules = new List<(Definition, ModuleContext)>();
        var nested = new List<(Definition, ComponentContext)>();
        Push(ScopeKind.Component);
        foreach (Definition definition in component.Definitions)
        {
            budget.Offset = definition.Offset;
            switch (definition)
            {
                case CoreModuleDefinition module: modules.Add((module, Define(module))); break;
                case NestedComponentDefinition inner:
                    ComponentContext context = Validate(inner.Component);
                    nested.Add((inner, context));
                    scope.Components.Add(context.Type);
                    break;
                case CoreInstantiation instance: Define(instance); break;
                case CoreInlineExports instance: Define(instance); break;
                case Instantiation instance: Define(instance); break;
                case InlineExports instance: Define(instance); break;
                case CoreTypeDefinition or CoreModuleTypeDefinition: DefineCoreType(definition); break;
                case TypeDefinition defined: scope.Types.Add(Define(defined)); break;
                case ExportAlias or CoreExportAlias or OuterAlias: DefineAlias(definition); break;
                case CanonDefinition canon: Define(canon); break;
                case StartDefinition start: Define(start); break;
                case ImportDefinition import: Import(import); break;
                case ExportDefinition export: Export(export); break;
            }
        }

        for (int i = 0; i < scope.Values.Count; i++)
        {
            if (!scope.Values[i].IsUsed) Fail(component.Offset, $"value {i} is never used; expected every value to be used once");
        }

        ComponentType type = scope.ToComponentType();
        CheckSize(type, component.Offset);
        var result = new ComponentContext(component, type, scope, registry);
        foreach ((Definition definition, ModuleContext context) in modules) result.Add(definition, context);
        foreach ((Definition definition, ComponentContext context) in nested) result.Add(definition, context);
        Pop();
        return result;
    }

    private void Push(ScopeKind kind)
    {
        scope = new Scope(kind);
        scopes.Add(scope);
    }

    private Scope Pop()
    {
        Scope done = scope;
        scopes.RemoveAt(scopes.Count - 1);
        scope = scopes.Count > 0 ? scopes[^1] : null!;
        return done;
    }

    private void Import(ImportDefinition import)
    {
        ExternType type = Resolve(import.Type, import.Offset);
        type = Freshen(type, scope.ImportedResources, import.Type);
        AddName(scope.ImportNames, import.Name, type, import.Offset);
        Append(type);
        if (!visibility.Register(scope, type, isImport: true)) FailVisibility(import.Offset, type, import.Name, "import");
        scope.Imports.Add(new NamedExtern(import.Name.Name, type, import.Name.Implements));
    }

    private void Export(ExportDefinition export)
    {
        ExternType given = Item(export.Item, export.Offset, consume: true);
        ExternType type = given;
        if (export.Type is { } use)
        {
            var fresh = new HashSet<ResourceIdentity>();
            ExternType ascribed = Freshen(Resolve(use, export.Offset), fresh, use);
            scope.DefinedResources.UnionWith(fresh);
            var substitution = new TypeSubstitution(budget);
            // An ascription can only open what it has brought in itself.
            if (fresh.Count > 0) matching.Open(given, ascribed, fresh, substitution);
            if (matching.Check(given, substitution.Apply(ascribed)) is { } reason)
                Fail(export.Offset, $"ascribed type of export '{ModuleContext.Printable(export.Name.Name)}' is not compatible: {reason}");
            type = ascribed;
        }
        else if (given is TypeExtern bound)
        {
            type = new TypeExtern(bound.Type.Alias());
        }

        AddName(scope.ExportNames, export.Name, type, export.Offset);
        Append(type, isUsedValue: true);
        if (!visibility.Register(scope, type, isImport: false)) FailVisibility(export.Offset, type, export.Name, "export");
        scope.Exports.Add(new NamedExtern(export.Name.Name, type, export.Name.Implements));
    }

    private void Declare(ExportDeclaration export)
    {
        ExternType type = Freshen(Resolve(export.Type, export.Offset), scope.DefinedResources, export.Type);
        AddName(scope.ExportNames, export.Name, type, export.Offset);
        Append(type);
        if (!visibility.Register(scope, type, isImport: false)) FailVisibility(export.Offset, type, export.Name, "export");
        scope.Exports.Add(new NamedExtern(export.Name.Name, type, export.Name.Implements));
    }

    private void AddName(NameScope names, ExternName name, ExternType type, long offset)
    {
        if (names.Add(name, type) is { } reason) Fail(offset, reason);
        if (type is TypeExtern { Type: ResourceType resource }) names.AddResource(name.Name, resource);
    }

    /// <summary>Adds an import's or export's item to the index space of its sort.</summary>
    private void Append(ExternType type, bool isUsedValue = false)
    {
        switch (type)
        {
            case CoreModuleExtern module: scope.CoreModules.Add(module.Module); break;
            case FuncExtern func: scope.Funcs.Add(func.Func); break;
            case ValueExtern value: scope.Values.Add((value.Value, isUsedValue)); break;
            case TypeExtern bound: scope.Types.Add(bound.Type); break;
            case ComponentExtern component: scope.Components.Add(component.Component); break;
            case InstanceExtern instance: scope.Instances.Add(instance.Instance); break;
        }
    }

    /// <summary>Gives what an import or export brings in an identity of its own: each instance of an instance type has its own resources.</summary>
    private ExternType Freshen(ExternType type, HashSet<ResourceIdentity> owner, ExternTypeUse use)
    {
        switch (type)
        {
            case TypeExtern { Type: ResourceType resource } when !use.IsBoundedByIndex:
                owner.Add(resource.Identity);
                return type;
            case TypeExtern bound:
                return new TypeExtern(bound.Type.Alias());
            case InstanceExtern { Instance: { DefinedResources.Count: > 0 } instance }:
                var substitution = new TypeSubstitution(budget);
                foreach (ResourceIdentity defined in instance.DefinedResources)
                {
                    budget.Spend(WorkBudget.Object);
                    var fresh = new ResourceType(new ResourceIdentity());
                    owner.Add(fresh.Identity);
                    substitution.Map(defined, fresh);
                }

                return new InstanceExtern(new InstanceType(substitution.Apply(instance.Exports, out _), []));
            default:
                return type;
        }
    }

    private void FailVisibility(long offset, ExternType type, ExternName name, string what) => Fail(
        offset,
        $"{type.Sort.ToString().ToLowerInvariant()} not valid to be used as {what} '{ModuleContext.Printable(name.Name)}': "
        + $"it refers to a resource, record, variant, enum or flags type that has no name in the component's {what}s");

    private void CheckSize(AnyType type, long offset)
    {
        if (type.Size > ComponentLimits.TypeSize)
            Fail(offset, $"type too large, expected at most {ComponentLimits.TypeSize} types in it");
    }

    private T At<T>(List<T> items, uint index, string what, long offset)
    {
        if (index >= (uint)items.Count)
        {
            Fail(offset, items.Count == 0
                ? $"unknown {what} {index}: index out of bounds, there is none"
                : $"unknown {what} {index}: index out of bounds, expected an index below {items.Count}");
        }

        return items[(int)index];
    }

    [DoesNotReturn]
    private void Fail(long offset, string what) =>
        throw new InvalidComponentException($"invalid component {displayName} at 0x{offset:x}: {what}", offset);
}
