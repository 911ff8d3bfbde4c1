using System.Globalization;
using System.Text;
using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Text;

/// <summary>
/// A module in the text format (core specification, "Text Format"): the whole of it, or one function. Instructions are not folded, and
/// what it writes an assembler reads back. Nothing of it needs the module to be valid. For one thread at a time.
/// </summary>
public sealed class ModuleText
{
    private const int Chunk = 16 * 1024;
    private const int DataBytesPerLine = 64;
    private const int ElementsPerLine = 16;

    private readonly Module module;
    private readonly Identifiers identifiers;
    private readonly TypeText types;
    private readonly FunctionText functions;
    private readonly StringBuilder text = new();

    /// <param name="module">What to write.</param>
    /// <param name="offsets">Whether each instruction is preceded by its byte offset in the module, as a comment.</param>
    public ModuleText(Module module, bool offsets = false)
    {
        this.module = module;
        identifiers = new Identifiers(module);
        types = new TypeText(module, identifiers);
        functions = new FunctionText(module, identifiers, types, offsets);
    }

    /// <summary>Writes the whole module but its custom sections, which are only mentioned.</summary>
    /// <exception cref="MalformedModuleException">A function body is malformed; what stands before it has been written.</exception>
    public void Write(TextWriter output)
    {
        text.Append("(module");
        if (module.Names.Module is { Length: > 0 } name) text.Append(' ').Append(TextLiteral.Identifier(name));
        text.Append('\n');
        foreach (RecursiveGroup group in module.TypeGroups) AppendGroup(group);
        AppendImports();
        for (int i = 0; i < module.Tags.Length; i++) AppendTag(i);
        for (int i = 0; i < module.Tables.Length; i++) AppendTable(i);
        for (int i = 0; i < module.Memories.Length; i++) AppendMemory(i);
        for (int i = 0; i < module.Globals.Length; i++) AppendGlobal(i);
        foreach (Export export in module.Exports) AppendExport(export);
        if (module.Start is { } start) text.Append(CultureInfo.InvariantCulture, $"  (start {Identifiers.Use(identifiers.Functions, start)})\n");
        for (int i = 0; i < module.Elements.Length; i++)
        {
            AppendElement(i);
            Drain(output, false);
        }

        uint imported = (uint)module.ImportCount(ExternalKind.Function);
        for (uint i = 0; i < module.Functions.Length; i++)
        {
            Drain(output, true);
            functions.Write(output, imported + i, "  ");
        }

        for (int i = 0; i < module.Data.Length; i++) AppendData(output, i);
        foreach (CustomSection custom in module.CustomSections)
        {
            text.Append(CultureInfo.InvariantCulture, $"  ;; custom section {TextLiteral.Quote(custom.Name)}, {custom.Content.Length} bytes\n");
        }

        text.Append(")\n");
        Drain(output, true);
    }

    /// <summary>Writes one function; for an imported one its import.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="index">The function index.</param>
    /// <exception cref="ArgumentOutOfRangeException">The module has no such function.</exception>
    /// <exception cref="MalformedModuleException">The body is malformed; what stands before the place has been written.</exception>
    public void WriteFunction(TextWriter output, uint index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, (uint)(module.ImportCount(ExternalKind.Function) + module.Functions.Length));
        if (index < (uint)module.ImportCount(ExternalKind.Function))
        {
            uint at = 0;
            foreach (Import import in module.Imports)
            {
                if (import.Kind == ExternalKind.Function && at++ == index) AppendImport(import, index, "");
            }

            Drain(output, true);
            return;
        }

        functions.Write(output, index, "");
    }

    /// <summary>A constant expression on one line, such as <c>i32.const 8</c>.</summary>
    public string Expression(Expression expression) => functions.Expression(expression);

    /// <summary>A type definition on one line, such as <c>(func (param i32))</c>.</summary>
    public string Type(uint index) => types.Append(new StringBuilder(), module.Types[index], index).ToString();

    /// <summary>The signature that a type index stands for in a function or tag, such as <c>(param i32) (result i64)</c>, or <c>()</c>.</summary>
    public string Signature(uint typeIndex)
    {
        if (types.FunctionType(typeIndex) is not { } type) return $"(type {typeIndex})";
        string signature = types.AppendSignature(new StringBuilder(), type).ToString();
        return signature.Length == 0 ? "()" : signature.TrimStart();
    }

    public string Type(TableType type) => types.Append(new StringBuilder(), type).ToString();

    public string Type(MemoryType type) => types.Append(new StringBuilder(), type.Limits).ToString();

    public string Type(GlobalType type) => types.Append(new StringBuilder(), type).ToString();

    public string Type(ValueType type) => types.Append(new StringBuilder(), type).ToString();

    private static string Header(string keyword, string?[] space, uint index) =>
        space[index] is { } name ? $"({keyword} {name} (;{index};)" : $"({keyword} (;{index};)";

    private void Drain(TextWriter output, bool all)
    {
        if (!all && text.Length < Chunk) return;
        output.Write(text);
        text.Clear();
    }

    private void AppendGroup(RecursiveGroup group)
    {
        string indent = "  ";
        if (!group.IsAbbreviated)
        {
            text.Append("  (rec\n");
            indent = "    ";
        }

        for (uint i = 0; i < group.Types.Length; i++)
        {
            uint index = group.FirstIndex + i;
            text.Append(indent).Append(Header("type", identifiers.Types, index)).Append(' ');
            types.Append(text, group.Types[i], index).Append(")\n");
        }

        if (!group.IsAbbreviated) text.Append("  )\n");
    }

    private void AppendImports()
    {
        Span<uint> next = stackalloc uint[5];
        foreach (Import import in module.Imports) AppendImport(import, next[(int)import.Kind]++, "  ");
    }

    private void AppendImport(Import import, uint index, string indent)
    {
        text.Append(indent).Append("(import ").Append(TextLiteral.Quote(import.Module)).Append(' ').Append(TextLiteral.Quote(import.Name)).Append(' ');
        switch (import.Kind)
        {
            case ExternalKind.Function:
                types.AppendTypeUse(text.Append(Header("func", identifiers.Functions, index)), import.TypeIndex);
                break;
            case ExternalKind.Tag:
                types.AppendTypeUse(text.Append(Header("tag", identifiers.Tags, index)), import.TypeIndex);
                break;
            case ExternalKind.Table:
                types.Append(text.Append(Header("table", identifiers.Tables, index)).Append(' '), import.Table);
                break;
            case ExternalKind.Memory:
                types.Append(text.Append(Header("memory", identifiers.Memories, index)).Append(' '), import.Memory.Limits);
                break;
            case ExternalKind.Global:
                types.Append(text.Append(Header("global", identifiers.Globals, index)).Append(' '), import.Global);
                break;
        }

        text.Append("))\n");
    }

    private void AppendTag(int i)
    {
        uint index = (uint)(module.ImportCount(ExternalKind.Tag) + i);
        types.AppendTypeUse(text.Append("  ").Append(Header("tag", identifiers.Tags, index)), module.Tags[i].TypeIndex).Append(")\n");
    }

    private void AppendTable(int i)
    {
        uint index = (uint)(module.ImportCount(ExternalKind.Table) + i);
        types.Append(text.Append("  ").Append(Header("table", identifiers.Tables, index)).Append(' '), module.Tables[i].Type);
        if (module.Tables[i].Initializer is { } initializer) text.Append(' ').Append(functions.Expression(initializer));
        text.Append(")\n");
    }

    private void AppendMemory(int i)
    {
        uint index = (uint)(module.ImportCount(ExternalKind.Memory) + i);
        types.Append(text.Append("  ").Append(Header("memory", identifiers.Memories, index)).Append(' '), module.Memories[i].Type.Limits).Append(")\n");
    }

    private void AppendGlobal(int i)
    {
        uint index = (uint)(module.ImportCount(ExternalKind.Global) + i);
        types.Append(text.Append("  ").Append(Header("global", identifiers.Globals, index)).Append(' '), module.Globals[i].Type);
        text.Append(' ').Append(functions.Expression(module.Globals[i].Initializer)).Append(")\n");
    }

    private void AppendExport(Export export)
    {
        (string keyword, string?[] space) = export.Kind switch
        {
            ExternalKind.Function => ("func", identifiers.Functions),
            ExternalKind.Table => ("table", identifiers.Tables),
            ExternalKind.Memory => ("memory", identifiers.Memories),
            ExternalKind.Global => ("global", identifiers.Globals),
            _ => ("tag", identifiers.Tags),
        };
        text.Append("  (export ").Append(TextLiteral.Quote(export.Name)).Append(" (").Append(keyword).Append(' ');
        text.Append(Identifiers.Use(space, export.Index)).Append("))\n");
    }

    private void AppendElement(int i)
    {
        ElementSegment segment = module.Elements[i];
        text.Append("  ").Append(Header("elem", identifiers.Elements, (uint)i));
        if (segment.Mode == SegmentMode.Declarative) text.Append(" declare");
        if (segment.TableOffset is { } offset)
        {
            if (segment.TableIndex != 0) text.Append(" (table ").Append(Identifiers.Use(identifiers.Tables, segment.TableIndex)).Append(')');
            text.Append(" (offset ").Append(functions.Expression(offset)).Append(')');
        }

        if (segment.FunctionIndices is { } indices)
        {
            text.Append(" func");
            for (int j = 0; j < indices.Length; j++)
                text.Append(Break(j)).Append(Identifiers.Use(identifiers.Functions, indices[j]));
        }
        else
        {
            types.Append(text.Append(' '), segment.Type);
            for (int j = 0; j < segment.Expressions!.Length; j++)
                text.Append(Break(j)).Append("(item ").Append(functions.Expression(segment.Expressions[j])).Append(')');
        }

        text.Append(")\n");

        static string Break(int j) => j > 0 && j % ElementsPerLine == 0 ? "\n    " : " ";
    }

    private void AppendData(TextWriter output, int i)
    {
        DataSegment segment = module.Data[i];
        text.Append("  ").Append(Header("data", identifiers.Data, (uint)i));
        if (segment.MemoryOffset is { } offset)
        {
            if (segment.MemoryIndex != 0) text.Append(" (memory ").Append(Identifiers.Use(identifiers.Memories, segment.MemoryIndex)).Append(')');
            text.Append(" (offset ").Append(functions.Expression(offset)).Append(')');
        }

        ReadOnlyMemory<byte> rest = segment.Content;
        string separator = rest.Length > DataBytesPerLine ? "\n    " : " ";
        while (!rest.IsEmpty)
        {
            int length = Math.Min(DataBytesPerLine, rest.Length);
            text.Append(separator).Append(TextLiteral.Quote(rest.Span[..length]));
            rest = rest[length..];
            Drain(output, false);
        }

        text.Append(")\n");
        Drain(output, true);
    }
}
