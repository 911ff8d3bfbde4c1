using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Tests;

/// <summary>Builds small modules in the binary format, right or wrong. Sections come out in the order of the specification.</summary>
internal sealed class ModuleBuilder
{
    private static readonly SectionId[] Order =
    [
        SectionId.Type, SectionId.Import, SectionId.Function, SectionId.Table, SectionId.Memory, SectionId.Tag, SectionId.Global,
        SectionId.Export, SectionId.Start, SectionId.Element, SectionId.DataCount, SectionId.Code, SectionId.Data,
    ];

    private readonly Dictionary<SectionId, (int Count, WasmWriter Items)> sections = [];
    private readonly List<(uint Index, string Name)> functionNames = [];
    private int imported;

    /// <summary>Adds an item of a section as it stands in the binary format.</summary>
    public ModuleBuilder Add(SectionId section, params ReadOnlySpan<byte> item)
    {
        (int count, WasmWriter items) = sections.TryGetValue(section, out var known) ? known : (0, new WasmWriter());
        items.WriteBytes(item);
        sections[section] = (count + 1, items);
        return this;
    }

    /// <summary>Adds a function type.</summary>
    public ModuleBuilder Type(ValueType[] parameters, params ValueType[] results)
    {
        var item = new WasmWriter();
        item.WriteByte(0x60);
        foreach (ValueType[] list in new[] { parameters, results })
        {
            item.WriteUnsigned((ulong)list.Length);
            foreach (ValueType type in list) item.WriteValueType(type);
        }

        return Add(SectionId.Type, item.Written);
    }

    /// <summary>Imports a function of a type.</summary>
    public ModuleBuilder ImportFunction(uint type)
    {
        imported++;
        return Add(SectionId.Import, [0, 0, 0, (byte)type]);
    }

    /// <summary>Adds a function with its body; the final <c>end</c> is part of the code.</summary>
    public ModuleBuilder Function(uint type, byte[] code, (uint Count, ValueType Type)[]? locals = null, string? name = null)
    {
        var use = new WasmWriter();
        use.WriteUnsigned(type);
        Add(SectionId.Function, use.Written);
        if (name is not null) functionNames.Add(((uint)(imported + sections[SectionId.Function].Count - 1), name));
        var body = new WasmWriter();
        body.WriteUnsigned((ulong)(locals?.Length ?? 0));
        foreach ((uint count, ValueType local) in locals ?? [])
        {
            body.WriteUnsigned(count);
            body.WriteValueType(local);
        }

        body.WriteBytes(code);
        var item = new WasmWriter();
        item.WriteUnsigned((ulong)body.Written.Length);
        item.WriteBytes(body.Written);
        return Add(SectionId.Code, item.Written);
    }

    public ModuleBuilder Memory(byte minimum = 1) => Add(SectionId.Memory, [0, minimum]);

    public ModuleBuilder Table(byte elementType = 0x70) => Add(SectionId.Table, [elementType, 0, 1]);

    public ModuleBuilder Global(byte type, bool mutable, params byte[] initializer) =>
        Add(SectionId.Global, [type, mutable ? (byte)1 : (byte)0, .. initializer]);

    public ModuleBuilder Export(string name, ExternalKind kind, byte index)
    {
        var item = new WasmWriter();
        item.WriteName(name);
        item.WriteByte((byte)kind);
        item.WriteByte(index);
        return Add(SectionId.Export, item.Written);
    }

    public byte[] Build()
    {
        var module = new WasmWriter();
        module.WriteBytes("\0asm\u0001\0\0\0"u8);
        foreach (SectionId id in Order)
        {
            if (!sections.TryGetValue(id, out var section)) continue;
            var content = new WasmWriter();
            // These two hold one number and no count.
            if (id is not (SectionId.Start or SectionId.DataCount)) content.WriteUnsigned((ulong)section.Count);
            content.WriteBytes(section.Items.Written);
            WriteSection(module, id, content);
        }

        if (functionNames.Count > 0) WriteSection(module, SectionId.Custom, Names());
        return module.Written.ToArray();
    }

    private WasmWriter Names()
    {
        var names = new WasmWriter();
        names.WriteUnsigned((ulong)functionNames.Count);
        foreach ((uint index, string name) in functionNames)
        {
            names.WriteUnsigned(index);
            names.WriteName(name);
        }

        var content = new WasmWriter();
        content.WriteName("name");
        content.WriteByte(1);
        content.WriteUnsigned((ulong)names.Written.Length);
        content.WriteBytes(names.Written);
        return content;
    }

    private static void WriteSection(WasmWriter module, SectionId id, WasmWriter content)
    {
        module.WriteByte((byte)id);
        module.WriteUnsigned((ulong)content.Written.Length);
        module.WriteBytes(content.Written);
    }
}
