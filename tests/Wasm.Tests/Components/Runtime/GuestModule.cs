using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests.Components.Runtime;

/// <summary>
/// A core module of a built component: it imports the memory and the <c>realloc</c> (function 0) of <see cref="Heap"/>, and functions of
/// <c>host</c> (from 1 on).
/// </summary>
internal sealed class GuestModule
{
    /// <summary>Where the heap begins; the bytes before it are free for the functions' own use.</summary>
    public const int HeapBase = 4096;

    private readonly ModuleBuilder module = new();
    private readonly List<(ValueType[] Parameters, ValueType[] Results)> types = [];
    private uint functions;

    public GuestModule(params (string Name, ValueType[] Parameters, ValueType[] Results)[] imports)
    {
        Import("heap", "memory", 2, 0, 0);
        Import("heap", "realloc", 0, (byte)TypeOf(Types(4), I32));
        foreach ((string name, ValueType[] parameters, ValueType[] results) in imports) Import("host", name, 0, (byte)TypeOf(parameters, results));
        functions = (uint)imports.Length + 1;
    }

    /// <summary>
    /// A module with <c>memory</c> (1 MiB), <c>realloc</c>, and <c>reset</c>, which frees everything (as a post-return function of an <c>i32</c>).
    /// </summary>
    public static byte[] Heap { get; } = new ModuleBuilder()
        .Type(Types(4), I32)
        .Type(I32)
        .Memory(16)
        .Global(0x7F, true, [.. Guest.Const(HeapBase), Guest.End])
        .Function(0, ReallocCode, [(1, ValueType.I32)])
        .Function(1, [.. Guest.Const(HeapBase), Guest.SetGlobal, 0, Guest.End])
        .Export("memory", ExternalKind.Memory, 0)
        .Export("realloc", ExternalKind.Function, 0)
        .Export("reset", ExternalKind.Function, 1)
        .Build();

    public static ValueType[] I32 => [ValueType.I32];

    // p = (next + align - 1) & -align; copy min(old, new) bytes; next = p + new
    private static byte[] ReallocCode =>
    [
        Guest.Get, 2, .. Guest.Const(1), Guest.Sub, Guest.GetGlobal, 0, Guest.Add, .. Guest.Const(0), Guest.Get, 2, Guest.Sub, 0x71, Guest.Set, 4,
        Guest.Get, 4, Guest.Get, 0, Guest.Get, 3, Guest.Get, 1, Guest.Get, 3, Guest.Get, 1, 0x49, 0x1B, Guest.Bulk, 10, 0, 0,
        Guest.Get, 4, Guest.Get, 3, Guest.Add, Guest.SetGlobal, 0, Guest.Get, 4, Guest.End,
    ];

    public static ValueType[] Types(int count) => [.. Enumerable.Repeat(ValueType.I32, count)];

    /// <summary>Adds a function and exports it; the final <c>end</c> is part of the code.</summary>
    public GuestModule Function(string export, ValueType[] parameters, ValueType[] results, byte[] code, params (uint, ValueType)[] locals)
    {
        module.Function(TypeOf(parameters, results), code, locals).Export(export, ExternalKind.Function, (byte)functions);
        functions++;
        return this;
    }

    /// <summary>Adds a tag without values, tag 0.</summary>
    public GuestModule Tag()
    {
        module.Add(SectionId.Tag, 0, (byte)TypeOf([], []));
        return this;
    }

    public byte[] Build() => module.Build();

    private void Import(string from, string name, params ReadOnlySpan<byte> type)
    {
        var item = new WasmWriter();
        item.WriteName(from);
        item.WriteName(name);
        item.WriteBytes(type);
        module.Add(SectionId.Import, item.Written);
    }

    private uint TypeOf(ValueType[] parameters, ValueType[] results)
    {
        int known = types.FindIndex(type => type.Parameters.SequenceEqual(parameters) && type.Results.SequenceEqual(results));
        if (known >= 0) return (uint)known;
        types.Add((parameters, results));
        module.Type(parameters, results);
        return (uint)types.Count - 1;
    }
}
