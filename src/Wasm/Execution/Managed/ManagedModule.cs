using System.Collections.Frozen;
using System.Runtime.InteropServices;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Compilation;
using Chain.Wasm.Execution.Managed.Runtime;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Execution.Managed;

/// <summary>A module compiled by the managed engine: all that its instances share.</summary>
internal sealed unsafe class ManagedModule : CompiledModule
{
    private readonly ModuleEmitter emitter;
    private readonly StructureLayout?[] layouts;
    private readonly int[] typeIds;

    public ManagedModule(ManagedEngine engine, ModuleContext context)
    {
        OwnEngine = engine;
        Context = context;
        Module module = context.Module;
        layouts = new StructureLayout?[module.Types.Length];
        typeIds = context.CanonicalIds;
        TypeIds = (nint)NativeMemory.Alloc((nuint)Math.Max(1, typeIds.Length) * sizeof(int));
        typeIds.CopyTo(new Span<int>((void*)TypeIds, typeIds.Length));
        CodeTable = (nint)NativeMemory.Alloc((nuint)Math.Max(1, module.Functions.Length) * (nuint)sizeof(nint));
        emitter = new ModuleEmitter(context, engine);
        Exports = module.Exports.ToFrozenDictionary(static export => export.Name);
        Image = MemoryImage.Create(module);
        foreach (SubType type in module.Types)
        {
            if (type.Composite is FunctionType function) MostResults = Math.Max(MostResults, function.Results.Length);
        }


        var table = (nint*)CodeTable;
        for (int i = 0; i < module.Functions.Length; i++) table[i] = emitter.PendingStub(module.Functions[i].TypeIndex);
    }

    public override Engine Engine => OwnEngine;

    public override Module Module => Context.Module;

    public ManagedEngine OwnEngine { get; }

    public ModuleContext Context { get; }

    public FrozenDictionary<string, Export> Exports { get; }

    /// <summary>The content of memory 0 before anything runs, where it can be mapped.</summary>
    public MemoryImage? Image { get; }

    /// <summary>The most results that any function type of the module has.</summary>
    public int MostResults { get; }

    /// <summary>The registry's ids of the types, 4 bytes each.</summary>
    public nint TypeIds { get; }

    /// <summary>The code of the functions that the module defines, 8 bytes each; a stub where it is not compiled yet.</summary>
    public nint CodeTable { get; }

    /// <remarks>The CLR's JIT gives up on a method past certain sizes; see <see cref="CilWriter"/>.</remarks>
    public override IReadOnlyCollection<uint> UnoptimisedFunctions => emitter.UnoptimisedFunctions;

    public override int CompiledFunctions => emitter.EmittedFunctions;

    /// <remarks>To CIL; the JIT still waits for the first call.</remarks>
    public override void CompileAll()
    {
        int imported = Module.ImportCount(ExternalKind.Function);
        for (int i = 0; i < Module.Functions.Length; i++) emitter.Compile((uint)(i + imported));
    }

    /// <summary>The stub for references to a function that is not compiled yet.</summary>
    public nint LazyStub(uint function) => emitter.ReferenceStub(Context.FunctionTypes[function]);

    /// <summary>The code of a function that the module defines, compiled now if it was not.</summary>
    public nint Resolve(uint function)
    {
        nint code = emitter.Compile(function);
        Volatile.Write(ref ((nint*)CodeTable)[(int)function - Module.ImportCount(ExternalKind.Function)], code);
        return code;
    }

    public StructureLayout Layout(int type) => layouts[type] ??= new StructureLayout(Context.StructTypeAt((uint)type));

    public CanonicalType TypeAt(int type) => OwnEngine.Types.Get(typeIds[type]);

    public int TypeIdOfFunction(int function) => typeIds[Context.FunctionTypes[function]];

    public ManagedTag MakeTag(uint type) => new((FunctionType)TypeAt((int)type).Composite, typeIds[type]);

    public GlobalType CanonicalGlobal(int global)
    {
        GlobalType type = Context.Globals[global];
        return type with { Value = OwnEngine.Types.Canonicalize(type.Value, typeIds) };
    }

    public TableType Canonical(TableType type) => type with { Element = OwnEngine.Types.Canonicalize(type.Element, typeIds) };

    public override Instance Instantiate(Store store, IReadOnlyList<External> imports)
    {
        if (store is not ManagedStore own || own.Engine != OwnEngine)
            throw new ArgumentException("the store belongs to another engine", nameof(store));
        Linking.Check(this, own, imports);
        var instance = new ManagedInstance(this, own, imports);
        Initialization.Run(instance);
        return instance;
    }

    ~ManagedModule()
    {
        NativeMemory.Free((void*)TypeIds);
        NativeMemory.Free((void*)CodeTable);
    }
}
