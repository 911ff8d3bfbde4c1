using System.Globalization;
using System.Security.Cryptography;
using Chain.Cli.Output;
using Chain.Wasm.Binary;
using Chain.Wasm.Text;

namespace Chain.Cli.Wasm;

/// <summary>A module as listings: an overview, or one section item by item.</summary>
internal sealed class ModuleListings
{
    private const int PreviewBytes = 32;

    private readonly Module module;
    private readonly ModuleText text;
    private readonly ExternalTypes types;

    public ModuleListings(Module module)
    {
        this.module = module;
        text = new ModuleText(module);
        types = new ExternalTypes(module, text);
    }

    public void WriteOverview()
    {
        string name = module.Names.Module is { Length: > 0 } own ? $", module {TextLiteral.Quote(own)}" : "";
        Console.Out.WriteLine($"{module.DisplayName}: core module, {Count(module.Bytes.Length)} bytes{name}");
        Console.Out.WriteLine($"sha256 {Convert.ToHexStringLower(SHA256.HashData(module.Bytes.Span))}");
        Console.Out.WriteLine();
        Sections().Write();
        Types().Write();
        Imports().Write();
        Exports().Write();
        if (module.Start is { } start) Console.Out.WriteLine($"start: {FunctionName(start)}\n");
        Producers().Write();
        if (ToolSections.TargetFeatures(module) is { Count: > 0 } features)
            Console.Out.WriteLine($"target features: {TextLiteral.OneLine(string.Join(' ', features))}\n");
    }

    /// <summary>Prints one section.</summary>
    /// <exception cref="CommandException">The module has none of that name.</exception>
    public void WriteSection(string name)
    {
        SectionId? id = ModuleSections.Find(name);
        Section[] found = [.. module.Sections.Where(section =>
            section.Custom is { } custom ? custom.Name == name || id == SectionId.Custom : section.Id == id)];
        if (found.Length == 0)
        {
            string[] present = [.. module.Sections.Select(ModuleSections.Name).Distinct()];
            throw new CommandException(
                $"{module.DisplayName} has no section '{name}'; it has {string.Join(", ", present.Select(TextLiteral.OneLine))}");
        }

        switch (id)
        {
            case SectionId.Type: Types().Write(); break;
            case SectionId.Import: Imports().Write(); break;
            case SectionId.Function or SectionId.Code: Functions().Write(); break;
            case SectionId.Table: Tables().Write(); break;
            case SectionId.Memory: Memories().Write(); break;
            case SectionId.Tag: Tags().Write(); break;
            case SectionId.Global: Globals().Write(); break;
            case SectionId.Export: Exports().Write(); break;
            case SectionId.Start: Console.Out.WriteLine($"start: {FunctionName(module.Start!.Value)}"); break;
            case SectionId.Element: Elements().Write(); break;
            case SectionId.Data: Data().Write(); break;
            case SectionId.DataCount: Console.Out.WriteLine($"data count: {module.DataCount}"); break;
            default:
                foreach (Section section in found) WriteCustom(section.Custom!);
                break;
        }
    }

    private static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Offset(long offset) => $"0x{offset:x}";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private string FunctionName(uint index) => module.Names.Function(index) is { } name ? $"{index} {TextLiteral.Identifier(name)}" : Number(index);

    private Listing Sections()
    {
        var list = new Listing("sections", "section", "offset#", "bytes#", "items#");
        foreach (Section section in module.Sections)
        {
            string title = section.Custom is { } custom ? $"custom {TextLiteral.Quote(custom.Name)}" : ModuleSections.Name(section);
            list.Add(title, Offset(section.Offset), Count(section.Size), ModuleSections.Items(module, section.Id) is { } items ? Count(items) : "");
        }

        return list;
    }

    private Listing Types()
    {
        var list = new Listing("types", "type#", "definition");
        for (uint i = 0; i < module.Types.Length; i++) list.Add(Number(i), text.Type(i));
        return list;
    }

    private Listing Imports()
    {
        var list = new Listing("imports", "kind", "index#", "module", "name", "type");
        Span<int> next = stackalloc int[5];
        foreach (Import import in module.Imports)
        {
            list.Add(
                ModuleSections.Name(import.Kind),
                Number(next[(int)import.Kind]++),
                TextLiteral.Quote(import.Module),
                TextLiteral.Quote(import.Name),
                types.Of(import));
        }

        return list;
    }

    private Listing Exports()
    {
        var list = new Listing("exports", "kind", "index#", "name", "type");
        foreach (Export export in module.Exports)
        {
            list.Add(ModuleSections.Name(export.Kind), Number(export.Index), TextLiteral.Quote(export.Name), types.Of(export));
        }

        return list;
    }

    private Listing Functions()
    {
        var list = new Listing("functions", "function#", "name", "offset#", "bytes#", "type");
        uint first = (uint)module.ImportCount(ExternalKind.Function);
        for (int i = 0; i < module.Functions.Length; i++)
        {
            uint index = first + (uint)i;
            string name = module.Names.Function(index) is { } given ? TextLiteral.Identifier(given) : "";
            FunctionBody body = module.Bodies[i];
            list.Add(Number(index), name, Offset(body.Offset), Count(body.Bytes.Length), text.Signature(module.Functions[i].TypeIndex));
        }

        return list;
    }

    private Listing Tables()
    {
        var list = new Listing("tables", "table#", "name", "type", "initial value");
        int first = module.ImportCount(ExternalKind.Table);
        for (int i = 0; i < module.Tables.Length; i++)
        {
            Table table = module.Tables[i];
            string initial = table.Initializer is { } initializer ? text.Expression(initializer) : "";
            list.Add(Number(first + i), module.Names.Tables.GetValueOrDefault((uint)(first + i)) ?? "", text.Type(table.Type), initial);
        }

        return list;
    }

    private Listing Memories()
    {
        var list = new Listing("memories", "memory#", "name", "type (pages of 64 KiB)");
        int first = module.ImportCount(ExternalKind.Memory);
        for (int i = 0; i < module.Memories.Length; i++)
            list.Add(Number(first + i), module.Names.Memories.GetValueOrDefault((uint)(first + i)) ?? "", text.Type(module.Memories[i].Type));
        return list;
    }

    private Listing Tags()
    {
        var list = new Listing("tags", "tag#", "name", "type");
        int first = module.ImportCount(ExternalKind.Tag);
        for (int i = 0; i < module.Tags.Length; i++)
            list.Add(Number(first + i), module.Names.Tags.GetValueOrDefault((uint)(first + i)) ?? "", text.Signature(module.Tags[i].TypeIndex));
        return list;
    }

    private Listing Globals()
    {
        var list = new Listing("globals", "global#", "name", "type", "initial value");
        int first = module.ImportCount(ExternalKind.Global);
        for (int i = 0; i < module.Globals.Length; i++)
        {
            Global global = module.Globals[i];
            string name = module.Names.Globals.GetValueOrDefault((uint)(first + i)) ?? "";
            list.Add(Number(first + i), name, text.Type(global.Type), text.Expression(global.Initializer));
        }

        return list;
    }

    private Listing Elements()
    {
        var list = new Listing("element segments", "segment#", "mode", "table#", "items#", "type", "at");
        for (int i = 0; i < module.Elements.Length; i++)
        {
            ElementSegment segment = module.Elements[i];
            bool active = segment.TableOffset is not null;
            list.Add(
                Number(i),
                segment.Mode.ToString().ToLowerInvariant(),
                active ? Number(segment.TableIndex) : "",
                Count(segment.Count),
                text.Type(segment.Type),
                segment.TableOffset is { } offset ? text.Expression(offset) : "");
        }

        return list;
    }

    private Listing Data()
    {
        var list = new Listing("data segments", "segment#", "mode", "memory#", "bytes#", "at", "begins with");
        for (int i = 0; i < module.Data.Length; i++)
        {
            DataSegment segment = module.Data[i];
            ReadOnlySpan<byte> content = segment.Content.Span;
            list.Add(
                Number(i),
                segment.Mode.ToString().ToLowerInvariant(),
                segment.MemoryOffset is not null ? Number(segment.MemoryIndex) : "",
                Count(content.Length),
                segment.MemoryOffset is { } offset ? text.Expression(offset) : "",
                TextLiteral.Quote(content[..Math.Min(content.Length, PreviewBytes)]));
        }

        return list;
    }

    private Listing Producers()
    {
        var list = new Listing("producers", "field", "name", "version");
        foreach (ProducersField field in ToolSections.Producers(module))
        {
            foreach ((string name, string version) in field.Values) list.Add(field.Name, name, version);
        }

        return list;
    }

    private void WriteCustom(CustomSection custom)
    {
        Listing producers = Producers();
        if (custom.Name == "producers" && producers.Count > 0)
        {
            producers.Write();
            return;
        }

        Console.Out.WriteLine($"custom section {TextLiteral.Quote(custom.Name)}, {Count(custom.Content.Length)} bytes at {Offset(custom.Offset)}");
        using var output = new ChunkedWriter(Console.Out);
        HexDump.Write(output, custom.Content.Span, custom.Offset);
    }
}
