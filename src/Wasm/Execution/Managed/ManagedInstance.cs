using System.Runtime.InteropServices;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Compilation;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Execution.Managed;

/// <summary>The managed engine's instance: what compiled code finds through its last argument.</summary>
internal sealed unsafe class ManagedInstance : Instance
{
    // Read by compiled code. Native addresses need no barrier; their owners are the objects below.

    /// <summary>The <see cref="NativeContext"/> of the store.</summary>
    public readonly nint Context;

    /// <summary>The base of memory 0; zero where there is none.</summary>
    public nint Memory0;

    /// <summary>The bases of all memories, 8 bytes each.</summary>
    public readonly nint MemoryBases;

    /// <summary>The globals that the module defines, 16 bytes each.</summary>
    public readonly nint Globals;

    /// <summary>The addresses of all globals' values, 8 bytes each.</summary>
    public readonly nint GlobalAddresses;

    /// <summary>The registry's ids of the module's types, 4 bytes each.</summary>
    public readonly nint TypeIds;

    /// <summary>The code of the functions that the module defines, 8 bytes each.</summary>
    public readonly nint CodeTable;

    /// <summary><see cref="Deadline.Raised"/> where running code has to end because its deadline has passed, else zero.</summary>
    public int Interrupt;

    /// <summary>The function that a call through <see cref="CodeTable"/> is about to enter, for the stub of those not compiled yet.</summary>
    public int PendingCall;

    public readonly ManagedFunction[] ImportedFunctions;
    public readonly ManagedTable[] Tables;
    public readonly ManagedMemory[] Memories;
    public readonly ManagedGlobal[] GlobalObjects;
    public readonly ManagedTag[] Tags;
    public readonly ManagedStore OwnStore;

    private readonly ManagedFunction?[] functions;
    private readonly object?[]?[] elements;
    private readonly ManagedModule code;
    private nint block;

    public ManagedInstance(ManagedModule code, ManagedStore store, IReadOnlyList<External> imports)
    {
        this.code = code;
        OwnStore = store;
        store.Own(this);
        Context = store.Context;
        Module module = code.Module;
        ImportedFunctions = [.. imports.OfType<ManagedFunction>()];
        functions = new ManagedFunction?[code.Context.FunctionTypes.Length];
        ImportedFunctions.CopyTo(functions, 0);
        TypeIds = code.TypeIds;
        CodeTable = code.CodeTable;
        DroppedData = new bool[module.Data.Length];
        elements = new object?[]?[module.Elements.Length];
        store.ReserveResults(code.MostResults);

        int ownGlobals = module.Globals.Length, globals = code.Context.Globals.Length, memories = code.Context.Memories.Length;
        block = (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(16, (ownGlobals * 16) + (globals * 8) + (memories * 8)), 16);
        NativeMemory.Clear((void*)block, (nuint)(ownGlobals * 16));
        Globals = block;
        GlobalAddresses = block + (ownGlobals * 16);
        MemoryBases = GlobalAddresses + (globals * 8);

        Tags = [.. imports.OfType<ManagedTag>(), .. module.Tags.Select(tag => code.MakeTag(tag.TypeIndex))];
        Memories = [.. imports.OfType<ManagedMemory>(), .. module.Memories.Select(MakeMemory)];
        for (int i = 0; i < Memories.Length; i++) ((nint*)MemoryBases)[i] = Memories[i].Base;
        if (Memories.Length > 0) Memory0 = Memories[0].Base;

        int imported = module.ImportCount(ExternalKind.Global);
        GlobalObjects = new ManagedGlobal[globals];
        int next = 0;
        foreach (External import in imports)
        {
            if (import is ManagedGlobal global) GlobalObjects[next++] = global;
        }

        for (int i = imported; i < globals; i++)
        {
            GlobalObjects[i] = new ManagedGlobal(
                store, code.CanonicalGlobal(i), this, Globals + ((i - imported) * 16));
        }

        for (int i = 0; i < globals; i++) ((nint*)GlobalAddresses)[i] = GlobalObjects[i].Address;

        Tables = [.. imports.OfType<ManagedTable>(), .. module.Tables.Select(table => new ManagedTable(store, code.Canonical(table.Type), null))];
    }

    public override CompiledModule CompiledModule => code;

    public override Store Store => OwnStore;

    /// <summary>The compiled module.</summary>
    public ManagedModule OwnCode => code;

    /// <summary>The data segments that were dropped.</summary>
    public bool[] DroppedData { get; }

    /// <summary>The evaluated element segments; empty where dropped.</summary>
    public object?[]?[] Elements => elements;

    /// <summary>A function by its index, as a reference; always the same object for one index.</summary>
    public ManagedFunction Function(int index) =>
        functions[index] ??= new ManagedFunction(this, (uint)index, code.TypeIdOfFunction(index));

    /// <summary>The bytes of a data segment; none where it was dropped.</summary>
    public ReadOnlySpan<byte> DataSegment(int index) => DroppedData[index] ? default : code.Module.Data[index].Content.Span;

    /// <summary>The elements of a segment, evaluated when first needed.</summary>
    public object?[] ElementSegment(int index) => elements[index] ??= Initialization.EvaluateElements(this, code.Module.Elements[index]);

    /// <summary>Called by the stub that stands in <see cref="CodeTable"/> for a function not compiled yet.</summary>
    public nint ResolvePending() => code.Resolve((uint)PendingCall);

    public override External? Find(string export)
    {
        if (!code.Exports.TryGetValue(export, out Export found)) return null;
        int index = (int)found.Index;
        return found.Kind switch
        {
            ExternalKind.Function => Function(index),
            ExternalKind.Table => Tables[index],
            ExternalKind.Memory => Memories[index],
            ExternalKind.Global => GlobalObjects[index],
            _ => Tags[index],
        };
    }

    public override void Reset()
    {
        // Compiled code counts on a memory never shrinking while it runs.
        if (OwnStore.IsRunning) throw new InvalidOperationException("the instance cannot be reset while its store runs a call");
        Module module = code.Module;
        for (int i = module.ImportCount(ExternalKind.Memory); i < Memories.Length; i++) Memories[i].Reset();
        for (int i = module.ImportCount(ExternalKind.Table); i < Tables.Length; i++) Tables[i].Reset(null);
        Array.Clear(DroppedData);
        Array.Clear(elements);
        Initialization.Run(this);
    }

    private ManagedMemory MakeMemory(Memory memory, int index) =>
        new(OwnStore, memory.Type, index == 0 ? code.Image : null);

    ~ManagedInstance()
    {
        if (block != 0) NativeMemory.AlignedFree((void*)block);
        block = 0;
    }
}
