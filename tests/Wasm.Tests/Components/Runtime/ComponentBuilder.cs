using Chain.Wasm.Binary;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Instantiation = Chain.Wasm.Components.Binary.Instantiation;

namespace Chain.Wasm.Tests.Components.Runtime;

/// <summary>Builds components from the binary model, one definition after the other. Each method answers the index of what it defines.</summary>
internal sealed class ComponentBuilder
{
    private readonly List<ComponentSection> sections = [];
    private readonly Dictionary<AnySort, uint> counts = [];
    private readonly Dictionary<ValType, uint> types = new(ReferenceEqualityComparer.Instance);
    private (uint Instance, uint Memory, uint Realloc, uint Reset)? heap;
    private int names;

    /// <summary>Instantiates a module with the component's heap and functions of the host; answers the core instance.</summary>
    public uint Core(GuestModule module, params (string Name, uint Function)[] imports)
    {
        uint host = CoreExports([.. imports.Select(one => (one.Name, CoreSort.Func, one.Function))]);
        return CoreInstance(CoreModule(module.Build()), ("heap", Heap().Instance), ("host", host));
    }

    /// <summary>The options of a canonical definition, with the component's heap.</summary>
    public CanonOption[] Options(CanonOptionKind encoding = CanonOptionKind.Utf8, bool postReturn = false)
    {
        var (_, memory, realloc, reset) = Heap();
        CanonOption[] options = [new(encoding, 0), new(CanonOptionKind.Memory, memory), new(CanonOptionKind.Realloc, realloc)];
        return postReturn ? [.. options, new CanonOption(CanonOptionKind.PostReturn, reset)] : options;
    }

    /// <summary>Lifts a function of a core instance and exports it under the same name; answers the function that was exported.</summary>
    public uint LiftExport(uint core, string name, uint type, params CanonOption[] options) =>
        Export(name, Sort.Func, Lift(CoreAlias(CoreSort.Func, core, name), type, options));

    public uint CoreModule(byte[] module) => Add(
        ComponentSectionId.CoreModule, new CoreModuleDefinition(ModuleReader.Read(module, "core"), 0), new AnySort(Sort.Core, CoreSort.Module));

    public uint Component(ComponentBuilder nested) =>
        Add(ComponentSectionId.Component, new NestedComponentDefinition(nested.Component(), 0), new AnySort(Sort.Component));

    public uint CoreInstance(uint module, params (string Name, uint Instance)[] arguments) => Add(
        ComponentSectionId.CoreInstance, new CoreInstantiation(module, arguments, 0), new AnySort(Sort.Core, CoreSort.Instance));

    public uint CoreExports(params (string Name, CoreSort Sort, uint Index)[] exports) => Add(
        ComponentSectionId.CoreInstance, new CoreInlineExports(exports, 0), new AnySort(Sort.Core, CoreSort.Instance));

    public uint Instance(uint component, params (string Name, Sort Sort, uint Index)[] arguments) => Add(
        ComponentSectionId.Instance,
        new Instantiation(component, [.. arguments.Select(one => (one.Name, new SortIndex(new AnySort(one.Sort), one.Index)))], 0),
        new AnySort(Sort.Instance));

    public uint Exports(params (string Name, Sort Sort, uint Index)[] exports) => Add(
        ComponentSectionId.Instance,
        new InlineExports([.. exports.Select(one => (Name(one.Name), new SortIndex(new AnySort(one.Sort), one.Index)))], 0),
        new AnySort(Sort.Instance));

    public uint CoreAlias(CoreSort sort, uint instance, string name) => Add(
        ComponentSectionId.Alias, new CoreExportAlias(new AnySort(Sort.Core, sort), instance, name, 0), new AnySort(Sort.Core, sort));

    public uint Alias(Sort sort, uint instance, string name) =>
        Add(ComponentSectionId.Alias, new ExportAlias(new AnySort(sort), instance, name, 0), new AnySort(sort));

    public uint Outer(Sort sort, uint index) => Add(ComponentSectionId.Alias, new OuterAlias(new AnySort(sort), 1, index, 0), new AnySort(sort));

    public uint Type(TypeExpression type) => Add(ComponentSectionId.Type, new TypeDefinition(type, 0), new AnySort(Sort.Type));

    public uint Resource(uint? destructor = null) => Type(new ResourceExpression(Wasm.Binary.ValueType.I32, destructor));

    public uint Function((string Label, ValTypeUse Type)[] parameters, ValTypeUse? result = null) =>
        Type(new FuncExpression(false, [.. parameters.Select(one => new LabelledType(one.Label, one.Type))], result));

    public uint Lift(uint coreFunction, uint type, params CanonOption[] options) => Add(
        ComponentSectionId.Canon, new CanonDefinition(CanonKind.Lift, 0) { Function = coreFunction, Type = type, Options = options }, new AnySort(Sort.Func));

    public uint Lower(uint function, params CanonOption[] options) => Canon(new CanonDefinition(CanonKind.Lower, 0) { Function = function, Options = options });

    /// <summary>A canonical built-in that is about a resource type.</summary>
    public uint Canon(CanonKind kind, uint type) => Canon(new CanonDefinition(kind, 0) { Type = type });

    public uint Import(string name, Sort sort, uint type) =>
        Add(ComponentSectionId.Import, new ImportDefinition(Name(name), new ExternTypeUse(new AnySort(sort), type), 0), new AnySort(sort));

    public uint ImportResource(string name) => Add(
        ComponentSectionId.Import,
        new ImportDefinition(Name(name), new ExternTypeUse(new AnySort(Sort.Type), 0, IsBoundedByIndex: false), 0),
        new AnySort(Sort.Type));

    public uint Export(string name, Sort sort, uint index) => Add(
        ComponentSectionId.Export, new ExportDefinition(Name(name), new SortIndex(new AnySort(sort), index), null, 0), new AnySort(sort));

    /// <summary>A value type where one is used. Those that need a name are exported or imported as <c>t0</c>, <c>t1</c> and so on.</summary>
    public ValTypeUse Use(ValType type, bool imports)
    {
        if (type is PrimitiveType primitive) return Use(primitive.Kind);
        if (types.TryGetValue(type, out uint known)) return Use(known);
        uint index = Type(type switch
        {
            RecordType record => new RecordExpression([.. record.Fields.Select(one => new LabelledType(one.Label, Use(one.Type, imports)))]),
            VariantType variant => new VariantExpression([.. variant.Cases.Select(one => (one.Label, Perhaps(one.Type, imports)))]),
            ListType list => new ListExpression(Use(list.Element, imports), list.Length),
            TupleType tuple => new TupleExpression([.. tuple.Types.Select(one => Use(one, imports))]),
            FlagsType flags => new FlagsExpression([.. flags.Labels]),
            EnumType labels => new EnumExpression([.. labels.Labels]),
            OptionType option => new OptionExpression(Use(option.Type, imports)),
            ResultType result => new ResultExpression(Perhaps(result.Ok, imports), Perhaps(result.Error, imports)),
            MapType map => new MapExpression(Use(map.Key, imports), Use(map.Value, imports)),
            _ => throw new ArgumentException($"no expression for {type.GetType().Name}"),
        });
        if (type is RecordType or VariantType or EnumType or FlagsType)
            index = imports ? Import($"t{names++}", Sort.Type, index) : Export($"t{names++}", Sort.Type, index);
        types[type] = index;
        return Use(index);
    }

    public static ValTypeUse Use(uint type) => ValTypeUse.FromCode(type);

    public static ValTypeUse Use(PrimitiveKind kind) => ValTypeUse.FromCode((long)kind - 0x80);

    public byte[] Build() => ComponentWriter.Write(Component());

    public CompiledComponent Compile(string name = "built") => CompiledComponent.Compile(Guest.Managed, ComponentReader.Read(Build(), name));

    private (uint Instance, uint Memory, uint Realloc, uint Reset) Heap()
    {
        if (heap is { } known) return known;
        uint instance = CoreInstance(CoreModule(GuestModule.Heap));
        heap = (
            instance, CoreAlias(CoreSort.Memory, instance, "memory"), CoreAlias(CoreSort.Func, instance, "realloc"), CoreAlias(CoreSort.Func, instance, "reset"));
        return heap.Value;
    }

    private Component Component() => new() { DisplayName = "built", Bytes = new byte[8], Offset = 0, Sections = sections };

    private uint Canon(CanonDefinition definition) => Add(ComponentSectionId.Canon, definition, new AnySort(Sort.Core, CoreSort.Func));

    private ValTypeUse? Perhaps(ValType? type, bool imports) => type is null ? null : Use(type, imports);

    private uint Add(ComponentSectionId id, Definition definition, AnySort sort)
    {
        sections.Add(new ComponentSection(id, 0, 0, new SectionEncoding(), [definition]));
        uint index = counts.GetValueOrDefault(sort);
        counts[sort] = index + 1;
        return index;
    }

    private static ExternName Name(string name) => new(0, name, []);
}
