using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Validation;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.Runtime;

/// <summary>
/// The instantiation of one component in section order, and its index spaces afterwards (Component Model, "Instance Definitions"). What is put
/// in here has been validated, so that indices and types need no further checks.
/// </summary>
internal sealed partial class Instantiation
{
    private readonly CompiledComponent compiled;
    private readonly ComponentContext context;
    private readonly ComponentInstance root;
    private readonly Instantiation? outer;
    private readonly Dictionary<ResourceIdentity, RuntimeResourceType> resources = [];
    private readonly Dictionary<string, ComponentItem> exports = [];
    private readonly List<ComponentFunction> funcs = [];
    private readonly List<InstanceItem> instances = [];
    private readonly List<ComponentClosure> components = [];
    private int types;

    /// <param name="root">The outermost instance, which owns all core instances.</param>
    /// <param name="compiled">The file that the component stands in.</param>
    /// <param name="context">The component.</param>
    /// <param name="outer">The instantiation in whose scope it was defined.</param>
    /// <param name="state">Its state.</param>
    public Instantiation(ComponentInstance root, CompiledComponent compiled, ComponentContext context, Instantiation? outer, InstanceState state)
    {
        this.root = root;
        this.compiled = compiled;
        this.context = context;
        this.outer = outer;
        State = state;
    }

    public InstanceState State { get; }

    private Store Core => State.Store.Core;

    /// <summary>Carries out all definitions.</summary>
    /// <param name="arguments">What its imports are, by name.</param>
    public InstanceItem Run(IReadOnlyDictionary<string, ComponentItem> arguments)
    {
        foreach (Definition definition in context.Component.Definitions)
        {
            root.Budget.Spend(1);
            switch (definition)
            {
                case CoreModuleDefinition module: modules.Add(compiled.ModuleOf(module)); break;
                case CoreInstantiation instance: Instantiate(instance); break;
                case CoreInlineExports instance: coreInstances.Add(InlineExports(instance)); break;
                case NestedComponentDefinition nested: components.Add(new ComponentClosure(context.Nested[nested], this)); break;
                case Binary.Instantiation instance: Instantiate(instance); break;
                case Binary.InlineExports instance: Define(instance); break;
                case TypeDefinition type: Define(type); break;
                case ExportAlias alias: Append(alias.Sort, instances[(int)alias.Instance].Find(alias.Name)!); break;
                case CoreExportAlias alias: Append(alias.Sort.Core, coreInstances[(int)alias.Instance].Find(alias.Name)!); break;
                case OuterAlias alias: Define(alias); break;
                case CanonDefinition canon: Define(canon); break;
                case StartDefinition start: Start(funcs[(int)start.Function]); break;
                case ImportDefinition import: Import(import, arguments[import.Name.Name]); break;
                case ExportDefinition export: Export(export); break;
            }
        }

        return new InstanceItem(exports);
    }

    private void Start(ComponentFunction function)
    {
        function.Invoke();
        root.OwnStart(function);
    }

    private void Instantiate(Binary.Instantiation definition)
    {
        root.Budget.Spend(definition.Arguments.Length);
        var arguments = new Dictionary<string, ComponentItem>(definition.Arguments.Length);
        foreach ((string name, SortIndex item) in definition.Arguments) arguments[name] = Item(item);
        ComponentClosure closure = components[(int)definition.Component];
        var state = new InstanceState(State.Store, State, $"{(State.Path.Length == 0 ? "" : State.Path + "/")}{instances.Count}");
        root.Own(state);
        InstanceItem made = new Instantiation(root, closure.Outer.compiled, closure.Context, closure.Outer, state).Run(arguments);
        Bind(context.Instances[instances.Count], made);
        instances.Add(made);
    }

    private void Define(Binary.InlineExports definition)
    {
        root.Budget.Spend(definition.Exports.Length);
        var items = new Dictionary<string, ComponentItem>(definition.Exports.Length);
        foreach ((ExternName name, SortIndex item) in definition.Exports) items[name.Name] = Item(item);
        instances.Add(new InstanceItem(items));
    }

    private void Define(TypeDefinition definition)
    {
        if (definition.Type is ResourceExpression resource)
        {
            ResourceIdentity identity = ((ResourceType)context.Types[types]).Identity;
            var made = new RuntimeResourceType($"resource {types}", State);
            if (resource.Destructor is { } destructor) made.Destructor = coreFuncs[(int)destructor].CreateDelegate<Action<int>>();
            resources[identity] = made;
        }

        types++;
    }

    private void Define(OuterAlias alias)
    {
        Instantiation scope = this;
        for (uint i = 0; i < alias.Count; i++) scope = scope.outer!;
        switch (alias.Sort)
        {
            case { Sort: Sort.Type }: types++; break;
            case { Sort: Sort.Component }: components.Add(scope.components[(int)alias.Index]); break;
            case { Sort: Sort.Core, Core: CoreSort.Module }: modules.Add(scope.modules[(int)alias.Index]); break;
        }
    }

    private void Import(ImportDefinition import, ComponentItem item)
    {
        if (item is InstanceItem instance) Bind(context.Instances[instances.Count], instance);

        Append(import.Type.Sort, item);
    }

    private void Export(ExportDefinition export)
    {
        ComponentItem item = Item(export.Item);
        exports[export.Name.Name] = item;
        NameFunctions(export.Name.Name, item);
        // The type that is ascribed may have resource types of its own for those that are exported.
        if (item is InstanceItem instance) Bind(context.Instances[instances.Count], instance);

        Append(export.Item.Sort, item);
    }

    private void NameFunctions(string name, ComponentItem item)
    {
        switch (item)
        {
            case ComponentFunction func: func.TakeName(name); break;
            case TypeItem { Resource: { } resource }: resource.TakeName(name); break;
            case InstanceItem instance:
                root.Budget.Spend(instance.Exports.Count);
                foreach ((string inner, ComponentItem member) in instance.Exports)
                {
                    if (member is not ComponentFunction func) continue;
                    func.TakeName(inner);
                    func.TakeInterface(name);
                }

                break;
        }
    }

    private ComponentItem Item(SortIndex item) => item.Sort.Sort switch
    {
        Sort.Func => funcs[(int)item.Index],
        Sort.Instance => instances[(int)item.Index],
        Sort.Component => components[(int)item.Index],
        Sort.Core => new ModuleItem(modules[(int)item.Index]),
        _ => new TypeItem(context.Types[(int)item.Index] is ResourceType resource ? resources[resource.Identity] : null),
    };

    private void Append(AnySort sort, ComponentItem item)
    {
        switch (item)
        {
            case ComponentFunction func: funcs.Add(func); break;
            case InstanceItem instance: instances.Add(instance); break;
            case ComponentClosure component: components.Add(component); break;
            case ModuleItem module: modules.Add(module.Module); break;
            case TypeItem type:
                if (context.Types[types] is ResourceType resource) resources[resource.Identity] = type.Resource!;
                types++;
                break;
        }
    }

    /// <summary>Notes which resource types at run time stand behind those of a type.</summary>
    private void Bind(AnyType type, ComponentItem item)
    {
        if (!type.HasResources) return;
        root.Budget.Spend(type.MemberCount);
        switch (type, item)
        {
            case (ResourceType resource, TypeItem made): resources[resource.Identity] = made.Resource!; break;
            case (InstanceType instance, InstanceItem made):
                foreach (NamedExtern export in instance.Exports)
                {
                    if (made.Find(export.Name) is not { } found) continue;
                    if (export.Type is TypeExtern bound) Bind(bound.Type, found);
                    else if (export.Type is InstanceExtern inner) Bind(inner.Instance, found);
                }

                break;
        }
    }

    private RuntimeResourceType[] ResourcesOf(FunctionShape shape)
    {
        if (shape.Resources.Count == 0) return [];
        var found = new RuntimeResourceType[shape.Resources.Count];
        for (int i = 0; i < found.Length; i++) found[i] = resources[shape.Resources[i]];
        return found;
    }
}
